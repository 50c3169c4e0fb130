// Proofs in trees too large to build: generated trees are small, and 32-bit arithmetic is right in all of them.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { half, isCount, isOdd, levelWithin, splitOf } from '../../ledger/merkle/arithmetic.ts';
import {
  assembleProof, decodeFrontier, encodeFrontier, foldNodes, Frontier, inclusionLength, isSubtree, leafHash, nobleHasher, nodeHash, nodesOver,
  planConsistency, planInclusion, planSubtreeConsistency, planSubtreeInclusion, rootFromInclusion, verifyConsistency, verifyInclusion,
  verifySubtreeConsistency, verifySubtreeInclusion, type NodeAddress, type ProofPlan,
} from '../../ledger/merkle/index.ts';

const largest = Number.MAX_SAFE_INTEGER;

/**
 * A tree of any size in which all entries are alike but one, by the recursive definitions in big integers. A hash in the
 * wrong place shows wherever the one entry is.
 */
class SparseTree {
  readonly #other: bigint;
  readonly #alike = new Map<bigint, Uint8Array>();
  readonly #mixed = new Map<string, Uint8Array>();

  constructor(other: number) {
    this.#other = BigInt(other);
  }

  static split(count: bigint): bigint {
    return 1n << BigInt((count - 1n).toString(2).length - 1);
  }

  root(start: bigint, end: bigint): Uint8Array {
    if (start <= this.#other && this.#other < end) return this.#remembered(this.#mixed, `${start} ${end}`, start, end);
    return this.#remembered(this.#alike, end - start, start, end);
  }

  #remembered<Key>(known: Map<Key, Uint8Array>, key: Key, start: bigint, end: bigint): Uint8Array {
    const root = known.get(key) ?? this.#compute(start, end);
    known.set(key, root);
    return root;
  }

  #compute(start: bigint, end: bigint): Uint8Array {
    if (end - start === 1n) return leafHash(Uint8Array.of(start === this.#other ? 1 : 0));
    const middle = start + SparseTree.split(end - start);
    return nodeHash(this.root(start, middle), this.root(middle, end));
  }

  path(m: bigint, start: bigint, end: bigint): Uint8Array[] {
    if (end - start === 1n) return [];
    const middle = start + SparseTree.split(end - start);
    return m < middle ? [...this.path(m, start, middle), this.root(middle, end)] : [...this.path(m, middle, end), this.root(start, middle)];
  }

  subproof(from: bigint, to: bigint, start: bigint, end: bigint, known = true): Uint8Array[] {
    if (from === start && to === end) return known ? [] : [this.root(start, end)];
    const middle = start + SparseTree.split(end - start);
    if (to <= middle) return [...this.subproof(from, to, start, middle, known), this.root(middle, end)];
    if (middle <= from) return [...this.subproof(from, to, middle, end, known), this.root(start, middle)];
    return [...this.subproof(middle, to, middle, end, false), this.root(start, middle)];
  }

  node({ level, index }: NodeAddress): Uint8Array {
    const width = 1n << BigInt(level);
    return this.root(BigInt(index) * width, (BigInt(index) + 1n) * width);
  }

  assemble(plan: ProofPlan): string[] {
    return assembleProof(plan, plan.nodes.map((address) => this.node(address)), nobleHasher).map(formatHex);
  }
}

const hex = (hashes: readonly Uint8Array[]) => hashes.map(formatHex);
/** Sizes from 2^31 to 2^53 - 1, half of them next to a power of two, where the shape of a tree changes. */
const size = fc.oneof(
  fc.integer({ min: 2 ** 31, max: largest }),
  fc.record({ power: fc.integer({ min: 31, max: 52 }), more: fc.integer({ min: -2, max: 2 }) }).map(({ power, more }) => 2 ** power + more),
  fc.record({ power: fc.integer({ min: 31, max: 48 }), more: fc.integer({ min: 31, max: 48 }) }).map(({ power, more }) => 2 ** power + 2 ** more),
  fc.constantFrom(largest, largest - 1, 2 ** 52 + 1, 2 ** 32, 2 ** 32 + 1),
);
/** An index below a size, often near its ends and its split. */
const within = (size: number) => fc.oneof(fc.nat(size - 1), fc.constantFrom(0, 1, size - 1, size - 2, splitOf(size), splitOf(size) - 1));
const placed = size.chain((size) => fc.record({ size: fc.constant(size), index: within(size), old: within(size) }));

describe('integers', () => {
  test('are halved, split and measured exactly', () => {
    fc.assert(fc.property(size, (n) => {
      expect(BigInt(half(n))).toBe(BigInt(n) / 2n);
      expect(isOdd(n)).toBe(BigInt(n) % 2n === 1n);
      expect(BigInt(splitOf(n))).toBe(SparseTree.split(BigInt(n)));
      expect(levelWithin(n)).toBe(BigInt(n).toString(2).length - 1);
    }));
    expect([1, 2, 3, 4, 2 ** 49 - 1, 2 ** 49].map(levelWithin)).toEqual([0, 1, 1, 2, 48, 49]);
    expect([2, 3, 4, 5, 8, 9].map(splitOf)).toEqual([1, 2, 2, 4, 4, 8]);
  });

  test('are counts from 0 to 2^53 - 1', () => {
    expect([0, 1, largest].every(isCount)).toBe(true);
    expect([-1, 0.5, 2 ** 53, Number.NaN, Infinity].some(isCount)).toBe(false);
  });

  test('name the nodes over a tree by the set bits of its size', () => {
    fc.assert(fc.property(size, (size) => {
      const bits = BigInt(size).toString(2);
      let at = 0n;
      const expected: NodeAddress[] = [];
      for (const [i, bit] of [...bits].entries()) {
        if (bit === '0') continue;
        const level = bits.length - 1 - i;
        expected.push({ level, index: Number(at >> BigInt(level)) });
        at += 1n << BigInt(level);
      }
      expect(nodesOver(0, size)).toEqual(expected);
    }));
  });
});

describe('proofs in trees of 2^31 to 2^53 - 1', () => {
  test('inclusion', () => {
    fc.assert(fc.property(placed, ({ size, index, old }) => {
      const tree = new SparseTree(index);
      const [n, leaf] = [BigInt(size), leafHash(Uint8Array.of(1))];
      const proof = tree.path(BigInt(index), 0n, n);
      expect(tree.assemble(planInclusion(index, size))).toEqual(hex(proof));
      expect(inclusionLength(index, size)).toBe(proof.length);
      expect(verifyInclusion(index, size, leaf, proof, tree.root(0n, n))).toEqual({ ok: true });
      // Whether another index is refused for its length or for its root is decided by the definition too.
      const other = old === index ? (index + 1) % size : old;
      const code = tree.path(BigInt(other), 0n, n).length === proof.length ? 'PROOF_ROOT_MISMATCH' : 'PROOF_LENGTH_WRONG';
      expect(verifyInclusion(other, size, leaf, proof, tree.root(0n, n))).toMatchObject({ ok: false, code });
      expect(verifyInclusion(size, size, leaf, proof, tree.root(0n, n))).toMatchObject({ ok: false, code: 'PROOF_RANGE_WRONG' });
    }));
  });

  test('consistency', () => {
    fc.assert(fc.property(placed, ({ size, index, old }) => {
      const tree = new SparseTree(index);
      const [m, n] = [BigInt(old + 1), BigInt(size)];
      const proof = tree.subproof(0n, m, 0n, n);
      expect(tree.assemble(planConsistency(old + 1, size))).toEqual(hex(proof));
      expect(verifyConsistency(old + 1, size, tree.root(0n, m), tree.root(0n, n), proof)).toEqual({ ok: true });
      // The same step of a tree in which another entry differs: a fork.
      const fork = new SparseTree((index + 1) % size);
      const mismatch = { ok: false, code: expect.stringMatching(/^PROOF_(OLD_)?ROOT_MISMATCH$/) };
      expect(verifyConsistency(old + 1, size, tree.root(0n, m), fork.root(0n, n), proof)).toMatchObject(mismatch);
    }));
  });

  test('subtrees', () => {
    const subtree = placed.chain(({ size, index, old }) => fc.integer({ min: 0, max: 52 }).chain((level) => {
      const width = 2 ** level;
      const start = Math.floor(old / width) * width;
      const end = fc.integer({ min: 1, max: width }).map((length) => Math.min(size, start + length));
      return fc.record({ size: fc.constant(size), other: fc.constant(index), start: fc.constant(start), end, seed: fc.nat() });
    }));
    fc.assert(fc.property(subtree, ({ size, other, start, end, seed }) => {
      expect(isSubtree(start, end)).toBe(true);
      const tree = new SparseTree(other);
      const [from, to, n] = [BigInt(start), BigInt(end), BigInt(size)];
      const proof = tree.subproof(from, to, 0n, n);
      expect(tree.assemble(planSubtreeConsistency(start, end, size))).toEqual(hex(proof));
      expect(verifySubtreeConsistency(start, end, size, tree.root(from, to), tree.root(0n, n), proof)).toEqual({ ok: true });
      const index = other >= start && other < end ? other : start + (seed % (end - start));
      const leaf = tree.root(BigInt(index), BigInt(index) + 1n);
      const path = tree.path(BigInt(index), from, to);
      expect(tree.assemble(planSubtreeInclusion(index, start, end))).toEqual(hex(path));
      expect(verifySubtreeInclusion(index, start, end, leaf, path, tree.root(from, to))).toEqual({ ok: true });
    }));
  });

  test('a subtree is one exactly when the draft says so', () => {
    const ceil = (n: bigint) => (n < 2n ? 1n : 1n << BigInt((n - 1n).toString(2).length));
    fc.assert(fc.property(placed, fc.nat(5), ({ size, old }, low) => {
      for (const [start, end] of [[old, size], [old, old + low], [old - (old % 8), old + low], [low, old]] as const) {
        const expected = start <= end && BigInt(start) % ceil(BigInt(end) - BigInt(start)) === 0n && end <= largest;
        expect([start, end, isSubtree(start, end)]).toEqual([start, end, expected]);
      }
    }));
  });
});

describe('a frontier of 2^31 to 2^53 - 1', () => {
  test('has the root of the definition, grows, and survives being written', () => {
    fc.assert(fc.property(placed, ({ size, index }) => {
      const tree = new SparseTree(index);
      const known = Frontier.of(size, nodesOver(0, size).map((address) => tree.node(address)));
      expect(formatHex(known.root())).toBe(formatHex(tree.root(0n, BigInt(size))));
      const again = decodeFrontier(encodeFrontier(known));
      expect([again.size, hex(again.hashes)]).toEqual([size, hex(known.hashes)]);
      if (size === largest) {
        expect(() => known.append(leafHash(Uint8Array.of(0)))).toThrow(RangeError);
        return;
      }
      known.append(leafHash(Uint8Array.of(0)));
      expect(formatHex(known.root())).toBe(formatHex(tree.root(0n, BigInt(size) + 1n)));
    }));
  });

  test('takes whole subtrees at once', () => {
    const tree = new SparseTree(0);
    const frontier = new Frontier();
    for (const level of [40, 40, 39, 8, 0]) {
      frontier.appendNode(level, tree.node({ level, index: frontier.size / 2 ** level }));
      expect(formatHex(frontier.root())).toBe(formatHex(tree.root(0n, BigInt(frontier.size))));
    }
    expect(frontier.size).toBe(2 ** 41 + 2 ** 39 + 2 ** 8 + 1);
  });
});

test('nothing that no tree can have has a plan: a bug', () => {
  const calls: (() => unknown)[] = [
    () => planInclusion(5, 5), () => planInclusion(-1, 5), () => planInclusion(0.5, 5), () => planInclusion(0, 2 ** 53), () => planInclusion(0, 0),
    () => planConsistency(6, 5), () => planConsistency(-1, 5), () => planConsistency(1, 2 ** 53), () => planConsistency(0.5, 5),
    () => planSubtreeInclusion(3, 1, 4), () => planSubtreeInclusion(3, 4, 8), () => planSubtreeInclusion(8, 4, 8),
    () => planSubtreeConsistency(1, 4, 8), () => planSubtreeConsistency(4, 8, 7), () => nodesOver(1, 3), () => nodesOver(2, 1),
  ];
  for (const call of calls) expect(call).toThrow(RangeError);
  expect(rootFromInclusion(0, 0, leafHash(Uint8Array.of(0)), [])).toBe(null);
  expect(() => foldNodes([], nobleHasher)).toThrow(TypeError);
});
