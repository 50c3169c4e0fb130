// The memory of the index: each hash is the definition's, in its own slot and nowhere else, in pure JavaScript and in WebAssembly.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { kernelSlots } from '../../ledger/streams/kernel.ts';
import { listAt, messageWords, nodeWords, pureSlots, roomFor, slotAt, slotsAt, slotsAtOnce, slotWords, type Slots } from '../../ledger/streams/slots.ts';
import { indexKernelBytes, indexKernelSource } from '../../tools/index-kernel.ts';

const kinds: [string, () => Slots][] = [['pure', pureSlots], ['WebAssembly', kernelSlots]];
const room = 1_200;
/** Words that no two places have alike. */
const noise = (i: number) => Math.imul(0x9e37_79b9, i + 1);
/** Numbers of 32 bits as the bytes of a message. */
const bigEndian = (words: readonly number[]) => words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
const hashOf = (words: Int32Array, slot: number) => formatHex(Uint8Array.from(bigEndian([...words.subarray(slotAt(slot), slotAt(slot + 1))])));
const filled = (slots: Slots) => {
  slots.grow(room);
  for (let i = slotAt(1); i < slotAt(room); i++) slots.words[i] = noise(i);
  return slots;
};
/** Slots in no order, none twice. */
const scattered = (i: number) => 1 + ((i * 389) % (room - 1));

test('the committed module is what the generator writes', () => {
  expect(readFileSync(new URL('../../ledger/streams/kernel.generated.ts', import.meta.url), 'utf8')).toBe(indexKernelSource());
});

test('messages, the list and slots stand one behind the other, and a pair begins a line of memory behind the module\'s own 512 bytes', () => {
  expect([slotsAtOnce, messageWords, nodeWords, slotWords]).toEqual([256, 12, 2, 8]);
  expect([listAt, slotsAt, slotAt(0), slotAt(3)]).toEqual([3072, 3584, 3584, 3608]);
  expect((512 + 4 * slotsAt) % 64).toBe(0);
  expect([roomFor(1, 0), roomFor(300, 256), roomFor(1_001, 1_000), roomFor(9_000, 1_000)]).toEqual([256, 320, 1_250, 9_000]);
});

describe.each(kinds)('in %s', (_, make) => {
  test.each([0, 1, 2, 3, 4, 5, 61, 255, 256])('%i leaves are hashed into their slots', (count) => {
    const slots = filled(make());
    const { words } = slots;
    const bytes = new Uint8Array(words.buffer, words.byteOffset);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < 32; j++) bytes[4 * messageWords * i + j] = noise(64 * i + j) >>> 24;
      for (let j = 8; j < messageWords; j++) words[messageWords * i + j] = noise(64 * i + j);
      words[listAt + i] = scattered(i);
    }
    const before = words.slice();
    slots.hashLeaves(count);
    for (let i = 0; i < count; i++) {
      const at = messageWords * i;
      const message = Uint8Array.of(2, ...bytes.slice(4 * at, 4 * at + 32), ...bigEndian([...words.subarray(at + 8, at + messageWords)]));
      expect(hashOf(words, scattered(i))).toBe(formatHex(sha256(message)));
      before.set(words.subarray(slotAt(scattered(i)), slotAt(scattered(i) + 1)), slotAt(scattered(i)));
    }
    expect(words.subarray(slotAt(1))).toEqual(before.subarray(slotAt(1)));
  });

  test.each([0, 1, 2, 3, 4, 5, 61, 255, 256])('%i nodes are hashed of their pairs into their slots', (count) => {
    const slots = filled(make());
    const { words } = slots;
    // Nodes in the first slots, their pairs behind.
    const [slotOf, pairOf] = [(i: number) => 1 + ((i * 89) % 599), (i: number) => 300 + ((i * 101) % 300)];
    words.fill(0, slotAt(2 * pairOf(2)), slotAt(2 * pairOf(2) + 1));
    for (let i = 0; i < count; i++) words.set([pairOf(i), slotOf(i)], listAt + nodeWords * i);
    const before = words.slice();
    slots.hashNodes(count);
    for (let i = 0; i < count; i++) {
      const pair = [...before.subarray(slotAt(2 * pairOf(i)), slotAt(2 * pairOf(i) + 2))];
      expect(hashOf(words, slotOf(i))).toBe(formatHex(sha256(Uint8Array.of(3, ...bigEndian(pair)))));
      before.set(words.subarray(slotAt(slotOf(i)), slotAt(slotOf(i) + 1)), slotAt(slotOf(i)));
    }
    expect(words.subarray(slotAt(1))).toEqual(before.subarray(slotAt(1)));
  });

  test('it grows, and keeps what is there', () => {
    const slots = make();
    slots.grow(3);
    const begun = slots.words.length;
    expect(begun).toBeGreaterThanOrEqual(slotAt(3));
    slots.words.forEach((_word, i) => (slots.words[i] = noise(i)));
    slots.grow(200_000);
    expect(slots.words.length).toBeGreaterThanOrEqual(slotAt(200_000));
    expect(slots.words.subarray(0, begun).every((word, i) => word === noise(i))).toBe(true);
    expect(slots.words.subarray(begun).every((word) => word === 0)).toBe(true);
    const { words } = slots;
    for (const asked of [100, 200_000]) slots.grow(asked);
    expect(slots.words).toBe(words);
    // And hashes at its end.
    words.set([99_999, 3], listAt);
    slots.hashNodes(1);
    expect(hashOf(words, 3)).toBe(formatHex(sha256(Uint8Array.of(3, ...new Uint8Array(64)))));
  });
});

describe('where WebAssembly is', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  async function fresh(): Promise<Slots> {
    vi.resetModules();
    return (await import('../../ledger/streams/kernel.ts')).kernelSlots();
  }

  test('not there, or without SIMD, JavaScript does the same', async () => {
    for (const wasm of [undefined, { validate: () => false }]) {
      vi.stubGlobal('WebAssembly', wasm);
      const slots = filled(await fresh());
      slots.words.set([2, 1], listAt);
      const pair = [...slots.words.subarray(slotAt(4), slotAt(6))];
      slots.hashNodes(1);
      expect(hashOf(slots.words, 1)).toBe(formatHex(sha256(Uint8Array.of(3, ...bigEndian(pair)))));
    }
  });

  test('an engine that computes wrongly is refused', async () => {
    type Run = (list: number, fours: number, source: number) => void;
    const { WebAssembly: wasm } = globalThis as unknown as {
      WebAssembly: { Instance: new (module: object, imports: object) => { exports: Record<'nodes' | 'leaves', Run> }; validate(module: Uint8Array): boolean };
    };
    const wrong = class {
      readonly exports;
      constructor(module: object, imports: object) {
        const { nodes, leaves } = new wasm.Instance(module, imports).exports;
        // The last of the nodes is left out.
        this.exports = { leaves, nodes: (list: number, _fours: number, source: number) => nodes(list, 1, source) };
      }
    };
    vi.stubGlobal('WebAssembly', new Proxy(wasm, { get: (own, name) => (name === 'Instance' ? wrong : Reflect.get(own, name)) }));
    await expect(fresh()).rejects.toThrow('the kernel of the stream index computes wrong hashes');
    expect(wasm.validate(indexKernelBytes())).toBe(true);
  });
});
