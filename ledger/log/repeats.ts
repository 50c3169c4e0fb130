// What was there before: a compact table from 16-byte keys (`sameAs`, idempotency keys) to entry indexes, exact with its owner's help.

const tables = 256;
/** Bytes of a slot: 4 of the key, 5 of the index. At a load of 1/2 to 3/4 an entry takes 12 to 18 bytes. */
const loadMax = 0.75;

/**
 * Finds candidates: entries whose key begins with the same 32 bits. At ten million entries one lookup in 430 finds a stranger,
 * so that who asks compares with the stored key, which stands in the entry itself.
 *
 * A database's index on random keys does 25,000 inserts a second at a million rows; this table does millions, and grows by
 * 256 pieces, so that no append ever waits for all of it to be moved.
 */
export class RepeatTable {
  readonly #parts: Part[] = Array.from({ length: tables }, () => new Part(16));
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param key - 16 bytes of a hash @param index - of the entry, less than 2^39 */
  add(key: Uint8Array, index: number): void {
    const mark = markOf(key);
    (this.#parts[mark >>> 24] as Part).add(mark, index);
    this.#count += 1;
  }

  /** Indexes of the entries that may have this key, in no order; usually none or one. */
  find(key: Uint8Array): readonly number[] {
    const mark = markOf(key);
    return (this.#parts[mark >>> 24] as Part).find(mark);
  }

  /** Reads what `find` and `add` will read; the result means nothing. @see NamedHeads.near */
  near(key: Uint8Array): number {
    const mark = markOf(key);
    return (this.#parts[mark >>> 24] as Part).near(mark);
  }

  /** The table as bytes, for a memo. */
  parts(): Uint8Array[] {
    const sizes = new Uint32Array(this.#parts.length);
    const bytes: Uint8Array[] = [];
    this.#parts.forEach((part, i) => {
      sizes[i] = part.size;
      bytes.push(asBytes(part.slots), part.high);
    });
    return [asBytes(sizes), ...bytes];
  }

  static of(bytes: Uint8Array): RepeatTable {
    const table = new RepeatTable();
    const sizes = new Uint32Array(bytes.slice(0, 4 * tables).buffer);
    let at = 4 * tables;
    for (let i = 0; i < tables; i++) {
      const size = sizes[i] as number;
      const slots = new Uint32Array(bytes.slice(at, at + 8 * size).buffer);
      const high = bytes.slice(at + 8 * size, at + 9 * size);
      at += 9 * size;
      const part = Part.of(slots, high);
      table.#parts[i] = part;
      table.#count += part.count;
    }
    if (at !== bytes.length) throw new RangeError(`a table of ${at} bytes in ${bytes.length}`);
    return table;
  }
}

/** Open addressing with linear probing. A slot is the key's mark and, in two parts, the index: its lower one is never 0, so that 0 is free. */
class Part {
  slots: Uint32Array;
  high: Uint8Array;
  size: number;
  count = 0;

  constructor(size: number) {
    this.size = size;
    this.slots = new Uint32Array(2 * size);
    this.high = new Uint8Array(size);
  }

  static of(slots: Uint32Array, high: Uint8Array): Part {
    const part = new Part(0);
    part.slots = slots;
    part.high = high;
    part.size = high.length;
    for (let i = 0; i < part.size; i++) if (slots[2 * i + 1] !== 0) part.count += 1;
    return part;
  }

  add(mark: number, index: number): void {
    if (this.count + 1 > this.size * loadMax) this.#grow();
    this.#put(mark, 1 + (index % lows), Math.floor(index / lows));
    this.count += 1;
  }

  #put(mark: number, low: number, high: number): void {
    let at = this.#home(mark);
    while (this.slots[2 * at + 1] !== 0) at = at + 1 === this.size ? 0 : at + 1;
    this.slots[2 * at] = mark;
    this.slots[2 * at + 1] = low;
    this.high[at] = high;
  }

  near(mark: number): number {
    const at = this.#home(mark);
    return (this.slots[2 * at] as number) + (this.high[at] as number);
  }

  find(mark: number): readonly number[] {
    let found: number[] | null = null;
    for (let at = this.#home(mark); this.slots[2 * at + 1] !== 0; at = at + 1 === this.size ? 0 : at + 1) {
      if (this.slots[2 * at] === mark) (found ??= []).push((this.high[at] as number) * lows + (this.slots[2 * at + 1] as number) - 1);
    }
    return found ?? none;
  }

  /** The upper 8 bits of a mark choose the table; the other 24 spread over its slots, whatever their number. */
  #home(mark: number): number {
    return Math.floor(((mark & 0xff_ffff) * this.size) / 0x100_0000);
  }

  #grow(): void {
    const { slots, high, size } = this;
    this.size = Math.ceil(size * 1.5);
    this.slots = new Uint32Array(2 * this.size);
    this.high = new Uint8Array(this.size);
    for (let i = 0; i < size; i++) {
      if (slots[2 * i + 1] !== 0) this.#put(slots[2 * i] as number, slots[2 * i + 1] as number, high[i] as number);
    }
  }
}

const none: readonly number[] = [];
/** How many values the lower part of an index has. */
const lows = 0xffff_ffff;

function markOf(key: Uint8Array): number {
  return (((key[0] as number) << 24) | ((key[1] as number) << 16) | ((key[2] as number) << 8) | (key[3] as number)) >>> 0;
}

function asBytes(array: Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
