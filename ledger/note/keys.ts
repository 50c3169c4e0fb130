// The keys that sign notes: verifier keys ("vkeys") and their text form, and the port that signing goes through.
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, encodeUtf8, equalBytes, formatBase64, parseBase64 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';
import { findControl } from './text.ts';

/** The signature types this project checks (C2SP signed-note, "Signature types"); every other byte is an unknown key. */
export const ED25519 = 0x01;
export const ECDSA = 0x02;
export const COSIGNATURE = 0x04;

/** A public key, named. `name` and `id` together say which key signed; the id alone is too short to identify anything. */
export interface NoteKey {
  readonly name: string;
  /** Unsigned 32 bits. */
  readonly id: number;
  /** The signature type, one byte. */
  readonly type: number;
  /** 32 bytes of Ed25519, SubjectPublicKeyInfo in DER for ECDSA, as given for unknown types. */
  readonly publicKey: Uint8Array;
}

/** Signs notes. `ledger/log` passes Node's engine or an outside one; `sign` gets the bytes that the key's type signs. */
export interface Signer {
  readonly key: NoteKey;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** @param publicKey - 32 bytes */
export function ed25519Key(name: string, publicKey: Uint8Array): NoteKey {
  return noteKey(name, ED25519, publicKey);
}

/** @param publicKey - 32 bytes */
export function cosignatureKey(name: string, publicKey: Uint8Array): NoteKey {
  return noteKey(name, COSIGNATURE, publicKey);
}

/** @param publicKey - SubjectPublicKeyInfo in DER */
export function ecdsaKey(name: string, publicKey: Uint8Array): NoteKey {
  return noteKey(name, ECDSA, publicKey);
}

/**
 * The key a witness cosigns with. Policies in the field list witnesses with type 0x01 keys and mean cosignature/v1 by the
 * same name and public key; every other key is returned as it is.
 */
export function asWitnessKey(key: NoteKey): NoteKey {
  return key.type === ED25519 ? cosignatureKey(key.name, key.publicKey) : key;
}

/**
 * Reads a verifier key: `name+id+base64(type ‖ public key)`.
 *
 * A key of an unknown type is returned too, its id taken as given: it verifies nothing, and what it signed is ignored.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the form, the name or the key is wrong or the id is not the key's; INPUT_NOT_CANONICAL for base64
 * @see C2SP signed-note, "Verifier keys"
 */
export function parseVkey(text: string): NoteKey {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) as [string, string, string, string] | null;
  if (parts === null || !isKeyName(parts[1])) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a key: expected name+id+base64`);
  }
  const [, name, hex, base64] = parts;
  const encoded = parseBase64(base64);
  const type = encoded[0] as number;
  if (encoded.length < 2) throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a key: it is empty`);
  const id = Number.parseInt(hex, 16);
  const publicKey = encoded.slice(1);
  if (type !== ED25519 && type !== ECDSA && type !== COSIGNATURE) return { name, id, type, publicKey };
  const key = noteKey(name, type, publicKey);
  if (key.id !== id) throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a key: its id is ${formatKeyId(key.id)}`);
  return key;
}

export function formatVkey(key: NoteKey): string {
  return `${key.name}+${formatKeyId(key.id)}+${formatBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`;
}

/** The id in hexadecimal, 8 digits, as verifier keys carry it. */
export function formatKeyId(id: number): string {
  return id.toString(16).padStart(8, '0');
}

/** Key names are not empty and hold no Unicode space, no plus and no control character (C2SP signed-note, "Format"). */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}+]+$/u.test(name) && findControl(name) < 0;
}

/** Whether two keys are one: the same public key counts once, under whatever name and id (C2SP tlog-policy). */
export function isSamePublicKey(a: NoteKey, b: NoteKey): boolean {
  return equalBytes(a.publicKey, b.publicKey);
}

function noteKey(name: string, type: number, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name)) throw new LedgerError('INPUT_MALFORMED', `Cannot use "${clip(name)}" as a key name: it is empty or holds a space or a plus`);
  if (type !== ECDSA && publicKey.length !== 32) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot use the key of "${clip(name)}": ${publicKey.length} bytes, expected 32`);
  }
  // Type 0x02 is as Sigstore made it: the id hashes the key alone, not the name.
  const hashed = type === ECDSA ? publicKey : concatBytes(encodeUtf8(`${name}\n`), Uint8Array.of(type), publicKey);
  return { name, id: uint32(sha256(hashed)), type, publicKey };
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
