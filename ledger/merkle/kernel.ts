// The fast engine for interior nodes: a WebAssembly kernel that hashes four pairs at a time. A door of its own, so that the
// offline verifier, which hashes a few dozen nodes, does not carry it.
import { equalBytes, parseBase64 } from '../bytes.ts';
import { widthOf } from './arithmetic.ts';
import { hashBytes, nobleHasher, sha256 } from './hash.ts';
import { kernelBase64, kernelHeadBytes } from './kernel.generated.ts';
import { tileWidth } from './tile-path.ts';
import { tileHeight, type TilePlace } from './tiles.ts';

const pairBytes = 2 * hashBytes;
/** Room for one message of `hashFour`. */
export const laneBytes = 4096;
const pageBytes = 65_536;

/** A tile with all nodes above its hashes: 256 hashes, then 128 over pairs of them, and so on to the root. */
export const fatTileBytes = (2 * tileWidth - 1) * hashBytes;

/** Where a fat tile keeps a node, in bytes. A partial tile leaves the places of missing nodes empty. @param height - 0 to 8 */
export function fatTileOffset({ height, at }: Pick<TilePlace, 'height' | 'at'>): number {
  return (2 * tileWidth - widthOf(tileHeight + 1 - height) + at) * hashBytes;
}

/** Hashes interior nodes within its own memory. Not shared: one call at a time. */
export interface Kernel {
  /** `simd` does about 7 million nodes a second on a core, `portable` half a million. */
  readonly engine: 'simd' | 'portable';
  /** All of it is the caller's: leaf hashes are written straight into it, and offsets count from its beginning. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /**
   * Writes the hashes of `count` neighbouring pairs: the node over the 64 bytes at `source + 64 * i` to `target + 32 * i`.
   *
   * @param target - at most `source` (folding in place), or behind the last pair
   */
  foldPairs(source: number, target: number, count: number): void;
  /**
   * Writes the SHA-256 of four messages of one length in blocks to `target`, 32 bytes each.
   *
   * @param source - message `n` begins at `source + laneBytes * n`, padded (FIPS 180-4 §5.1.1) @param blocks - of 64 bytes, 1 to 64
   */
  hashFour(source: number, target: number, blocks: number): void;
  /**
   * Completes the fat tile at `at` after hashes were added to it: every node whose hashes are all there.
   *
   * @param width - how many hashes it has now, 0 to 256 @param known - how many it had when it was last folded
   */
  foldTile(at: number, width: number, known?: number): void;
}

/** The part of WebAssembly that is used; its types would otherwise come with all of a browser's. */
interface WebAssemblyEngine {
  validate(module: Uint8Array<ArrayBuffer>): boolean;
  Memory: new (pages: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (module: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { exports: { fold: Fold; hashFour: Fold } };
}

const wasm = (globalThis as { WebAssembly?: unknown }).WebAssembly as WebAssemblyEngine | undefined;

type Fold = (source: number, target: number, count: number) => void;

/**
 * Makes a kernel with a memory of `bytes`. It has tried its hashes against the default hasher.
 *
 * @param module - the WebAssembly module to use; null, or one that this engine cannot run (no SIMD), gives the portable kernel
 * @throws {TypeError} when the engine computes wrong hashes: nothing that it hashed could be trusted
 */
export function createKernel(bytes: number, module: Uint8Array<ArrayBuffer> | null = defaultModule()): Kernel {
  const kernel = module !== null && wasm?.validate(module) === true ? simdKernel(wasm, bytes, module) : portableKernel(bytes);
  if (!hashesRight(kernel)) throw new TypeError(`the ${kernel.engine} kernel computes wrong hashes`);
  return kernel;
}

function defaultModule(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parseBase64(kernelBase64));
}

function simdKernel(engine: WebAssemblyEngine, bytes: number, module: Uint8Array<ArrayBuffer>): Kernel {
  // A last group of fewer than four pairs reads up to three pairs behind its own.
  const memory = new engine.Memory({ initial: Math.ceil((kernelHeadBytes + bytes + 3 * pairBytes) / pageBytes) });
  const { fold, hashFour } = new engine.Instance(new engine.Module(module), { ledger: { memory } }).exports;
  const view = new Uint8Array(memory.buffer, kernelHeadBytes, bytes);
  const shifted = (run: Fold): Fold => (source, target, count) => run(kernelHeadBytes + source, kernelHeadBytes + target, count);
  return kernelOver('simd', view, shifted(fold), shifted(hashFour));
}

function portableKernel(bytes: number): Kernel {
  const memory = new Uint8Array(bytes);
  const fold: Fold = (source, target, count) => {
    for (let i = 0; i < count; i++) {
      const at = source + i * pairBytes;
      memory.set(nobleHasher.node(memory.subarray(at, at + hashBytes), memory.subarray(at + hashBytes, at + pairBytes)), target + i * hashBytes);
    }
  };
  const hashFour: Fold = (source, target, blocks) => {
    const four = Array.from({ length: 4 }, (_, lane) => {
      const padded = memory.subarray(source + laneBytes * lane, source + laneBytes * lane + 64 * blocks);
      const bits = new DataView(padded.buffer, padded.byteOffset).getBigUint64(padded.length - 8);
      return sha256(padded.subarray(0, Number(bits / 8n)));
    });
    four.forEach((digest, lane) => memory.set(digest, target + hashBytes * lane));
  };
  return kernelOver('portable', memory, fold, hashFour);
}

function kernelOver(engine: Kernel['engine'], memory: Uint8Array<ArrayBuffer>, fold: Fold, hashFour: Fold): Kernel {
  const foldPairs: Fold = (source, target, count) => {
    const sourceEnd = source + count * pairBytes;
    // Outside its view lie the module's own constants: a write there would change every later hash.
    const inside = [source, target, count].every((n) => Number.isSafeInteger(n) && n >= 0) && sourceEnd <= memory.length;
    if (!inside || target + count * hashBytes > memory.length) throw new RangeError(`${count} pairs at ${source} to ${target} of ${memory.length} bytes`);
    if (target > source && target < sourceEnd) throw new RangeError(`${count} pairs at ${source} would be overwritten from ${target}`);
    if (count > 0) fold(source, target, count);
  };
  return {
    engine,
    memory,
    foldPairs,
    hashFour(source, target, blocks) {
      const inside = [source, target].every((n) => Number.isSafeInteger(n) && n >= 0) && blocks >= 1 && blocks <= laneBytes / 64;
      if (!inside || source + 4 * laneBytes > memory.length || target + 4 * hashBytes > memory.length) {
        throw new RangeError(`four messages of ${blocks} blocks at ${source} to ${target} of ${memory.length} bytes`);
      }
      hashFour(source, target, blocks);
    },
    foldTile(at, width, known = 0) {
      if (width > tileWidth || known > width) throw new RangeError(`no tile grows from ${known} to ${width}`);
      for (let height = 1; height <= tileHeight; height++) {
        const [from, to] = [Math.floor(known / widthOf(height)), Math.floor(width / widthOf(height))];
        const source = at + fatTileOffset({ height: height - 1, at: 2 * from });
        foldPairs(source, at + fatTileOffset({ height, at: from }), to - from);
      }
    },
  };
}

/** Seven pairs, a full group and one of three, against the default hasher; the memory is zero again afterwards. */
function hashesRight(kernel: Kernel): boolean {
  const pairs = Math.min(7, Math.floor(kernel.memory.length / pairBytes));
  const tried = kernel.memory.subarray(0, pairs * pairBytes);
  const input = Uint8Array.from(tried, (_, i) => i);
  tried.set(input);
  kernel.foldPairs(0, 0, pairs);
  const right = Array.from({ length: pairs }, (_, i) => {
    const at = i * pairBytes;
    const expected = nobleHasher.node(input.subarray(at, at + hashBytes), input.subarray(at + hashBytes, at + pairBytes));
    return equalBytes(expected, tried.subarray(i * hashBytes, (i + 1) * hashBytes));
  });
  tried.fill(0);
  return right.every((one) => one);
}
