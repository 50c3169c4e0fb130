// The fast engine of the stream index: a WebAssembly kernel that hashes four of its leaves or nodes at a time. A door of its own, so
// that the offline verifier, which hashes a few dozen of them, does not carry it.
import { parseBase64 } from '../bytes.ts';
import { indexKernelBase64, kernelHeadBytes } from './kernel.generated.ts';
import { listAt, messageWords, nodeWords, pureSlots, roomFor, slotAt, spareSlot, type Slots } from './slots.ts';

const pageBytes = 65_536;

type Run = (list: number, fours: number, source: number) => void;

/** The part of WebAssembly that is used; its types would otherwise come with all of a browser's. */
interface WebAssemblyEngine {
  validate(module: Uint8Array<ArrayBuffer>): boolean;
  Memory: new (pages: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): number };
  Module: new (module: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { exports: { nodes: Run; leaves: Run } };
}

const wasm = (globalThis as { WebAssembly?: unknown }).WebAssembly as WebAssemblyEngine | undefined;
/** Compiled once in a thread; null on an engine that cannot run it (no SIMD). */
let compiled: object | null | undefined;

/**
 * Memory for one stream index.
 *
 * @throws {TypeError} when the engine computes wrong hashes: nothing that it hashed could be trusted
 */
export function kernelSlots(): Slots {
  if (compiled === undefined) {
    const module = Uint8Array.from(parseBase64(indexKernelBase64));
    compiled = wasm?.validate(module) === true ? new wasm.Module(module) : null;
    if (compiled !== null && !hashesRight(simdSlots(compiled))) throw new TypeError('the kernel of the stream index computes wrong hashes');
  }
  return compiled === null ? pureSlots() : simdSlots(compiled);
}

function simdSlots(module: object): Slots {
  const engine = wasm as WebAssemblyEngine;
  const pages = (slots: number) => Math.ceil((kernelHeadBytes + 4 * slotAt(slots)) / pageBytes);
  let room = roomFor(0, 0);
  const memory = new engine.Memory({ initial: pages(room) });
  const { nodes, leaves } = new engine.Instance(module, { ledger: { memory } }).exports;
  const wordsNow = () => new Int32Array(memory.buffer, kernelHeadBytes, slotAt(room));
  // Fours are hashed whole: what is beyond the last goes to nobody's slot.
  const fours = (count: number, size: number) => {
    const whole = Math.ceil(count / 4);
    slots.words.fill(spareSlot, listAt + size * count, listAt + size * 4 * whole);
    return whole;
  };
  const slots = {
    words: wordsNow(),
    grow(asked: number) {
      if (asked <= room) return;
      const before = pages(room);
      room = roomFor(asked, room);
      memory.grow(pages(room) - before);
      slots.words = wordsNow();
    },
    hashLeaves(count: number) {
      if (count > 0) leaves(kernelHeadBytes + 4 * listAt, fours(count, 1), kernelHeadBytes);
    },
    hashNodes(count: number) {
      if (count > 0) nodes(kernelHeadBytes + 4 * listAt, fours(count, nodeWords), 0);
    },
  };
  return slots;
}

/** Five leaves and five nodes over them, a full four and one more, against pure JavaScript. */
function hashesRight(tried: Slots): boolean {
  const [hashes, expected] = [tried, pureSlots()].map((slots) => {
    slots.grow(16);
    for (let i = 0; i < 5 * messageWords; i++) slots.words[i] = Math.imul(0x9e37_79b9, 1 + i);
    for (let i = 0; i < 5; i++) slots.words[listAt + i] = 2 + i;
    slots.hashLeaves(5);
    for (let i = 0; i < 5; i++) slots.words.set([1 + (i % 3), 8 + i], listAt + nodeWords * i);
    slots.hashNodes(5);
    return [...slots.words.subarray(slotAt(2), slotAt(13))];
  }) as [number[], number[]];
  return hashes.every((word, i) => word === expected[i]);
}
