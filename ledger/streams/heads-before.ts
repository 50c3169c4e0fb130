// What the heads of the last entries were before: so that a reader can look at an earlier size without reading again.
import type { HeadsByOrdinal } from './heads.ts';

/** At least one `ledger.indexed` stands among so many entries. */
export const indexedEveryMax = 65_536;

/** A table of heads whose streams can be moved back. */
export interface MovableHeads extends HeadsByOrdinal {
  set(ordinal: number, version: number, index: number): void;
}

/** Moves of streams by entry, in four typed arrays that are used in turns: 28 bytes a move. */
export class HeadsBefore {
  readonly #entries: number;
  #indexes = new Float64Array(1024);
  #ordinals = new Uint32Array(1024);
  #versions = new Float64Array(1024);
  #heads = new Float64Array(1024);
  #first = 0;
  #count = 0;

  /** @param entries - how far it looks back */
  constructor(entries: number) {
    this.#entries = entries;
  }

  /** Notes that the entry at `index` moves a stream, whose head was `version` at `head` before. */
  note(index: number, ordinal: number, version: number, head: number): void {
    while (this.#count > 0 && (this.#indexes[this.#first] as number) < index - this.#entries) {
      this.#first = (this.#first + 1) % this.#indexes.length;
      this.#count--;
    }
    if (this.#count === this.#indexes.length) this.#grow();
    const at = (this.#first + this.#count++) % this.#indexes.length;
    this.#indexes[at] = index;
    this.#ordinals[at] = ordinal;
    this.#versions[at] = version;
    this.#heads[at] = head;
  }

  /**
   * Looks at the heads as the first `size` entries left them, and puts them back.
   *
   * @param size - not further back than this looks
   * @param touch - told of each stream that is moved back, and again of each that is moved forward
   */
  during<T>(size: number, heads: MovableHeads, touch: (ordinal: number) => void, look: () => T): T {
    const now = new Map<number, readonly [version: number, index: number]>();
    for (let i = this.#count - 1; i >= 0; i--) {
      const at = (this.#first + i) % this.#indexes.length;
      if ((this.#indexes[at] as number) < size) break;
      const ordinal = this.#ordinals[at] as number;
      if (!now.has(ordinal)) now.set(ordinal, [heads.version(ordinal), heads.index(ordinal)]);
      heads.set(ordinal, this.#versions[at] as number, this.#heads[at] as number);
      touch(ordinal);
    }
    const seen = look();
    for (const [ordinal, [version, index]] of now) {
      heads.set(ordinal, version, index);
      touch(ordinal);
    }
    return seen;
  }

  #grow(): void {
    const turned = <A extends Float64Array | Uint32Array>(from: A, into: A): A => {
      for (let i = 0; i < this.#count; i++) into[i] = from[(this.#first + i) % from.length] as number;
      return into;
    };
    const size = 2 * this.#indexes.length;
    this.#indexes = turned(this.#indexes, new Float64Array(size));
    this.#ordinals = turned(this.#ordinals, new Uint32Array(size));
    this.#versions = turned(this.#versions, new Float64Array(size));
    this.#heads = turned(this.#heads, new Float64Array(size));
    this.#first = 0;
  }
}
