// The head of every stream: its version and its last event, in typed arrays, found by the hash of its name.
import { encodeUtf8, equalBytes } from '../bytes.ts';
import type { HeadsByOrdinal, StreamHead } from '../streams/index.ts';
import { sha256 } from './engine.ts';

const chunkStreams = 16_384;
const cachedNamesMax = 131_072;

/**
 * A stream is known by its key, `SHA-256(UTF-8 of its name)`: names are of any length, keys take 32 bytes.
 *
 * Beside the table of `ledger/streams` it finds streams by name without hashing, and writes itself into a memo.
 */
export class NamedHeads implements HeadsByOrdinal {
  #count = 0;
  #chunks: Chunk[] = [];
  /** Ordinal + 1 at the slot that the key's first 32 bits lead to. */
  #slots = new Uint32Array(1024);
  readonly #names = new NameCache();

  get count(): number {
    return this.#count;
  }

  /** @returns the stream's place in this table, or -1 where it has none @param bytes - hold the name, in UTF-8, at `start` to `end` */
  find(bytes: Uint8Array, start: number, end: number): number {
    const known = this.#names.find(bytes, start, end);
    if (known >= 0) return known === absent ? -1 : known;
    const found = this.#search(sha256(bytes.subarray(start, end)));
    // A gate asks for thousands of streams that are not there, and its decision expects them to be absent still.
    this.#names.set(bytes, start, end, found < 0 ? absent : found);
    return found;
  }

  /**
   * Reads what finding these streams and their heads will read.
   *
   * Of many streams most of the time goes into waiting for far memory, once for each step of each. In short loops that wait for
   * nothing the processor has many of the reads under way at once.
   *
   * @param names - of `count` streams, each at `starts` to `ends` @returns a number that means nothing, so that nothing is left out
   */
  near(names: readonly Uint8Array[], starts: Int32Array, ends: Int32Array, count: number): number {
    let read = this.#names.near(names, starts, ends, count, ordinals);
    for (let i = 0; i < count; i++) {
      const ordinal = ordinals[i] as number;
      if (ordinal < this.#count) read += this.#chunk(ordinal).heads[2 * (ordinal % chunkStreams)] as number;
    }
    return read;
  }

  /** @returns null for a stream without events */
  head(name: string): StreamHead | null {
    const bytes = asciiInto(name, scratch) ? scratch : encodeUtf8(name);
    const ordinal = this.find(bytes, 0, bytes === scratch ? name.length : bytes.length);
    const version = this.version(ordinal);
    return version === 0 ? null : { version, index: this.index(ordinal) };
  }

  /** 0 for a stream without events, whether or not it has a place here. */
  version(ordinal: number): number {
    return ordinal < 0 ? 0 : (this.#chunk(ordinal).heads[2 * (ordinal % chunkStreams)] as number);
  }

  index(ordinal: number): number {
    return ordinal < 0 ? 0 : (this.#chunk(ordinal).heads[2 * (ordinal % chunkStreams) + 1] as number);
  }

  /** 32 bytes, a view. */
  key(ordinal: number): Uint8Array {
    const at = 32 * (ordinal % chunkStreams);
    return this.#chunk(ordinal).keys.subarray(at, at + 32);
  }

  writeKey(ordinal: number, words: Int32Array, at: number): void {
    const { keyWords } = this.#chunk(ordinal);
    const from = 8 * (ordinal % chunkStreams);
    for (let i = 0; i < 8; i++) words[at + i] = keyWords[from + i] as number;
  }

  /** Gives the stream at a place another head; version 0 is that of a stream without events. */
  set(ordinal: number, version: number, index: number): void {
    this.advance(ordinal, version, index);
  }

  /** Moves the stream at a place on. */
  advance(ordinal: number, version: number, index: number): void {
    const { heads } = this.#chunk(ordinal);
    heads[2 * (ordinal % chunkStreams)] = version;
    heads[2 * (ordinal % chunkStreams) + 1] = index;
  }

  /** Makes a place for a stream that has none. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const ordinal = this.#add(sha256(bytes.subarray(start, end)));
    this.#names.set(bytes, start, end, ordinal);
    return ordinal;
  }

  #add(key: Uint8Array): number {
    if (this.#count * 3 > this.#slots.length * 2) this.#growSlots();
    const ordinal = this.#count;
    if (ordinal % chunkStreams === 0) this.#chunks.push(new Chunk());
    this.#count += 1;
    this.#chunk(ordinal).keys.set(key, 32 * (ordinal % chunkStreams));
    this.#slots[this.#freeSlot(key)] = ordinal + 1;
    return ordinal;
  }

  #search(key: Uint8Array): number {
    for (let at = this.#home(key); ; at = (at + 1) % this.#slots.length) {
      const ordinal = (this.#slots[at] as number) - 1;
      if (ordinal < 0) return -1;
      if (equalBytes(this.key(ordinal), key)) return ordinal;
    }
  }

  #freeSlot(key: Uint8Array): number {
    let at = this.#home(key);
    while (this.#slots[at] !== 0) at = (at + 1) % this.#slots.length;
    return at;
  }

  #home(key: Uint8Array): number {
    const mark = (((key[0] as number) << 24) | ((key[1] as number) << 16) | ((key[2] as number) << 8) | (key[3] as number)) >>> 0;
    return Math.floor((mark / 0x1_0000_0000) * this.#slots.length);
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let ordinal = 0; ordinal < this.#count; ordinal++) this.#slots[this.#freeSlot(this.key(ordinal))] = ordinal + 1;
  }

  #chunk(ordinal: number): Chunk {
    return this.#chunks[Math.floor(ordinal / chunkStreams)] as Chunk;
  }

  /** The table as bytes, for a memo: keys and heads of each chunk. */
  parts(): Uint8Array[] {
    const count = new Float64Array([this.#count]);
    return [asBytes(count), ...this.#chunks.flatMap((chunk) => [chunk.keys, asBytes(chunk.heads)])];
  }

  static of(bytes: Uint8Array): NamedHeads {
    const heads = new NamedHeads();
    heads.#count = new Float64Array(bytes.slice(0, 8).buffer)[0] as number;
    let at = 8;
    for (let first = 0; first < heads.#count; first += chunkStreams) {
      const chunk = new Chunk();
      for (const part of [chunk.keys, asBytes(chunk.heads)]) {
        part.set(bytes.subarray(at, at + part.length));
        at += part.length;
      }
      heads.#chunks.push(chunk);
    }
    if (at !== bytes.length) throw new RangeError(`stream heads of ${at} bytes in ${bytes.length}`);
    let slots = 1024;
    while (heads.#count * 3 > slots * 2) slots *= 2;
    heads.#slots = new Uint32Array(slots);
    for (let ordinal = 0; ordinal < heads.#count; ordinal++) heads.#slots[heads.#freeSlot(heads.key(ordinal))] = ordinal + 1;
    return heads;
  }
}

class Chunk {
  readonly keys = new Uint8Array(32 * chunkStreams);
  readonly keyWords = new Int32Array(this.keys.buffer);
  /** Version and index of each stream side by side: both are asked for at once, and memory comes by the line. */
  readonly heads = new Float64Array(2 * chunkStreams);
}

/** Names looked for at once. */
export const nearMax = 512;
const ordinals = new Int32Array(nearMax);

/** Bytes of a name's record: its place in the table, its length, 4 bytes each, and the name: two lines of memory. */
const recordBytes = 128;
const recordName = 8;
const slotsTriedMax = 16;

/** The place of a stream that has none, until it is given one: more than any table has. */
const absent = 0x7fff_ffff;

/** Places by name, so that a name in use is not hashed with SHA-256 again: at most so many, then it begins anew. */
class NameCache {
  #count = 0;
  readonly #slots = new Uint32Array(4 * cachedNamesMax);
  /** The names themselves, so that a hit is exact; longer ones are not cached. */
  readonly #records = new Uint8Array(recordBytes * cachedNamesMax);
  readonly #words = new Uint32Array(this.#records.buffer);

  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let at = homeOf(bytes, start, end) % this.#slots.length;
    // Bounded: names that were chosen to fall on one place are looked up by their key instead.
    for (let tried = 0; tried < slotsTriedMax; tried++) {
      const entry = (this.#slots[at] as number) - 1;
      if (entry < 0) return -1;
      const word = (recordBytes / 4) * entry;
      if (this.#words[word + 1] === length && this.#is(entry, bytes, start, length)) return this.#words[word] as number;
      at = (at + 1) % this.#slots.length;
    }
    return -1;
  }

  /** Reads the slots of names, then their records, and writes the ordinals that stand there; those of other names do no harm. */
  near(names: readonly Uint8Array[], starts: Int32Array, ends: Int32Array, count: number, into: Int32Array): number {
    const [slots, words] = [this.#slots, this.#words];
    let read = 0;
    for (let i = 0; i < count; i++) into[i] = slots[homeOf(names[i] as Uint8Array, starts[i] as number, ends[i] as number) % slots.length] as number;
    for (let i = 0; i < count; i++) {
      const word = (recordBytes / 4) * ((into[i] as number) - 1);
      if (word >= 0) read += words[word + 16] as number;
      into[i] = word < 0 ? absent : (words[word] as number);
    }
    return read;
  }

  /** Keeps a name's place, which is the new one where it had another. */
  set(bytes: Uint8Array, start: number, end: number, ordinal: number): void {
    const length = end - start;
    if (length > recordBytes - recordName) return;
    if (this.#count === cachedNamesMax) {
      this.#slots.fill(0);
      this.#count = 0;
    }
    let at = homeOf(bytes, start, end) % this.#slots.length;
    for (let tried = 1; this.#slots[at] !== 0; tried++) {
      const entry = (this.#slots[at] as number) - 1;
      const word = (recordBytes / 4) * entry;
      if (this.#words[word + 1] === length && this.#is(entry, bytes, start, length)) {
        this.#words[word] = ordinal;
        return;
      }
      if (tried === slotsTriedMax) return;
      at = (at + 1) % this.#slots.length;
    }
    const entry = this.#count;
    this.#count += 1;
    this.#slots[at] = entry + 1;
    this.#records.set(bytes.subarray(start, end), recordBytes * entry + recordName);
    this.#words[(recordBytes / 4) * entry] = ordinal;
    this.#words[(recordBytes / 4) * entry + 1] = length;
  }

  #is(entry: number, bytes: Uint8Array, start: number, length: number): boolean {
    const records = this.#records;
    const from = recordBytes * entry + recordName;
    for (let i = 0; i < length; i++) if (records[from + i] !== bytes[start + i]) return false;
    return true;
  }
}

const scratch = new Uint8Array(recordBytes);

/** Writes a short text of ASCII; false for any other. */
function asciiInto(text: string, into: Uint8Array): boolean {
  if (text.length > into.length) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    into[i] = unit;
  }
  return true;
}

/** The end of a name tells most: a digest's last digits, an advisory's number. */
function homeOf(bytes: Uint8Array, start: number, end: number): number {
  let mixed = end - start;
  for (let i = Math.max(start, end - 12); i < end; i++) mixed = Math.imul(mixed ^ (bytes[i] as number), 0x01000193);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function asBytes(array: Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
