// The stream index of a range, at each place that states its root. It is kept in a thread of its own, which begins sooner for loading
// little: so that files are named here, and not the doors of rooms.
import { equalBytes } from '../bytes.ts';
import type { HeadsByOrdinal } from '../streams/heads.ts';
import { HeadsBefore, indexedEveryMax } from '../streams/heads-before.ts';
import { kernelSlots } from '../streams/kernel.ts';
import { StreamIndex } from '../streams/stream-index.ts';
import { sha256 } from './fast-engines.ts';

/** What does not follow: where, and in words. */
export interface RangeFault {
  readonly index: number;
  readonly what: string;
}

/** A root of the stream index, as an entry states it. */
export interface StatedRoot {
  /** Of the entry. */
  readonly index: number;
  /** The size at which the index had the root. */
  readonly size: number;
  readonly root: Uint8Array;
}

/** A part of a range, as whoever reads it has found it: streams are numbered from 0 on as they are met. */
export interface RangePart {
  /** Names of the streams met for the first time, in the order of their numbers, each behind its length in 16 bits. */
  readonly names: Uint8Array;
  /** The streams that entries move, in the order of the log, and beside each the index of its entry. */
  readonly ordinals: Int32Array;
  readonly indexes: Float64Array;
  /** In the order of the log. */
  readonly stated: readonly StatedRoot[];
}

/** Takes the parts of a range one after another. It needs no name twice and no entry, so that it can be a thread of its own. */
export class RangeIndex {
  readonly #heads = new NumberedHeads();
  readonly #index = new StreamIndex(this.#heads, kernelSlots());
  readonly #before = new HeadsBefore(indexedEveryMax);

  /** @returns the stated roots that are others */
  take({ names, ordinals, indexes, stated }: RangePart): RangeFault[] {
    for (let at = 0; at < names.length; ) {
      const end = at + 2 + (((names[at] as number) << 8) | (names[at + 1] as number));
      this.#heads.add(sha256(names.subarray(at + 2, end)));
      at = end;
    }
    const faults: RangeFault[] = [];
    let next = 0;
    for (const one of stated) {
      // Roots are about the entries before the one that states them.
      for (; next < indexes.length && (indexes[next] as number) < one.index; next++) this.#move(ordinals[next] as number, indexes[next] as number);
      const root = this.#rootAt(one.size, one.index);
      if (root === null || !equalBytes(root, one.root)) {
        faults.push({ index: one.index, what: `the root of the stream index at size ${one.size} that it states is another` });
      }
    }
    for (; next < indexes.length; next++) this.#move(ordinals[next] as number, indexes[next] as number);
    return faults;
  }

  /** The root of the stream index over the entries taken so far. */
  root(): Uint8Array {
    return this.#index.root();
  }

  #move(ordinal: number, index: number): void {
    const [version, newest] = [this.#heads.version(ordinal), this.#heads.index(ordinal)];
    this.#before.note(index, ordinal, version, newest);
    this.#heads.set(ordinal, version + 1, index);
    this.#index.touch(ordinal);
  }

  #rootAt(size: number, index: number): Uint8Array | null {
    if (size > index || index - size > indexedEveryMax) return null;
    return this.#before.during(size, this.#heads, (ordinal) => this.#index.touch(ordinal), () => this.#index.root());
  }
}

/** Heads of streams that somebody else has found. */
class NumberedHeads implements HeadsByOrdinal {
  #count = 0;
  #keys = new Uint8Array(32 * 1024);
  #keyWords = new Int32Array(this.#keys.buffer);
  /** Version and index of each stream side by side. */
  #heads = new Float64Array(2 * 1024);

  get count(): number {
    return this.#count;
  }

  key(ordinal: number): Uint8Array {
    return this.#keys.subarray(32 * ordinal, 32 * ordinal + 32);
  }

  writeKey(ordinal: number, words: Int32Array, at: number): void {
    for (let i = 0; i < 8; i++) words[at + i] = this.#keyWords[8 * ordinal + i] as number;
  }

  version(ordinal: number): number {
    return this.#heads[2 * ordinal] as number;
  }

  index(ordinal: number): number {
    return this.#heads[2 * ordinal + 1] as number;
  }

  set(ordinal: number, version: number, index: number): void {
    this.#heads[2 * ordinal] = version;
    this.#heads[2 * ordinal + 1] = index;
  }

  add(key: Uint8Array): void {
    if (32 * this.#count === this.#keys.length) {
      const [keys, heads] = [this.#keys, this.#heads];
      this.#keys = new Uint8Array(2 * keys.length);
      this.#keys.set(keys);
      this.#keyWords = new Int32Array(this.#keys.buffer);
      this.#heads = new Float64Array(2 * heads.length);
      this.#heads.set(heads);
    }
    this.#keys.set(key, 32 * this.#count++);
  }
}
