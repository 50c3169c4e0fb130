// The stream index: a binary trie over hashed stream names that proves the last version of every stream, and absence.
import { equalBytes } from '../bytes.ts';
import { keyBytes, type HeadsByOrdinal } from './heads.ts';
import { bitOf } from './index-hash.ts';
import { lanesAtOnce, leafAt, nodeAt, pureLanes, resultAt, type Lanes } from './lanes.ts';
import type { StreamProof } from './proof.ts';

/** A child: 0 is absent, above are nodes by number, below is the leaf of stream `-1 - child`. */
type Child = number;

/**
 * The index over a table of heads, kept in typed arrays: about 70 bytes a stream beside the table.
 *
 * Streams are noted as they move, which costs next to nothing; hashes are computed when a root or a proof is asked for.
 */
export class StreamIndex {
  readonly #heads: HeadsByOrdinal;
  readonly #lanes: Lanes;
  /** Children of node n at 2n and 2n + 1; node 0 is the root, and stands even over no stream at all. */
  #children = new Int32Array(2048);
  /** The node above each node; that of a node below the root is 0, as the root's own. */
  #parents = new Int32Array(1024);
  #hashes = new Int32Array(1024 * keyWords);
  /** 1 where the node's hash is out of date; then all nodes above it are out of date too. */
  #stale = new Uint8Array(1024);
  /** How many streams with events are below a node: 0, 1, or 2 for more. */
  #below = new Uint8Array(1024);
  #nodes = 1;
  /** How many nodes there were when they were numbered in order. */
  #ordered = 0;
  #leaves = 0;
  /** By ordinal: whether it has a leaf, and whether it has moved since hashes were computed. */
  #state = new Uint8Array(1024);
  /** By ordinal: the node above its leaf. */
  #above = new Int32Array(1024);
  #moved: number[] = [];
  /** Where in its message each leaf's hash belongs. */
  readonly #leafPlaces = new Int32Array(lanesAtOnce);
  /** The nodes whose messages are laid out. */
  readonly #full = new Int32Array(lanesAtOnce);

  /** @param heads - the table that the index covers; its streams of today are noted @param lanes - pure JavaScript when left out */
  constructor(heads: HeadsByOrdinal, lanes: Lanes = pureLanes()) {
    this.#heads = heads;
    this.#lanes = lanes;
    for (let ordinal = 0; ordinal < heads.count; ordinal++) this.touch(ordinal);
  }

  /**
   * Notes that a stream's head has moved, or that the stream is new.
   *
   * A head may also go back, to no event at all: a reader takes back what it has read to see the root of an earlier size. Its
   * place in the trie stays, and is passed over.
   */
  touch(ordinal: number): void {
    while (ordinal >= this.#state.length) {
      this.#above = grown(this.#above, new Int32Array(2 * this.#above.length));
      this.#state = grown(this.#state, new Uint8Array(2 * this.#state.length));
    }
    const state = this.#state[ordinal] as number;
    if ((state & isMoved) !== 0) return;
    this.#state[ordinal] = state | isMoved;
    this.#moved.push(ordinal);
  }

  /** The root over all heads as they stand now: 32 bytes, fresh. */
  root(): Uint8Array {
    this.#update();
    return new Uint8Array(this.#hashes.slice(0, keyWords).buffer);
  }

  /** Proves a stream's head, or that it has no event. @param key - `streamKeyOf(name)` @see spec/streams.md, "Proofs" */
  prove(key: Uint8Array): StreamProof {
    this.#update();
    const siblings: Uint8Array[] = [];
    let child = this.#top();
    for (let depth = 0; child > 0; depth++) {
      const node = child === rootNode ? 0 : child;
      const bit = bitOf(key, depth);
      const sibling = new Int32Array(keyWords);
      this.#hashOf(this.#children[2 * node + 1 - bit] as Child, sibling, 0);
      siblings.push(new Uint8Array(sibling.buffer));
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
      if (state === hasLeaf) this.#mark(this.#above[ordinal] as number);
      // A table may hold a place for a stream that has no event yet.
      else if (this.#heads.version(ordinal) > 0) this.#place(ordinal);
    }
    this.#moved = [];
    if (this.#nodes > 1.25 * this.#ordered + 1000) this.#order();
    if (this.#stale[0] === 1) this.#refresh();
  }

  /**
   * Numbers the nodes level by level, from left to right, as they are hashed: then hashes that are read together lie together, and
   * a root over 100,000 streams takes half the time. Each node is moved about five times while the index grows.
   */
  #order(): void {
    const order = new Int32Array(this.#nodes);
    const places = new Int32Array(this.#nodes);
    for (let i = 0, end = 1; i < end; i++) {
      const node = order[i] as number;
      places[node] = i;
      for (let side = 0; side < 2; side++) {
        const child = this.#children[2 * node + side] as Child;
        if (child > 0) order[end++] = child;
      }
    }
    const children = new Int32Array(this.#children.length);
    const hashes = new Int32Array(this.#hashes.length);
    const [stale, below] = [new Uint8Array(this.#stale.length), new Uint8Array(this.#below.length)];
    for (let i = 0; i < this.#nodes; i++) {
      const node = order[i] as number;
      for (let side = 0; side < 2; side++) {
        const child = this.#children[2 * node + side] as Child;
        children[2 * i + side] = child > 0 ? (places[child] as number) : child;
        if (child > 0) this.#parents[places[child] as number] = i;
        else if (child < 0) this.#above[-1 - child] = i;
      }
      copyHash(this.#hashes, keyWords * node, hashes, keyWords * i);
      stale[i] = this.#stale[node] as number;
      below[i] = this.#below[node] as number;
    }
    this.#children = children;
    this.#hashes = hashes;
    this.#stale = stale;
    this.#below = below;
    this.#ordered = this.#nodes;
  }

  /** Marks a node and those above it, up to one that is out of date already. */
  #mark(node: number): void {
    for (let at = node; this.#stale[at] === 0; at = this.#parents[at] as number) this.#stale[at] = 1;
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
        this.#above[ordinal] = node;
        return;
      }
      if (child > 0) {
        node = child;
        continue;
      }
      // Two leaves cannot share a place: the other one moves down until their bits part. The array may grow meanwhile.
      const between = this.#push(child, depth + 1);
      this.#children[at] = between;
      this.#parents[between] = node;
      node = between;
    }
  }

  /** Makes a node with one leaf below it. */
  #push(leaf: Child, depth: number): number {
    const node = this.#nodes++;
    this.#above[-1 - leaf] = node;
    if (2 * node >= this.#children.length) {
      this.#parents = grown(this.#parents, new Int32Array(2 * this.#parents.length));
      this.#children = grown(this.#children, new Int32Array(2 * this.#children.length));
      this.#hashes = grown(this.#hashes, new Int32Array(2 * this.#hashes.length));
      this.#stale = grown(this.#stale, new Uint8Array(2 * this.#stale.length));
      this.#below = grown(this.#below, new Uint8Array(2 * this.#below.length));
    }
    this.#children[2 * node + bitOf(this.#heads.key(-1 - leaf), depth)] = leaf;
    return node;
  }

  /** Computes the hashes that are out of date: level by level from the deepest up, many at once. */
  #refresh(): void {
    const levels: number[][] = [];
    for (let level = [0]; level.length > 0; ) {
      levels.push(level);
      const below: number[] = [];
      for (const node of level) {
        const left = this.#children[2 * node] as Child, right = this.#children[2 * node + 1] as Child;
        if (left > 0 && this.#stale[left] === 1) below.push(left);
        if (right > 0 && this.#stale[right] === 1) below.push(right);
      }
      level = below;
    }
    for (const level of levels.reverse()) {
      for (let from = 0; from < level.length; from += nodesAtOnce) this.#hashNodes(level, from, Math.min(level.length, from + nodesAtOnce));
    }
  }

  /** Hashes nodes whose children have their hashes: first the leaves below them, then the nodes themselves. */
  #hashNodes(nodes: readonly number[], from: number, end: number): void {
    const { words } = this.#lanes;
    const full = this.#full;
    let count = 0;
    let leaves = 0;
    for (let i = from; i < end; i++) {
      const node = nodes[i] as number;
      const left = this.#children[2 * node] as Child, right = this.#children[2 * node + 1] as Child;
      const onLeft = this.#streams(left), below = Math.min(2, onLeft + this.#streams(right));
      this.#below[node] = below;
      this.#stale[node] = 0;
      if (below < 2) {
        // A subtree with one leaf is that leaf, and one without is absent.
        this.#hashOf(onLeft === 1 ? left : right, this.#hashes, keyWords * node);
        continue;
      }
      const at = nodeAt(count);
      leaves = this.#writeChild(left, at, leaves);
      leaves = this.#writeChild(right, at + keyWords, leaves);
      full[count++] = node;
    }
    this.#lanes.hashLeaves(leaves);
    for (let i = 0; i < leaves; i++) copyHash(words, resultAt(i), words, this.#leafPlaces[i] as number);
    this.#lanes.hashNodes(count);
    for (let i = 0; i < count; i++) copyHash(words, resultAt(i), this.#hashes, keyWords * (full[i] as number));
  }

  /** How many streams with events are below a child, or are it: 0, 1, or 2 for more. */
  #streams(child: Child): number {
    if (child < 0) return this.#heads.version(-1 - child) > 0 ? 1 : 0;
    return child === 0 ? 0 : (this.#below[child] as number);
  }

  /** Writes a child's hash into a node's message, or notes the leaf that must be hashed for it. @returns leaves noted */
  #writeChild(child: Child, at: number, leaves: number): number {
    const { words } = this.#lanes;
    if (child < 0 && this.#streams(child) === 1) {
      this.#writeLeaf(child, leaves);
      this.#leafPlaces[leaves] = at;
      return leaves + 1;
    }
    if (child > 0) copyHash(this.#hashes, keyWords * child, words, at);
    else words.fill(0, at, at + keyWords);
    return leaves;
  }

  // Leaf hashes are not kept: they would take a third of the memory, and cost one block each.
  #writeLeaf(child: Child, i: number): void {
    const ordinal = -1 - child;
    const at = leafAt(i);
    const { words, view } = this.#lanes;
    this.#heads.writeKey(ordinal, words, at);
    writeUint64(view, 4 * (at + keyWords), this.#heads.version(ordinal));
    writeUint64(view, 4 * (at + keyWords + 2), this.#heads.index(ordinal));
  }

  /** Writes a child's hash to `into` at `at`. */
  #hashOf(child: Child, into: Int32Array, at: number): void {
    if (child > 0) return copyHash(this.#hashes, keyWords * child, into, at);
    if (this.#streams(child) === 0) return void into.fill(0, at, at + keyWords);
    // The last leaf's message is nobody's but this one's.
    this.#writeLeaf(child, lanesAtOnce - 1);
    this.#lanes.hashLeaf(lanesAtOnce - 1);
    copyHash(this.#lanes.words, resultAt(lanesAtOnce - 1), into, at);
  }
}

const keyWords = keyBytes / 4;
/** How many nodes are hashed with one call: each may bring two leaves, and one leaf is left over. */
const nodesAtOnce = Math.floor((lanesAtOnce - 1) / 2);

function copyHash(from: Int32Array, at: number, to: Int32Array, place: number): void {
  for (let i = 0; i < keyWords; i++) to[place + i] = from[at + i] as number;
}

function writeUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value);
}

const hasLeaf = 1;
const isMoved = 2;

/** Stands for node 0 where 0 would mean an absent child. */
const rootNode = 0x7fff_ffff;

function grown<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
