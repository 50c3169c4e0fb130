// Memory in which the stream index lays out its messages, and what hashes them there.
import { sha256 } from '../merkle/index.ts';
import { leafBytes, nodeBytes } from './index-hash.ts';

/** So many nodes, and so many leaves, are hashed with one call at most. */
export const lanesAtOnce = 124;
/** Words between two messages that are hashed side by side, four at a time, and between one four and the next. */
const [laneWords, slotWords] = [1024, 33];
const leafWords = 4 * laneWords;
const resultWords = 2 * leafWords;

/** How many bytes such memory has. */
export const lanesBytes = 4 * resultWords + 32 * lanesAtOnce;

/**
 * Messages of the index: each begins with the last byte of a word, its prefix, so that the hashes in it are made of whole words.
 *
 * An index of a million streams is two and a half million hashes: an engine that hashes four at a time takes a fifth of the time,
 * and copying bytes one by one, or an array for each, would cost more than the hash.
 */
export interface Lanes {
  /** All of the memory, of `lanesBytes`. */
  readonly words: Int32Array;
  readonly view: DataView;
  /** Writes the hashes of the first `count` nodes to `resultAt`. */
  hashNodes(count: number): void;
  /** The same for leaves. */
  hashLeaves(count: number): void;
  /** Writes the hash of one leaf to its `resultAt`. */
  hashLeaf(i: number): void;
}

/** The word at which what follows a node's prefix begins: its left hash, and eight words on its right one. */
export function nodeAt(i: number): number {
  return (i & 3) * laneWords + (i >> 2) * slotWords + 1;
}

/** The word at which a leaf's key begins; its version follows after eight words, its index after ten. */
export function leafAt(i: number): number {
  return leafWords + nodeAt(i);
}

/** The word at which a hash is found. */
export function resultAt(i: number): number {
  return resultWords + 8 * i;
}

/** Lanes over some memory, with all prefixes in their places. @param hash - SHA-256 of messages of a length, from and to their bytes */
export function lanesOver(
  memory: Uint8Array, hash: (length: number, from: (i: number) => number, first: number, end: number, to: (i: number) => number) => void,
): Lanes {
  const nodeByte = (i: number) => 4 * nodeAt(i) - 1;
  const leafByte = (i: number) => 4 * leafAt(i) - 1;
  const resultByte = (i: number) => 4 * resultAt(i);
  for (let i = 0; i < lanesAtOnce; i++) {
    memory[nodeByte(i)] = 0x03;
    memory[leafByte(i)] = 0x02;
  }
  return {
    words: new Int32Array(memory.buffer, memory.byteOffset, lanesBytes / 4),
    view: new DataView(memory.buffer, memory.byteOffset, lanesBytes),
    hashNodes: (count) => hash(nodeBytes, nodeByte, 0, count, resultByte),
    hashLeaves: (count) => hash(leafBytes, leafByte, 0, count, resultByte),
    hashLeaf: (i) => hash(leafBytes, leafByte, i, i + 1, resultByte),
  };
}

/** Lanes in pure JavaScript. */
export function pureLanes(): Lanes {
  const memory = new Uint8Array(lanesBytes);
  return lanesOver(memory, (length, from, first, end, to) => {
    for (let i = first; i < end; i++) memory.set(sha256(memory.subarray(from(i), from(i) + length)), to(i));
  });
}
