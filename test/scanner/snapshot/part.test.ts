// A part of a snapshot gives the same findings as the whole, and no lie survives in it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../../ledger/errors.ts';
import {
  encodeFindings, explain, openPart, recompute, scan, shardsUsed, Snapshot, type FindingsDocument, type ScanComponent, type SnapshotFile,
} from '../../../scanner/index.ts';
import { build, fileOf, observationOf } from './memory.ts';

const count = 400;
const records = Array.from({ length: count }, (_, i) => observationOf('s', {
  id: `X-${i}`, aliases: [`CVE-2024-${i}`],
  affected: [{ package: { ecosystem: 'npm', name: `p${i}` }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }] }],
}));
const kev = { ...observationOf('kev', { id: 'CVE-2024-3' }), facts: { kev: { added: '2024-01-01' } } };
const { bytes, built } = build([...records, kev], [{ name: 'kev', enriches: true }]);
const options = { engineVersion: '1.0.0' };
const listOf = (...names: string[]): { components: ScanComponent[] } =>
  ({ components: names.map((name) => ({ ref: name, name, version: '1.0.0', purl: `pkg:npm/${name}@1.0.0` })) });
const input = listOf('p1', 'p3', 'p7', 'absent', 'p390');
const part = shardsUsed(fileOf(bytes), built.digest, input, options);
const documentOf = (file: SnapshotFile, of = input) => scan(of, new Snapshot(file, built.digest), options) as FindingsDocument;

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'none';
}

test('the same list over the part gives the same bytes, and its explanations can be computed again', () => {
  const whole = encodeFindings(documentOf(fileOf(bytes)));
  expect(encodeFindings(documentOf(openPart(part.bytes)))).toEqual(whole);
  expect(encodeFindings(part.document)).toEqual(whole);
  expect(part.document.findings.find(({ id }) => id === 'CVE-2024-3')?.kev).toBe(true);
  const snapshot = new Snapshot(openPart(part.bytes), built.digest);
  const { answers } = explain('CVE-2024-7', input, snapshot);
  expect(answers).toHaveLength(1);
  const [ref] = snapshot.recordsNamed('CVE-2024-7');
  expect(recompute(answers[0] as (typeof answers)[0], snapshot.bytesOf(ref as NonNullable<typeof ref>))).toBe('same');
});

test('it is smaller than the whole, and another list is refused rather than answered', () => {
  expect(part.bytes.length).toBeLessThan(bytes.length / 4);
  // Four findings, and the catalogue entry of one.
  expect(part.records).toBe(5);
  const others = Array.from({ length: count }, (_, i) => codeOf(() => documentOf(openPart(part.bytes), listOf(`p${i}`))));
  expect(new Set(others)).toEqual(new Set(['none', 'PAYLOAD_MISSING']));
});

test('the same snapshot and list give the same part, whatever the list’s order', () => {
  fc.assert(fc.property(fc.shuffledSubarray(input.components, { minLength: input.components.length }), (components) => {
    expect(shardsUsed(fileOf(bytes), built.digest, { components }, options).bytes).toEqual(part.bytes);
  }), { numRuns: 10 });
});

describe('a flipped bit', () => {
  test('anywhere is refused, or changes nothing that is read', () => {
    const whole = encodeFindings(documentOf(fileOf(bytes)));
    fc.assert(fc.property(fc.nat({ max: part.bytes.length * 8 - 1 }), (bit) => {
      const broken = part.bytes.slice();
      (broken[bit >> 3] as number) ^= 1 << (bit & 7);
      try {
        // A record's bytes are read by explanations alone, and the last piece of the file by nobody.
        expect(encodeFindings(documentOf(openPart(broken)))).toEqual(whole);
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        expect(['INPUT_MALFORMED', 'SNAPSHOT_DAMAGED', 'PAYLOAD_MISSING']).toContain(error.code);
      }
    }), { numRuns: 600 });
  });

  test('in a shard, the manifest and the root is SNAPSHOT_DAMAGED', () => {
    const text = new TextDecoder('latin1').decode(part.bytes);
    for (const found of ['["p3",', '"format":"stella-snapshot/1"', 'stella-snapshot1']) {
      const broken = part.bytes.slice();
      (broken[text.indexOf(found) + (found === 'stella-snapshot1' ? -1 : 3)] as number) ^= 1;
      expect(codeOf(() => documentOf(openPart(broken)))).toBe('SNAPSHOT_DAMAGED');
    }
  });
});

test('another snapshot’s part is not this one’s', () => {
  const other = build(records.slice(1));
  const foreign = shardsUsed(fileOf(other.bytes), other.built.digest, input, options);
  expect(codeOf(() => documentOf(openPart(foreign.bytes)))).toBe('SNAPSHOT_DAMAGED');
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['a whole snapshot', bytes],
  ['a part cut at its end', part.bytes.subarray(0, part.bytes.length - 1)],
  ['a part cut at its beginning', part.bytes.subarray(1)],
])('%s is no part', (_, given) => {
  expect(codeOf(() => openPart(given))).toBe('INPUT_MALFORMED');
});
