// Writes ledger/merkle/kernel.generated.ts: a WebAssembly module that computes SHA-256(0x01 ‖ left ‖ right) four pairs at
// a time (128-bit SIMD). Run it with `node tools/merkle-kernel.ts`; a test compares the committed bytes with a fresh run.
import { writeFileSync } from 'node:fs';
import {
  again, and, before, compress, get, i32, load, loop, moduleOf, more, or, plus, results, second, set, simd, sourceOf, splat, start, state, store, swapped,
  transpose, unsigned, W, when, type Code,
} from './kernel-code.ts';

const [source, target, count] = [0, 1, 2];

/** Where lane `n` of `hashFour` begins, behind its source. */
const laneBytes = 4096;

const write = (lane: number) => [0, 4].flatMap((half) => store(get(target), swapped(state[half + lane] as number), 32 * lane + 4 * half));

/** Four padded messages of `count` blocks each, one a lane. */
function hashFour(): number[] {
  const words16 = [0, 4, 8, 12].flatMap((j) => {
    const rows = W.slice(j, j + 4);
    const loads = rows.flatMap((row, lane) => set(row, load(get(source), laneBytes * lane + 4 * j)));
    return [...loads, ...rows.flatMap((row) => set(row, swapped(row))), ...transpose(rows, before)];
  });
  return [
    ...start,
    ...loop(words16, compress(), set(source, plus(get(source), i32(64))), set(count, plus(get(count), i32(-1))), again(0, get(count))),
    ...results(), ...[0, 1, 2, 3].flatMap(write),
  ];
}

function body(): number[] {
  const oneBefore = plus(get(source), i32(-1));
  // Reading from one byte before a pair gives the words of 0x01 ‖ left ‖ right already aligned, but for the 0x01.
  const firstBlock = [0, 4, 8, 12].flatMap((j) => {
    const rows = W.slice(j, j + 4);
    const loads = rows.flatMap((row, lane) => set(row, load(oneBefore, 64 * lane + 4 * j)));
    return [...loads, ...rows.flatMap((row) => set(row, swapped(row))), ...transpose(rows, before)];
  });
  const prefixed = set(W[0] as number, or(and(get(W[0] as number), splat(0x00ff_ffff)), splat(0x0100_0000)));
  // The last byte of the right hash, the padding bit, zeros, and the length of 65 bytes in bits.
  const lastBytes = [0, 1, 2, 3].reduce((value: Code, lane) => [...get(source), ...value, ...simd(0x56), 0, ...unsigned(64 * lane + 60), lane], splat(0));
  const secondBlock = [
    ...set(W[0] as number, or(and(lastBytes, splat(0xff00_0000)), splat(0x0080_0000))),
    ...W.slice(1, 15).flatMap((w) => set(w, splat(0))),
    ...set(W[15] as number, splat(65 * 8)),
  ];
  const block = loop(compress(), when([...get(second), 0x45], set(second, i32(1)), secondBlock, [0x0c, 1]));
  return loop(
    firstBlock, prefixed, start,
    set(second, i32(0)),
    block, results(), write(0),
    // A last group of fewer than four pairs must not write behind the last hash.
    [1, 2, 3].flatMap((lane) => when(more(get(count), i32(lane)), write(lane))),
    when(more(get(count), i32(4)),
      set(count, plus(get(count), i32(-4))), set(source, plus(get(source), i32(256))), set(target, plus(get(target), i32(128))), [0x0c, 1]),
  );
}

/** The module: imports `ledger.memory`, exports `fold` and `hashFour`, both of (source, target, count), `count` at least 1. */
export function kernelBytes(): Uint8Array<ArrayBuffer> {
  return moduleOf({ fold: body(), hashFour: hashFour() });
}

export function kernelSource(): string {
  return sourceOf('// Written by tools/merkle-kernel.ts: a WebAssembly module for interior nodes. Do not edit.', 'kernelBase64', kernelBytes());
}

if (import.meta.main) writeFileSync(new URL('../ledger/merkle/kernel.generated.ts', import.meta.url), kernelSource());
