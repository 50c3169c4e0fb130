// What a proof's verifier answers: one code for each thing a reader would do differently, in order of precedence.
import { equalBytes } from '../bytes.ts';
import { no, yes, type Verdict } from '../verdict.ts';
import { hashBytes } from './hasher.ts';

/** Documented in spec/merkle.md; checked in this order, and the first that holds is the answer. */
export const PROOF_CODES = [
  // No tree has such an index, sizes or subtree: the question is wrong, whatever the proof.
  'PROOF_RANGE_WRONG',
  // Everything is consistent with nothing: asked only of a strict verifier.
  'PROOF_OLD_EMPTY',
  // The proof has too many or too few hashes: cut, padded, or made for other sizes.
  'PROOF_LENGTH_WRONG',
  // A hash in it, or the leaf's, is not of 32 bytes.
  'PROOF_HASH_MALFORMED',
  // The proof does not rebuild the older root (or the subtree's): it is about another older tree.
  'PROOF_OLD_ROOT_MISMATCH',
  // The proof does not rebuild the root: the entry is not there, or the tree is another.
  'PROOF_ROOT_MISMATCH',
] as const;

export type ProofCode = (typeof PROOF_CODES)[number];
export type ProofVerdict = Verdict<ProofCode>;

export function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === hashBytes);
}

export function sameRoot(computed: Uint8Array, root: Uint8Array, what: string): ProofVerdict {
  return equalBytes(computed, root) ? yes : no('PROOF_ROOT_MISMATCH', `${what} does not lead to this root`);
}
