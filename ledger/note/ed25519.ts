// Ed25519, strict: one verdict for every key, message and signature, whichever engine checks it.
import { edwards } from '@noble/curves/abstract/edwards.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../bytes.ts';

/** The field's prime. A y at or above it is a second spelling of another point. */
const PRIME = 2n ** 255n - 19n;

/** The order of the base point (RFC 8032 §5.1). */
const ORDER = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;

/**
 * The curve by its parameters (RFC 8032 §5.1). The library's ready-made object brings signing and key exchange with it: 1.7 kB
 * compressed, of the 20 kB that a verifier may have.
 */
const Point = /* @__PURE__ */ edwards({
  p: PRIME,
  n: ORDER,
  h: 8n,
  a: PRIME - 1n,
  d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
  Gx: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
  Gy: 0x6666666666666666666666666666666666666666666666666666666666666658n,
});

/** Answers whether a signature holds. Never throws: bytes of any length get an answer. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * Verifies an Ed25519 signature strictly, in any JavaScript engine (RFC 8032 §5.1.7, with the choices of spec/checkpoint.md).
 *
 * The library's own `verify` multiplies by the cofactor: it accepts signatures with a part of small order that OpenSSL and
 * libsodium refuse. Comparing R as bytes is the equation those check.
 */
export const verifyEd25519: VerifySignature = (publicKey, message, signature) => {
  // 1. Their lengths.
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = fromLittleEndian(signature.subarray(32));
  // 2. S is below the group's order, or a second signature would hold for the same message.
  if (s >= ORDER) return false;
  let a;
  try {
    a = Point.fromBytes(publicKey);
  } catch {
    return false; // No point of the curve, or its second spelling.
  }
  // 3. R = [S]B - [k]A, with k = SHA-512(R ‖ A ‖ message) modulo the order. As bytes: a second spelling of R never equals it.
  const k = fromLittleEndian(sha512(concatBytes(r, publicKey, message))) % ORDER;
  const computed = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
  // 4. Neither point is of small order: under such a key one signature holds for many messages.
  return equalBytes(computed.toBytes(), r) && !computed.isSmallOrder() && !a.isSmallOrder();
};

/**
 * Turns an engine that follows RFC 8032 §5.1.7 without the cofactor (OpenSSL, so node:crypto) into a strict one.
 *
 * @param engine - is only asked about 32-byte keys and 64-byte signatures whose points are strict
 */
export function strictEd25519(engine: VerifySignature): VerifySignature {
  return (publicKey, message, signature) =>
    signature.length === 64 && isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, 32)) && engine(publicKey, message, signature);
}

/** The y coordinates of the eight points of small order; both signs of x share a y. */
const SMALL_ORDER = [
  0n,
  1n,
  PRIME - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
];

/**
 * Whether 32 bytes can stand for a point in a strict check: y below the prime, and not a point of small order.
 *
 * Engines differ on both, and with this check in front of them give one verdict.
 */
export function isStrictPoint(bytes: Uint8Array): boolean {
  // The highest bit is the sign of x.
  const y = fromLittleEndian(bytes) % 2n ** 255n;
  return bytes.length === 32 && y < PRIME && !SMALL_ORDER.includes(y);
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => number * 256n + BigInt(byte), 0n);
}
