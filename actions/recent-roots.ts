// Roots that a tree had a while ago: what an entry says of a tree that it read is held against the tree as it was then.
import { Frontier, type Hasher } from '../ledger/merkle/index.ts';
import { indexedEveryMax } from '../ledger/streams/index.ts';

/** A right edge is kept at every so many entries; the leaves between are appended to it again. */
const everyEntries = 256;

/** A growing tree that remembers its roots over the last 65,536 entries. */
export class RecentRoots {
  readonly #tree: Frontier;
  /** Leaf hashes by index, and right edges by size: the oldest first. */
  readonly #leaves = new Map<number, Uint8Array>();
  readonly #edges = new Map<number, Frontier>();

  constructor(hasher: Hasher) {
    this.#tree = new Frontier(hasher);
  }

  get size(): number {
    return this.#tree.size;
  }

  /** @param leaf - its hash, 32 bytes; kept */
  append(leaf: Uint8Array): void {
    const { size } = this.#tree;
    if (size % everyEntries === 0) {
      this.#edges.set(size, this.#tree.copy());
      this.#edges.delete(size - indexedEveryMax - everyEntries);
    }
    this.#leaves.set(size, leaf);
    this.#leaves.delete(size - indexedEveryMax - everyEntries);
    this.#tree.append(leaf);
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** @returns null for a size that is not reached yet, or that is further back than it remembers */
  rootAt(size: number): Uint8Array | null {
    if (size > this.#tree.size || this.#tree.size - size > indexedEveryMax) return null;
    const start = Math.floor(size / everyEntries) * everyEntries;
    const tree = (this.#edges.get(start) ?? this.#tree).copy();
    for (let at = start; at < size && tree.size < size; at++) tree.append(this.#leaves.get(at) as Uint8Array);
    return tree.root();
  }
}
