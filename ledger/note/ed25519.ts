// Ed25519, strict: one verdict for every key, message and signature, whichever engine checks it.
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../bytes.ts';

const { Point } = ed25519;

/** Little-endian: the field's prime 2^255 - 19. A y at or above it is a second spelling of another point. */
const PRIME = littleEndian(2n ** 255n - 19n);

/** The y coordinates of the eight points of small order; both signs of x share a y. */
const SMALL_ORDER: readonly Uint8Array[] = [
  0n,
  1n,
  2n ** 255n - 20n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
].map(littleEndian);

/**
 * Whether 32 bytes can stand for a point in a strict check: y below the prime, and not a point of small order.
 *
 * Engines differ here: under a key of small order one signature holds for many messages, and a y above the prime gives one
 * point two spellings. With this check on key and signature the engines give one verdict (spec/checkpoint.md, "Ed25519").
 */
export function isStrictPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const y = bytes.slice();
  y[31] = (y[31] as number) & 0x7f;
  return isBelow(y, PRIME) && !SMALL_ORDER.some((small) => equalBytes(small, y));
}

/** Answers whether a signature holds. Never throws: bytes of any length get an answer. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * Turns an engine that follows RFC 8032 §5.1.7 without the cofactor (OpenSSL, so node:crypto) into a strict one.
 *
 * @param engine - is only asked about 32-byte keys and 64-byte signatures whose points are strict
 */
export function strictEd25519(engine: VerifySignature): VerifySignature {
  return (publicKey, message, signature) =>
    signature.length === 64 && isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, 32)) && engine(publicKey, message, signature);
}

/**
 * Verifies an Ed25519 signature (RFC 8032 §5.1.7), strictly, in any JavaScript engine.
 *
 * The library's own `verify` multiplies by the cofactor: it accepts signatures with a part of small order that OpenSSL
 * refuses. Comparing R as bytes is the equation that OpenSSL and libsodium check.
 */
export const verifyEd25519: VerifySignature = strictEd25519((publicKey, message, signature) => {
  const r = signature.subarray(0, 32);
  const s = fromLittleEndian(signature.subarray(32));
  // 1. S is below the group's order, or a second signature would hold for the same message.
  if (s >= Point.Fn.ORDER) return false;
  let a;
  try {
    a = Point.fromBytes(publicKey);
  } catch {
    return false; // No point of the curve has this y.
  }
  // 2. k = SHA-512(R ‖ A ‖ message), modulo the order.
  const k = fromLittleEndian(sha512(concatBytes(r, publicKey, message))) % Point.Fn.ORDER;
  // 3. R = [S]B - [k]A, compared as bytes.
  return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r);
});

function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  }
  return false;
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => number * 256n + BigInt(byte), 0n);
}

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
}
