// The small strict pieces that C2SP's texts are made of: decimal numbers, hashes, lines without control characters.
import { decodeUtf8, parseBase64 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';

/**
 * Reads a tree size, index or time: ASCII decimal without sign, spaces or leading zeros.
 *
 * `Number('')`, `Number(' 7')` and `Number('0x10')` all succeed: a checkpoint carrying one would verify here and fail elsewhere.
 *
 * @param what - names the number in the refusal: "tree size"
 * @returns a safe integer ≥ 0
 * @throws {LedgerError} INPUT_MALFORMED when the text is not such a number; INPUT_TOO_LARGE when it exceeds 2^53 - 1
 */
export function parseDecimal(text: string, what: string, position?: number): number {
  const at = position === undefined ? {} : { position };
  if (!/^(0|[1-9][0-9]*)$/.test(text)) throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a ${what}: expected decimal digits`, at);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read "${clip(text)}" as a ${what}: expected at most 2^53 - 1`, at);
  return number;
}

/**
 * Reads a SHA-256 hash in base64, as C2SP writes hashes on lines of their own.
 *
 * @throws {LedgerError} INPUT_MALFORMED when it is not 32 bytes of base64; INPUT_NOT_CANONICAL when another text says the same
 */
export function parseHash(text: string, position: number): Uint8Array {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a hash: expected 32 bytes in base64`, { position });
  }
  try {
    return parseBase64(text);
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new LedgerError(cause.code, cause.message, { position, cause });
  }
}

/** Text of a small file or answer: strings pass, bytes are read as UTF-8. */
export function textOf(input: Uint8Array | string): string {
  return typeof input === 'string' ? input : decodeUtf8(input);
}

/** The position of the first control character below U+0020 that is no newline, or -1. */
export function findControl(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x20 && text[i] !== '\n') return i;
  }
  return -1;
}
