// The stream index: a binary trie over hashed stream names that proves the last version of every stream, and absence.
import { equalBytes } from '../bytes.ts';
import { keyBytes, type HeadsByOrdinal } from './heads.ts';
import { bitOf } from './index-hash.ts';
import type { StreamProof } from './proof.ts';
import { listAt, messageWords, nodeWords, pureSlots, roomFor, slotAt, slotsAtOnce, slotWords, type Slots } from './slots.ts';

/** What is in a slot: 0 for an absent child, above the pair of a node's children by number, below the leaf of stream `-1 - content`. */
type Content = number;

/** The root's slot, beside that of nobody's, and the pair of its children, which stands even over no stream at all. */
const [rootSlot, rootPair] = [1, 1];
/** The slots of the root's children: this one, and the next. */
const topSlot = 2;
/** The state of a pair: the depth of the node whose children it holds, and whether that node's hash is out of date; then those above it are too. */
const isStale = 0x8000;
/** Moved streams are sorted into so many parts of the memory, as a power of two. */
const bucketBits = 12;

/**
 * The index over a table of heads: about 120 bytes a stream beside the table.
 *
 * Streams are noted as they move, which costs next to nothing; hashes are computed when a root or a proof is asked for. Of a large
 * index most of the time goes into waiting for far memory: so that the children of a node stand side by side, in one line of it,
 * and on the way up from a leaf only the slot above each pair is read.
 */
export class StreamIndex {
  readonly #heads: HeadsByOrdinal;
  readonly #slots: Slots;
  /** By slot. Every node has two streams with events below it, or more, but for the root. */
  #contents = new Int32Array(512);
  /** By pair: the slot of the node above; of a free pair, the next free one. */
  #above = new Int32Array(256);
  #states = new Uint16Array(256);
  /** How many pairs were ever used, and the first of those that are free again. */
  #used = rootPair + 1;
  #free = 0;
  /** How many there were when they were numbered in order. */
  #ordered = 0;
  #leaves = 0;
  /** By ordinal: the slot of its leaf, or 0. */
  #leafOf = new Int32Array(1024);
  /** By ordinal: 1 where it has moved since hashes were computed. */
  #hasMoved = new Uint8Array(1024);
  #moved = new Int32Array(1024);
  #movedCount = 0;
  /** Pairs of nodes that are out of date, by depth. */
  readonly #levels: List[] = [new List()];
  /** Keys of a new stream and of the one in its place. */
  readonly #key = new Key();
  readonly #other = new Key();

  /** @param heads - the table that the index covers; its streams of today are noted @param slots - pure JavaScript when left out */
  constructor(heads: HeadsByOrdinal, slots: Slots = pureSlots()) {
    this.#heads = heads;
    this.#slots = slots;
    slots.grow(2 * this.#above.length);
    this.#above[rootPair] = rootSlot;
    // Whoever goes up from the root stops there.
    this.#states[0] = isStale;
    for (let ordinal = 0; ordinal < heads.count; ordinal++) this.touch(ordinal);
  }

  /**
   * Notes that a stream's head has moved, or that the stream is new.
   *
   * A head may also go back, to no event at all: a reader takes back what it has read to see the root of an earlier size.
   */
  touch(ordinal: number): void {
    while (ordinal >= this.#hasMoved.length) {
      this.#leafOf = grown(this.#leafOf, new Int32Array(2 * this.#leafOf.length));
      this.#hasMoved = grown(this.#hasMoved, new Uint8Array(2 * this.#hasMoved.length));
    }
    if (this.#hasMoved[ordinal] === 1) return;
    this.#hasMoved[ordinal] = 1;
    if (this.#movedCount === this.#moved.length) this.#moved = grown(this.#moved, new Int32Array(2 * this.#moved.length));
    this.#moved[this.#movedCount++] = ordinal;
  }

  /** The root over all heads as they stand now: 32 bytes, fresh. */
  root(): Uint8Array {
    this.#update();
    return this.#hashOf(this.#top());
  }

  /** Proves a stream's head, or that it has no event. @param key - `streamKeyOf(name)` @see spec/streams.md, "Proofs" */
  prove(key: Uint8Array): StreamProof {
    this.#update();
    const siblings: Uint8Array[] = [];
    let content = this.#leaves > 1 ? rootPair : (this.#contents[this.#top()] as Content);
    for (let depth = 0; content > 0; depth++) {
      const slot = 2 * content + bitOf(key, depth);
      siblings.push(this.#hashOf(slot ^ 1));
      content = this.#contents[slot] as Content;
    }
    if (content === 0) return { claim: 'absent', siblings };
    const ordinal = -1 - content;
    const head = { version: this.#heads.version(ordinal), index: this.#heads.index(ordinal) };
    const found = this.#heads.key(ordinal).slice();
    return equalBytes(found, key) ? { claim: 'present', siblings, ...head } : { claim: 'absent', siblings, leaf: { key: found, ...head } };
  }

  /** The slot of what the whole index is: a subtree with one leaf is that leaf, one without is absent. */
  #top(): number {
    if (this.#leaves > 1) return rootSlot;
    return this.#contents[topSlot] === 0 ? topSlot + 1 : topSlot;
  }

  #hashOf(slot: number): Uint8Array {
    const hash = new Uint8Array(keyBytes);
    const view = new DataView(hash.buffer);
    const at = slotAt(slot);
    for (let i = 0; i < slotWords; i++) view.setInt32(4 * i, this.#slots.words[at + i] as number);
    return hash;
  }

  /** Brings all hashes up to date: first the shape of the trie, then its hashes, leaves before nodes, from the deepest up. */
  #update(): void {
    if (this.#movedCount === 0) return;
    const gone = this.#shape();
    if (this.#used > 1.25 * this.#ordered + 500) this.#order();
    for (const ordinal of gone) this.#markEnd(this.#key.of(this.#heads, ordinal));
    this.#sort();
    this.#hashLeaves();
    for (let depth = this.#levels.length - 1; depth >= 0; depth--) this.#hashLevel(this.#levels[depth] as List);
    this.#movedCount = 0;
  }

  /** Gives new streams their leaves, and takes those away that have no event any more. @returns the latter: they are not moved ones any longer */
  #shape(): number[] {
    const gone: number[] = [];
    let count = 0;
    for (let i = 0; i < this.#movedCount; i++) {
      const ordinal = this.#moved[i] as number;
      this.#hasMoved[ordinal] = 0;
      // A table may hold a place for a stream that has no event yet, or none any more.
      const isThere = this.#heads.version(ordinal) > 0;
      if (isThere) this.#moved[count++] = ordinal;
      if (this.#leafOf[ordinal] === 0) {
        if (isThere) this.#place(ordinal);
      } else if (!isThere) {
        this.#remove(ordinal);
        gone.push(ordinal);
      }
    }
    this.#movedCount = count;
    return gone;
  }

  /** Gives a new stream its leaf; its hash follows. */
  #place(ordinal: number): void {
    const key = this.#key.of(this.#heads, ordinal);
    this.#leaves++;
    let slot = topSlot + bitOf(key, 0);
    for (let depth = 1; ; depth++) {
      const content = this.#contents[slot] as Content;
      if (content === 0) return this.#put(slot, -1 - ordinal);
      // Two leaves cannot share a place: the other one moves down until their bits part.
      const pair = content > 0 ? content : this.#moveDown(slot, -1 - content, depth);
      slot = 2 * pair + bitOf(key, depth);
    }
  }

  /** Puts a node where a leaf is, and the leaf below it. @returns the node's pair */
  #moveDown(slot: number, ordinal: number, depth: number): number {
    if (depth === this.#levels.length) this.#levels.push(new List());
    const pair = this.#take();
    this.#states[pair] = depth;
    this.#above[pair] = slot;
    this.#contents[slot] = pair;
    this.#move(slot, 2 * pair + bitOf(this.#other.of(this.#heads, ordinal), depth), ordinal);
    return pair;
  }

  /** Takes a stream's leaf away, and the nodes that would have one leaf below them. */
  #remove(ordinal: number): void {
    let slot = this.#leafOf[ordinal] as number;
    this.#leafOf[ordinal] = 0;
    this.#leaves--;
    this.#clear(slot);
    for (let pair = slot >>> 1; pair !== rootPair; pair = slot >>> 1) {
      const left = this.#contents[2 * pair] as Content, right = this.#contents[2 * pair + 1] as Content;
      const only = left === 0 ? 2 * pair + 1 : 2 * pair;
      if ((left !== 0 && right !== 0) || left > 0 || right > 0) return;
      slot = this.#above[pair] as number;
      this.#move(only, slot, -1 - (this.#contents[only] as Content));
      this.#clear(only);
      this.#give(pair);
    }
  }

  /** Copies a leaf to another slot. */
  #move(from: number, to: number, ordinal: number): void {
    this.#put(to, -1 - ordinal);
    this.#slots.words.copyWithin(slotAt(to), slotAt(from), slotAt(from + 1));
  }

  #put(slot: number, content: Content): void {
    this.#contents[slot] = content;
    this.#leafOf[-1 - content] = slot;
  }

  #clear(slot: number): void {
    this.#contents[slot] = 0;
    this.#slots.words.fill(0, slotAt(slot), slotAt(slot + 1));
  }

  /** A pair of absent children. */
  #take(): number {
    const pair = this.#free;
    if (pair !== 0) {
      this.#free = this.#above[pair] as number;
      return pair;
    }
    if (this.#used === this.#above.length) {
      const room = roomFor(0, this.#used);
      this.#contents = grown(this.#contents, new Int32Array(2 * room));
      this.#above = grown(this.#above, new Int32Array(room));
      this.#states = grown(this.#states, new Uint16Array(room));
      this.#slots.grow(2 * room);
    }
    return this.#used++;
  }

  #give(pair: number): void {
    this.#above[pair] = this.#free;
    this.#free = pair;
  }

  /**
   * Numbers the pairs level by level, from left to right, as they are hashed: then what is read together lies together, and fewer
   * lines of memory are waited for. Each pair is moved about five times while the index grows.
   */
  #order(): void {
    const [contents, above, states] = [this.#contents, this.#above, this.#states];
    const { words } = this.#slots;
    const hashes = words.slice(0, slotAt(2 * this.#used));
    [this.#contents, this.#above, this.#states] = [new Int32Array(contents.length), new Int32Array(above.length), new Uint16Array(states.length)];
    this.#above[rootPair] = rootSlot;
    this.#states[0] = isStale;
    const order = new Int32Array(this.#used);
    order[rootPair] = rootPair;
    let end = rootPair + 1;
    for (let pair = rootPair; pair < end; pair++) {
      const before = order[pair] as number;
      const [from, to] = [slotAt(2 * before), slotAt(2 * pair)];
      for (let i = 0; i < 2 * slotWords; i++) words[to + i] = hashes[from + i] as number;
      this.#states[pair] = states[before] as number;
      for (let side = 0; side < 2; side++) {
        const [slot, content] = [2 * pair + side, contents[2 * before + side] as Content];
        if (content < 0) this.#put(slot, content);
        if (content <= 0) continue;
        order[end] = content;
        this.#above[end] = slot;
        this.#contents[slot] = end++;
      }
    }
    words.fill(0, slotAt(2 * end), slotAt(2 * this.#used));
    [this.#used, this.#ordered, this.#free] = [end, end, 0];
  }

  /** Brings the moved streams nearly into the order of their leaves. */
  #sort(): void {
    const [count, moved, leafOf] = [this.#movedCount, this.#moved, this.#leafOf];
    if (count < 64) return;
    const shift = Math.max(0, 32 - Math.clz32(2 * this.#used) - bucketBits);
    const buckets = new Int32Array(2 ** bucketBits + 1);
    for (let i = 0; i < count; i++) buckets[((leafOf[moved[i] as number] as number) >>> shift) + 1]! += 1;
    for (let i = 1; i < buckets.length; i++) buckets[i]! += buckets[i - 1] as number;
    this.#moved = new Int32Array(moved.length);
    for (let i = 0; i < count; i++) this.#moved[buckets[(leafOf[moved[i] as number] as number) >>> shift]!++] = moved[i] as number;
  }

  /** Hashes the leaves of moved streams, and marks the nodes above them. */
  #hashLeaves(): void {
    const [heads, { words }] = [this.#heads, this.#slots];
    let messages = 0;
    for (let i = 0; i < this.#movedCount; i++) {
      const ordinal = this.#moved[i] as number;
      const slot = this.#leafOf[ordinal] as number;
      this.#mark(slot >>> 1);
      const at = messageWords * messages;
      const [version, index] = [heads.version(ordinal), heads.index(ordinal)];
      heads.writeKey(ordinal, words, at);
      // The upper half needs arithmetic: shifts truncate to 32 bits.
      words[at + 8] = version / 0x1_0000_0000;
      words[at + 9] = version;
      words[at + 10] = index / 0x1_0000_0000;
      words[at + 11] = index;
      words[listAt + messages++] = slot;
      if (messages === slotsAtOnce) {
        this.#slots.hashLeaves(messages);
        messages = 0;
      }
    }
    this.#slots.hashLeaves(messages);
  }

  /** Hashes the nodes of a depth that are out of date, and marks those above them: those below have their hashes. */
  #hashLevel(level: List): void {
    const [{ words }, above, states] = [this.#slots, this.#above, this.#states];
    const { items, count } = level;
    for (let from = 0; from < count; from += slotsAtOnce) {
      const listed = Math.min(slotsAtOnce, count - from);
      for (let i = 0, at = listAt; i < listed; i++, at += nodeWords) {
        const pair = items[from + i] as number;
        const slot = above[pair] as number;
        states[pair]! &= ~isStale;
        this.#mark(slot >>> 1);
        words[at] = pair;
        words[at + 1] = slot;
      }
      this.#slots.hashNodes(listed);
    }
    level.count = 0;
  }

  /** Marks the node over a pair as out of date. */
  #mark(pair: number): void {
    const state = this.#states[pair] as number;
    if (state >= isStale) return;
    this.#states[pair] = state | isStale;
    (this.#levels[state] as List).add(pair);
  }

  /** Marks the last node on the way along a key. */
  #markEnd(key: Uint8Array): void {
    let [pair, depth] = [rootPair, 0];
    for (let next: Content = pair; next > 0; next = this.#contents[2 * pair + bitOf(key, depth++)] as Content) pair = next;
    this.#mark(pair);
  }
}

/** Numbers one after another, in memory that is used again. */
class List {
  items = new Int32Array(16);
  count = 0;

  add(item: number): void {
    if (this.count === this.items.length) this.items = grown(this.items, new Int32Array(2 * this.items.length));
    this.items[this.count++] = item;
  }
}

/** Room for one key. */
class Key {
  readonly #words = new Int32Array(keyBytes / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  of(heads: HeadsByOrdinal, ordinal: number): Uint8Array {
    heads.writeKey(ordinal, this.#words, 0);
    return this.#bytes;
  }
}

function grown<T extends Int32Array | Uint16Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
