// The log's tables against plain maps: stream heads by name, and candidates for repeats.
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../ledger/bytes.ts';
import { NamedHeads } from '../../ledger/log/heads.ts';
import { RepeatTable } from '../../ledger/log/repeats.ts';
import { sha256 } from '../../ledger/merkle/index.ts';

function advance(heads: NamedHeads, name: string, version: number, index: number): void {
  // The name stands somewhere inside an entry.
  const bytes = concatBytes(Uint8Array.of(1, 2, 3), encodeUtf8(name), Uint8Array.of(4));
  let ordinal = heads.find(bytes, 3, bytes.length - 1);
  if (ordinal < 0) ordinal = heads.add(bytes, 3, bytes.length - 1);
  heads.advance(ordinal, version, index);
}

describe('stream heads', () => {
  // More names than a chunk holds; then some with one ending, more than the cache tries places; and long ones, which it does not take.
  const names = [
    ...Array.from({ length: 20_000 }, (_, i) => `vuln:CVE-2026-${i}`),
    ...Array.from({ length: 60 }, (_, i) => `policy:${'a'.repeat(i)}/the-same-ending`),
    ...[119, 120, 121, 127].map((length) => `policy:${'b'.repeat(length - 7)}`),
    ...Array.from({ length: 3 }, (_, i) => `vuln:${String(i).repeat(126)}`),
  ];
  const heads = new NamedHeads();
  names.forEach((name, i) => advance(heads, name, 1, i));
  names.forEach((name, i) => advance(heads, name, 2, 10 * i));

  test('are found by name, each its own', () => {
    expect(heads.count).toBe(names.length);
    for (const [i, name] of names.entries()) expect(heads.head(name)).toEqual({ version: 2, index: 10 * i });
    expect(heads.head('vuln:CVE-2026-20001')).toBeNull();
    expect(heads.head('policy:/the-same-endin')).toBeNull();
    expect(heads.key(names.length - 1)).toEqual(sha256(encodeUtf8(names.at(-1) as string)));
  });

  test('that are absent stay absent however often they are asked for, and are found once they are there', () => {
    const some = new NamedHeads();
    const absent = [...names, 'vuln:é', 'vuln:\u{1f600}', `vuln:${'é'.repeat(70)}`, ''];
    for (let round = 0; round < 2; round++) for (const name of absent) expect(some.head(name)).toBeNull();
    absent.forEach((name, i) => {
      if (i % 3 > 0 || name === '') return;
      const bytes = encodeUtf8(name);
      some.advance(some.add(bytes, 0, bytes.length), 1, i);
    });
    for (const [i, name] of absent.entries()) expect(some.head(name)).toEqual(i % 3 > 0 || name === '' ? null : { version: 1, index: i });
  });

  test('come back from their bytes', () => {
    const bytes = concatBytes(...heads.parts());
    const again = NamedHeads.of(bytes);
    for (const [i, name] of names.entries()) expect(again.head(name)).toEqual({ version: 2, index: 10 * i });
    expect(concatBytes(...again.parts())).toEqual(bytes);
    expect(() => NamedHeads.of(bytes.subarray(0, -1))).toThrow(RangeError);
  });

  test('stay right when more names are in use than the cache holds', () => {
    const many = new NamedHeads();
    const count = 140_000;
    for (let i = 0; i < count; i++) advance(many, `feed:${i}`, 1, i);
    for (let i = 0; i < count; i += 997) {
      advance(many, `feed:${i}`, 2, i + 1);
      expect(many.head(`feed:${i}`)).toEqual({ version: 2, index: i + 1 });
    }
    expect(many.count).toBe(count);
  }, 300_000);
});

describe('candidates for repeats', () => {
  const key = (i: number) => sha256(encodeUtf8(`key ${i}`)).slice(0, 16);
  // The smallest indexes, and those around the border between the two parts in which an index is kept.
  const indexes = [0, 1, 2, 0xffff_fffd, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 2 * 0xffff_ffff, 2 ** 39 - 1];
  const table = new RepeatTable();
  for (let i = 0; i < 40_000; i++) table.add(key(i), i < indexes.length ? (indexes[i] as number) : i);

  test.each([['', table], [', from bytes', RepeatTable.of(concatBytes(...table.parts()))]])('are found%s', (_, found) => {
    expect(found.count).toBe(40_000);
    for (let i = 0; i < 40_000; i++) expect(found.find(key(i))).toContain(i < indexes.length ? indexes[i] : i);
    expect(found.find(key(40_001)).length).toBeLessThan(3);
  });

  test('keys that begin alike are all candidates', () => {
    const alike = [1, 2, 3].map((last) => Uint8Array.of(0, 0, 0, 0, ...new Uint8Array(11), last));
    const small = new RepeatTable();
    alike.forEach((one, i) => small.add(one, 100 + i));
    expect([...small.find(alike[0] as Uint8Array)].sort()).toEqual([100, 101, 102]);
    expect(small.find(key(1))).toEqual([]);
  });
});
