// Bytes and their text forms, strict: a reader accepts exactly what the matching writer can write.
import { clip, LedgerError } from './errors.ts';

const utf8Encoder = new TextEncoder();
// ignoreBOM keeps U+FEFF in the text: dropping it would let two byte strings read as one.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Orders byte strings by their bytes, a prefix before what it begins (bytewise lexicographic, RFC 8949 §4.2.1). */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let at = 0;
  for (const part of parts) at += part.length;
  const joined = new Uint8Array(at);
  at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Encodes text as UTF-8.
 *
 * @throws {LedgerError} INPUT_NOT_UTF8 when the text holds a lone surrogate, which `TextEncoder` would replace silently
 */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new LedgerError('INPUT_NOT_UTF8', `Cannot encode "${clip(text)}": a lone surrogate`);
  return utf8Encoder.encode(text);
}

/** @throws {LedgerError} INPUT_NOT_UTF8 when the bytes are not valid UTF-8; a byte order mark stays in the text */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new LedgerError('INPUT_NOT_UTF8', 'Cannot read text: the bytes are not valid UTF-8', { cause });
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function formatHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/**
 * Reads lower-case hexadecimal.
 *
 * @param length - the number of bytes expected; any when left out
 * @throws {LedgerError} INPUT_MALFORMED when the text is not lower-case hexadecimal of that length
 */
export function parseHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== length * 2)) {
    const expected = length === undefined ? 'lower-case hexadecimal' : `${length * 2} lower-case hexadecimal digits`;
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as bytes: expected ${expected}`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Standard base64 with padding (RFC 4648 §4). */
export function formatBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

/**
 * Reads standard base64 with padding, in its one canonical form only (RFC 4648 §3.5).
 *
 * `atob` ignores white space, missing padding and set bits after the end: two texts would carry one signature.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the text is not base64; INPUT_NOT_CANONICAL when its last bits are not zero
 */
export function parseBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as base64`);
  }
  const binary = atob(text);
  if (btoa(binary) !== text) throw new LedgerError('INPUT_NOT_CANONICAL', `Cannot read "${clip(text)}" as base64: bits after the end are not zero`);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Writes an integer as 8 bytes, big-endian. @param value - a safe integer ≥ 0 */
export function encodeUint64(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an unsigned safe integer: ${value}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
