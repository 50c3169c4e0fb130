// Memory in which the stream index keeps its nodes and lays out its messages, and what hashes them there.
import type { Sha256 } from '../events/index.ts';
import { sha256 } from '../merkle/hash.ts';
import { leafBytes, nodeBytes } from './index-hash.ts';

/** So many nodes, or leaves, are hashed with one call at most. */
export const slotsAtOnce = 256;
/** A leaf's message without its prefix, in words: the key's bytes, then as numbers of 32 bits its version and its index, upper half first. */
export const messageWords = 12;
/** The word at which stands what is to be hashed: of leaves their slots, of nodes their children's pair and their own slot. Messages stand before. */
export const listAt = slotsAtOnce * messageWords;
/** Numbers of a node in that list. */
export const nodeWords = 2;
/** The word at which the slots begin. */
export const slotsAt = listAt + slotsAtOnce * nodeWords;
/** Words of a slot: a hash, as eight numbers of 32 bits, or zeros for an absent child. */
export const slotWords = 8;
/** A slot of nobody's, and its pair: what is hashed into it is never read. */
export const spareSlot = 0;

/**
 * Hashes by slot, and messages of leaves. Slots 2n and 2n + 1 are the pair n: the children of one node, side by side.
 *
 * An index of a million streams is two and a half million hashes. Four at a time they take a fifth of the time, and as much again
 * would go into copying hashes to where they are hashed: so that they are read where they lie, in one memory.
 */
export interface Slots {
  /** All of the memory; another array after it has grown. */
  readonly words: Int32Array;
  /** Makes room for slots, and more than are asked for: what is there stays, and new ones are zero. */
  grow(slots: number): void;
  /** Hashes the first `count` messages into the slots listed. */
  hashLeaves(count: number): void;
  /** Hashes the first `count` nodes listed: none of them stands in the pair of another. */
  hashNodes(count: number): void;
}

/** Where a slot begins. */
export function slotAt(slot: number): number {
  return slotsAt + slotWords * slot;
}

/** How many slots to make room for when there is room for so many. */
export function roomFor(slots: number, before: number): number {
  return Math.max(slots, Math.ceil(1.25 * before), 256);
}

/** Slots in JavaScript. @param digest - SHA-256, pure JavaScript when left out; it must not keep its argument */
export function pureSlots(digest: Sha256 = sha256): Slots {
  let room = 0;
  const message = new DataView(new ArrayBuffer(nodeBytes));
  const bytes = new Uint8Array(message.buffer);
  const pure = {
    words: new Int32Array(slotsAt),
    grow(slots: number) {
      if (slots <= room) return;
      room = roomFor(slots, room);
      const words = new Int32Array(slotAt(room));
      words.set(pure.words);
      pure.words = words;
    },
    hashLeaves(count: number) {
      const { words } = pure;
      const view = new DataView(words.buffer);
      bytes[0] = 0x02;
      for (let i = 0; i < count; i++) {
        const from = messageWords * i;
        for (let j = 0; j < 32; j++) bytes[1 + j] = view.getUint8(4 * from + j);
        for (let j = 8; j < messageWords; j++) message.setInt32(1 + 4 * j, words[from + j] as number);
        write(words, words[listAt + i] as number, digest(bytes.subarray(0, leafBytes)));
      }
    },
    hashNodes(count: number) {
      const { words } = pure;
      bytes[0] = 0x03;
      for (let i = 0; i < count; i++) {
        const at = listAt + nodeWords * i;
        const pair = slotAt(2 * (words[at] as number));
        for (let j = 0; j < 2 * slotWords; j++) message.setInt32(1 + 4 * j, words[pair + j] as number);
        write(words, words[at + 1] as number, digest(bytes));
      }
    },
  };
  return pure;
}

function write(words: Int32Array, slot: number, hash: Uint8Array): void {
  const view = new DataView(hash.buffer, hash.byteOffset);
  for (let j = 0; j < 8; j++) words[slotAt(slot) + j] = view.getInt32(4 * j);
}
