// The hashes of the stream index (spec/streams.md, "The stream index").
import { encodeUtf8 } from '../bytes.ts';
import type { Sha256 } from '../events/index.ts';
import { sha256 } from '../merkle/hash.ts';
import { keyBytes } from './heads.ts';

/** A leaf's message: `0x02 ‖ key ‖ version ‖ index`, both numbers in 8 bytes, big-endian. */
export const leafBytes = 1 + keyBytes + 8 + 8;
/** A node's message: `0x03 ‖ left ‖ right`. */
export const nodeBytes = 1 + 2 * keyBytes;

/** The hash of an absent child, and the root of an empty index. */
export const absentHash = new Uint8Array(keyBytes);

/** A stream's place in the index: `SHA-256(UTF-8 of its name)`. */
export function streamKeyOf(name: string, digest: Sha256 = sha256): Uint8Array {
  return digest(encodeUtf8(name));
}

/** How a stream's key is found. */
export type StreamKeys = (name: string) => Uint8Array;

/** Keys that several readers ask for, hashed once; they are written to by nobody. @param ofText - SHA-256 of a well-formed text's UTF-8 */
export function rememberKeys(digest: Sha256, ofText: StreamKeys = (name) => streamKeyOf(name, digest)): StreamKeys {
  const known = new Map<string, Uint8Array>();
  return (name) => {
    let key = known.get(name);
    if (key === undefined) known.set(name, (key = name.isWellFormed() ? ofText(name) : streamKeyOf(name, digest)));
    return key;
  };
}

/** Bit `depth` of a key, from the most significant. */
export function bitOf(key: Uint8Array, depth: number): 0 | 1 {
  return (((key[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1;
}

/** Writes a leaf's message, 49 bytes, to `messages` at `at`. */
export function writeLeaf(messages: Uint8Array, at: number, key: Uint8Array, version: number, index: number): void {
  messages[at] = 0x02;
  messages.set(key, at + 1);
  writeUint64(messages, at + 1 + keyBytes, version);
  writeUint64(messages, at + 9 + keyBytes, index);
}

function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  // The upper half needs arithmetic: shifts truncate to 32 bits.
  const upper = Math.floor(value / 0x1_0000_0000);
  for (let i = 0; i < 4; i++) {
    bytes[at + i] = upper >>> (24 - 8 * i);
    bytes[at + 4 + i] = value >>> (24 - 8 * i);
  }
}
