// A Merkle tree by the recursive definition of RFC 6962 §2.1 alone: slow, obvious, and without code of the ledger's own.
import { createHash } from 'node:crypto';
import { concatBytes } from '../../ledger/bytes.ts';

const sha256 = (...parts: Uint8Array[]) => new Uint8Array(createHash('sha256').update(concatBytes(...parts)).digest());

/** The root of a tree over entries. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0] as Uint8Array);
  const k = split(leaves.length);
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/** The inclusion proof of one entry. @param index - zero-based */
export function inclusionOf(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  if (index < k) return [...inclusionOf(index, leaves.slice(0, k)), rootOf(leaves.slice(k))];
  return [...inclusionOf(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

/** The consistency proof from the tree of the first `size` entries, at least 1. */
export function consistencyOf(size: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (size === leaves.length) return whole ? [] : [rootOf(leaves)];
  const k = split(leaves.length);
  if (size <= k) return [...consistencyOf(size, leaves.slice(0, k), whole), rootOf(leaves.slice(k))];
  return [...consistencyOf(size - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))];
}

function split(size: number): number {
  let k = 1;
  while (2 * k < size) k *= 2;
  return k;
}
