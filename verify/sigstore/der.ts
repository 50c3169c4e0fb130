// A strict reader for DER (ITU-T X.690): one encoding for one value, and every value keeps the exact bytes it was read from.
import { concatBytes } from '../../ledger/bytes.ts';

/**
 * One DER value. `raw` and `content` are views of the input, so that a signature is checked over received bytes, never over
 * bytes encoded again.
 */
export interface Der {
  /** The identifier octet: class, constructed bit and number below 31. */
  readonly tag: number;
  /** Identifier, length and content, as received. */
  readonly raw: Uint8Array;
  readonly content: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tags: `implicit(n)` is primitive, `explicit(n)` constructed. */
export const implicit = (number: number): number => 0x80 | number;
export const explicit = (number: number): number => 0xa0 | number;

/** The bytes are not DER, or not the shape that was asked for. Never leaves this room: each caller turns it into its own code. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** Reads exactly one value that fills the input. @throws {DerError} */
export function readDer(bytes: Uint8Array): Der {
  const value = readAt(bytes, 0);
  if (value.raw.length !== bytes.length) throw new DerError(`${bytes.length - value.raw.length} bytes after the value`);
  return value;
}

/** Reads one value with the given tag that fills the input. @throws {DerError} */
export function readTagged(bytes: Uint8Array, tag: number): Der {
  return tagged(readDer(bytes), tag);
}

/** The values inside a constructed value (or inside the content of an OCTET STRING that is known to hold some). @throws {DerError} */
export function childrenOf(value: Der): readonly Der[] {
  const children: Der[] = [];
  for (let at = 0; at < value.content.length; ) {
    const child = readAt(value.content, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
}

/** The children of a value with the given tag. @throws {DerError} */
export function childrenOfTagged(value: Der | undefined, tag: number): readonly Der[] {
  return childrenOf(tagged(value, tag));
}

/** @throws {DerError} when the value is absent or has another tag */
export function tagged(value: Der | undefined, tag: number): Der {
  if (value === undefined) throw new DerError(`tag ${hexByte(tag)} is missing`);
  if (value.tag !== tag) throw new DerError(`tag ${hexByte(value.tag)}, expected ${hexByte(tag)}`);
  return value;
}

/**
 * An object identifier in dotted form.
 *
 * Arcs are at most 48 bits: where arcs wrap at 32 bits, two identifiers have one text, and an unknown critical extension can
 * pass for a known one.
 *
 * @throws {DerError}
 */
export function oidOf(value: Der | undefined): string {
  const { content } = tagged(value, TAG.oid);
  const arcs: number[] = [];
  let arc = 0;
  let starts = true;
  for (const byte of content) {
    if (starts && byte === 0x80) throw new DerError('an identifier arc with leading zeros');
    if (arc >= 2 ** 41) throw new DerError('an identifier arc above 48 bits');
    arc = arc * 128 + (byte & 0x7f);
    starts = (byte & 0x80) === 0;
    if (!starts) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40));
      arcs.push(first, arc - 40 * first);
    } else arcs.push(arc);
    arc = 0;
  }
  if (!starts || arcs.length === 0) throw new DerError('an identifier that ends inside an arc');
  return arcs.join('.');
}

/** A non-negative integer that fits a JavaScript number. @throws {DerError} */
export function smallIntegerOf(value: Der | undefined): number {
  const { content } = tagged(value, TAG.integer);
  checkInteger(content);
  if ((content[0] as number) >= 0x80) throw new DerError('a negative integer');
  if (content.length > 6) throw new DerError('an integer above 48 bits');
  return content.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The content octets of an integer of any size, minimal two's complement. @throws {DerError} */
export function integerBytesOf(value: Der | undefined): Uint8Array {
  const { content } = tagged(value, TAG.integer);
  checkInteger(content);
  return content;
}

/** @throws {DerError} */
export function booleanOf(value: Der | undefined): boolean {
  const { content } = tagged(value, TAG.boolean);
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) throw new DerError('a boolean that is neither 00 nor ff');
  return content[0] === 0xff;
}

/** The bytes of a BIT STRING without unused bits. @throws {DerError} */
export function bitStringBytesOf(value: Der | undefined): Uint8Array {
  const { content } = tagged(value, TAG.bitString);
  if (content[0] !== 0) throw new DerError('a bit string that is not whole bytes');
  return content.subarray(1);
}

/** Which bits of a named BIT STRING are set, bit 0 first. @throws {DerError} */
export function namedBitsOf(value: Der | undefined): ReadonlySet<number> {
  const { content } = tagged(value, TAG.bitString);
  const unused = content[0];
  const last = content.at(-1) as number;
  // X.690 §11.2.2: trailing zero bits are not encoded, unused bits are zero.
  if (unused === undefined || unused > 7 || (content.length === 1 && unused !== 0)) throw new DerError('a bit string with a wrong count of unused bits');
  if (content.length > 1 && ((last & ((1 << unused) - 1)) !== 0 || (last & (1 << unused)) === 0)) throw new DerError('a bit string with trailing zero bits');
  const bits = new Set<number>();
  for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
    if (((content[1 + (bit >> 3)] as number) & (0x80 >> (bit & 7))) !== 0) bits.add(bit);
  }
  return bits;
}

/** A UTCTime or GeneralizedTime, in milliseconds since 1970. @throws {DerError} */
export function timeOf(value: Der | undefined): number {
  const text = String.fromCharCode(...(value?.content ?? []));
  let full: string;
  if (value?.tag === TAG.utcTime && /^\d{12}Z$/.test(text)) {
    // RFC 5280 §4.1.2.5.1: two-digit years from 50 are the last century.
    full = `${Number(text.slice(0, 2)) >= 50 ? '19' : '20'}${text}`;
  } else if (value?.tag === TAG.generalizedTime && /^\d{14}(\.\d{0,8}[1-9])?Z$/.test(text)) {
    full = text;
  } else {
    throw new DerError('a time that is not in its one DER form');
  }
  const [, year, month, day, hour, minute, second, fraction] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(full) as unknown as string[];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const time = Date.parse(`${iso}.000Z`);
  // Date.parse reads 30 February as 1 March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== iso) throw new DerError('a time that no calendar has');
  return time + Math.floor(Number(fraction ?? 0) * 1000);
}

/** Writes one DER value around parts that are DER already. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const length: number[] = [];
  for (let left = content.length; left > 0; left = Math.floor(left / 256)) length.unshift(left % 256);
  const header = content.length < 0x80 ? [content.length] : [0x80 | length.length, ...length];
  return concatBytes(Uint8Array.of(tag, ...header), content);
}

function readAt(bytes: Uint8Array, at: number): Der {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('the value ends before its content');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag number above 30');
  let length = first;
  let from = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError('a length of indefinite form or above 4 bytes');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[from + i] ?? 0);
    from += count;
    // X.690 §10.1: the shortest form only, or one value has several encodings.
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a length that is not in its shortest form');
  }
  if (from + length > bytes.length) throw new DerError('the value ends before its content');
  return { tag, raw: bytes.subarray(at, from + length), content: bytes.subarray(from, from + length) };
}

function checkInteger(content: Uint8Array): void {
  const [first, second] = content;
  if (first === undefined) throw new DerError('an empty integer');
  const isLonger = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (isLonger) throw new DerError('an integer that is not in its shortest form');
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
