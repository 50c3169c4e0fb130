// The kernel against the definitions: its bytes, its hashes at every count, fat tiles, and its refusals.
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { createKernel, fatTileBytes, fatTileOffset, laneBytes, type Kernel } from '../../ledger/merkle/kernel.ts';
import { sha256 } from '../../ledger/merkle/hash.ts';
import { kernelHeadBytes } from '../../ledger/merkle/kernel.generated.ts';
import { kernelBytes, kernelSource } from '../../tools/merkle-kernel.ts';
import { entries, SlowTree, slowNode } from './slow-tree.ts';

const bytes = 16_384 + 64;
const tree = new SlowTree(entries(256));
const kernels: [string, () => Kernel][] = [['simd', () => createKernel(bytes)], ['portable', () => createKernel(bytes, null)]];

const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 21);
const at = (memory: Uint8Array, offset: number) => formatHex(memory.subarray(offset, offset + 32));
const put = (memory: Uint8Array, offset: number, index: number) => memory.set(tree.leaves[index] as Uint8Array, offset + 32 * index);

test('the committed module is what the generator writes', () => {
  const committed = readFileSync(new URL('../../ledger/merkle/kernel.generated.ts', import.meta.url), 'utf8');
  expect(committed).toBe(kernelSource());
});

describe.each(kernels)('the %s kernel', (engine, make) => {
  let kernel: Kernel;
  let memory: Uint8Array;
  beforeEach(() => {
    kernel = make();
    ({ memory } = kernel);
  });

  test('is the one asked for, and its memory is zero', () => {
    expect(kernel.engine).toBe(engine);
    expect(memory).toHaveLength(bytes);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 64])('hashes %i pairs, apart and in place, and writes nothing else', (count) => {
    const input = noise(64 * count);
    const half = (i: number) => input.subarray(32 * i, 32 * i + 32);
    const expected = Array.from({ length: count }, (_, i) => formatHex(slowNode(half(2 * i), half(2 * i + 1))));
    for (const [source, target] of [[0, 64 * count], [128, 128], [333, 77], [64, 0]] as const) {
      memory.fill(0xee);
      memory.set(input, source);
      kernel.foldPairs(source, target, count);
      expect(Array.from({ length: count }, (_, i) => at(memory, target + 32 * i))).toEqual(expected);
      const rest = memory.slice();
      rest.fill(0xee, source, source + 64 * count);
      rest.fill(0xee, target, target + 32 * count);
      expect(rest.every((byte) => byte === 0xee)).toBe(true);
    }
  });

  test('reaches the last byte of its memory', () => {
    const input = noise(64);
    memory.set(input, bytes - 64);
    kernel.foldPairs(bytes - 64, bytes - 64, 1);
    expect(at(memory, bytes - 64)).toBe(formatHex(slowNode(input.subarray(0, 32), input.subarray(32))));
  });

  test('folds a tile at once, and as it grows, to the nodes of the definition', () => {
    for (const steps of [[256], [1, 2, 3, 100, 255, 256], [0, 128, 256], [7, 8]]) {
      memory.fill(0);
      let known = 0;
      for (const width of steps) {
        for (let index = known; index < width; index++) put(memory, 32, index);
        kernel.foldTile(32, width, known);
        known = width;
      }
      for (let height = 0; height <= 8; height++) {
        for (let i = 0; i < 2 ** (8 - height); i++) {
          const [start, end] = [i * 2 ** height, (i + 1) * 2 ** height];
          const expected = end <= known ? formatHex(tree.root(start, end)) : '00'.repeat(32);
          expect(at(memory, 32 + fatTileOffset({ height, at: i }))).toBe(expected);
        }
      }
      expect(memory.subarray(32 + fatTileBytes).every((byte) => byte === 0)).toBe(true);
    }
  });

  test.each([
    ['before the memory', () => kernel.foldPairs(-1, 0, 1)],
    ['to before the memory', () => kernel.foldPairs(0, -32, 1)],
    ['behind the memory', () => kernel.foldPairs(bytes - 63, 0, 1)],
    ['to behind the memory', () => kernel.foldPairs(0, bytes - 31, 1)],
    ['a negative count', () => kernel.foldPairs(0, 0, -1)],
    ['half a pair', () => kernel.foldPairs(0, 0, 0.5)],
    ['over pairs not yet read', () => kernel.foldPairs(0, 32, 2)],
    ['a tile of 257', () => kernel.foldTile(0, 257)],
    ['a tile that shrinks', () => kernel.foldTile(0, 4, 5)],
    ['a tile that does not fit', () => kernel.foldTile(bytes - fatTileBytes + 32, 256)],
  ])('%s is a bug', (_, call) => {
    memory.fill(1);
    expect(call).toThrow(RangeError);
  });
});

describe.each(['simd', 'portable'] as const)('four messages at once: %s', (engine) => {
  const kernel = createKernel(4 * laneBytes + 128, engine === 'simd' ? undefined : null);
  const { memory } = kernel;

  /** Puts `0x80`, zeros and the length in bits behind a message, and returns how many blocks it has. */
  function pad(message: Uint8Array, from: number): number {
    const blocks = Math.floor((message.length + 8) / 64) + 1;
    memory.fill(0, from, from + 64 * blocks).set(message, from);
    memory[from + message.length] = 0x80;
    new DataView(memory.buffer, memory.byteOffset).setBigUint64(from + 64 * blocks - 8, BigInt(8 * message.length));
    return blocks;
  }

  test.each([0, 1, 55, 56, 63, 64, 119, 120, 300, 549, 4087])('%i bytes', (length) => {
    const messages = [0, 1, 2, 3].map((lane) => Uint8Array.from({ length }, (_, i) => (7 * i + 13 * lane) % 256));
    const blocks = messages.map((message, lane) => pad(message, laneBytes * lane))[0] as number;
    kernel.hashFour(0, 4 * laneBytes, blocks);
    expect([0, 1, 2, 3].map((lane) => at(memory, 4 * laneBytes + 32 * lane))).toEqual(messages.map((message) => formatHex(sha256(message))));
  });

  test('outside its memory is a bug', () => {
    for (const [source, target, blocks] of [[129, 0, 1], [-1, 0, 1], [0, 4 * laneBytes + 1, 1], [0, 0, 0], [0, 0, 65]] as const) {
      expect(() => kernel.hashFour(source, target, blocks)).toThrow(RangeError);
    }
  });
});

describe('making one', () => {
  test('a module that this engine cannot run gives the portable kernel', () => {
    expect(createKernel(64, Uint8Array.of(0, 0x61, 0x73, 0x6d, 9, 0, 0, 0)).engine).toBe('portable');
  });

  test('a module that hashes wrongly is refused', () => {
    const module = kernelBytes();
    // The last round constant.
    module[module.length - 1] = (module.at(-1) as number) + 1;
    expect(() => createKernel(1024, module)).toThrow(TypeError);
  });

  test('an engine without WebAssembly gives the portable kernel', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    const without = await import('../../ledger/merkle/kernel.ts');
    expect(without.createKernel(64).engine).toBe('portable');
    vi.unstubAllGlobals();
  });

  test('a memory that ends one pair before its page can still be read to its end, four pairs at a time', () => {
    const { memory, foldPairs } = createKernel(65_536 - kernelHeadBytes - 64);
    const input = noise(64);
    memory.set(input, memory.length - 64);
    foldPairs(memory.length - 64, memory.length - 64, 1);
    expect(at(memory, memory.length - 64)).toBe(formatHex(slowNode(input.subarray(0, 32), input.subarray(32))));
  });

  test('the memory may be empty', () => {
    expect(createKernel(0).memory).toHaveLength(0);
  });
});
