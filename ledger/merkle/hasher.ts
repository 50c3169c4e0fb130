// The two hashes a tree is made of (RFC 6962 §2.1), over any SHA-256 that a caller brings.

/** The bytes of every hash here. */
export const hashBytes = 32;

/** What a tree needs of a hash function: the port through which `node:crypto` or a wasm kernel enters. */
export interface Hasher {
  /** `SHA-256(0x00 ‖ entry)`. @param entry - the exact stored bytes; may be empty */
  leaf(entry: Uint8Array): Uint8Array;
  /** `SHA-256(0x01 ‖ left ‖ right)`. @param left - 32 bytes @param right - 32 bytes */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
}

/**
 * Makes a hasher from a plain SHA-256.
 *
 * @param digest - must return a fresh 32-byte array, and must not keep its argument: the buffer of a node is used again
 */
export function hasherOf(digest: (bytes: Uint8Array) => Uint8Array): Hasher {
  const pair = new Uint8Array(1 + 2 * hashBytes);
  pair[0] = 0x01;
  return {
    leaf(entry) {
      // The prefixes keep a 64-byte entry from posing as an interior node (second preimage).
      const prefixed = new Uint8Array(1 + entry.length);
      prefixed.set(entry, 1);
      return digest(prefixed);
    },
    node(left, right) {
      if (left.length !== hashBytes || right.length !== hashBytes) throw new RangeError(`not two hashes: ${left.length} and ${right.length} bytes`);
      pair.set(left, 1);
      pair.set(right, 1 + hashBytes);
      return digest(pair);
    },
  };
}
