// VEX: what it matches, whose words count, which of them, and what happens to the rest.
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import type { VexPointer } from '../../projections/evidence.ts';
import { effectiveVex, unmatchedVex, vexClaims, vexMismatch, type VexClaim, type VexStatement, type VexTarget } from '../../projections/effective-vex.ts';
import { bytesOf, holdsUnder, personOf, trustOf, vexPointerOf } from './documents.ts';

const trust = trustOf({ key: bytesOf(7) }, { key: bytesOf(8) });
const target: VexTarget = {
  ids: ['CVE-2026-0001', 'GHSA-1'], purl: 'pkg:npm/left-pad@1.3.0',
  artifact: { digest: bytesOf(4), purls: ['pkg:oci/app@sha256:00?repository_url=docker.io/acme/app', 'pkg:generic/app@2.0'], others: [['sha512', 'ab']] },
};
const digest = formatHex(bytesOf(4));
const statement = (more: Partial<VexStatement> = {}): VexStatement => ({
  vulnerability: 'CVE-2026-0001', status: 'not_affected', justification: 'component_not_present', product: { hashes: [['sha256', digest]] }, ...more,
});
const claim = (more: Partial<VexStatement> = {}, pointer: Partial<VexPointer> = {}, entry = 10): VexClaim =>
  vexClaims(vexPointerOf(entry, pointer), [statement(more)], trust)[0] as VexClaim;
const t = 100_000;

describe('a statement matches', () => {
  test.each<[string, Partial<VexStatement>]>([
    ['the artifact by digest', {}],
    ['the artifact by another digest of its bytes', { product: { hashes: [['sha512', 'ab']] } }],
    ['an alias', { vulnerability: 'X-1', aliases: ['GHSA-1'] }],
    ['the artifact by the digest in its purl, whatever its name', { product: { purls: [`pkg:oci/other@sha256%3A${digest}`] } }],
    ['the artifact by its own purl', { product: { purls: ['pkg:generic/app@2.0'] } }],
    ['the artifact by its purl without version', { product: { purls: ['pkg:generic/app'] } }],
    ['the artifact by a range', { product: { purls: ['pkg:npm/left-pad'], versions: ['vers:npm/>=1.0.0|<1.3.1'] } }],
    ['the component itself', { product: { purls: ['pkg:npm/left-pad@1.3.0'] } }],
    ['a part of the artifact', { part: { purls: ['pkg:npm/left-pad@1.3.0'] } }],
    ['a part without version', { part: { purls: ['pkg:npm/left-pad'] } }],
    ['a part by a listed version', { part: { purls: ['pkg:npm/left-pad'], versions: ['1.2.0', '1.3.0'] } }],
    ['versions that CycloneDX calls unaffected', { product: { purls: ['pkg:npm/left-pad'], versions: ['affected 1.2.0', 'unaffected vers:npm/>=1.3.0'] } }],
    ['versions it calls affected, of what is affected', { status: 'affected', product: { purls: ['pkg:npm/left-pad'], versions: ['affected 1.3.0'] } }],
    ['one of several names', { product: { purls: ['pkg:npm/nothing', 'pkg:npm/left-pad'] } }],
  ])('%s', (_, more) => expect(vexMismatch(claim(more), target, t)).toBeNull());

  test('the artifacts that its document is about, where it names no product', () => {
    const about = { product: undefined } as unknown as Partial<VexStatement>;
    expect(vexMismatch(claim(about, { subjects: [bytesOf(4)] }), target, t)).toBeNull();
    expect(vexMismatch(claim(about, { subjects: [bytesOf(5)] }), target, t)).toBe('product');
    expect(vexMismatch(claim(about), target, t)).toBe('product');
  });

  test.each<[string, Partial<VexStatement>, string]>([
    ['another vulnerability', { vulnerability: 'CVE-2026-0002' }, 'vulnerability'],
    ['a status that is none of ours', { status: 'recommended' }, 'no_status'],
    ['another artifact by digest', { product: { hashes: [['sha256', formatHex(bytesOf(5))]] } }, 'product'],
    ['another digest of an algorithm', { product: { hashes: [['sha512', 'cd']] } }, 'product'],
    ['an image of this name with another digest', {
      product: { purls: [`pkg:oci/app@sha256%3A${'5'.repeat(64)}?repository_url=docker.io/acme/app`] },
    }, 'product'],
    ['another version of the component', { product: { purls: ['pkg:npm/left-pad@1.3.1'] } }, 'product'],
    ['versions that do not hold it', { product: { purls: ['pkg:npm/left-pad'], versions: ['vers:npm/<1.3.0'] } }, 'product'],
    ['versions of which CycloneDX says the contrary', { product: { purls: ['pkg:npm/left-pad'], versions: ['affected 1.3.0'] } }, 'product'],
    ['unaffected versions, of what is affected', {
      status: 'affected', product: { purls: ['pkg:npm/left-pad'], versions: ['unaffected 1.3.0'] },
    }, 'product'],
    ['a product with a name alone', { product: {} }, 'product'],
    ['a part of another product', { product: { purls: ['pkg:oci/other'] }, part: { purls: ['pkg:npm/left-pad'] } }, 'product'],
    ['another part', { part: { purls: ['pkg:npm/right-pad'] } }, 'part'],
    ['another version of the part', { part: { purls: ['pkg:npm/left-pad@2.0.0'] } }, 'part'],
  ])('not %s', (_, more, why) => expect(vexMismatch(claim(more), target, t)).toBe(why));

  test('not what was superseded, nor what is of a later time', () => {
    expect(vexMismatch(claim({}, { superseded: { entry: 12, reason: 'corrected' } }), target, t)).toBe('superseded');
    const made = claim({ stated: 900 });
    expect([899, 900, 901].map((at) => vexMismatch(made, target, at))).toEqual(['later', null, null]);
  });

  test('registries with several names, and qualifiers that narrow', () => {
    const openssl = { ...target, purl: 'pkg:deb/debian/openssl@3.0-1?arch=amd64&distro=debian-12' };
    const of = (purl: string) => vexMismatch(claim({ product: { purls: [purl] } }), openssl, t);
    expect(of('pkg:deb/debian/openssl@3.0-1')).toBeNull();
    expect(of('pkg:deb/debian/openssl@3.0-1?arch=amd64')).toBeNull();
    expect(of('pkg:deb/debian/openssl@3.0-1?arch=arm64')).toBe('product');
    expect(of('pkg:oci/app?repository_url=index.docker.io/acme/app')).toBeNull();
    expect(of('pkg:oci/app?repository_url=quay.io/acme/app')).toBe('product');
  });
});

describe('whose words count', () => {
  test.each<[string, Partial<VexPointer>, string[], boolean]>([
    ['a trusted key', {}, [`key:${formatHex(bytesOf(7))}`], true],
    ['a key that is not', { signatures: [holdsUnder(9)] }, [`key:${formatHex(bytesOf(9))}`], false],
    ['two envelopes, both trusted', { signatures: [holdsUnder(8), holdsUnder(7)] }, [`key:${formatHex(bytesOf(7))}`, `key:${formatHex(bytesOf(8))}`], true],
    ['two envelopes, one of them not', { signatures: [holdsUnder(7), holdsUnder(9)] }, [`key:${formatHex(bytesOf(7))}`, `key:${formatHex(bytesOf(9))}`], false],
    ['a signature that fails', { signatures: [{ outcome: 'fails', code: 'SIGNATURE_INVALID' }] }, [], false],
    ['made here, the key trusted', { signatures: undefined, authored: { assurance: 'signed', key: bytesOf(7) } } as never,
      [`person:${formatHex(bytesOf(1, 16))}`], true],
    ['made here, the key not', { signatures: undefined, authored: { assurance: 'asserted', key: bytesOf(9) } } as never,
      [`person:${formatHex(bytesOf(1, 16))}`], false],
    ['nobody\'s', { signatures: undefined } as never, [], false],
  ])('%s', (_, pointer, issuer, trusted) => expect(claim({}, pointer)).toMatchObject({ issuer, trusted }));

  test('an author whose pseudonym is trusted', () => {
    const pointer = vexPointerOf(10, { authored: { assurance: 'asserted', key: bytesOf(9) } });
    delete pointer.signatures;
    expect(vexClaims(pointer, [statement()], trustOf({ identity: bytesOf(1, 16) }))[0]).toMatchObject({ trusted: true });
    expect(vexClaims({ ...pointer, by: personOf(2) }, [statement()], trustOf({ identity: bytesOf(1, 16) }))[0]).toMatchObject({ trusted: false });
  });

  test.each([
    ['while it is trusted', { from: 1010, to: 1010 }, true],
    ['before', { from: 1011 }, false],
    ['after', { to: 1009 }, false],
    ['once it was removed', { removed: { entry: 11, at: 1011, reason: 'compromised' as const } }, false],
  ])('a key counts %s', (_, interval, trusted) => {
    expect(vexClaims(vexPointerOf(10), [statement()], trustOf({ key: bytesOf(7), ...interval }))[0]).toMatchObject({ trusted });
  });
});

describe('what counts', () => {
  const status = (...claims: VexClaim[]) => effectiveVex(claims, target, t);
  const second = { signatures: [holdsUnder(8)] };

  test('nothing, where nobody trusted says anything', () => {
    const untrusted = claim({}, { signatures: [holdsUnder(9)] });
    expect(status(untrusted)).toEqual({ status: null, deciding: null, counting: [], conflict: false, untrusted: [untrusted], overtaken: [] });
  });

  test('of one issuer the newest by statement time, whatever came on record last', () => {
    const newer = claim({ stated: 500 }, {}, 10);
    const older = claim({ stated: 400, status: 'affected' }, {}, 20);
    expect(status(newer, older)).toMatchObject({ status: 'not_affected', overtaken: [older], conflict: false });
    expect(status(older, newer)).toMatchObject({ status: 'not_affected', overtaken: [older] });
  });

  test('a time later than recorded is the recorded one, so that nobody can speak from the future', () => {
    const future = claim({ stated: 99_999 }, {}, 10);
    const later = claim({ status: 'affected' }, {}, 11);
    expect(future.at).toBe(1010);
    expect(status(future, later)).toMatchObject({ status: 'affected' });
  });

  test('of equal times the later entry, and within one document the worse', () => {
    expect(status(claim({ stated: 500 }, {}, 20), claim({ stated: 500, status: 'fixed' }, {}, 10))).toMatchObject({ status: 'not_affected' });
    const both = vexClaims(vexPointerOf(10), [statement({ stated: 500 }), statement({ stated: 500, status: 'affected' })], trust);
    expect(status(...both)).toMatchObject({ status: 'affected', conflict: false });
    expect(status(...both.toReversed())).toMatchObject({ status: 'affected' });
  });

  test.each([
    ['affected', 'not_affected', 'affected'],
    ['under_investigation', 'fixed', 'under_investigation'],
    ['not_affected', 'fixed', 'fixed'],
  ])('of two issuers that say %s and %s: %s, and a conflict', (one, other, worst) => {
    const claims = [claim({ status: one, stated: 500 }, {}, 10), claim({ status: other, stated: 900 }, second, 20)];
    const result = status(...claims);
    expect(result).toMatchObject({ status: worst, conflict: true, counting: claims });
    expect(result.deciding?.statement.status).toBe(worst);
  });

  test('of two issuers that agree: no conflict, and a statement given twice is one', () => {
    const [one, other] = [claim({}, {}, 10), claim({}, second, 20)];
    expect(status(one, one, other)).toMatchObject({ status: 'not_affected', conflict: false, counting: [one, other], overtaken: [] });
  });

  test('semantics that nobody knows are a bug of the caller', () => expect(() => effectiveVex([], target, t, 3)).toThrow(RangeError));
});

test('what matches nothing is kept, with the mismatch that came nearest', () => {
  const claims = [claim(), claim({ part: { purls: ['pkg:npm/right-pad'] } }, {}, 11), claim({ vulnerability: 'CVE-2026-0002' }, {}, 12)];
  const other = { ...target, artifact: { digest: bytesOf(5) } };
  expect(unmatchedVex(claims, [other, target], t)).toEqual([{ claim: claims[1], why: 'part' }, { claim: claims[2], why: 'vulnerability' }]);
  expect(unmatchedVex(claims, [], t).map(({ why }) => why)).toEqual(['vulnerability', 'vulnerability', 'vulnerability']);
});
