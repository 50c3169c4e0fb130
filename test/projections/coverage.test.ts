// Contracts: what is there, what is missing and why, to the millisecond.
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import type { ArtifactDocument, ScanPointer } from '../../projections/artifact.ts';
import { artifact as projection } from '../../projections/artifact.ts';
import { readContract } from '../../projections/contract-document.ts';
import { coverage } from '../../projections/coverage.ts';
import type { AttestationPointer, SbomPointer } from '../../projections/evidence.ts';
import { bytesOf, holdsUnder, personOf, trustOf, vexPointerOf } from './documents.ts';

const provenance = 'https://slsa.dev/provenance/v1';
const key = `key:${formatHex(bytesOf(7))}`;
const evidence = (entry: number) => ({ entry, at: 1000 + entry, by: personOf(1), facts: bytesOf(1), semantics: 1, deviations: 0 });
const sbom = (entry: number, more: Partial<SbomPointer> = {}): SbomPointer => ({ ...evidence(entry), format: 'cyclonedx', components: 1, ...more });
const attestation = (entry: number, more: Partial<AttestationPointer> = {}): AttestationPointer =>
  ({ ...evidence(entry), envelope: 'dsse', signatures: [holdsUnder(7)], ...more });
const scan = (entry: number, feed: string): ScanPointer =>
  ({ ...evidence(entry), feed, snapshot: bytesOf(2), findings: bytesOf(3), count: 0 } as never);
const documentOf = (more: Partial<ArtifactDocument>): ArtifactDocument => ({ ...(projection.begin('artifact:x') as ArtifactDocument), last: 1, ...more });

function judge(anyOf: object[], artifact: ArtifactDocument | null, t = 2000, trust = trustOf({ key: bytesOf(7) })) {
  const { contract } = readContract(encodeUtf8(JSON.stringify({ format: 'stella-contract/1', require: [{ id: 'it', anyOf }] })));
  const { complete, requirements } = coverage(contract, { artifact, trust, predicateTypesOf: ({ entry }) => (entry === 99 ? [] : [provenance]) }, t);
  const [first] = requirements;
  expect(complete).toBe(first?.met);
  return first?.met === true ? first.entries : first?.missing;
}

describe('a requirement', () => {
  const slsa = { kind: 'attestation', predicateTypes: [provenance], signers: 'trusted' };

  test.each<[string, object, Partial<ArtifactDocument>, unknown]>([
    ['nothing there', { kind: 'sbom' }, {}, [{ kind: 'sbom', why: 'absent' }]],
    ['there', { kind: 'sbom' }, { sboms: [sbom(3), sbom(4)] }, [3, 4]],
    ['superseded', { kind: 'sbom' }, { sboms: [sbom(3, { superseded: { entry: 4, reason: 'newer' } })] }, [{ kind: 'sbom', why: 'superseded', entry: 3 }]],
    ['of the format', { kind: 'sbom', formats: ['spdx-3', 'cyclonedx'] }, { sboms: [sbom(3)] }, [3]],
    ['of another format', { kind: 'sbom', formats: ['spdx-3'] }, { sboms: [sbom(3)] }, [{ kind: 'sbom', why: 'format', entry: 3 }]],
    ['a scan with any feed', { kind: 'scan' }, { scans: [scan(3, 'osv'), scan(4, 'vendor')] }, [3, 4]],
    ['a scan with one of the feeds', { kind: 'scan', feeds: ['own', 'vendor'] }, { scans: [scan(3, 'osv'), scan(4, 'vendor')] }, [4]],
    ['a scan with another feed', { kind: 'scan', feeds: ['vendor'], maxAge: '1h' }, { scans: [scan(3, 'osv')] }, [{ kind: 'scan', why: 'feed', entry: 3 }]],
    ['a stale scan with the feed, and a fresh one with another', { kind: 'scan', feeds: ['vendor'], maxAge: '1h' },
      { scans: [{ ...scan(3, 'osv'), at: 4_000_000 }, scan(2, 'vendor')] }, [{ kind: 'scan', why: 'stale', entry: 2 }]],
    ['signed by somebody trusted', slsa, { attestations: [attestation(3)] }, [3]],
    ['signed by nobody trusted', slsa, { attestations: [attestation(3, { signatures: [holdsUnder(9)] })] },
      [{ kind: 'attestation', why: 'untrusted', entry: 3 }]],
    ['signed by nobody trusted, and nobody asked who', { kind: 'attestation' }, { attestations: [attestation(3, { signatures: [holdsUnder(9)] })] },
      [{ kind: 'attestation', why: 'untrusted', entry: 3 }]],
    ['one envelope of two untrusted', slsa, { attestations: [attestation(3, { signatures: [holdsUnder(7), holdsUnder(9)] })] },
      [{ kind: 'attestation', why: 'untrusted', entry: 3 }]],
    ['not signed at all', slsa, { attestations: [attestation(3, { signatures: [] })] }, [{ kind: 'attestation', why: 'untrusted', entry: 3 }]],
    ['of another predicate', slsa, { attestations: [attestation(99)] }, [{ kind: 'attestation', why: 'predicate', entry: 99 }]],
    ['by the signer', { ...slsa, signers: [key] }, { attestations: [attestation(3)] }, [3]],
    ['by another signer', { ...slsa, signers: [`key:${'0'.repeat(64)}`] }, { attestations: [attestation(3)] },
      [{ kind: 'attestation', why: 'signer', entry: 3 }]],
    ['VEX of anybody', { kind: 'vex' }, { vex: [vexPointerOf(3, { signatures: [holdsUnder(9)] })] }, [3]],
    ['VEX of somebody trusted', { kind: 'vex', signers: 'trusted' }, { vex: [vexPointerOf(3), vexPointerOf(4, { signatures: [holdsUnder(9)] })] }, [3]],
    ['VEX made here', { kind: 'vex', signers: [key] }, { vex: [vexPointerOf(3, { signatures: [], authored: { assurance: 'signed', key: bytesOf(7) } })] }, [3]],
    ['the nearest of several', { kind: 'sbom', formats: ['cyclonedx'], maxAge: '1h' }, { sboms: [sbom(3), sbom(4, { format: 'spdx-2' })] },
      [{ kind: 'sbom', why: 'stale', entry: 3 }]],
  ])('%s', (_, alternative, document, expected) => expect(judge([alternative], documentOf(document), 4_000_000)).toEqual(expected));

  test.each([
    [3_601_002, [3 - 1]],
    [3_601_003, [{ kind: 'sbom', why: 'stale', entry: 2 }]],
  ])('as old as it may be, at %i', (t, expected) => {
    expect(judge([{ kind: 'sbom', maxAge: '1h' }], documentOf({ sboms: [sbom(2)] }), t)).toEqual(expected);
  });

  test('one of several ways is enough; else each says what it lacks', () => {
    const ways = [{ kind: 'sbom', formats: ['spdx-3'] }, { kind: 'attestation' }, { kind: 'scan' }];
    expect(judge(ways, documentOf({ sboms: [sbom(2)], attestations: [attestation(5)] }))).toEqual([5]);
    expect(judge(ways, documentOf({ sboms: [sbom(2)] }))).toEqual([
      { kind: 'sbom', why: 'format', entry: 2 }, { kind: 'attestation', why: 'absent' }, { kind: 'scan', why: 'absent' },
    ]);
  });

  test('of an artifact that nothing is known of', () => expect(judge([{ kind: 'report' }], null)).toEqual([{ kind: 'report', why: 'absent' }]));

  test('under a trust that ended: what was decided before stays in its size', () => {
    const removed = trustOf({ key: bytesOf(7), removed: { entry: 9, at: 1, reason: 'compromised' } });
    expect(judge([slsa], documentOf({ attestations: [attestation(3)] }), 2000, removed)).toEqual([{ kind: 'attestation', why: 'untrusted', entry: 3 }]);
  });
});
