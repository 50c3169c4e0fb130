// Consistency proofs: an older tree, or a subtree, is part of a newer one (RFC 9162 §2.1.4). Two verifiers, for the
// specifications differ on an empty older tree.
import { equalBytes } from '../bytes.ts';
import { no, yes } from '../verdict.ts';
import { half, isCount, isOdd } from './arithmetic.ts';
import { emptyRoot, nobleHasher, type Hasher } from './hash.ts';
import { assembleProof, isSubtree, planProof, type ProofPlan, type ReadNodes } from './nodes.ts';
import { areHashes, sameRoot, type ProofVerdict } from './verdict.ts';

/** Which nodes prove that the tree of `oldSize` is a prefix of that of `newSize`: none from 0 or between equal sizes. */
export function planConsistency(oldSize: number, newSize: number): ProofPlan {
  return planSubtreeConsistency(0, oldSize, newSize);
}

/** Which nodes prove that the subtree from `start` to `end` is part of the tree of `size`: none for an empty subtree. */
export function planSubtreeConsistency(start: number, end: number, size: number): ProofPlan {
  if (!isSubtree(start, end) || !isCount(size) || end > size) throw new RangeError(`no subtree ${start} to ${end} in ${size}`);
  return start === end ? { nodes: [], counts: [] } : planProof({ start, end }, { start: 0, end: size });
}

/** @returns the proof as RFC 9162 §2.1.4.1 orders it; empty when `oldSize` is 0 or equals `newSize` */
export async function proveConsistency(oldSize: number, newSize: number, read: ReadNodes, hasher: Hasher = nobleHasher): Promise<Uint8Array[]> {
  const plan = planConsistency(oldSize, newSize);
  return assembleProof(plan, await read(plan.nodes), hasher);
}

/**
 * Checks that the tree of `newSize` begins with the entries of the tree of `oldSize`. Strict: there must be an older tree.
 *
 * Anything is consistent with an empty tree, so a caller who meant to hold a checkpoint and passes 0 would be told yes to
 * every fork. Who may start from nothing uses `verifyWitnessConsistency`.
 *
 * @param oldSize - at least 1 @param proof - empty between equal sizes
 * @see RFC 9162 §2.1.4.2
 */
export function verifyConsistency(
  oldSize: number, newSize: number, oldRoot: Uint8Array, newRoot: Uint8Array, proof: readonly Uint8Array[], hasher: Hasher = nobleHasher,
): ProofVerdict {
  if (oldSize === 0 && isCount(newSize)) return no('PROOF_OLD_EMPTY', 'a proof from an empty tree says nothing');
  return verifySubtreeConsistency(0, oldSize, newSize, oldRoot, newRoot, proof, hasher);
}

/**
 * Checks a step from the last size a witness cosigned, which is 0 (with an empty proof) when it has seen nothing yet.
 *
 * @param oldRoot - at `oldSize` 0 the empty root @param newRoot - at `newSize` 0 the empty root
 * @see C2SP tlog-witness, "add-checkpoint"
 */
export function verifyWitnessConsistency(
  oldSize: number, newSize: number, oldRoot: Uint8Array, newRoot: Uint8Array, proof: readonly Uint8Array[], hasher: Hasher = nobleHasher,
): ProofVerdict {
  const verdict = verifySubtreeConsistency(0, oldSize, newSize, oldRoot, newRoot, proof, hasher);
  if (!verdict.ok || newSize > 0) return verdict;
  return sameRoot(emptyRoot(), newRoot, 'a tree without entries');
}

/**
 * Checks that the subtree from `start` to `end`, under its own root, is part of the tree of `size`.
 *
 * An empty subtree is part of every tree: its root must be the empty root, and the tree's root is not looked at.
 *
 * @see draft-ietf-plants-merkle-tree-certs, "Verifying a Subtree Consistency Proof"; C2SP tlog-mirror
 */
export function verifySubtreeConsistency(
  start: number, end: number, size: number, subtreeRoot: Uint8Array, root: Uint8Array, proof: readonly Uint8Array[], hasher: Hasher = nobleHasher,
): ProofVerdict {
  if (!isSubtree(start, end) || !isCount(size) || end > size) return no('PROOF_RANGE_WRONG', `a tree of ${size} has no subtree from ${start} to ${end}`);
  if (proof.length !== consistencyLength(start, end, size)) {
    return no('PROOF_LENGTH_WRONG', `${proof.length} hashes cannot prove ${start} to ${end} in ${size}`);
  }
  if (start === end) return equalBytes(subtreeRoot, emptyRoot()) ? yes : no('PROOF_OLD_ROOT_MISMATCH', 'the root of an empty tree is another');
  if (proof.length > 0 && !areHashes([subtreeRoot, ...proof])) return no('PROOF_HASH_MALFORMED', 'a hash in the proof is not of 32 bytes');
  const roots = rootsFrom(start, end, size, subtreeRoot, proof, hasher);
  if (!equalBytes(roots.old, subtreeRoot)) return no('PROOF_OLD_ROOT_MISMATCH', `the proof does not lead to the root of ${start} to ${end}`);
  return sameRoot(roots.new, root, `the proof of ${start} to ${end} in ${size}`);
}

/** How many hashes prove the subtree in the tree of `size`: the same walk as the verifier's, without the hashes. */
function consistencyLength(start: number, end: number, size: number): number {
  if (start === end) return 0;
  let { fn, sn, tn } = aligned(start, end, size);
  let length = fn === sn ? 0 : 1;
  for (; tn > 0; fn = half(fn), sn = half(sn), tn = half(tn)) {
    if (isOdd(sn) || sn !== tn) length += 1;
  }
  return length;
}

/** Step 1 to 3: the walk starts at the highest node that both trees have. */
function aligned(start: number, end: number, size: number): { fn: number; sn: number; tn: number } {
  let [fn, sn, tn] = [start, end - 1, size - 1];
  while (fn !== sn && (sn === tn || isOdd(sn))) {
    fn = half(fn);
    sn = half(sn);
    tn = half(tn);
  }
  return { fn, sn, tn };
}

/** The roots of the subtree and of the tree that a proof of the right length leads to. */
function rootsFrom(
  start: number, end: number, size: number, subtreeRoot: Uint8Array, proof: readonly Uint8Array[], hasher: Hasher,
): { old: Uint8Array; new: Uint8Array } {
  let { fn, sn, tn } = aligned(start, end, size);
  // A subtree that is itself a node of the tree needs no hash to start from: the verifier holds it.
  const [first, rest] = fn === sn ? [subtreeRoot, proof] : [proof[0] as Uint8Array, proof.slice(1)];
  const roots = { old: first, new: first };
  for (const hash of rest) {
    if (isOdd(sn) || sn === tn) {
      if (fn < sn) roots.old = hasher.node(hash, roots.old);
      roots.new = hasher.node(hash, roots.new);
      while (!isOdd(sn)) {
        fn = half(fn);
        sn = half(sn);
        tn = half(tn);
      }
    } else {
      roots.new = hasher.node(roots.new, hash);
    }
    fn = half(fn);
    sn = half(sn);
    tn = half(tn);
  }
  return roots;
}
