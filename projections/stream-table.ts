// Streams met again and again, found by the bytes of their names: a fold keeps its documents by their places.
import { encodeUtf8 } from '../ledger/bytes.ts';
import type { Skim } from '../ledger/events/index.ts';
import type { Projection } from './projection.ts';

/** The stream tags of some entries, one after another, in arrays that are used again. Names are places in the bytes of the entries. */
export class Tags {
  count = 0;
  /** By tag: the index of its entry. */
  index = new Float64Array(1024);
  nameStart = new Int32Array(1024);
  nameEnd = new Int32Array(1024);
  /** The stream's place in the table, once it is found. */
  place = new Int32Array(1024);
  version = new Float64Array(1024);
  /** −1 for a stream's first event. */
  prev = new Float64Array(1024);
  /** What was read for no other reason than to have it near. */
  touched = 0;

  /**
   * Takes the tags of an entry.
   *
   * @param bytes - which the names are places in @param letters - 1 at those that names begin with which are wanted; null for all
   */
  add(index: number, skim: Skim, bytes: Uint8Array, letters: Uint8Array | null): void {
    const { streams } = skim;
    while (this.count + streams > this.index.length) this.#grow();
    let at = this.count;
    for (let i = 0; i < streams; i++) {
      const start = skim.nameStart[i] as number;
      if (letters !== null && letters[bytes[start] as number] !== 1) continue;
      this.index[at] = index;
      this.nameStart[at] = start;
      this.nameEnd[at] = skim.nameEnd[i] as number;
      this.version[at] = skim.version[i] as number;
      this.prev[at] = skim.prev[i] as number;
      at += 1;
    }
    this.count = at;
  }

  #grow(): void {
    const size = 2 * this.index.length;
    this.index = grown(this.index, new Float64Array(size));
    this.nameStart = grown(this.nameStart, new Int32Array(size));
    this.nameEnd = grown(this.nameEnd, new Int32Array(size));
    this.place = grown(this.place, new Int32Array(size));
    this.version = grown(this.version, new Float64Array(size));
    this.prev = grown(this.prev, new Float64Array(size));
  }
}

/** So many slots are looked at for a name: half of the slots are free, and names that nobody chose for it are found within a few. */
const triedMax = 128;

/** Words of a record before the name: the name's hash, its length in bytes, and the stream's place. */
const headWords = 3;

/**
 * Streams by name, each at a place: the number of those met before it.
 *
 * Making a text of 80 bytes and looking it up costs 0.4 µs, finding it by its bytes a quarter of that. On a large ledger most of
 * what is left is waiting for far memory, so that little lies on the way, and what many tags need is asked for at once. No object
 * is made for a stream: a name's text is made when somebody asks.
 */
export class StreamTable {
  readonly #beginnings: readonly { readonly bytes: Uint8Array; readonly isWhole: boolean }[];
  #size = 0;
  /** By place: where its record begins, and which projection folds it. */
  #records = new Int32Array(1024);
  #projections = new Uint8Array(1024);
  /** Where a name's record begins, in words; 0 for none. */
  #slots = new Int32Array(1 << 12);
  /** Records whose slots others have: whoever sends documents chooses digests, and with them names that fall on one place. */
  readonly #crowded = new Map<string, number>();
  /** Records one after another; the first word is none's. */
  #words = new Int32Array(1 << 16);
  #bytes = new DataView(this.#words.buffer);
  #arena = new Uint8Array(this.#words.buffer);
  #end = 1;
  // Of the tags that are looked for.
  #found = new Int32Array(1024);
  #hashes = new Int32Array(1024);

  constructor(projections: readonly Pick<Projection, 'streams'>[]) {
    this.#beginnings = projections.map(({ streams }) => ({ bytes: encodeUtf8(streams), isWhole: !streams.endsWith(':') }));
  }

  get size(): number {
    return this.#size;
  }

  /** Which projection folds the stream at a place, by its number in the list; the number behind them where none does. */
  projectionAt(place: number): number {
    return this.#projections[place] as number;
  }

  nameAt(place: number): string {
    const record = this.#records[place] as number;
    const start = 4 * (record + headWords);
    return textOf(this.#arena.subarray(start, start + (this.#words[record + 1] as number)));
  }

  /** The names of the streams from a place on, each behind its length in 16 bits. */
  namesFrom(place: number): Uint8Array {
    const lengthOf = (one: number) => this.#words[(this.#records[one] as number) + 1] as number;
    let size = 0;
    for (let one = place; one < this.#size; one++) size += 2 + lengthOf(one);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (let one = place; one < this.#size; one++) {
      const length = lengthOf(one);
      bytes[at++] = length >>> 8;
      bytes[at++] = length;
      const start = 4 * ((this.#records[one] as number) + headWords);
      for (let i = 0; i < length; i++) bytes[at++] = this.#arena[start + i] as number;
    }
    return bytes;
  }

  /** The place of a stream that was met, or −1. @param name - ASCII */
  placeOf(name: Uint8Array): number {
    const bytes = new DataView(name.buffer, name.byteOffset, name.byteLength);
    const record = this.#recordOf(hashOf(bytes, 0, name.length), bytes, 0, name.length);
    return record <= 0 ? -1 : (this.#words[record + 2] as number);
  }

  /**
   * Finds the streams of tags, in their order; new ones are met.
   *
   * @param bytes - which the tags' names are places in, in ASCII
   */
  findAll(bytes: Uint8Array, tags: Tags): void {
    const { count, nameStart, nameEnd, place } = tags;
    if (count > this.#hashes.length) {
      this.#hashes = new Int32Array(place.length);
      this.#found = new Int32Array(place.length);
    }
    const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [hashes, found, slots, words] = [this.#hashes, this.#found, this.#slots, this.#words];
    const mask = slots.length - 1;
    let touched = 0;
    // Short loops that wait for nothing before the one that compares: the processor has many of their reads under way at once.
    for (let i = 0; i < count; i++) {
      const hash = hashOf(from, nameStart[i] as number, nameEnd[i] as number);
      hashes[i] = hash;
      found[i] = slots[hash & mask] as number;
    }
    for (let i = 0; i < count; i++) {
      const record = found[i] as number;
      touched += (words[record] as number) + (words[record + 16] as number);
    }
    for (let i = 0; i < count; i++) {
      const record = found[i] as number;
      const [start, length] = [nameStart[i] as number, (nameEnd[i] as number) - (nameStart[i] as number)];
      place[i] = record > 0 && this.#is(record, hashes[i] as number, from, start, length)
        ? (this.#words[record + 2] as number)
        : this.#meet(hashes[i] as number, bytes, from, start, length);
    }
    tags.touched = touched;
  }

  /** @returns where the record begins; for a name that has none a free slot as −1 − slot, or 0 where there is no free one */
  #recordOf(hash: number, bytes: DataView, start: number, length: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask, tried = 0; tried < triedMax; slot = (slot + 1) & mask, tried++) {
      const record = this.#slots[slot] as number;
      if (record === 0) return -1 - slot;
      if (this.#is(record, hash, bytes, start, length)) return record;
    }
    return this.#crowded.get(textOf(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length))) ?? 0;
  }

  /** Whether a record is of the name that stands in `bytes` from `start` on: compared four bytes at a time. */
  #is(record: number, hash: number, bytes: DataView, start: number, length: number): boolean {
    const words = this.#words;
    if (words[record] !== hash || words[record + 1] !== length) return false;
    const own = this.#bytes;
    const from = 4 * (record + headWords);
    let i = length - 4;
    for (; i >= 0; i -= 4) if (own.getInt32(from + i, true) !== bytes.getInt32(start + i, true)) return false;
    for (i += 3; i >= 0; i--) if (own.getUint8(from + i) !== bytes.getUint8(start + i)) return false;
    return true;
  }

  #meet(hash: number, bytes: Uint8Array, from: DataView, start: number, length: number): number {
    const found = this.#recordOf(hash, from, start, length);
    if (found > 0) return this.#words[found + 2] as number;
    const [place, record] = [this.#size++, this.#end];
    // Some room is left behind the last, so that touching a record's second line stays inside.
    this.#end += headWords + Math.ceil(length / 4);
    if (this.#end + 32 > this.#words.length) {
      this.#words = grown(this.#words, new Int32Array(2 * this.#words.length + length));
      this.#bytes = new DataView(this.#words.buffer);
      this.#arena = new Uint8Array(this.#words.buffer);
    }
    this.#words[record] = hash;
    this.#words[record + 1] = length;
    this.#words[record + 2] = place;
    const [own, to] = [this.#bytes, 4 * (record + headWords)];
    let i = 0;
    for (; i + 4 <= length; i += 4) own.setInt32(to + i, from.getInt32(start + i));
    for (; i < length; i++) own.setUint8(to + i, from.getUint8(start + i));
    if (found < 0) this.#slots[-1 - found] = record;
    else this.#crowded.set(textOf(bytes.subarray(start, start + length)), record);
    if (place === this.#records.length) {
      this.#records = grown(this.#records, new Int32Array(2 * place));
      this.#projections = grown(this.#projections, new Uint8Array(2 * place));
    }
    this.#records[place] = record;
    this.#projections[place] = this.#projectionOf(bytes, start, length);
    if (2 * place > this.#slots.length) this.#spread();
    return place;
  }

  #projectionOf(bytes: Uint8Array, start: number, length: number): number {
    const beginnings = this.#beginnings;
    for (let i = 0; i < beginnings.length; i++) {
      const { bytes: own, isWhole } = beginnings[i] as (typeof beginnings)[number];
      if ((isWhole ? length === own.length : length >= own.length) && isAt(own, bytes, start)) return i;
    }
    return beginnings.length;
  }

  #spread(): void {
    const slots = new Int32Array(4 * this.#slots.length);
    const mask = slots.length - 1;
    this.#crowded.clear();
    for (let place = 0; place < this.#size; place++) {
      const record = this.#records[place] as number;
      let [slot, tried] = [(this.#words[record] as number) & mask, 1];
      for (; slots[slot] !== 0 && tried < triedMax; tried++) slot = (slot + 1) & mask;
      if (slots[slot] === 0) slots[slot] = record;
      else this.#crowded.set(this.nameAt(place), record);
    }
    this.#slots = slots;
  }
}

/** @param name - ASCII */
function textOf(name: Uint8Array): string {
  return String.fromCharCode.apply(null, name as unknown as number[]);
}

function isAt(beginning: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < beginning.length; i++) if (beginning[i] !== bytes[start + i]) return false;
  return true;
}

export function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Over the length and the last 16 bytes: where names have digits of digests and numbers of advisories. */
function hashOf(words: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = end;
  for (const least = Math.max(start, end - 16); at - 4 >= least; at -= 4) {
    hash = Math.imul(hash ^ words.getInt32(at - 4, true), 0x5bd1_e995);
    hash ^= hash >>> 15;
  }
  if (end - start < 16) for (; at > start; at--) hash = Math.imul(hash ^ words.getUint8(at - 1), 0x5bd1_e995);
  hash ^= hash >>> 13;
  return hash & 0x3fff_ffff;
}
