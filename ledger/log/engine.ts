// What the log hashes with: whole batches at a time. Two engines that share no code each hash every entry and every node.
import { createHash } from 'node:crypto';
import type { Hasher } from '../merkle/index.ts';
import { checkingEngine, growingEngine } from './fast-engines.ts';

export { kernelSlots as indexSlots } from '../streams/kernel.ts';
export { sha256 } from './fast-engines.ts';

/** Hashes in bulk, without an array for each hash. */
export interface Engine {
  /** A name for the message that says which engine disagrees. */
  readonly name: string;

  /** Memory for a tree's hashes, where this engine reads and writes them fastest. */
  allocate(bytes: number): Uint8Array;

  /**
   * Leaf hashes of packed entries, 32 bytes each, one after another.
   *
   * @param packed - entries behind their 16-bit lengths @param offsets - where each begins, and one more: the end
   * @param from - first entry @param to - one past the last @param into - at `32 * at` and onwards
   */
  leaves(packed: Uint8Array, offsets: Uint32Array, from: number, to: number, into: Uint8Array, at: number): void;

  /** Parents of `count` neighbouring pairs of hashes that begin at `source`, to `target`; both count hashes, in `nodes`. */
  pairs(nodes: Uint8Array, source: number, target: number, count: number): void;
}

/** Makes an engine from a hasher: the slow and obvious one. */
export function engineOf(name: string, hasher: Hasher): Engine {
  return {
    name,
    allocate: (bytes) => new Uint8Array(bytes),
    leaves(packed, offsets, from, to, into, at) {
      for (let i = from; i < to; i++) {
        into.set(hasher.leaf(packed.subarray((offsets[i] as number) + 2, offsets[i + 1])), 32 * (at + i - from));
      }
    },
    pairs(nodes, source, target, count) {
      for (let i = 0; i < count; i++) {
        const left = 32 * (source + 2 * i);
        nodes.set(hasher.node(nodes.subarray(left, left + 32), nodes.subarray(left + 32, left + 64)), 32 * (target + i));
      }
    },
  };
}

/** SHA-256 over bytes that come in pieces. */
export function startSha256(): { update(piece: Uint8Array): unknown; digest(): Uint8Array } {
  const hash = createHash('sha256');
  return { update: (piece) => hash.update(piece), digest: () => new Uint8Array(hash.digest()) };
}

/** Node's own engine (OpenSSL), as a hasher. */
export const nativeHasher: Hasher = {
  leaf: (entry) => new Uint8Array(createHash('sha256').update(zero).update(entry).digest()),
  node: (left, right) => new Uint8Array(createHash('sha256').update(one).update(left).update(right).digest()),
};

const zero = Uint8Array.of(0);
const one = Uint8Array.of(1);

/** Two engines, the growing tree's first: each entry and each node is hashed by code that the other does not share. */
export function defaultEngines(): readonly [Engine, Engine] {
  return [growingEngine(), checkingEngine()];
}
