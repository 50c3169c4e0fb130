// Sealed payloads: encrypted under a secret of their own, so that destroying it erases them and every proof stays valid.
import { concatBytes, encodeUtf8, equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';

/** HKDF's info, AES-GCM's associated data, and the beginning of what a commitment hashes. */
export const sealLabel: Uint8Array = encodeUtf8('stella/seal/v1');

export const sealSecretBytes = 32;
/** What a ciphertext is longer than its plaintext: the tag, appended. */
export const sealTagBytes = 16;
/** Twelve zero bytes: a key serves once, so a nonce has nothing to tell apart. */
export const sealNonce: Uint8Array = new Uint8Array(12);

/** What is derived from a payload's secret, 32 bytes each. */
export interface SealKeys {
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

export interface Sealed {
  /** Plaintext encrypted, tag appended; stored under its own digest. */
  readonly ciphertext: Uint8Array;
  /** 32 bytes: what the entry says of the plaintext. */
  readonly commitment: Uint8Array;
}

const { subtle } = globalThis.crypto;
// WebCrypto takes no shared memory, which its types say and ours do not.
const own = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

/**
 * Derives salt and key from a payload's secret: HKDF-SHA-256 without a salt, 64 bytes.
 *
 * For whoever streams a payload that is too large for memory; `seal` and `open` do the rest for others.
 *
 * @param secret - 32 random bytes, used for this payload only
 */
export async function deriveSealKeys(secret: Uint8Array): Promise<SealKeys> {
  if (secret.length !== sealSecretBytes) throw new RangeError(`not a secret of ${sealSecretBytes} bytes: ${secret.length}`);
  const material = await subtle.importKey('raw', own(secret), 'HKDF', false, ['deriveBits']);
  const bits = await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: own(sealLabel) }, material, 512);
  return { salt: new Uint8Array(bits, 0, 32), key: new Uint8Array(bits, 32, 32) };
}

/**
 * What a commitment hashes before the plaintext: the label and the salt.
 *
 * The salt is derived from the secret: without it, nobody can try whether a guess is what was sealed.
 */
export function commitmentLead(salt: Uint8Array): Uint8Array {
  return concatBytes(sealLabel, salt);
}

/** The commitment to a plaintext, 32 bytes. */
export async function commitmentOf(salt: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await subtle.digest('SHA-256', own(concatBytes(commitmentLead(salt), plaintext))));
}

/** Seals a payload. @param secret - 32 random bytes, used for nothing else, ever: under another plaintext the key would break */
export async function seal(secret: Uint8Array, plaintext: Uint8Array): Promise<Sealed> {
  const { salt, key } = await deriveSealKeys(secret);
  const cipher = await subtle.importKey('raw', own(key), 'AES-GCM', false, ['encrypt']);
  const encrypted = await subtle.encrypt({ name: 'AES-GCM', iv: own(sealNonce), additionalData: own(sealLabel) }, cipher, own(plaintext));
  return { ciphertext: new Uint8Array(encrypted), commitment: await commitmentOf(salt, plaintext) };
}

/**
 * Opens a sealed payload; not a byte of it is returned before its commitment has been checked.
 *
 * @param commitment - 32 bytes, from the entry
 * @throws {LedgerError} PAYLOAD_UNREADABLE when it does not decrypt; PAYLOAD_COMMITMENT_MISMATCH when it decrypts to
 *   other bytes than the entry commits to
 */
export async function open(secret: Uint8Array, ciphertext: Uint8Array, commitment: Uint8Array): Promise<Uint8Array> {
  const { salt, key } = await deriveSealKeys(secret);
  const cipher = await subtle.importKey('raw', own(key), 'AES-GCM', false, ['decrypt']);
  let plaintext: Uint8Array;
  try {
    plaintext = new Uint8Array(await subtle.decrypt({ name: 'AES-GCM', iv: own(sealNonce), additionalData: own(sealLabel) }, cipher, own(ciphertext)));
  } catch (cause) {
    throw new LedgerError('PAYLOAD_UNREADABLE', 'Cannot open payload: another secret, or changed bytes', { cause });
  }
  // AES-GCM does not commit to its key: one ciphertext can open under two secrets, to two plaintexts.
  if (!equalBytes(await commitmentOf(salt, plaintext), commitment)) {
    throw new LedgerError('PAYLOAD_COMMITMENT_MISMATCH', 'Cannot open payload: it is not what its entry commits to');
  }
  return plaintext;
}
