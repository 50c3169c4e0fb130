// Statements that match nothing: which of them were meant for the artifact, so that somebody should look.
import { expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { vexClaims, vexMismatch, type VexArtifact, type VexClaim, type VexStatement, type VexTarget } from '../../projections/effective-vex.ts';
import { isMeantHere, namesHere } from '../../projections/vex-scope.ts';
import { bytesOf, vexPointerOf } from './documents.ts';

const [own, index, foreign] = [4, 5, 6].map((fill) => formatHex(bytesOf(fill))) as [string, string, string];
const artifact: VexArtifact = {
  digest: bytesOf(4), related: [bytesOf(5)], others: [['sha512', 'ab']], purls: [`pkg:oci/app@sha256%3A${own}`, 'pkg:generic/app@2.0'],
};
const nameless: VexArtifact = { digest: bytesOf(4) };

type Said = Pick<VexStatement, 'product' | 'part'>;
const claimOf = (said: Said, subjects?: readonly number[]): VexClaim => {
  const pointer = vexPointerOf(10, subjects === undefined ? {} : { subjects: subjects.map((fill) => bytesOf(fill)) });
  return vexClaims(pointer, [{ vulnerability: 'CVE-2026-0001', status: 'not_affected', ...said }], null)[0] as VexClaim;
};
const sha256 = (hex: string) => ({ hashes: [['sha256', hex]] as const });
const purl = (...purls: string[]) => ({ purls });
const targetsIn = (about: VexArtifact): VexTarget[] =>
  ['pkg:npm/left-pad@1.3.0', null, 'pkg:npm/%40acme/pad@2.0.0'].map((one) => ({ ids: ['CVE-2026-0001'], artifact: about, purl: one }));

test.each<[string, Said, boolean]>([
  ['another image by digest', { product: sha256(foreign) }, false],
  ['another image by digest, and a package that has it here', { product: sha256(foreign), part: purl('pkg:npm/left-pad@1.3.0') }, false],
  ['another image by the digest in its purl', { product: purl(`pkg:oci/app@sha256%3A${foreign}`) }, false],
  ['another image by name', { product: purl('pkg:oci/other?tag=1'), part: purl('pkg:npm/left-pad') }, false],
  ['another product by name', { product: purl('pkg:maven/org.acme/shop@1') }, false],
  ['another digest of an algorithm that is known here', { product: { hashes: [['sha512', 'cd']] } }, false],
  ['a package that is not here', { product: purl('pkg:npm/right-pad@1.3.0') }, false],
  ['a package of the same name in another namespace, and of another type', { product: purl('pkg:npm/%40other/pad', 'pkg:pypi/left-pad') }, false],
  ['this artifact, and a package that is not here', { product: sha256(own), part: purl('pkg:npm/right-pad') }, true],
  ['this artifact, and another version of a package', { product: sha256(own), part: purl('pkg:npm/left-pad@9') }, true],
  ['this artifact by the digest in a purl', { product: purl(`pkg:oci/x@sha256%3A${own}`), part: purl('pkg:npm/x') }, true],
  ['this artifact in another version', { product: purl('pkg:generic/app@1.0') }, true],
  ['this image by name', { product: purl('pkg:oci/app?tag=1'), part: purl('pkg:npm/right-pad') }, true],
  ['the index of platforms that it is one of', { product: sha256(index) }, true],
  ['another version of the component', { product: purl('pkg:npm/left-pad@1.2.9') }, true],
  ['versions that do not hold the component', { product: { ...purl('pkg:npm/left-pad'), versions: ['vers:npm/<1.0.0'] } }, true],
  ['another version of one with a namespace', { product: purl('pkg:npm/%40acme/pad@1.0.0') }, true],
  ['this artifact and another one', { product: { hashes: [['sha256', foreign], ['sha256', own]] }, part: purl('pkg:npm/right-pad') }, true],
  ['a name alone', { product: {} }, true],
  ['a name alone, and another version of a package', { product: {}, part: purl('pkg:npm/left-pad@9') }, true],
  ['a name alone, and a package that is not here', { product: {}, part: purl('pkg:npm/right-pad') }, false],
  ['a digest that nobody can compare', { product: { hashes: [['md5', 'ab']] } }, true],
  ['what is no purl', { product: purl('left-pad') }, true],
  ['no product', {}, true],
])('of a document about nothing in particular: %s', (_, said, meant) => {
  const claim = claimOf(said);
  const targets = targetsIn(artifact);
  expect(targets.map((target) => vexMismatch(claim, target, 100_000) !== null)).toEqual([true, true, true]);
  expect(isMeantHere(claim, targets, () => false)).toBe(meant);
  expect(isMeantHere(claim, targets, () => true)).toBe(meant);
});

test('an image whose name nobody knows may be any that is named so; what is no image is none', () => {
  const meant = (said: Said) => isMeantHere(claimOf(said), targetsIn(nameless), () => false);
  expect(meant({ product: purl('pkg:oci/app?tag=1') })).toBe(true);
  expect(meant({ product: purl('pkg:docker/acme/app@1.0'), part: purl('pkg:npm/left-pad@9') })).toBe(true);
  expect(meant({ product: purl('pkg:oci/app?tag=1'), part: purl('pkg:npm/right-pad') })).toBe(false);
  expect(meant({ product: purl('pkg:generic/app@1.0') })).toBe(false);
  expect(meant({ product: purl(`pkg:oci/app@sha256%3A${foreign}`) })).toBe(false);
});

test('of a document that came as about the artifact, what is about others is meant for it unless another statement names it', () => {
  const ask = (said: Said, subjects: number[], beside: boolean) => isMeantHere(claimOf(said, subjects), targetsIn(artifact), () => beside);
  const other: Said = { product: sha256(foreign) };
  expect([ask(other, [4, 6], false), ask(other, [4, 6], true), ask(other, [6], false)]).toEqual([true, false, false]);
  // Without a product it is about the subjects; those of others are none of this artifact's.
  expect([ask({ part: purl('pkg:npm/left-pad@9') }, [4], false), ask({}, [6], false), ask({ product: {} }, [6], false)]).toEqual([true, false, false]);
});

test('names the artifact', () => {
  const named = (said: Said) => namesHere(claimOf(said), artifact);
  expect([named({ product: sha256(own) }), named({ product: purl('pkg:generic/app@1.0') }), named({ product: { hashes: [['sha512', 'ab']] } })])
    .toEqual([true, true, true]);
  expect([named({ product: sha256(foreign) }), named({ product: purl('pkg:npm/left-pad') }), named({ product: {} }), named({})])
    .toEqual([false, false, false, false]);
});
