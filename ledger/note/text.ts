// The small strict pieces that C2SP's texts are made of: decimal numbers, hashes, lines without control characters.
import { decodeUtf8, parseBase64 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';

/**
 * Reads a tree size, index or time: ASCII decimal without sign, spaces or leading zeros.
 *
 * `Number('')`, `Number(' 7')` and `Number('0x10')` all succeed: a checkpoint carrying one would verify here and fail elsewhere.
 *
 * @param what - names the number in the refusal: "a tree size"
 * @returns a safe integer ≥ 0
 * @throws {LedgerError} INPUT_MALFORMED when the text is not such a number; INPUT_TOO_LARGE when it exceeds 2^53 - 1
 */
export function parseDecimal(text: string, what: string, position?: number): number {
  const at = position === undefined ? {} : { position };
  if (!/^(0|[1-9][0-9]*)$/.test(text)) throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as ${what}: expected decimal digits`, at);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read "${clip(text)}" as ${what}: expected at most 2^53 - 1`, at);
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
  return atPosition(() => parseBase64(text), position);
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

/** Lines with their positions, for C2SP's texts that are read line by line. */
export class Lines {
  readonly #lines: readonly string[];
  #at = 0;
  #next = 0;
  /** Where the line last read begins, in characters. */
  position = 0;

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** The next line, or an empty one after the last. */
  next(): string {
    const line = this.#lines[this.#at++] ?? '';
    this.position = this.#next;
    this.#next += line.length + 1;
    return line;
  }

  /** Whether a line is left. */
  get more(): boolean {
    return this.#at < this.#lines.length;
  }
}

/** A refusal of a text. @param what - names it: "note" @param position - in characters */
export function malformed(what: string, why: string, position?: number): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read ${what}: ${why}`, position === undefined ? {} : { position });
}

/** Moves the place in a refusal of a part to its place in the whole. */
export function atPosition<T>(read: () => T, offset: number): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new LedgerError(cause.code, cause.message, { position: offset + (cause.position ?? 0), cause });
  }
}
