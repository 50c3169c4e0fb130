// Where a tree's nodes are, and which of them a proof needs: pure arithmetic, so that any store can serve the reading.
import { half, isCount, levelWithin, splitOf, widthOf } from './arithmetic.ts';
import type { Hasher } from './hasher.ts';

/**
 * A perfect subtree: the hash over the 2^level leaves that begin at leaf `index * 2^level`.
 *
 * Only perfect nodes have addresses, for only they never change once their last leaf is there.
 */
export interface NodeAddress {
  /** 0 (a leaf) to 52. */
  readonly level: number;
  /** Zero-based among the nodes of its level. */
  readonly index: number;
}

/** Reads the hashes at the addresses, in their order: 32 bytes each. */
export type ReadNodes = (addresses: readonly NodeAddress[]) => Promise<readonly Uint8Array[]>;

/** Which nodes a proof is made of. Hash `i` of the proof is the root over the next `counts[i]` nodes, usually one. */
export interface ProofPlan {
  readonly nodes: readonly NodeAddress[];
  readonly counts: readonly number[];
}

/** A run of leaves, `start` inclusive and `end` exclusive. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * Whether a run of leaves is a subtree whose root means the same in every larger tree: `start` is a multiple of the
 * smallest power of two that is not smaller than its length. An empty run is one.
 *
 * @see draft-ietf-plants-merkle-tree-certs, "Subtrees"
 */
export function isSubtree(start: number, end: number): boolean {
  if (!isCount(start) || !isCount(end) || start > end) return false;
  return end - start < 2 || start % (2 * splitOf(end - start)) === 0;
}

/**
 * The perfect nodes that together cover a subtree, from left to right; each is smaller than the one before it.
 *
 * @param start - zero-based first leaf @param end - one past the last leaf; `isSubtree(start, end)`
 */
export function nodesOver(start: number, end: number): NodeAddress[] {
  if (!isSubtree(start, end)) throw new RangeError(`not a subtree: ${start} to ${end}`);
  const nodes: NodeAddress[] = [];
  for (let at = start; at < end; ) {
    const level = levelWithin(end - at);
    nodes.push({ level, index: at / widthOf(level) });
    at += widthOf(level);
  }
  return nodes;
}

/** The root over neighbouring hashes as `nodesOver` orders them. @param hashes - at least one, 32 bytes each */
export function foldNodes(hashes: readonly Uint8Array[], hasher: Hasher): Uint8Array {
  return hashes.reduceRight((right, left) => hasher.node(left, right));
}

/**
 * The nodes that prove a subtree within a larger one, from the subtree's sibling up to a child of the root.
 *
 * One walk serves every proof: an inclusion proof is that of the subtree of one leaf, and an RFC consistency proof that of
 * the subtree which begins at 0.
 *
 * @param within - the whole, itself a subtree @param part - inside it, not empty
 * @see RFC 9162 §2.1.3.1 and §2.1.4.1; draft-ietf-plants-merkle-tree-certs, "Generating a Subtree Consistency Proof"
 */
export function planProof(part: Run, within: Run): ProofPlan {
  const runs: Run[] = [];
  let { start, end } = within;
  let partStart = part.start;
  let split = widthOf(52);
  while (start !== partStart || end !== part.end) {
    while (split >= end - start) split = half(split);
    const middle = start + split;
    if (part.end <= middle) {
      runs.push({ start: middle, end });
      end = middle;
    } else {
      runs.push({ start, end: middle });
      // A part that crosses the middle begins where the whole begins: its left half is a node of both trees.
      start = middle;
      partStart = Math.max(partStart, middle);
    }
  }
  // Its right end is no longer what the verifier holds, so it must be told.
  if (partStart !== part.start) runs.push({ start, end });
  const covers = runs.reverse().map((run) => nodesOver(run.start, run.end));
  return { nodes: covers.flat(), counts: covers.map((nodes) => nodes.length) };
}

/** Makes the proof from the hashes that its plan named, in the plan's order. */
export function assembleProof(plan: ProofPlan, hashes: readonly Uint8Array[], hasher: Hasher): Uint8Array[] {
  if (hashes.length !== plan.nodes.length) throw new RangeError(`${hashes.length} hashes read for ${plan.nodes.length} nodes`);
  let at = 0;
  return plan.counts.map((count) => foldNodes(hashes.slice(at, (at += count)), hasher));
}
