// Entries, skimmed: the few fields that rebuilding needs, read in place, without making an object for anything else.
import { decodeUtf8 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import type { CborMap, CborValue } from './cbor.ts';
import { decodeCbor } from './cbor-reader.ts';
import { streamsMax } from './names.ts';

/**
 * What `skimEntry` fills, again and again. Places are offsets into the skimmed bytes; −1 where the entry has no such field.
 *
 * Only what the log wrote itself, and has checked, is skimmed: nothing here is as strict as `decodeEvent`.
 */
export class Skim {
  /** Recorded time in milliseconds since 1970. */
  at = 0;
  /** Where the type's text begins and ends: ASCII, without its head. */
  typeStart = -1;
  typeEnd = -1;
  /** 16 bytes. */
  sameAs = -1;
  /** The hashed idempotency key and the request's digest, 16 bytes each. */
  onceKey = -1;
  onceRequest = -1;
  /** The actor's pseudonym, 16 bytes. */
  person = -1;
  /** The data's schema version. */
  schema = 0;
  /** Where the encodings of `by`, `data`, `claimed` and `payloads` begin and end, for `decodeCbor`. */
  byStart = -1;
  byEnd = -1;
  dataStart = -1;
  dataEnd = -1;
  claimedStart = -1;
  claimedEnd = -1;
  payloadsStart = -1;
  payloadsEnd = -1;
  /** How many stream tags follow; the arrays below hold more from earlier entries. */
  streams = 0;
  readonly nameStart = new Int32Array(streamsMax);
  readonly nameEnd = new Int32Array(streamsMax);
  readonly version = new Float64Array(streamsMax);
  /** −1 for a stream's first event. */
  readonly prev = new Float64Array(streamsMax);
}

/** The ASCII text of a place in skimmed bytes. */
export function skimmedText(bytes: Uint8Array, start: number, end: number): string {
  return decodeUtf8(bytes.subarray(start, end));
}

/**
 * Skims the event at `bytes[start, end)` into `skim`.
 *
 * @throws {LedgerError} INPUT_MALFORMED where the bytes are no event of this envelope; use `decodeEvent` to learn why
 */
export function skimEntry(bytes: Uint8Array, start: number, end: number, skim: Skim): void {
  source = bytes;
  limit = end;
  at = start;
  skim.typeStart = skim.sameAs = skim.onceKey = skim.onceRequest = skim.person = skim.claimedStart = skim.payloadsStart = -1;
  skim.streams = -1;
  const pairs = argument(map);
  for (let i = 0; i < pairs; i++) {
    const length = keyLength();
    const name = at - length;
    const first = bytes[name] as number;
    // Length and first letter tell the envelope's keys apart, save `sameAs` and `schema`.
    if (length === 2 && first === letter.a) skim.at = argument(uint);
    else if (length === 2 && first === letter.b) {
      skim.byStart = at;
      skimActor(skim);
      skim.byEnd = at;
    } else if (length === 4 && first === letter.o) skimOnce(skim);
    else if (length === 4 && first === letter.d) {
      skim.dataStart = at;
      skipValue();
      skim.dataEnd = at;
    } else if (length === 4 && first === letter.t) {
      const typeLength = argument(text);
      skim.typeStart = at;
      skim.typeEnd = at += typeLength;
    } else if (length === 6 && bytes[name + 1] === letter.a) {
      argument(byteString);
      skim.sameAs = at;
      at += 16;
    } else if (length === 6) skim.schema = argument(uint);
    else if (length === 7 && first === letter.s) skimStreams(skim);
    else if (length === 7) {
      skim.claimedStart = at;
      skipValue();
      skim.claimedEnd = at;
    } else if (length === 8) {
      skim.payloadsStart = at;
      skipValue();
      skim.payloadsEnd = at;
    } else skipValue();
  }
  if (at !== limit || skim.typeStart < 0 || skim.streams < 0) malformed();
}

/**
 * Decodes some members of the map at `bytes[start, end)`, and passes over the others.
 *
 * @throws {LedgerError} INPUT_MALFORMED where it is no map
 */
export function skimMembers(bytes: Uint8Array, start: number, end: number, names: readonly string[]): CborMap {
  source = bytes;
  limit = end;
  at = start;
  const members: Record<string, CborValue> = {};
  for (let pairs = argument(map); pairs > 0; pairs--) {
    const length = argument(text);
    const key = at;
    at += length;
    const value = at;
    skipValue();
    const name = names.find((one) => isTextAt(one, bytes, key, length));
    if (name !== undefined) members[name] = decodeCbor(bytes.subarray(value, at));
  }
  return members;
}

/** Where an encoded value begins and ends in skimmed bytes. */
export class Span {
  start = 0;
  end = 0;
}

/**
 * Finds a member's value in the map at `bytes[start, end)`.
 *
 * @returns false where there is no such member @throws {LedgerError} INPUT_MALFORMED where it is no map
 */
export function skimMember(bytes: Uint8Array, start: number, end: number, name: string, found: Span): boolean {
  source = bytes;
  limit = end;
  at = start;
  for (let pairs = argument(map); pairs > 0; pairs--) {
    const length = argument(text);
    const key = at;
    found.start = at += length;
    skipValue();
    found.end = at;
    if (isTextAt(name, bytes, key, length)) return true;
  }
  return false;
}

/**
 * Finds the digest, without its algorithm, of the first payload of a role in the references at `bytes[start, end)`.
 *
 * @returns false where there is none of that role, or it is sealed @throws {LedgerError} INPUT_MALFORMED where these are no references
 */
export function skimPayload(bytes: Uint8Array, start: number, end: number, role: string, found: Span): boolean {
  source = bytes;
  limit = end;
  at = start;
  for (let payloads = argument(array); payloads > 0; payloads--) {
    let [isMeant, digest] = [false, -1];
    for (let pairs = argument(map); pairs > 0; pairs--) {
      const length = argument(text);
      const key = at;
      const value = (at += length);
      skipValue();
      // `role` and `digest` are told from the other members by length and first letter.
      if (length === 4 && bytes[key] === letter.r) isMeant = isTextAt(role, bytes, at - role.length, role.length) && at - value === role.length + 1;
      else if (length === 6 && bytes[key] === letter.d) digest = value;
    }
    if (!isMeant) continue;
    if (digest < 0) return false;
    const after = at;
    at = digest;
    argument(array);
    skipValue();
    found.start = at;
    skipValue();
    found.end = at;
    at = after;
    return true;
  }
  return false;
}

function isTextAt(name: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

const uint = 0, byteString = 2, text = 3, array = 4, map = 5;
const letter = { a: 0x61, b: 0x62, d: 0x64, k: 0x6b, n: 0x6e, o: 0x6f, p: 0x70, r: 0x72, s: 0x73, t: 0x74 } as const;

let source: Uint8Array = new Uint8Array(0);
let at = 0;
let limit = 0;

function malformed(): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot skim entry at byte ${at}: no event of this envelope`, { position: at });
}

/** The argument of a head of the expected type; `at` moves behind it. */
function argument(expected: number): number {
  const first = source[at] as number;
  if (first >> 5 !== expected) malformed();
  return readArgument(first);
}

function readArgument(first: number): number {
  const small = first & 0x1f;
  at++;
  if (small < 24) return small;
  if (at >= limit) malformed();
  let value = source[at++] as number;
  if (small === 24) return value;
  const more = small === 25 ? 1 : small === 26 ? 3 : 7;
  if (small > 27 || at + more > limit) malformed();
  for (let i = 0; i < more; i++) value = value * 0x100 + (source[at++] as number);
  return value;
}

/** The length of a key of less than 24 bytes, as all of ours are; `at` moves behind the key. */
function keyLength(): number {
  const length = (source[at] as number) - 0x60;
  if (!(length >= 0 && length < 24)) malformed();
  at += 1 + length;
  return length;
}

function skipValue(): void {
  const [bytes, end] = [source, limit];
  let place = at;
  // One loop instead of a recursion: `left` counts the values still to be passed over.
  for (let left = 1; left > 0; left--) {
    if (place >= end) malformed();
    const first = bytes[place++] as number;
    const small = first & 0x1f;
    const type = first >> 5;
    if (type === 7) continue;
    let value = small;
    if (small === 24) value = bytes[place++] as number;
    else if (small === 25) {
      value = ((bytes[place] as number) << 8) | (bytes[place + 1] as number);
      place += 2;
    } else if (small > 25) {
      at = place - 1;
      value = readArgument(first);
      place = at;
    }
    if (type === byteString || type === text) place += value;
    else if (type === array) left += value;
    else if (type === map) left += 2 * value;
  }
  at = place;
}

function skimActor(skim: Skim): void {
  const pairs = argument(map);
  for (let i = 0; i < pairs; i++) {
    const length = keyLength();
    const first = source[at - length] as number;
    if (first === letter.p) {
      argument(byteString);
      skim.person = at;
      at += 16;
    } else {
      skipValue();
    }
  }
}

function skimOnce(skim: Skim): void {
  const pairs = argument(map);
  for (let i = 0; i < pairs; i++) {
    const length = keyLength();
    const isKey = source[at - length] === letter.k;
    argument(byteString);
    if (isKey) skim.onceKey = at;
    else skim.onceRequest = at;
    at += 16;
  }
}

function skimStreams(skim: Skim): void {
  const count = argument(array);
  if (count > streamsMax) malformed();
  const { nameStart, nameEnd, prev, version } = skim;
  for (let i = 0; i < count; i++) {
    let before = -1;
    const pairs = argument(map);
    for (let j = 0; j < pairs; j++) {
      const length = keyLength();
      const first = source[at - length] as number;
      if (first === letter.n) {
        const nameLength = argument(text);
        nameStart[i] = at;
        nameEnd[i] = at += nameLength;
      } else if (first === letter.p) {
        before = argument(uint);
      } else {
        version[i] = argument(uint);
      }
    }
    prev[i] = before;
  }
  skim.streams = count;
}
