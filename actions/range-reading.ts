// Reading a range: its tree, which streams its entries move, whether each follows from the one before, and what they come to as documents.
import { decodeEvent } from '../ledger/events/index.ts';
import { defaultEngines } from '../ledger/log/engine.ts';
import type { RangeFault, RangePart, StatedRoot } from '../ledger/log/range-index.ts';
import { Tree } from '../ledger/log/tree.ts';
import { offsetsOf, type Run } from '../ledger/store/packed.ts';
import type { Head } from '../policy/gate/source.ts';
import type { Documents, ProjectionName } from '../projections/gate-critical.ts';
import { MemoryFold } from '../projections/memory.ts';
import type { Tags } from '../projections/stream-table.ts';

/** What reads a range from its first entry on, and leaves the stream index to another. */
export class RangeReading {
  readonly fold = new MemoryFold(undefined, { tags: (tags) => this.#follow(tags), stated: (index, entry) => this.#note(index, entry) });
  readonly #tree = new Tree(defaultEngines()[0]);
  /** Version and newest entry of each stream, side by side, by its place. */
  #heads = new Float64Array(2048);
  #faults: RangeFault[] = [];
  // What came since the last part was given away.
  #stated: StatedRoot[] = [];
  #ordinals = new Int32Array(4096);
  #indexes = new Float64Array(4096);
  #moves = 0;
  #told = 0;

  /** Takes the next entries. @throws {LedgerError} PROJECTION_STOPPED at one that this version cannot read */
  take(run: Run): void {
    this.#tree.append(run.packed, offsetsOf(run));
    this.#tree.takeFullTiles();
    this.fold.addRun(run);
  }

  /** The root of the tree over the entries taken so far. */
  root(): Uint8Array {
    return this.#tree.root();
  }

  /** What has come since it was asked last, for who keeps the index: all memory in it may be given away. */
  part(): RangePart {
    const names = this.fold.streams.namesFrom(this.#told);
    this.#told = this.fold.streams.size;
    const part = { names, ordinals: this.#ordinals.slice(0, this.#moves), indexes: this.#indexes.slice(0, this.#moves), stated: this.#stated };
    [this.#stated, this.#moves] = [[], 0];
    return part;
  }

  /** Versions and links that do not follow, in the order of the log. */
  get faults(): readonly RangeFault[] {
    return this.#faults;
  }

  /** A stream's head at this size; null where it has no event. @param name - in UTF-8 */
  head(name: Uint8Array): Head | null {
    const place = this.fold.streams.placeOf(name);
    return place < 0 ? null : { version: this.#heads[2 * place] as number, index: this.#heads[2 * place + 1] as number };
  }

  document<N extends ProjectionName>(name: N, stream: string): Documents[N] | null {
    return this.fold.get(name, stream);
  }

  /** Every version is the one after the last, and names the entry that brought that. */
  #follow({ count, place, index, version, prev }: Tags): void {
    while (2 * this.fold.streams.size > this.#heads.length) this.#heads = doubled(this.#heads, new Float64Array(2 * this.#heads.length));
    while (this.#moves + count > this.#ordinals.length) {
      this.#ordinals = doubled(this.#ordinals, new Int32Array(2 * this.#ordinals.length));
      this.#indexes = doubled(this.#indexes, new Float64Array(2 * this.#indexes.length));
    }
    const heads = this.#heads;
    for (let i = 0; i < count; i++) {
      const at = 2 * (place[i] as number);
      const [before, entry] = [heads[at] as number, index[i] as number];
      if (version[i] !== before + 1 || prev[i] !== (before === 0 ? -1 : heads[at + 1])) this.#find(entry, before);
      heads[at] = before + 1;
      heads[at + 1] = entry;
      this.#ordinals[this.#moves] = place[i] as number;
      this.#indexes[this.#moves++] = entry;
    }
  }

  #find(index: number, version: number): void {
    if (this.#faults.length === faultsMax) return;
    this.#faults.push({ index, what: `one of its streams is at version ${version} before it, and the entry says otherwise` });
  }

  #note(index: number, entry: Uint8Array): void {
    const event = decodeEvent(entry);
    if (event.type === 'ledger.indexed') {
      const { size, root } = event.data;
      if (size === index) this.#stated.push({ index, size, root: root[1] });
      else if (this.#faults.length < faultsMax) this.#faults.push({ index, what: `it states the stream index of size ${size}, expected its own place` });
    }
    if (event.type === 'decision.recorded') this.#stated.push({ index, size: event.data.tree.size, root: event.data.index[1] });
  }
}

/** More of them say nothing that the first ones do not. */
export const faultsMax = 100;

function doubled<T extends Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
