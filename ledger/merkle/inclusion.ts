// Inclusion proofs: an entry is in the tree of a size, or in a subtree (RFC 9162 §2.1.3).
import { no } from '../verdict.ts';
import { half, isCount, isOdd } from './arithmetic.ts';
import { nobleHasher, type Hasher } from './hash.ts';
import { planInclusion, rootUnder } from './inclusion-path.ts';
import { assembleProof, isSubtree, type ReadNodes } from './nodes.ts';
import { sameRoot, type ProofVerdict } from './verdict.ts';

export { planInclusion, planSubtreeInclusion } from './inclusion-path.ts';

/** @returns the proof, from the leaf's sibling up to a child of the root; empty in a tree of one */
export async function proveInclusion(index: number, size: number, read: ReadNodes, hasher: Hasher = nobleHasher): Promise<Uint8Array[]> {
  const plan = planInclusion(index, size);
  return assembleProof(plan, await read(plan.nodes), hasher);
}

/** As `rootUnder` has it, by the default hasher where none is brought. */
export function rootFromInclusion(
  index: number, size: number, leaf: Uint8Array, proof: readonly Uint8Array[], hasher: Hasher = nobleHasher,
): Uint8Array | null {
  return rootUnder(hasher, index, size, leaf, proof);
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
