// The two hashes a tree is made of (RFC 6962 §2.1), over SHA-256 in pure JavaScript.
import { sha256 } from '@noble/hashes/sha2.js';
import { hasherOf, type Hasher } from './hasher.ts';

/** SHA-256 in pure JavaScript, for the rooms that build on this one. */
export { sha256 };
export { hashBytes, hasherOf, type Hasher } from './hasher.ts';

/** The default hasher, pure JavaScript: the same in Node and in a browser. */
export const nobleHasher: Hasher = hasherOf(sha256);

export function leafHash(entry: Uint8Array): Uint8Array {
  return nobleHasher.leaf(entry);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return nobleHasher.node(left, right);
}

/** The root of a tree without entries: `SHA-256("")` (RFC 6962 §2.1). A fresh copy, for arrays can be written to. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}
