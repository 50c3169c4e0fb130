// The CBOR profile, written: RFC 8949 §4.2.1 without floats, tags and null, in which every hashed byte of ours is encoded.
import { clip, LedgerError } from '../errors.ts';

/** A value of the profile. Integers are safe integers, text is well formed, keys are ASCII, an unset key is absent. */
export type CborValue = number | string | boolean | Uint8Array | readonly CborValue[] | CborMap;
export interface CborMap {
  readonly [key: string]: CborValue;
}

/** How many arrays and maps may stand inside each other. */
export const cborDepthMax = 8;

/** The major types of RFC 8949 §3.1 that the profile has, in the upper three bits of a head. */
export const major = { uint: 0x00, negative: 0x20, bytes: 0x40, text: 0x60, array: 0x80, map: 0xa0 } as const;

/**
 * Encodes a value in the profile: one value, one byte string.
 *
 * cbor-x cannot be used for bytes that are hashed: it does not sort keys, writes integers from 2^32 (every time in
 * milliseconds) as floats, and lone surrogates as invalid UTF-8.
 *
 * @throws {LedgerError} INPUT_MALFORMED for what the profile does not have; INPUT_TOO_DEEP below 8 arrays and maps;
 *   INPUT_NOT_UTF8 for a lone surrogate
 * @see spec/entry.md, "The CBOR profile"
 */
export function encodeCbor(value: CborValue): Uint8Array {
  // One large value must not keep its room for ever.
  if (scratch.bytes.length > scratchKeepMax) scratch.bytes = new Uint8Array(scratchKeepMax);
  scratch.at = 0;
  scratch.value(value, 0);
  return scratch.bytes.slice(0, scratch.at);
}

const utf8 = new TextEncoder();
const scratchKeepMax = 1 << 20;

/** Writes values of the profile one after another into `bytes`, which grows as needed; `at` is the next place. */
export class CborWriter {
  bytes: Uint8Array;
  at = 0;

  constructor(size = 4096) {
    this.bytes = new Uint8Array(size);
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.at + more));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  /** The initial byte and its argument in the shortest form (RFC 8949 §4.2.1). @param argument - a safe integer ≥ 0 */
  head(type: number, argument: number): void {
    this.reserve(9);
    this.at = writeHead(this.bytes, this.at, type, argument);
  }

  integer(value: number): void {
    // -0 has no place among integers: written as 0 it would read back as another value.
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) refuse(`the number ${value}`, 'a safe integer, or a decimal as text');
    if (value >= 0) this.head(major.uint, value);
    else this.head(major.negative, -1 - value);
  }

  boolean(value: boolean): void {
    this.reserve(1);
    this.bytes[this.at++] = value ? 0xf5 : 0xf4;
  }

  byteString(value: Uint8Array): void {
    this.head(major.bytes, value.length);
    this.raw(value);
  }

  /** Bytes that are encoded already. */
  raw(encoded: Uint8Array): void {
    this.part(encoded, 0, encoded.length);
  }

  /** `encoded[start, end)`, encoded already. */
  part(encoded: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const { bytes } = this;
    let to = this.at;
    this.at += end - start;
    // Below some 100 bytes a loop is faster than a view and the call into the engine.
    if (end - start > 100) bytes.set(start === 0 && end === encoded.length ? encoded : encoded.subarray(start, end), to);
    else for (let i = start; i < end; i++) bytes[to++] = encoded[i] as number;
  }

  text(value: string): void {
    const length = value.length;
    this.reserve(9 + 3 * length);
    const start = this.at;
    this.at = writeHead(this.bytes, start, major.text, length);
    const end = this.at + length;
    if (length <= 128) {
      const bytes = this.bytes;
      let at = this.at;
      for (let i = 0; at < end; i++, at++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) return this.#textBeyondAscii(value, start);
        bytes[at] = unit;
      }
      this.at = end;
    } else {
      this.#textBeyondAscii(value, start);
    }
  }

  #textBeyondAscii(value: string, start: number): void {
    // TextEncoder would replace a lone surrogate silently: two texts would share one encoding.
    if (!value.isWellFormed()) throw new LedgerError('INPUT_NOT_UTF8', `Cannot encode "${clip(value)}": a lone surrogate`);
    const written = utf8.encodeInto(value, this.bytes.subarray(start + 9)).written;
    const body = writeHead(this.bytes, start, major.text, written);
    this.bytes.copyWithin(body, start + 9, start + 9 + written);
    this.at = body + written;
  }

  /** @param depth - how many arrays and maps this value stands in */
  value(value: CborValue, depth: number): void {
    if (typeof value === 'string') this.text(value);
    else if (typeof value === 'number') this.integer(value);
    else if (typeof value === 'boolean') this.boolean(value);
    else if (typeof value !== 'object' || value === null) refuse(value === null ? 'null' : `a value of type ${typeof value}`, 'an absent key');
    else if (value instanceof Uint8Array) this.byteString(value);
    else if (depth === cborDepthMax) throw new LedgerError('INPUT_TOO_DEEP', `Cannot encode a value: more than ${cborDepthMax} levels`);
    else if (Array.isArray(value)) this.#array(value, depth);
    else this.#map(value as CborMap, depth);
  }

  #array(items: readonly CborValue[], depth: number): void {
    this.head(major.array, items.length);
    for (let i = 0; i < items.length; i++) this.value(items[i] as CborValue, depth + 1);
  }

  #map(map: CborMap, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(map);
    if (prototype !== Object.prototype && prototype !== null) refuse('an object of a class', 'a plain object');
    const keys = sortedKeys(map);
    this.head(major.map, keys.length);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      this.#key(key);
      this.value(map[key] as CborValue, depth + 1);
    }
  }

  #key(key: string): void {
    const length = key.length;
    this.reserve(9 + length);
    const bytes = this.bytes;
    let at = writeHead(bytes, this.at, major.text, length);
    for (let i = 0; i < length; i++) {
      const unit = key.charCodeAt(i);
      if (unit > 0x7f) refuse(`the key "${clip(key)}"`, 'a key in ASCII');
      bytes[at++] = unit;
    }
    this.at = at;
  }
}

const scratch = new CborWriter();

/** Writes a head at `at`, where 9 bytes are free, and returns the place after it. */
export function writeHead(bytes: Uint8Array, at: number, type: number, argument: number): number {
  if (argument < 24) {
    bytes[at] = type | argument;
    return at + 1;
  }
  if (argument < 0x100) {
    bytes[at] = type | 24;
    bytes[at + 1] = argument;
    return at + 2;
  }
  if (argument < 0x1_0000) {
    bytes[at] = type | 25;
    bytes[at + 1] = argument >>> 8;
    bytes[at + 2] = argument;
    return at + 3;
  }
  let from = at;
  if (argument < 0x1_0000_0000) {
    bytes[from] = type | 26;
  } else {
    // The upper half needs arithmetic: shifts truncate to 32 bits.
    const upper = Math.floor(argument / 0x1_0000_0000);
    bytes[from] = type | 27;
    bytes[from + 1] = upper >>> 24;
    bytes[from + 2] = upper >>> 16;
    bytes[from + 3] = upper >>> 8;
    bytes[from + 4] = upper;
    from += 4;
  }
  bytes[from + 1] = argument >>> 24;
  bytes[from + 2] = argument >>> 16;
  bytes[from + 3] = argument >>> 8;
  bytes[from + 4] = argument;
  return from + 5;
}

/**
 * Orders keys as their encodings order (RFC 8949 §4.2.1): the length stands in the head, so the shorter comes first.
 *
 * For ASCII only, where the order of UTF-16 units is the order of bytes.
 */
export function compareKeys(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function sortedKeys(map: CborMap): readonly string[] {
  const keys = Object.keys(map);
  for (let i = 1; i < keys.length; i++) {
    if (compareKeys(keys[i - 1] as string, keys[i] as string) > 0) return keys.sort(compareKeys);
  }
  return keys;
}

function refuse(what: string, expected: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot encode ${what}: not in the CBOR profile, expected ${expected}`);
}
