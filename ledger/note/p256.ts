// ECDSA over P-256 with SHA-256, for notes signed in the manner of Rekor v1.
import { p256 } from '@noble/curves/nist.js';
import { concatBytes, equalBytes, parseHex } from '../bytes.ts';
import { ecdsaKey, type Signer } from './keys.ts';

/** DER up to the point: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } (RFC 5480 §2). */
const SPKI = /* @__PURE__ */ parseHex('3059301306072a8648ce3d020106082a8648ce3d030107034200');

/**
 * Verifies an ASN.1 DER signature over SHA-256 of the message (FIPS 186-5 §6.4.2, RFC 3279 §2.2.3).
 *
 * Both (r, s) and (r, n - s) hold: ECDSA signatures are no identity, and must never recognise a repeat.
 *
 * @param publicKey - SubjectPublicKeyInfo in DER, 91 bytes: an uncompressed point of P-256
 * @returns null when the key is of another kind
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | null {
  if (publicKey.length !== SPKI.length + 65 || !equalBytes(publicKey.subarray(0, SPKI.length), SPKI)) return null;
  // What is no DER signature, or no point of the curve, is answered with false and not thrown.
  return p256.verify(signature, message, publicKey.subarray(SPKI.length), { format: 'der', lowS: false, prehash: true });
}

/**
 * Signs as a log in the manner of Rekor v1.
 *
 * Deterministic (RFC 6979): a promise made again is the same promise.
 *
 * @param secret - 32 secret bytes @throws {RangeError} when they are no scalar of the curve; of 2^32 random draws one is not
 */
export function p256Signer(name: string, secret: Uint8Array): Signer {
  if (!p256.utils.isValidSecretKey(secret)) throw new RangeError('not a scalar of P-256');
  const key = ecdsaKey(name, concatBytes(SPKI, p256.getPublicKey(secret, false)));
  return { key, sign: (message) => p256.sign(message, secret, { format: 'der', prehash: true }) };
}

/** Whether 32 bytes are a secret key. */
export function isP256Secret(bytes: Uint8Array): boolean {
  return p256.utils.isValidSecretKey(bytes);
}
