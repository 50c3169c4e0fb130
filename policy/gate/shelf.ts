// What was read before, by digest: a process that goes on asks about the same scans, facts and policies again and again.

/** Bytes of what is kept, as it was read or will be written; in memory it takes two to three times as much. */
const keptBytesMax = 64 * 2 ** 20;

/** The contents of payloads by digest. Whoever takes one has read its bytes and checked their digest; nobody changes what he takes. */
export class ContentShelf {
  readonly #contents = new Map<string, { readonly value: unknown; readonly size: number }>();
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param bytesMax - of the payloads as they were read */
  constructor(bytesMax = keptBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** What `parse` makes of a payload's bytes, from before where they were read before. @param name - of the digest, and of what is made of it */
  take<T>(name: string, bytes: Uint8Array, parse: (bytes: Uint8Array) => T): T {
    return this.keep(name, () => parse(bytes), () => bytes.length);
  }

  /** What `make` makes of contents taken before. @param name - of what they are made of @param sizeOf - in bytes, as it would be read */
  keep<T>(name: string, make: () => T, sizeOf: (made: T) => number): T {
    const known = this.#contents.get(name);
    if (known !== undefined) {
      // Put in again at the end: the oldest go first.
      this.#contents.delete(name);
      this.#contents.set(name, known);
      return known.value as T;
    }
    const value = make();
    const size = sizeOf(value);
    this.#contents.set(name, { value, size });
    this.#bytes += size;
    for (const [oldest, { size: room }] of this.#contents) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#contents.delete(oldest);
      this.#bytes -= room;
    }
    return value;
  }
}
