// Inclusion proofs: an entry is in the tree of a size, or in a subtree (RFC 9162 §2.1.3).
import { no } from '../verdict.ts';
import { half, isCount, isOdd } from './arithmetic.ts';
import { nobleHasher, type Hasher } from './hash.ts';
import { assembleProof, isSubtree, planProof, type ProofPlan, type ReadNodes } from './nodes.ts';
import { areHashes, sameRoot, type ProofVerdict } from './verdict.ts';

/** Which nodes prove that leaf `index` is in the tree of `size`. @param index - zero-based, `index < size` */
export function planInclusion(index: number, size: number): ProofPlan {
  return planSubtreeInclusion(index, 0, size);
}

/** Which nodes prove that leaf `index` is in the subtree. @param index - zero-based in the whole tree, `start ≤ index < end` */
export function planSubtreeInclusion(index: number, start: number, end: number): ProofPlan {
  if (!isCount(index) || index < start || index >= end || !isSubtree(start, end)) throw new RangeError(`no leaf ${index} in ${start} to ${end}`);
  return planProof({ start: index, end: index + 1 }, { start, end });
}

/** @returns the proof, from the leaf's sibling up to a child of the root; empty in a tree of one */
export async function proveInclusion(index: number, size: number, read: ReadNodes, hasher: Hasher = nobleHasher): Promise<Uint8Array[]> {
  const plan = planInclusion(index, size);
  return assembleProof(plan, await read(plan.nodes), hasher);
}

/**
 * The root that a leaf and a proof lead to.
 *
 * @param index - zero-based @param size - one-based count of leaves @param leaf - the leaf's hash, 32 bytes
 * @returns null when no such leaf has a proof of this length, or a hash is not of 32 bytes
 * @see RFC 9162 §2.1.3.2, steps 1 to 4
 */
export function rootFromInclusion(
  index: number, size: number, leaf: Uint8Array, proof: readonly Uint8Array[], hasher: Hasher = nobleHasher,
): Uint8Array | null {
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

/** How many hashes prove leaf `index` in a tree of `size`. @param index - zero-based, `index < size` */
export function inclusionLength(index: number, size: number): number {
  let length = 0;
  for (let fn = index, sn = size - 1; sn > 0; fn = half(fn), sn = half(sn)) {
    // A last node without a right sibling rises to the next level unchanged.
    if (isOdd(fn) || fn !== sn) length += 1;
  }
  return length;
}

/**
 * Checks that a leaf is in the tree of `size` under `root`.
 *
 * @param index - zero-based @param leaf - the leaf's hash, 32 bytes @param proof - from the leaf's sibling upwards
 * @see RFC 9162 §2.1.3.2
 */
export function verifyInclusion(
  index: number, size: number, leaf: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array, hasher: Hasher = nobleHasher,
): ProofVerdict {
  if (!isCount(index) || !isCount(size) || index >= size) return no('PROOF_RANGE_WRONG', `a tree of ${size} has no entry ${index}`);
  if (proof.length !== inclusionLength(index, size)) {
    return no('PROOF_LENGTH_WRONG', `${proof.length} hashes cannot prove entry ${index} of ${size}`);
  }
  const computed = rootFromInclusion(index, size, leaf, proof, hasher);
  if (computed === null) return no('PROOF_HASH_MALFORMED', `a hash given for entry ${index} is not of 32 bytes`);
  return sameRoot(computed, root, `the proof of entry ${index} in ${size}`);
}

/**
 * Checks that a leaf is in the subtree from `start` to `end` under that subtree's root.
 *
 * @param index - zero-based in the whole tree @see draft-ietf-plants-merkle-tree-certs, "Subtree Inclusion Proofs"
 */
export function verifySubtreeInclusion(
  index: number, start: number, end: number, leaf: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array, hasher: Hasher = nobleHasher,
): ProofVerdict {
  if (!isSubtree(start, end) || !isCount(index) || index < start) {
    return no('PROOF_RANGE_WRONG', `there is no entry ${index} in a subtree from ${start} to ${end}`);
  }
  return verifyInclusion(index - start, end - start, leaf, proof, root, hasher);
}
