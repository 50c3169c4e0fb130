// The growing tree: takes entries in bulk, knows its root at any time, and gives away each tile that becomes full.
import { emptyRoot } from '../merkle/index.ts';
import type { FatTile } from '../store/port.ts';
import type { Engine } from './engine.ts';

const width = 256;
/** Hashes of a fat tile: 256, 128, … 2. The root is the 511th, kept while the tile grows. */
export const fatHashes = 510;
/** Where the row of each height begins in a fat tile, counted in hashes. */
export const rowAt: readonly number[] = [0, 256, 384, 448, 480, 496, 504, 508, 510];
const tileBytes = 32 * (fatHashes + 1);
/** Tile levels of a tree of up to 2^53 - 1 entries. */
const levels = 7;

export class Tree {
  readonly #engine: Engine;
  #size = 0;
  /** The tile that grows, at each level: 511 hashes, of which those over its first hashes are filled in. */
  readonly #edge: readonly Uint8Array[];
  /** Three hashes: where the root is folded together. */
  readonly #scratch: Uint8Array;
  #full: FatTile[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
    const memory = engine.allocate(levels * tileBytes + 3 * 32);
    this.#edge = Array.from({ length: levels }, (_, level) => memory.subarray(level * tileBytes, (level + 1) * tileBytes));
    this.#scratch = memory.subarray(levels * tileBytes, levels * tileBytes + 3 * 32);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * A tree of a known size, from the hashes of its partial tiles.
   *
   * @param hashesAt - the hashes of the partial tile at a level, 32 bytes each: `floor(size / 256^level) mod 256` of them
   */
  static of(engine: Engine, size: number, hashesAt: (level: number) => Uint8Array): Tree {
    const tree = new Tree(engine);
    for (let level = 0; level < levels; level++) {
      const count = Math.floor(size / width ** level) % width;
      const hashes = count === 0 ? new Uint8Array() : hashesAt(level);
      if (hashes.length !== 32 * count) throw new RangeError(`${hashes.length} bytes for the ${count} hashes of level ${level}`);
      const edge = tree.#edge[level] as Uint8Array;
      edge.set(hashes);
      tree.#fillRows(edge, 0, count);
    }
    tree.#size = size;
    return tree;
  }

  /** Appends packed entries. @param offsets - as `offsetsOf` gives them */
  append(packed: Uint8Array, offsets: Uint32Array): void {
    const count = offsets.length - 1;
    const edge = this.#edge[0] as Uint8Array;
    for (let from = 0; from < count; ) {
      const filled = this.#size % width;
      const to = Math.min(count, from + width - filled);
      this.#engine.leaves(packed, offsets, from, to, edge, filled);
      this.#grow(0, filled, filled + to - from);
      this.#size += to - from;
      from = to;
    }
  }

  /** The hashes that stand in the partial tile of a level now, for who serves or stores it. */
  partial(level: number): Uint8Array {
    const count = Math.floor(this.#size / width ** level) % width;
    return (this.#edge[level] as Uint8Array).slice(0, 32 * count);
  }

  /** A node of the partial tiles, as a view, or null where it is not in one. @param level, index - of the whole tree */
  node(level: number, index: number): Uint8Array | null {
    const height = level % 8;
    const tile = (level - height) / 8;
    const perTile = width >>> height;
    const number = Math.floor(index / perTile);
    const count = Math.floor(this.#size / width ** tile);
    if (number !== Math.floor(count / width)) return null;
    const at = index - number * perTile;
    if (at >= (count % width) >>> height) return null;
    const first = 32 * ((rowAt[height] as number) + at);
    return (this.#edge[tile] as Uint8Array).subarray(first, first + 32);
  }

  /** The tiles that became full since the last call. */
  takeFullTiles(): FatTile[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** @returns a fresh array of 32 bytes */
  root(): Uint8Array {
    // The perfect subtrees from right to left: at each level those of the partial tile, the smallest first.
    const scratch = this.#scratch;
    let there = false;
    for (let level = 0; level < levels; level++) {
      const count = Math.floor(this.#size / width ** level) % width;
      for (let height = 0; height < 8; height++) {
        if (((count >>> height) & 1) === 0) continue;
        const at = 32 * ((rowAt[height] as number) + (count >>> height) - 1);
        const node = (this.#edge[level] as Uint8Array).subarray(at, at + 32);
        if (there) {
          scratch.copyWithin(32, 64, 96);
          scratch.set(node, 0);
          this.#engine.pairs(scratch, 0, 2, 1);
        } else {
          scratch.set(node, 64);
          there = true;
        }
      }
    }
    return there ? scratch.slice(64) : emptyRoot();
  }

  #grow(level: number, before: number, now: number): void {
    const edge = this.#edge[level] as Uint8Array;
    this.#fillRows(edge, before, now);
    if (now < width) return;
    const number = Math.floor(this.#size / width ** (level + 1));
    this.#full.push({ level, number, nodes: edge.slice(0, 32 * fatHashes) });
    const above = number % width;
    (this.#edge[level + 1] as Uint8Array).set(edge.subarray(32 * fatHashes), 32 * above);
    this.#grow(level + 1, above, above + 1);
  }

  /** The nodes above the hashes `before` to `now` of a tile, as far as both their children are there. */
  #fillRows(edge: Uint8Array, before: number, now: number): void {
    for (let height = 0; height < 8; height++) {
      const first = before >>> (height + 1);
      const last = now >>> (height + 1);
      if (last === first) return;
      this.#engine.pairs(edge, (rowAt[height] as number) + 2 * first, (rowAt[height + 1] as number) + first, last - first);
    }
  }
}
