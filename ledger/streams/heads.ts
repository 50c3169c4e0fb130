// The head of every stream: its version and its newest event, in typed arrays, found by the stream's key.

/** The bytes of a stream's key, and of every hash here. */
export const keyBytes = 32;

const chunkStreams = 16_384;

/**
 * What the stream index reads of a table of heads: any table will do, for streams are numbered from 0 on as they appear.
 *
 * @property key - 32 bytes, a view that is read at once
 */
export interface HeadsByOrdinal {
  readonly count: number;
  key(ordinal: number): Uint8Array;
  /** Writes the key's 32 bytes, as eight words, to `words` at `at`. */
  writeKey(ordinal: number, words: Int32Array, at: number): void;
  /** How many events the stream has. */
  version(ordinal: number): number;
  /** Index of its newest event. */
  index(ordinal: number): number;
}

/** Heads by key: 48 bytes a stream and 6 to find it by. A stream keeps its ordinal for ever. */
export class StreamHeads implements HeadsByOrdinal {
  #count = 0;
  readonly #chunks: Chunk[] = [];
  /** Ordinal + 1 at the slot that the key's first 32 bits lead to, or behind it. */
  #slots = new Uint32Array(1024);

  get count(): number {
    return this.#count;
  }

  key(ordinal: number): Uint8Array {
    const at = keyBytes * (ordinal % chunkStreams);
    return this.#chunk(ordinal).keys.subarray(at, at + keyBytes);
  }

  writeKey(ordinal: number, words: Int32Array, at: number): void {
    const { keyWords } = this.#chunk(ordinal);
    const from = (keyBytes / 4) * (ordinal % chunkStreams);
    for (let i = 0; i < keyBytes / 4; i++) words[at + i] = keyWords[from + i] as number;
  }

  version(ordinal: number): number {
    return this.#chunk(ordinal).versions[ordinal % chunkStreams] as number;
  }

  index(ordinal: number): number {
    return this.#chunk(ordinal).indexes[ordinal % chunkStreams] as number;
  }

  /** @returns the stream's ordinal, or -1 for one that has no event */
  find(key: Uint8Array): number {
    for (let at = this.#home(key, 0); ; at = (at + 1) % this.#slots.length) {
      const ordinal = (this.#slots[at] as number) - 1;
      if (ordinal < 0 || this.#is(ordinal, key)) return ordinal;
    }
  }

  /** Moves a stream on, a new one too, and returns its ordinal. @param key - 32 bytes, copied */
  advance(key: Uint8Array, version: number, index: number): number {
    let ordinal = this.find(key);
    if (ordinal < 0) ordinal = this.#add(key);
    this.set(ordinal, version, index);
    return ordinal;
  }

  /** Gives the stream at a place another head; version 0 is that of a stream without events. */
  set(ordinal: number, version: number, index: number): void {
    const chunk = this.#chunk(ordinal);
    chunk.versions[ordinal % chunkStreams] = version;
    chunk.indexes[ordinal % chunkStreams] = index;
  }

  #add(key: Uint8Array): number {
    if (this.#count * 3 >= this.#slots.length * 2) this.#grow();
    const ordinal = this.#count;
    if (ordinal % chunkStreams === 0) this.#chunks.push(new Chunk());
    this.#count++;
    this.#chunk(ordinal).keys.set(key, keyBytes * (ordinal % chunkStreams));
    this.#place(ordinal);
    return ordinal;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let ordinal = 0; ordinal < this.#count; ordinal++) this.#place(ordinal);
  }

  #place(ordinal: number): void {
    let at = this.#home(this.#chunk(ordinal).keys, keyBytes * (ordinal % chunkStreams));
    while (this.#slots[at] !== 0) at = (at + 1) % this.#slots.length;
    this.#slots[at] = ordinal + 1;
  }

  #is(ordinal: number, key: Uint8Array): boolean {
    const { keys } = this.#chunk(ordinal);
    const from = keyBytes * (ordinal % chunkStreams);
    for (let i = 0; i < keyBytes; i++) if (keys[from + i] !== key[i]) return false;
    return true;
  }

  /** Keys are hashes, so their first bits spread evenly; the table's size is a power of two. */
  #home(keys: Uint8Array, at: number): number {
    const first = ((keys[at] as number) << 24) | ((keys[at + 1] as number) << 16) | ((keys[at + 2] as number) << 8) | (keys[at + 3] as number);
    return (first >>> 0) % this.#slots.length;
  }

  #chunk(ordinal: number): Chunk {
    return this.#chunks[Math.floor(ordinal / chunkStreams)] as Chunk;
  }
}

class Chunk {
  readonly keys = new Uint8Array(keyBytes * chunkStreams);
  readonly keyWords = new Int32Array(this.keys.buffer);
  readonly versions = new Float64Array(chunkStreams);
  readonly indexes = new Float64Array(chunkStreams);
}
