// Crimes against proofs, by name, each with the exact code it must be answered with.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyRoot, rootFromInclusion, verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion,
  verifyWitnessConsistency, type ProofCode,
} from '../../ledger/merkle/index.ts';
import { entries, SlowTree } from './slow-tree.ts';

const sizeMax = 70;
const tree = new SlowTree(entries(sizeMax));
const numRuns = 300;

function flip(hash: Uint8Array | undefined, seed: number): Uint8Array {
  const copy = Uint8Array.from(hash ?? new Uint8Array(32));
  copy[seed % copy.length] = (copy[seed % copy.length] as number) ^ (2 ** (seed % 8));
  return copy;
}
const flipped = (proof: readonly Uint8Array[], seed: number) => proof.with(seed % proof.length, flip(proof[seed % proof.length], seed));
const shortened = (proof: readonly Uint8Array[], seed: number) => proof.with(seed % proof.length, (proof[seed % proof.length] as Uint8Array).subarray(1));
const swapped = (proof: readonly Uint8Array[]) => [proof[1] as Uint8Array, proof[0] as Uint8Array, ...proof.slice(2)];

interface Inclusion { index: number; size: number; leaf: Uint8Array; proof: readonly Uint8Array[]; root: Uint8Array; seed: number }
interface Crime<Evidence> { expect: ProofCode; where?: (evidence: Evidence) => boolean; apply: (evidence: Evidence) => Evidence }

const someHash = (evidence: { proof: readonly unknown[] }) => evidence.proof.length > 0;

describe('inclusion', () => {
  const crimes: Record<string, Crime<Inclusion>> = {
    'drop the last hash': { expect: 'PROOF_LENGTH_WRONG', where: someHash, apply: (e) => ({ ...e, proof: e.proof.slice(0, -1) }) },
    'drop the first hash': { expect: 'PROOF_LENGTH_WRONG', where: someHash, apply: (e) => ({ ...e, proof: e.proof.slice(1) }) },
    'add a hash': { expect: 'PROOF_LENGTH_WRONG', apply: (e) => ({ ...e, proof: [...e.proof, e.root] }) },
    'put a hash before it': { expect: 'PROOF_LENGTH_WRONG', apply: (e) => ({ ...e, proof: [e.root, ...e.proof] }) },
    'add an empty hash': { expect: 'PROOF_LENGTH_WRONG', apply: (e) => ({ ...e, proof: [...e.proof, new Uint8Array()] }) },
    'flip a bit of the proof': { expect: 'PROOF_ROOT_MISMATCH', where: someHash, apply: (e) => ({ ...e, proof: flipped(e.proof, e.seed) }) },
    'flip a bit of the leaf': { expect: 'PROOF_ROOT_MISMATCH', apply: (e) => ({ ...e, leaf: flip(e.leaf, e.seed) }) },
    'flip a bit of the root': { expect: 'PROOF_ROOT_MISMATCH', apply: (e) => ({ ...e, root: flip(e.root, e.seed) }) },
    'cut the root': { expect: 'PROOF_ROOT_MISMATCH', apply: (e) => ({ ...e, root: e.root.subarray(1) }) },
    'swap two hashes': { expect: 'PROOF_ROOT_MISMATCH', where: (e) => e.proof.length > 1, apply: (e) => ({ ...e, proof: swapped(e.proof) }) },
    'cut a hash': { expect: 'PROOF_HASH_MALFORMED', where: someHash, apply: (e) => ({ ...e, proof: shortened(e.proof, e.seed) }) },
    'cut the leaf': { expect: 'PROOF_HASH_MALFORMED', apply: (e) => ({ ...e, leaf: e.leaf.subarray(1) }) },
    'ask for the entry after the last': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, index: e.size }) },
    'ask for an entry before the first': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, index: -1 }) },
    'ask for half an entry': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, index: e.index + 0.5 }) },
    'ask for no number': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, index: Number.NaN }) },
    'say a size of no number': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: Number.NaN }) },
    'say an endless size': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: Infinity }) },
    'say half an entry more': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: e.size + 0.5 }) },
    'say 2^53 entries': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: 2 ** 53 }) },
    'pose as its neighbour': {
      expect: 'PROOF_ROOT_MISMATCH',
      where: (e) => e.index % 2 === 1 || e.index + 1 < e.size,
      apply: (e) => ({ ...e, index: e.index % 2 === 0 ? e.index + 1 : e.index - 1 }),
    },
  };
  const evidence = fc.nat(sizeMax - 1).chain((last) => fc.record({ index: fc.nat(last), size: fc.constant(last + 1), seed: fc.nat(1 << 20) }))
    .map(({ index, size, seed }): Inclusion => {
      return { index, size, seed, leaf: tree.leaves[index] as Uint8Array, proof: tree.path(index, 0, size), root: tree.root(0, size) };
    });
  const verify = (e: Inclusion) => verifyInclusion(e.index, e.size, e.leaf, e.proof, e.root);

  test.each(Object.entries(crimes))('%s', (_, crime) => {
    fc.assert(fc.property(evidence, (honest) => {
      fc.pre(crime.where?.(honest) ?? true);
      expect(verify(honest)).toEqual({ ok: true });
      const planted = crime.apply(honest);
      expect(verify(planted)).toMatchObject({ ok: false, code: crime.expect });
      // Only a wrong root is left to the caller of rootFromInclusion.
      const root = rootFromInclusion(planted.index, planted.size, planted.leaf, planted.proof);
      expect(root === null).toBe(crime.expect !== 'PROOF_ROOT_MISMATCH');
    }), { numRuns });
  });

  test('a subtree answers for its own range', () => {
    const [leaf, root, proof] = [tree.leaves[9] as Uint8Array, tree.root(8, 13), tree.path(9, 8, 13)];
    expect(verifySubtreeInclusion(9, 8, 13, leaf, proof, root)).toEqual({ ok: true });
    for (const [index, start, end] of [[7, 8, 13], [13, 8, 13], [9, 9, 13], [9.5, 8, 13], [9, 13, 8], [8, 8, 8], [9, -8, 13]] as const) {
      expect(verifySubtreeInclusion(index, start, end, leaf, proof, root)).toMatchObject({ ok: false, code: 'PROOF_RANGE_WRONG' });
    }
    expect(verifySubtreeInclusion(8, 8, 13, leaf, proof, root)).toMatchObject({ ok: false, code: 'PROOF_ROOT_MISMATCH' });
    expect(verifySubtreeInclusion(12, 8, 13, leaf, proof, root)).toMatchObject({ ok: false, code: 'PROOF_LENGTH_WRONG' });
  });
});

interface Consistency { start: number; end: number; size: number; part: Uint8Array; root: Uint8Array; proof: readonly Uint8Array[]; seed: number }

describe('consistency', () => {
  const grown = (e: Consistency) => e.end < e.size;
  const crimes: Record<string, Crime<Consistency>> = {
    'drop the last hash': { expect: 'PROOF_LENGTH_WRONG', where: someHash, apply: (e) => ({ ...e, proof: e.proof.slice(0, -1) }) },
    'drop the first hash': { expect: 'PROOF_LENGTH_WRONG', where: someHash, apply: (e) => ({ ...e, proof: e.proof.slice(1) }) },
    'add a hash': { expect: 'PROOF_LENGTH_WRONG', apply: (e) => ({ ...e, proof: [...e.proof, e.root] }) },
    'put a hash before it': { expect: 'PROOF_LENGTH_WRONG', apply: (e) => ({ ...e, proof: [e.root, ...e.proof] }) },
    'cut a hash': { expect: 'PROOF_HASH_MALFORMED', where: someHash, apply: (e) => ({ ...e, proof: shortened(e.proof, e.seed) }) },
    'cut the older root': { expect: 'PROOF_HASH_MALFORMED', where: someHash, apply: (e) => ({ ...e, part: e.part.subarray(1) }) },
    'flip a bit of the root': { expect: 'PROOF_ROOT_MISMATCH', apply: (e) => ({ ...e, root: flip(e.root, e.seed) }) },
    'flip the last hash, which only the newer tree has': {
      expect: 'PROOF_ROOT_MISMATCH', where: (e) => grown(e) && e.end <= 2 ** Math.floor(Math.log2(e.size - 1)),
      apply: (e) => ({ ...e, proof: [...e.proof.slice(0, -1), flip(e.proof.at(-1), e.seed)] }),
    },
    'flip a bit of an older root that is no node of the newer tree': {
      expect: 'PROOF_OLD_ROOT_MISMATCH', where: (e) => grown(e) && !Number.isInteger(Math.log2(e.end - e.start)),
      apply: (e) => ({ ...e, part: flip(e.part, e.seed) }),
    },
    'flip the first hash where the older root must be rebuilt': {
      expect: 'PROOF_OLD_ROOT_MISMATCH', where: (e) => grown(e) && !Number.isInteger(Math.log2(e.end - e.start)),
      apply: (e) => ({ ...e, proof: e.proof.with(0, flip(e.proof[0], e.seed)) }),
    },
    'flip a bit of an older root that is a node of the newer tree': {
      expect: 'PROOF_ROOT_MISMATCH', where: (e) => Number.isInteger(Math.log2(e.end - e.start)), apply: (e) => ({ ...e, part: flip(e.part, e.seed) }),
    },
    'go backwards': { expect: 'PROOF_RANGE_WRONG', where: grown, apply: (e) => ({ ...e, end: e.size, size: e.end }) },
    'begin in the middle of a subtree': { expect: 'PROOF_RANGE_WRONG', where: (e) => e.end - e.start > 2, apply: (e) => ({ ...e, start: e.start + 1 }) },
    'say a size of no number': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: Number.NaN }) },
    'say 2^53 entries': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: 2 ** 53 }) },
    'say half an entry more': { expect: 'PROOF_RANGE_WRONG', apply: (e) => ({ ...e, size: e.size + 0.5 }) },
  };
  const [length, size] = [fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: sizeMax })];
  const part = fc.record({ level: fc.nat(6), place: fc.nat(64), length, size, seed: fc.nat(1 << 20) });
  const evidence = part.filter(({ level, place, size }) => place * 2 ** level < size).map(({ level, place, length, size, seed }): Consistency => {
    const start = place * 2 ** level;
    const end = Math.min(size, start + Math.min(length, 2 ** level));
    return { start, end, size, seed, part: tree.root(start, end), root: tree.root(0, size), proof: tree.subproof(start, end, 0, size) };
  });
  const verify = (e: Consistency) => verifySubtreeConsistency(e.start, e.end, e.size, e.part, e.root, e.proof);

  test.each(Object.entries(crimes))('%s', (_, crime) => {
    fc.assert(fc.property(evidence, (honest) => {
      fc.pre(crime.where?.(honest) ?? true);
      expect(verify(honest)).toEqual({ ok: true });
      const planted = crime.apply(honest);
      const answer = { ok: false, code: crime.expect };
      expect(verify(planted)).toMatchObject(answer);
      if (honest.start > 0 || planted.start > 0) return;
      for (const either of [verifyConsistency, verifyWitnessConsistency]) {
        expect(either(planted.end, planted.size, planted.part, planted.root, planted.proof)).toMatchObject(answer);
      }
    }), { numRuns });
  });

  test('equal trees have equal roots of any bytes, and no proof', () => {
    const root = tree.root(0, 7);
    expect(verifyConsistency(7, 7, root, root, [])).toEqual({ ok: true });
    expect(verifyConsistency(7, 7, root.subarray(1), root.slice(1), [])).toEqual({ ok: true });
    expect(verifyConsistency(7, 7, root, tree.root(0, 6), [])).toMatchObject({ code: 'PROOF_ROOT_MISMATCH' });
    expect(verifyConsistency(7, 7, root, root, [root])).toMatchObject({ code: 'PROOF_LENGTH_WRONG' });
    expect(verifySubtreeConsistency(3, 3, 7, root, root, [])).toMatchObject({ code: 'PROOF_OLD_ROOT_MISMATCH' });
    expect(verifySubtreeConsistency(3, 3, 7, emptyRoot(), root, [root])).toMatchObject({ code: 'PROOF_LENGTH_WRONG' });
    expect(verifySubtreeConsistency(8, 8, 7, emptyRoot(), root, [])).toMatchObject({ code: 'PROOF_RANGE_WRONG' });
  });
});
