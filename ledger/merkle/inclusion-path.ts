// The way from a leaf to a root (RFC 9162 §2.1.3): which nodes prove it, and what they lead to under the caller's hasher.
import { half, isCount, isOdd } from './arithmetic.ts';
import type { Hasher } from './hasher.ts';
import { isSubtree, planProof, type ProofPlan } from './nodes.ts';
import { areHashes } from './verdict.ts';

/** Which nodes prove that leaf `index` is in the tree of `size`. @param index - zero-based, `index < size` */
export function planInclusion(index: number, size: number): ProofPlan {
  return planSubtreeInclusion(index, 0, size);
}

/** Which nodes prove that leaf `index` is in the subtree. @param index - zero-based in the whole tree, `start ≤ index < end` */
export function planSubtreeInclusion(index: number, start: number, end: number): ProofPlan {
  if (!isCount(index) || index < start || index >= end || !isSubtree(start, end)) throw new RangeError(`no leaf ${index} in ${start} to ${end}`);
  return planProof({ start: index, end: index + 1 }, { start, end });
}

/**
 * The root that a leaf and a proof lead to.
 *
 * @param index - zero-based @param size - one-based count of leaves @param leaf - the leaf's hash, 32 bytes
 * @returns null when no such leaf has a proof of this length, or a hash is not of 32 bytes
 * @see RFC 9162 §2.1.3.2, steps 1 to 4
 */
export function rootUnder(hasher: Hasher, index: number, size: number, leaf: Uint8Array, proof: readonly Uint8Array[]): Uint8Array | null {
  if (!isCount(index) || !isCount(size) || index >= size) return null;
  if (!areHashes([leaf, ...proof])) return null;
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const hash of proof) {
    if (sn === 0) return null;
    if (isOdd(fn) || fn === sn) {
      root = hasher.node(hash, root);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      root = hasher.node(root, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 ? root : null;
}
