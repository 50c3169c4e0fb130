// The stream index through random histories, roots and proofs at every step: it is the trie of the specification, whatever went before.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUint64, encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { RangeIndex, type RangePart, type StatedRoot } from '../../ledger/log/range-index.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { pureSlots, StreamHeads, StreamIndex, streamKeyOf } from '../../ledger/streams/index.ts';
import { kernelSlots } from '../../ledger/streams/kernel.ts';

type Head = { readonly key: Uint8Array; readonly version: number; readonly index: number };
const bit = (key: Uint8Array, depth: number) => ((key[depth >> 3] as number) >> (7 - (depth % 8))) & 1;

interface Node {
  readonly hash: Uint8Array;
  readonly sides?: readonly [Node, Node];
}

/** The specification's trie, word for word. */
function slowTrie(heads: readonly Head[], depth = 0): Node {
  const [first] = heads;
  if (first === undefined) return { hash: new Uint8Array(32) };
  if (heads.length === 1) return { hash: sha256(concatBytes(Uint8Array.of(2), first.key, encodeUint64(first.version), encodeUint64(first.index))) };
  const side = (want: number) => slowTrie(heads.filter(({ key }) => bit(key, depth) === want), depth + 1);
  const sides = [side(0), side(1)] as const;
  return { hash: sha256(concatBytes(Uint8Array.of(3), sides[0].hash, sides[1].hash)), sides };
}

const slowRoot = (heads: readonly Head[]) => slowTrie(heads).hash;

/** Siblings on the way along a key. */
function slowSiblings(trie: Node, key: Uint8Array): string[] {
  const siblings: string[] = [];
  let node = trie;
  for (let depth = 0; node.sides !== undefined; depth++) {
    siblings.push(formatHex(node.sides[bit(key, depth) === 0 ? 1 : 0].hash));
    node = node.sides[bit(key, depth) as 0 | 1];
  }
  return siblings;
}

describe.each([['pure', pureSlots], ['WebAssembly', kernelSlots]])('in %s', (_, slots) => {
  /** Few first bytes, and seven bits at the end or in the middle: long ways that many share, and that are given up again. */
  const key = fc.tuple(fc.constantFrom(0x00, 0x80, 0xff), fc.nat({ max: 7 }), fc.boolean()).map(([first, last, isDeep]) =>
    new Uint8Array(32).with(0, first).with(isDeep ? 31 : 3, last << (isDeep ? 0 : 2)));
  const move = fc.record({ key, version: fc.constantFrom(0, 0, 1, 2, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER), index: fc.constantFrom(0, 5, 2 ** 33 + 1) });

  test('keys that share long ways, streams that come, go back to nothing and come again', () => {
    fc.assert(
      fc.property(fc.array(fc.array(move, { minLength: 1, maxLength: 8 }), { maxLength: 14 }), (steps) => {
        const heads = new StreamHeads();
        const index = new StreamIndex(heads, slots());
        const plain = new Map<string, Head>();
        for (const moves of steps) {
          for (const one of moves) {
            index.touch(heads.advance(one.key, one.version, one.index));
            plain.delete(formatHex(one.key));
            if (one.version > 0) plain.set(formatHex(one.key), one);
          }
          const now = slowTrie([...plain.values()]);
          expect(formatHex(index.root())).toBe(formatHex(now.hash));
          for (const { key: asked } of moves) {
            const proof = index.prove(asked);
            expect(proof.siblings.map(formatHex)).toEqual(slowSiblings(now, asked));
            const there = plain.get(formatHex(asked));
            expect(proof).toMatchObject(there === undefined ? { claim: 'absent' } : { claim: 'present', version: there.version, index: there.index });
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('thousands of streams that move, come and go by the hundred: the same as built at once', () => {
    const heads = new StreamHeads();
    const index = new StreamIndex(heads, slots());
    const plain = new Map<number, Head>();
    let random = 20_261_121;
    const next = (below: number) => Math.floor(((random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32) * below);
    for (let step = 0; step < 24; step++) {
      const among = 300 * (step + 1);
      for (let i = 0; i < [1, 30, 400, 1_500][step % 4]!; i++) {
        const [name, isGone] = [next(among), next(6) === 0];
        const head = { key: streamKeyOf(`s${name}`), version: isGone ? 0 : 1 + next(9), index: next(2 ** 40) };
        index.touch(heads.advance(head.key, head.version, head.index));
        plain.delete(name);
        if (!isGone) plain.set(name, head);
      }
      expect(formatHex(index.root())).toBe(formatHex(slowRoot([...plain.values()])));
      const fresh = new StreamIndex(heads);
      for (let i = 0; i < 20; i++) {
        const asked = streamKeyOf(`s${next(among + 50)}`);
        expect(index.prove(asked)).toEqual(fresh.prove(asked));
      }
    }
    // All of them go, and one comes back.
    for (const { key: one } of plain.values()) index.touch(heads.advance(one, 0, 0));
    expect(formatHex(index.root())).toBe('00'.repeat(32));
    const last = { key: streamKeyOf('s1'), version: 3, index: 7 };
    index.touch(heads.advance(last.key, last.version, last.index));
    expect(formatHex(index.root())).toBe(formatHex(slowRoot([last])));
  });
});

describe('a range', () => {
  const streams = fc.uniqueArray(fc.nat({ max: 14 }), { minLength: 1, maxLength: 3 });
  const entry = fc.record({ streams, back: fc.option(fc.nat({ max: 5 })), isFalse: fc.nat({ max: 9 }) });

  test('in parts of any size: the roots of earlier sizes that entries state are right or found', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (entries, partEntries) => {
        const numbers = new Map<number, number>();
        const before: Head[][] = [[]];
        const range = new RangeIndex();
        const heads = new Map<number, Head>();
        const expected: number[] = [];
        const found: number[] = [];
        for (let start = 0; start < entries.length; start += partEntries) {
          const [names, ordinals, indexes, stated]: [Uint8Array[], number[], number[], StatedRoot[]] = [[], [], [], []];
          entries.slice(start, start + partEntries).forEach(({ streams: moved, back, isFalse }, i) => {
            const index = start + i;
            if (back !== null && back <= index) {
              const size = index - back;
              const root = slowRoot(before[size] as Head[]);
              if (isFalse === 0) root[7]! ^= 4;
              stated.push({ index, size, root });
              if (isFalse === 0) expected.push(index);
            }
            for (const stream of moved) {
              const name = encodeUtf8(`stream:${stream}`);
              if (!numbers.has(stream)) names.push(Uint8Array.of(0, name.length), name);
              if (!numbers.has(stream)) numbers.set(stream, numbers.size);
              ordinals.push(numbers.get(stream) as number);
              indexes.push(index);
              heads.set(stream, { key: sha256(name), version: (heads.get(stream)?.version ?? 0) + 1, index });
            }
            before.push([...heads.values()]);
          });
          const part: RangePart = { names: concatBytes(...names), ordinals: Int32Array.from(ordinals), indexes: Float64Array.from(indexes), stated };
          found.push(...range.take(part).map(({ index }) => index));
        }
        expect(found).toEqual(expected);
        expect(formatHex(range.root())).toBe(formatHex(slowRoot([...heads.values()])));
      }),
      { numRuns: 150 },
    );
  });
});
