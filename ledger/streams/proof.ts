// Proofs from the stream index: what the last version of a stream was at a size, or that it had no event at all.
import { equalBytes } from '../bytes.ts';
import type { Sha256 } from '../events/index.ts';
import { sha256 } from '../merkle/index.ts';
import { no, yes, type No, type Verdict } from '../verdict.ts';
import type { StreamCode } from './codes.ts';
import { keyBytes } from './heads.ts';
import { absentHash, bitOf, leafBytes, nodeBytes, streamKeyOf, writeLeaf } from './index-hash.ts';

/** A stream's head: how many events it has, and the index of the newest. */
export interface StreamHead {
  readonly version: number;
  readonly index: number;
}

/**
 * A proof from the stream index. Siblings are 32-byte hashes from the root down.
 *
 * @property leaf - of absence: the leaf of another stream at which the path ends; without it, it ends at an absent child
 */
export type StreamProof =
  | { readonly claim: 'present'; readonly siblings: readonly Uint8Array[]; readonly version: number; readonly index: number }
  | { readonly claim: 'absent'; readonly siblings: readonly Uint8Array[]; readonly leaf?: StreamHead & { readonly key: Uint8Array } };

/**
 * Verifies what a proof claims about a stream under an index root.
 *
 * A root fixes the answer for every key, even one that is no trie of ours: the path along a key's bits ends at exactly one
 * leaf or absent child. That the root is the right one is another question, answered by whoever recomputes the index.
 *
 * @param root - 32 bytes, from a `ledger.indexed`, a decision or an export
 * @see spec/streams.md, "Proofs"
 */
export function verifyStreamProof(root: Uint8Array, stream: string, proof: StreamProof, digest: Sha256 = sha256): Verdict<StreamCode> {
  const key = streamKeyOf(stream, digest);
  const claim = readClaim(key, proof);
  if (!claim.ok) return claim;
  const [hash] = hashAbove(hashOfEnd(claim.leaf, digest), key, proof.siblings, 0, digest);
  return equalBytes(hash as Uint8Array, root) ? yes : rootMismatch(stream, proof);
}

/** The leaf at which a proof's path ends. */
export type ClaimedLeaf = StreamHead & { readonly key: Uint8Array };

/** What a proof claims of the stream with a key, in the one form in which it may: the leaf at the end of its path; null for an absent child. */
export function readClaim(key: Uint8Array, proof: StreamProof): { readonly ok: true; readonly leaf: ClaimedLeaf | null } | No<StreamCode> {
  const leaf = proof.claim === 'present' ? { key, version: proof.version, index: proof.index } : (proof.leaf ?? null);
  const malformed = shapeOf(proof, leaf);
  if (malformed !== null) return no('STREAM_PROOF_MALFORMED', malformed);
  if (proof.claim === 'absent' && leaf !== null) {
    if (equalBytes(leaf.key, key)) return no('STREAM_PROOF_LEAF_WRONG', 'the leaf that should show absence is that of the stream itself');
    for (let bit = 0; bit < proof.siblings.length; bit++) {
      if (bitOf(leaf.key, bit) !== bitOf(key, bit)) return no('STREAM_PROOF_LEAF_WRONG', `the leaf that should show absence leaves the path at bit ${bit}`);
    }
  }
  return { ok: true, leaf };
}

/** The hash at the end of a path. */
export function hashOfEnd(leaf: ClaimedLeaf | null, digest: Sha256): Uint8Array {
  if (leaf === null) return absentHash;
  const message = new Uint8Array(leafBytes);
  writeLeaf(message, 0, leaf.key, leaf.version, leaf.index);
  return digest(message);
}

/** The hashes along a path from its node at `depth` down to its end, which `end` is. */
export function hashAbove(end: Uint8Array, key: Uint8Array, siblings: readonly Uint8Array[], depth: number, digest: Sha256): Uint8Array[] {
  const hashes = [end];
  const message = new Uint8Array(nodeBytes).fill(0x03, 0, 1);
  for (let bit = siblings.length - 1; bit >= depth; bit--) {
    const isRight = bitOf(key, bit) === 1;
    message.set(hashes[hashes.length - 1] as Uint8Array, isRight ? 1 + keyBytes : 1);
    message.set(siblings[bit] as Uint8Array, isRight ? 1 : 1 + keyBytes);
    hashes.push(digest(message));
  }
  return hashes.reverse();
}

export function rootMismatch(stream: string, { claim }: StreamProof): No<StreamCode> {
  return no('STREAM_PROOF_ROOT_MISMATCH', `the proof that ${stream} is ${claim} does not lead to this root`);
}

function shapeOf(proof: StreamProof, leaf: ClaimedLeaf | null): string | null {
  const { siblings } = proof;
  if (siblings.length > 8 * keyBytes) return `${siblings.length} siblings, where keys have ${8 * keyBytes} bits`;
  if (siblings.some((hash) => hash.length !== keyBytes)) return 'a sibling that is not of 32 bytes';
  // A subtree with one leaf is that leaf, and one without is absent: neither ends beside an absent child.
  const deepest = siblings[siblings.length - 1];
  if (deepest !== undefined && equalBytes(deepest, absentHash)) return 'a path that goes on where its subtree holds one stream at most';
  if (leaf === null) return null;
  if (leaf.key.length !== keyBytes) return 'a leaf whose key is not of 32 bytes';
  if (!Number.isSafeInteger(leaf.version) || leaf.version < 1) return `the version ${leaf.version}`;
  if (!Number.isSafeInteger(leaf.index) || leaf.index < 0) return `the index ${leaf.index}`;
  return null;
}
