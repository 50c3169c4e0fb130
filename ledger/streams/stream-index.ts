// The stream index: a binary trie over hashed stream names that proves the last version of every stream, and absence.
import { equalBytes } from '../bytes.ts';
import { sha256 } from '../merkle/index.ts';
import { keyBytes, type HeadsByOrdinal } from './heads.ts';
import { bitOf, leafBytes, nodeBytes, writeLeaf } from './index-hash.ts';
import type { StreamProof } from './proof.ts';

/**
 * SHA-256 of a message, written to `into` at `at`: an index of a million streams is two and a half million hashes, and an
 * array for each costs more than the hash. The message's memory is used again.
 */
export type DigestInto = (message: Uint8Array, into: Uint8Array, at: number) => void;

const pure: DigestInto = (message, into, at) => into.set(sha256(message), at);

/** A child: 0 is absent, above are nodes by number, below is the leaf of stream `-1 - child`. */
type Child = number;

/**
 * The index over a table of heads, kept in typed arrays: about 60 bytes a stream beside the table.
 *
 * Streams are noted as they move, which costs next to nothing; hashes are computed when a root or a proof is asked for.
 */
export class StreamIndex {
  readonly #heads: HeadsByOrdinal;
  readonly #digest: DigestInto;
  /** Children of node n at 2n and 2n + 1; node 0 is the root, and stands even over no stream at all. */
  #children = new Int32Array(2048);
  #hashes = new Uint8Array(1024 * keyBytes);
  /** 1 where the node's hash is out of date; then all nodes above it are out of date too. */
  #stale = new Uint8Array(1024);
  /** How many streams with events are below a node: 0, 1, or 2 for more. */
  #below = new Uint8Array(1024);
  #nodes = 1;
  #leaves = 0;
  /** By ordinal: whether it has a leaf, and whether it has moved since hashes were computed. */
  #state = new Uint8Array(1024);
  #moved: number[] = [];
  readonly #leaf = new Uint8Array(leafBytes);
  readonly #node = new Uint8Array(nodeBytes).fill(0x03, 0, 1);

  /** @param heads - the table that the index covers; its streams of today are noted @param digest - pure JavaScript when left out */
  constructor(heads: HeadsByOrdinal, digest: DigestInto = pure) {
    this.#heads = heads;
    this.#digest = digest;
    for (let ordinal = 0; ordinal < heads.count; ordinal++) this.touch(ordinal);
  }

  /**
   * Notes that a stream's head has moved, or that the stream is new.
   *
   * A head may also go back, to no event at all: a reader takes back what it has read to see the root of an earlier size. Its
   * place in the trie stays, and is passed over.
   */
  touch(ordinal: number): void {
    while (ordinal >= this.#state.length) this.#state = grown(this.#state, new Uint8Array(2 * this.#state.length));
    const state = this.#state[ordinal] as number;
    if ((state & isMoved) !== 0) return;
    this.#state[ordinal] = state | isMoved;
    this.#moved.push(ordinal);
  }

  /** The root over all heads as they stand now: 32 bytes, fresh. */
  root(): Uint8Array {
    this.#update();
    return this.#hashes.slice(0, keyBytes);
  }

  /** Proves a stream's head, or that it has no event. @param key - `streamKeyOf(name)` @see spec/streams.md, "Proofs" */
  prove(key: Uint8Array): StreamProof {
    this.#update();
    const siblings: Uint8Array[] = [];
    let child = this.#top();
    for (let depth = 0; child > 0; depth++) {
      const node = child === rootNode ? 0 : child;
      const bit = bitOf(key, depth);
      siblings.push(this.#hashOf(this.#children[2 * node + 1 - bit] as Child));
      child = this.#children[2 * node + bit] as Child;
    }
    if (child === 0) return { claim: 'absent', siblings };
    const ordinal = -1 - child;
    const head = { version: this.#heads.version(ordinal), index: this.#heads.index(ordinal) };
    const found = this.#heads.key(ordinal).slice();
    return equalBytes(found, key) ? { claim: 'present', siblings, ...head } : { claim: 'absent', siblings, leaf: { key: found, ...head } };
  }

  /** What the whole index is: a subtree with one leaf is that leaf, one without is absent. */
  #top(): Child {
    return this.#leaves > 1 ? rootNode : (this.#children[0] as Child) || (this.#children[1] as Child);
  }

  #update(): void {
    for (const ordinal of this.#moved) {
      const state = (this.#state[ordinal] as number) & ~isMoved;
      this.#state[ordinal] = state;
      if (state === hasLeaf) this.#markPath(this.#heads.key(ordinal));
      // A table may hold a place for a stream that has no event yet.
      else if (this.#heads.version(ordinal) > 0) this.#place(ordinal);
    }
    this.#moved = [];
    if (this.#stale[0] === 1) this.#refresh(0);
  }

  /** Marks the nodes above a stream's leaf. */
  #markPath(key: Uint8Array): void {
    let node = 0;
    for (let depth = 0; ; depth++) {
      this.#stale[node] = 1;
      const child = this.#children[2 * node + bitOf(key, depth)] as Child;
      if (child <= 0) return;
      node = child;
    }
  }

  /** Gives a new stream its leaf. */
  #place(ordinal: number): void {
    const key = this.#heads.key(ordinal);
    this.#state[ordinal] = hasLeaf;
    this.#leaves++;
    let node = 0;
    for (let depth = 0; ; depth++) {
      this.#stale[node] = 1;
      const at = 2 * node + bitOf(key, depth);
      const child = this.#children[at] as Child;
      if (child === 0) {
        this.#children[at] = -1 - ordinal;
        return;
      }
      node = child;
      if (child < 0) {
        // Two leaves cannot share a place: the other one moves down until their bits part. The array may grow meanwhile.
        node = this.#above(child, depth + 1);
        this.#children[at] = node;
      }
    }
  }

  /** Makes a node with one leaf below it. */
  #above(leaf: Child, depth: number): number {
    const node = this.#nodes++;
    if (2 * node >= this.#children.length) {
      this.#children = grown(this.#children, new Int32Array(2 * this.#children.length));
      this.#hashes = grown(this.#hashes, new Uint8Array(2 * this.#hashes.length));
      this.#stale = grown(this.#stale, new Uint8Array(2 * this.#stale.length));
      this.#below = grown(this.#below, new Uint8Array(2 * this.#below.length));
    }
    this.#children[2 * node + bitOf(this.#heads.key(-1 - leaf), depth)] = leaf;
    return node;
  }

  /** Computes the hash of a stale node, and of stale ones below it first; keys have 256 bits, so it is at most as deep. */
  #refresh(node: number): void {
    const left = this.#children[2 * node] as Child, right = this.#children[2 * node + 1] as Child;
    if (left > 0 && this.#stale[left] === 1) this.#refresh(left);
    if (right > 0 && this.#stale[right] === 1) this.#refresh(right);
    const onLeft = this.#streams(left), below = Math.min(2, onLeft + this.#streams(right));
    this.#below[node] = below;
    this.#stale[node] = 0;
    // A subtree with one leaf is that leaf, and one without is absent.
    if (below < 2) return this.#writeHash(onLeft === 1 ? left : right, this.#hashes, node * keyBytes);
    this.#writeHash(left, this.#node, 1);
    this.#writeHash(right, this.#node, 1 + keyBytes);
    this.#digest(this.#node, this.#hashes, node * keyBytes);
  }

  /** How many streams with events are below a child, or are it: 0, 1, or 2 for more. */
  #streams(child: Child): number {
    if (child < 0) return this.#heads.version(-1 - child) > 0 ? 1 : 0;
    return child === 0 ? 0 : (this.#below[child] as number);
  }

  #hashOf(child: Child): Uint8Array {
    const hash = new Uint8Array(keyBytes);
    this.#writeHash(child, hash, 0);
    return hash;
  }

  #writeHash(child: Child, into: Uint8Array, at: number): void {
    if (child < 0 && this.#heads.version(-1 - child) > 0) {
      // Leaf hashes are not kept: they would take a third of the memory, and cost one block each.
      const ordinal = -1 - child;
      writeLeaf(this.#leaf, this.#heads.key(ordinal), this.#heads.version(ordinal), this.#heads.index(ordinal));
      this.#digest(this.#leaf, into, at);
    } else if (child <= 0) {
      into.fill(0, at, at + keyBytes);
    } else {
      const from = child === rootNode ? 0 : child * keyBytes;
      for (let i = 0; i < keyBytes; i++) into[at + i] = this.#hashes[from + i] as number;
    }
  }
}

const hasLeaf = 1;
const isMoved = 2;

/** Stands for node 0 where 0 would mean an absent child. */
const rootNode = 0x7fff_ffff;

function grown<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
