// The two engines of production: one hashes entries with OpenSSL and nodes with the wasm kernel, the other the other way round.
//
// This is the one file with Buffer in it: a digest as a latin1 string, written into place, is twice to five times as fast as a
// digest that makes an array of its own, and only Buffer can write one.
import { hash } from 'node:crypto';
import { createKernel, laneBytes, type Kernel } from '../merkle/kernel.ts';
import type { Engine } from './engine.ts';

/** Node gives a digest in any of its encodings, and its types name three. */
const digest = hash as unknown as (algorithm: 'sha256', bytes: Uint8Array, encoding: 'latin1') => string;
type Writable = Buffer & { latin1Write(text: string, at: number, length: number): number };

const hashBytes = 32;
/** Entries of up to this many bytes fit into a lane of the kernel, with prefix, padding and length. */
const laneEntryMax = laneBytes - 10;
const largest = 1 + 65_535;

/** The engine of the growing tree: OpenSSL for entries, wasm for nodes. */
export function growingEngine(): Engine {
  return { name: 'OpenSSL with wasm nodes', allocate: allocateInKernel, leaves: opensslLeaves, pairs: kernelPairs };
}

/** The engine that hashes again what the store holds: wasm for entries, OpenSSL for nodes. */
export function checkingEngine(): Engine {
  const lanes = new Lanes();
  return {
    name: 'wasm with OpenSSL nodes', allocate: (bytes) => new Uint8Array(bytes), pairs: opensslPairs,
    leaves: (packed, offsets, from, to, into, at) => lanes.leaves(packed, offsets, from, to, into, at),
  };
}

/** SHA-256 of any bytes, as a fresh array: 0.4 µs, where a digest that makes its own array takes 1.3 to 2. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const fresh = new Uint8Array(hashBytes);
  sha256Into(bytes, fresh, 0);
  return fresh;
}

/** SHA-256 written into place, a unit of the string at a time: a Buffer over the target would cost more than the hash. */
function sha256Into(message: Uint8Array, target: Uint8Array, at: number): void {
  const text = digest('sha256', message, 'latin1');
  for (let i = 0; i < hashBytes; i++) target[at + i] = text.charCodeAt(i);
}

/** What stands behind a message of `length` bytes: the padding bit, zeros, and the length in bits (FIPS 180-4 §5.1.1). */
function padMessage(memory: Uint8Array, at: number, length: number, blocks: number): void {
  const bits = 8 * length;
  const end = at + 64 * blocks;
  memory[at + length] = 0x80;
  memory.fill(0, at + length + 1, end - 4);
  memory[end - 4] = bits >>> 24;
  memory[end - 3] = bits >>> 16;
  memory[end - 2] = bits >>> 8;
  memory[end - 1] = bits;
}

// A plain array: a view of it is made for every entry, and a Buffer's view costs twice as much.
const prefixed = new Uint8Array(largest);

function opensslLeaves(packed: Uint8Array, offsets: Uint32Array, from: number, to: number, into: Uint8Array, at: number): void {
  const target = Buffer.from(into.buffer, into.byteOffset, into.byteLength) as Writable;
  prefixed[0] = 0x00;
  for (let i = from; i < to; i++) {
    const start = (offsets[i] as number) + 2;
    const end = offsets[i + 1] as number;
    prefixed.set(packed.subarray(start, end), 1);
    target.latin1Write(digest('sha256', prefixed.subarray(0, 1 + end - start), 'latin1'), hashBytes * (at + i - from), hashBytes);
  }
}

const pair = Buffer.alloc(65);

function opensslPairs(nodes: Uint8Array, source: number, target: number, count: number): void {
  const bytes = Buffer.from(nodes.buffer, nodes.byteOffset, nodes.byteLength) as Writable;
  pair[0] = 0x01;
  for (let i = 0; i < count; i++) {
    const left = hashBytes * (source + 2 * i);
    bytes.copy(pair, 1, left, left + 2 * hashBytes);
    bytes.latin1Write(digest('sha256', pair, 'latin1'), hashBytes * (target + i), hashBytes);
  }
}

/** Kernels by their memory: a tree's hashes lie in the memory of its own kernel, and are never copied. */
const kernels = new WeakMap<ArrayBufferLike, Kernel>();
let scratch: Kernel | null = null;

function allocateInKernel(bytes: number): Uint8Array {
  const kernel = createKernel(bytes);
  kernels.set(kernel.memory.buffer, kernel);
  return kernel.memory;
}

function kernelPairs(nodes: Uint8Array, source: number, target: number, count: number): void {
  const own = kernels.get(nodes.buffer);
  if (own !== undefined) {
    const base = nodes.byteOffset - own.memory.byteOffset;
    own.foldPairs(base + hashBytes * source, base + hashBytes * target, count);
    return;
  }
  scratch ??= createKernel(512 * hashBytes);
  for (let done = 0; done < count; done += 256) {
    const some = Math.min(256, count - done);
    const from = hashBytes * (source + 2 * done);
    scratch.memory.set(nodes.subarray(from, from + 2 * hashBytes * some));
    scratch.foldPairs(0, 0, some);
    nodes.set(scratch.memory.subarray(0, hashBytes * some), hashBytes * (target + done));
  }
}

/** Entries that take equally many blocks are hashed four at a time. */
class Lanes {
  readonly #kernel = createKernel(4 * laneBytes + 4 * hashBytes);
  /** Entries that wait for others of their length in blocks: where each belongs. */
  readonly #waiting: { entries: number[]; count: number }[] = Array.from({ length: laneBytes / 64 + 1 }, () => ({ entries: [0, 0, 0, 0], count: 0 }));

  leaves(packed: Uint8Array, offsets: Uint32Array, from: number, to: number, into: Uint8Array, at: number): void {
    for (let i = from; i < to; i++) {
      const length = (offsets[i + 1] as number) - (offsets[i] as number) - 2;
      if (length > laneEntryMax) {
        opensslLeaves(packed, offsets, i, i + 1, into, at + i - from);
        continue;
      }
      const blocks = Math.floor((length + 9) / 64) + 1;
      const waiting = this.#waiting[blocks] as { entries: number[]; count: number };
      waiting.entries[waiting.count++] = i;
      if (waiting.count === 4) this.#hash(waiting, blocks, packed, offsets, from, into, at);
    }
    for (let blocks = 1; blocks < this.#waiting.length; blocks++) {
      const waiting = this.#waiting[blocks] as { entries: number[]; count: number };
      if (waiting.count > 0) this.#hash(waiting, blocks, packed, offsets, from, into, at);
    }
  }

  #hash(
    waiting: { entries: number[]; count: number }, blocks: number, packed: Uint8Array, offsets: Uint32Array, from: number, into: Uint8Array, at: number,
  ): void {
    const { memory } = this.#kernel;
    for (let lane = 0; lane < waiting.count; lane++) {
      const i = waiting.entries[lane] as number;
      const start = (offsets[i] as number) + 2;
      const end = offsets[i + 1] as number;
      pad(memory, laneBytes * lane, packed.subarray(start, end), blocks);
    }
    this.#kernel.hashFour(0, 4 * laneBytes, blocks);
    for (let lane = 0; lane < waiting.count; lane++) {
      const done = 4 * laneBytes + hashBytes * lane;
      into.set(memory.subarray(done, done + hashBytes), hashBytes * (at + (waiting.entries[lane] as number) - from));
    }
    waiting.count = 0;
  }
}

/** `0x00 ‖ entry`, padded. */
function pad(memory: Uint8Array, at: number, entry: Uint8Array, blocks: number): void {
  memory[at] = 0x00;
  memory.set(entry, at + 1);
  padMessage(memory, at, 1 + entry.length, blocks);
}
