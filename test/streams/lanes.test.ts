// The memory in which the index lays out its messages: no two of them meet, and each is hashed where it stands.
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { lanesAtOnce, lanesBytes, lanesOver, leafAt, nodeAt, pureLanes, resultAt, type Lanes } from '../../ledger/streams/lanes.ts';

const all = Array.from({ length: lanesAtOnce }, (_, i) => i);
const [nodeWords, leafWords, hashWords] = [16, 12, 8];
/** Words that no two messages have alike. */
const wordsOf = (i: number, kind: 0 | 1, count: number) =>
  Int32Array.from({ length: count }, (_, j) => Math.imul(0x9e37_79b9, 1 + j + 64 * i + 16_384 * kind));
const nodeHash = (i: number) => formatHex(sha256(Uint8Array.of(3, ...new Uint8Array(wordsOf(i, 0, nodeWords).buffer))));
const leafHash = (i: number) => formatHex(sha256(Uint8Array.of(2, ...new Uint8Array(wordsOf(i, 1, leafWords).buffer))));
const results = ({ words }: Lanes) => all.map((i) => formatHex(new Uint8Array(words.slice(resultAt(i), resultAt(i) + hashWords).buffer)));

function filled(): Lanes {
  const lanes = pureLanes();
  for (const i of all) {
    lanes.words.set(wordsOf(i, 0, nodeWords), nodeAt(i));
    lanes.words.set(wordsOf(i, 1, leafWords), leafAt(i));
  }
  return lanes;
}

test('four messages stand side by side 1,024 words apart, and 33 words behind the four before; leaves and results stand behind', () => {
  expect([0, 1, 2, 3, 4, 5, 8, 123].map(nodeAt)).toEqual([1, 1025, 2049, 3073, 34, 1058, 67, 4063]);
  expect([0, 5, 123].map(leafAt)).toEqual([4097, 5154, 8159]);
  expect([0, 5, 123].map(resultAt)).toEqual([8192, 8232, 9176]);
  expect([lanesAtOnce, lanesBytes]).toEqual([124, 4 * (9176 + hashWords)]);
});

test('each message has room for two blocks of SHA-256, from its prefix on', () => {
  const begins = all.flatMap((i) => [4 * nodeAt(i) - 1, 4 * leafAt(i) - 1]).sort((a, b) => a - b);
  begins.forEach((begin, i) => expect(begin + 128).toBeLessThanOrEqual(begins[i + 1] ?? 4 * resultAt(0)));
});

describe('hashed', () => {
  const none = '00'.repeat(32);

  test('all nodes, then all leaves', () => {
    const lanes = filled();
    expect(results(lanes)).toEqual(all.map(() => none));
    lanes.hashNodes(lanesAtOnce);
    expect(results(lanes)).toEqual(all.map(nodeHash));
    lanes.hashLeaves(lanesAtOnce);
    expect(results(lanes)).toEqual(all.map(leafHash));
  });

  test('some of them, from the first on, and a single leaf', () => {
    const lanes = filled();
    lanes.hashNodes(7);
    lanes.hashLeaves(3);
    lanes.hashLeaf(100);
    expect(results(lanes)).toEqual(all.map((i) => (i < 3 || i === 100 ? leafHash(i) : i < 7 ? nodeHash(i) : none)));
    lanes.hashNodes(0);
    lanes.hashLeaves(0);
    expect(results(lanes)[0]).toBe(leafHash(0));
  });
});

test('over a part of some memory, nothing outside of it is written', () => {
  const memory = new Uint8Array(lanesBytes + 16).fill(0xee);
  const asked: number[][] = [];
  const { words, view, hashNodes, hashLeaves, hashLeaf } = lanesOver(memory.subarray(8, 8 + lanesBytes), (length, from, first, end, to) => {
    asked.push([length, from(first), first, end, to(first)]);
  });
  expect([words, view].map(({ byteOffset, byteLength }) => [byteOffset, byteLength])).toEqual([[8, lanesBytes], [8, lanesBytes]]);
  hashNodes(9);
  hashLeaves(4);
  hashLeaf(6);
  expect(asked).toEqual([[65, 3, 0, 9, 4 * resultAt(0)], [49, 4 * leafAt(0) - 1, 0, 4, 4 * resultAt(0)], [49, 4 * leafAt(6) - 1, 6, 7, 4 * resultAt(6)]]);
  const prefixes = new Map(all.flatMap((i): [number, number][] => [[8 + 4 * nodeAt(i) - 1, 3], [8 + 4 * leafAt(i) - 1, 2]]));
  expect([...memory].every((byte, i) => byte === (prefixes.get(i) ?? 0xee))).toBe(true);
});
