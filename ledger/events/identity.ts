// How repeats and persons are recognised: `sameAs`, idempotency keys and pseudonyms (spec/entry.md, "The same thing twice").
import { concatBytes, encodeUtf8 } from '../bytes.ts';
import { CborWriter, encodeCbor, major, type CborValue } from './cbor.ts';
import type { Digest } from './schema.ts';

/** SHA-256 of bytes, 32 bytes, through which `node:crypto` or a pure implementation enters. The result must be fresh, the argument not kept. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** The bytes of `sameAs`, of a hashed idempotency key, and of a pseudonym. */
export const recognitionBytes = 16;

/**
 * What recognises the same evidence sent again: `H(E([type, subject, role, digest]))[:16]`.
 *
 * Only for payloads that are not sealed: a sealed plaintext's digest appears nowhere.
 *
 * @param subjects - the event's subjects as its data has them; for several, the digest of their encoded set stands for them
 */
export function sameAsOf(sha256: Sha256, type: string, subjects: readonly Digest[], role: string, digest: Digest): Uint8Array {
  const [subject] = subjects as readonly [Digest, ...Digest[]];
  const set = subjects.length === 1 ? null : sha256(setOf(subjects));
  scratch.at = 0;
  scratch.head(major.array, 4);
  scratch.text(type);
  if (set === null) writeDigest(subject[0], subject[1]);
  else writeDigest('sha256', set);
  scratch.text(role);
  writeDigest(digest[0], digest[1]);
  // A view of an array this small would first give it a buffer of its own: 0.4 µs.
  return sha256(scratch.bytes.subarray(0, scratch.at)).slice(0, recognitionBytes);
}

// Written by hand: of the generic encoder's 1 µs an event most is finding out what these values are.
const scratch = new CborWriter();

function setOf(subjects: readonly Digest[]): Uint8Array {
  scratch.at = 0;
  scratch.head(major.array, subjects.length);
  for (let i = 0; i < subjects.length; i++) {
    const [algorithm, bytes] = subjects[i] as Digest;
    writeDigest(algorithm, bytes);
  }
  return scratch.bytes.subarray(0, scratch.at);
}

function writeDigest(algorithm: string, bytes: Uint8Array): void {
  scratch.head(major.array, 2);
  scratch.text(algorithm);
  scratch.byteString(bytes);
}

/**
 * What recognises the same sealed evidence: as `sameAsOf`, under the tenant's pepper. It stands in a table beside the log and in no
 * entry, and even there a guess at what was sealed cannot be tried without the pepper.
 *
 * @param digest - of the plaintext
 */
export function sealedKeyOf(sha256: Sha256, pepper: Uint8Array, type: string, subjects: readonly Digest[], role: string, digest: Digest): Uint8Array {
  const subject = subjects.length === 1 ? (subjects[0] as Digest) : (['sha256', sha256(encodeCbor(subjects as unknown as CborValue))] as const);
  return hmacSha256(sha256, pepper, encodeCbor([type, subject, role, digest])).subarray(0, recognitionBytes);
}

/** An idempotency key as it is kept: `H(UTF-8 of the key)[:16]`, looked up under its actor. The key itself is kept nowhere. */
export function idempotencyKeyOf(sha256: Sha256, key: string): Uint8Array {
  return sha256(encodeUtf8(key)).subarray(0, recognitionBytes);
}

/**
 * The digest of a command's request, by which a repeated key with another request is a conflict.
 *
 * Keyed, because a request holds what is sealed in its event: a plain digest would let a short justification be guessed.
 *
 * @param pepper - the tenant's secret, 32 bytes
 */
export function requestDigestOf(sha256: Sha256, pepper: Uint8Array, request: CborValue): Uint8Array {
  return hmacSha256(sha256, pepper, encodeCbor(request)).subarray(0, recognitionBytes);
}

/**
 * A person's pseudonym: `HMAC-SHA-256(pepper, E([issuer, subject]))[:16]`.
 *
 * @param pepper - the tenant's secret, 32 bytes: without it, whoever knows an address could look for its owner's entries
 */
export function personOf(sha256: Sha256, pepper: Uint8Array, issuer: string, subject: string): Uint8Array {
  return hmacSha256(sha256, pepper, encodeCbor([issuer, subject])).subarray(0, recognitionBytes);
}

/** A key's id in entries: the SHA-256 of its SubjectPublicKeyInfo. */
export function keyIdOf(sha256: Sha256, spki: Uint8Array): Uint8Array {
  return sha256(spki);
}

const blockBytes = 64;

/** RFC 2104 over SHA-256. @param key - at most 64 bytes */
function hmacSha256(sha256: Sha256, key: Uint8Array, message: Uint8Array): Uint8Array {
  if (key.length > blockBytes) throw new RangeError(`not a key of at most ${blockBytes} bytes: ${key.length}`);
  const padded = new Uint8Array(blockBytes);
  padded.set(key);
  const inner = sha256(concatBytes(padded.map((byte) => byte ^ 0x36), message));
  return sha256(concatBytes(padded.map((byte) => byte ^ 0x5c), inner));
}
