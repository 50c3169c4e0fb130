// Encoded documents, added to as they are: what most events do is one more item at the end of a list, and bytes take it without decoding.
import { LedgerError } from '../ledger/errors.ts';
import { decodeCbor, encodeCbor, major, writeHead } from '../ledger/events/index.ts';
import type { EventAt } from './event-at.ts';
import { encodedItem } from './items.ts';
import type { Adding, Document } from './projection.ts';

export function decodeDocument(bytes: Uint8Array): Document {
  return decodeCbor(bytes) as unknown as Document;
}

/** An item for the end of a list. */
export interface Addition {
  /** The list's name, encoded. */
  readonly key: Uint8Array;
  readonly item: Uint8Array;
}

const keys = new Map<string, Uint8Array>();
const keyLast = encodeCbor('last');
/** Of a head with its argument. */
const headBytesMax = 9;

/** What an event adds, encoded. */
export function additionOf({ to, item }: Adding, event: EventAt): Addition {
  let key = keys.get(to);
  if (key === undefined) keys.set(to, (key = encodeCbor(to)));
  return { key, item: encodedItem(item, event).slice() };
}

/** No document with these additions is larger. */
export function extendedBytesMax(document: Uint8Array, additions: readonly Addition[]): number {
  let bytes = document.length + headBytesMax;
  for (const { item } of additions) bytes += headBytesMax + item.length;
  return bytes;
}

/**
 * Writes a document with more at the end of its lists, byte for byte as encoding it would.
 *
 * @param last - its new member `last` @param into - has `extendedBytesMax` bytes free at `at`
 * @returns the place after it
 * @throws {LedgerError} STORE_CORRUPT for bytes that are no document with these lists
 */
export function extendDocument(document: Uint8Array, additions: readonly Addition[], last: number, into: Uint8Array, at: number): number {
  const pairs = (document[0] ?? 0) - major.map;
  if (pairs < 1 || pairs > 23) throw corrupt('it is no map');
  into[at] = document[0] as number;
  let [from, to, done, moved] = [1, at + 1, 0, false];
  for (let pair = 0; pair < pairs; pair++) {
    const value = skip(document, from);
    const end = skip(document, value);
    if (isAt(document, from, value, keyLast)) {
      to = copy(document, from, value, into, to);
      to = writeHead(into, to, major.uint, last);
      moved = true;
    } else {
      const count = additions.reduce((sum, { key }) => (isAt(document, from, value, key) ? sum + 1 : sum), 0);
      if (count === 0) to = copy(document, from, end, into, to);
      else {
        const key = document.subarray(from, value);
        to = copy(document, from, value, into, to);
        to = addItems(document, value, end, count, into, to);
        for (const addition of additions) if (isAt(key, 0, key.length, addition.key)) to = copy(addition.item, 0, addition.item.length, into, to);
        done += count;
      }
    }
    from = end;
  }
  if (from !== document.length || done !== additions.length || !moved) throw corrupt('it lacks a list, or has more behind it');
  return to;
}

/** Copies a list whose count is to be larger by `more`. */
function addItems(document: Uint8Array, start: number, end: number, more: number, into: Uint8Array, at: number): number {
  if (((document[start] as number) & 0xe0) !== major.array) throw corrupt('what should be a list is none');
  const items = start + headBytes(document, start);
  const to = writeHead(into, at, major.array, argumentAt(document, start) + more);
  return copy(document, items, end, into, to);
}

/** The place after the value at `at`. */
function skip(bytes: Uint8Array, at: number): number {
  let end = at;
  for (let left = 1; left > 0; left--) {
    // Beyond the end there is nothing to read, and no argument to be huge.
    if (end >= bytes.length) throw corrupt('it is cut short');
    const type = (bytes[end] as number) & 0xe0;
    const argument = argumentAt(bytes, end);
    end += headBytes(bytes, end);
    if (type === major.bytes || type === major.text) end += argument;
    else if (type === major.array) left += argument;
    else if (type === major.map) left += 2 * argument;
  }
  if (end > bytes.length) throw corrupt('it is cut short');
  return end;
}

/** Bytes of the head at `at`. */
function headBytes(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) & 0x1f;
  return low < 24 ? 1 : low === 24 ? 2 : low === 25 ? 3 : low === 26 ? 5 : 9;
}

function argumentAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) & 0x1f;
  if (low < 24) return low;
  let argument = 0;
  // Arithmetic, not shifts: times in milliseconds are beyond 32 bits.
  for (let i = at + 1, end = at + headBytes(bytes, at); i < end; i++) argument = argument * 256 + (bytes[i] ?? 0);
  return argument;
}

function isAt(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return false;
  return true;
}

function copy(from: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  // Below some 100 bytes a loop is faster than a view and the call into the engine.
  if (end - start > 100) into.set(from.subarray(start, end), at);
  else for (let i = start, to = at; i < end; i++, to++) into[to] = from[i] as number;
  return at + end - start;
}

function corrupt(what: string): LedgerError {
  return new LedgerError('STORE_CORRUPT', `Cannot move a document of the tables: ${what}`, { hint: 'run "stella recover --tables"' });
}
