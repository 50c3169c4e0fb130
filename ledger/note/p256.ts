// ECDSA over P-256 with SHA-256, for notes signed in the manner of Rekor v1.
import { p256 } from '@noble/curves/nist.js';
import type { VerifySignature } from './ed25519.ts';
import { p256PointOf } from './keys.ts';

/**
 * Verifies an ASN.1 DER signature over SHA-256 of the message (FIPS 186-5 §6.4.2, RFC 3279 §2.2.3).
 *
 * Both (r, s) and (r, n - s) hold: ECDSA signatures are no identity, and must never recognise a repeat.
 *
 * @param publicKey - SubjectPublicKeyInfo in DER, 91 bytes: an uncompressed point of P-256
 */
export const verifyP256: VerifySignature = (publicKey, message, signature) => {
  const point = p256PointOf(publicKey);
  if (point === null) return false;
  try {
    return p256.verify(signature, message, point, { format: 'der', lowS: false, prehash: true });
  } catch {
    return false; // Not a DER signature, or no point of the curve.
  }
};
