// The right edge of a growing tree: all that is needed to append to it and to know its root.
import { concatBytes, encodeUint64 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { half, isOdd, widthOf } from './arithmetic.ts';
import { emptyRoot, hashBytes, nobleHasher, type Hasher } from './hash.ts';
import { foldNodes, nodesOver, type NodeAddress } from './nodes.ts';

/** The largest size a tree can have here: an index and a size are exact as numbers. */
export const treeSizeMax = Number.MAX_SAFE_INTEGER;

/**
 * The roots of the perfect subtrees that make up a tree, from left to right, one for each set bit of its size (a compact
 * range). It changes in place: who may have to go back keeps a `copy()`.
 */
export class Frontier {
  #size = 0;
  #hashes: Uint8Array[] = [];
  readonly #hasher: Hasher;

  constructor(hasher: Hasher = nobleHasher) {
    this.#hasher = hasher;
  }

  /**
   * A frontier of known nodes, such as those of `nodesOver(0, size)` read from a store.
   *
   * @param hashes - 32 bytes each, the largest subtree first
   */
  static of(size: number, hashes: readonly Uint8Array[], hasher: Hasher = nobleHasher): Frontier {
    if (nodesOver(0, size).length !== hashes.length) throw new RangeError(`${hashes.length} hashes for a tree of ${size}`);
    if (!hashes.every((hash) => hash.length === hashBytes)) throw new RangeError('not all hashes are of 32 bytes');
    const frontier = new Frontier(hasher);
    frontier.#size = size;
    frontier.#hashes = [...hashes];
    return frontier;
  }

  get size(): number {
    return this.#size;
  }

  /** The hashes of `nodesOver(0, size)`. */
  get hashes(): readonly Uint8Array[] {
    return this.#hashes;
  }

  /** Where the hashes stand in the tree. */
  get addresses(): NodeAddress[] {
    return nodesOver(0, this.#size);
  }

  copy(hasher: Hasher = this.#hasher): Frontier {
    return Frontier.of(this.#size, this.#hashes, hasher);
  }

  /** Appends one leaf by its hash. @param leaf - 32 bytes; kept, so the caller must not write to it again */
  append(leaf: Uint8Array): void {
    this.appendNode(0, leaf);
  }

  /**
   * Appends 2^level leaves at once by the root over them, such as a full tile's.
   *
   * @param level - the size must be a multiple of 2^level @param hash - 32 bytes; kept, so the caller must not write to it again
   */
  appendNode(level: number, hash: Uint8Array): void {
    const width = widthOf(level);
    if (this.#size % width !== 0) throw new RangeError(`a subtree of ${width} cannot begin at ${this.#size}`);
    if (this.#size > treeSizeMax - width) throw new RangeError(`a tree of ${this.#size} cannot take ${width} more`);
    if (hash.length !== hashBytes) throw new RangeError(`not a hash: ${hash.length} bytes`);
    let root = hash;
    // Each set bit from here up is a subtree of the same width on the left: together they are one of twice the width.
    for (let rest = this.#size / width; isOdd(rest); rest = half(rest)) root = this.#hasher.node(this.#hashes.pop() as Uint8Array, root);
    this.#hashes.push(root);
    this.#size += width;
  }

  /** @returns a fresh array of 32 bytes */
  root(): Uint8Array {
    return this.#hashes.length === 0 ? emptyRoot() : foldNodes(this.#hashes, this.#hasher).slice();
  }
}

/** Writes a frontier: the size in 8 bytes, big-endian, then its hashes from left to right. */
export function encodeFrontier(frontier: Frontier): Uint8Array {
  return concatBytes(encodeUint64(frontier.size), ...frontier.hashes);
}

/**
 * Reads what `encodeFrontier` wrote.
 *
 * @throws {LedgerError} INPUT_MALFORMED when the size is over 2^53 - 1 or the number of hashes is not the one it implies
 */
export function decodeFrontier(bytes: Uint8Array, hasher: Hasher = nobleHasher): Frontier {
  if (bytes.length < 8) throw new LedgerError('INPUT_MALFORMED', `Cannot read a frontier: ${bytes.length} bytes, expected at least 8`);
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  if (size > treeSizeMax) throw new LedgerError('INPUT_MALFORMED', 'Cannot read a frontier: its size is over 2^53 - 1', { position: 0 });
  const count = nodesOver(0, size).length;
  const expected = 8 + count * hashBytes;
  if (bytes.length !== expected) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read a frontier of ${size}: ${bytes.length} bytes, expected ${expected}`, { position: 8 });
  }
  const hashes = Array.from({ length: count }, (_, i) => bytes.slice(8 + i * hashBytes, 8 + (i + 1) * hashBytes));
  return Frontier.of(size, hashes, hasher);
}
