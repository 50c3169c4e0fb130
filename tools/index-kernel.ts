// Writes ledger/streams/kernel.generated.ts: a WebAssembly module that hashes leaves and nodes of the stream index four at a time
// (128-bit SIMD), wherever in its memory they lie. Run it with `node tools/index-kernel.ts`; a test compares the committed bytes with
// a fresh run.
import { writeFileSync } from 'node:fs';
import { messageWords, nodeWords, slotsAt, slotWords } from '../ledger/streams/slots.ts';
import {
  again, before, compress, get, headBytes, i32, kept, left, load, loop, moduleOf, or, own, plus, results, right, second, set, sourceOf, splat, start,
  state, store, swapped, transpose, unsigned, W, when,
} from './kernel-code.ts';

const [slotBytes, messageBytes] = [4 * slotWords, 4 * messageWords];
/** Where slots begin, from the beginning of the memory. */
const slotsBegin = headBytes + 4 * slotsAt;

// Parameters: a list of numbers of 32 bits, and how many fours of leaves or nodes it is of; for leaves also where their messages begin.
const [list, fours, source] = [0, 1, 2];
const [pairs, targets] = [own.slice(0, 4), own.slice(4, 8)] as const;

const rows = (from: number) => W.slice(from, from + 4);
/** Slots or pairs whose numbers are listed, `size` numbers for each of four: their places, counted from the first slot. */
const find = (places: readonly number[], size: number, which: number, bytes: number): number[] => places.flatMap((place, lane) =>
  set(place, [...get(list), 0x28, 2, ...unsigned(4 * (size * lane + which)), ...i32(bytes), 0x6c]));
const write = targets.flatMap((target, lane) =>
  [0, 4].flatMap((half) => store(get(target), get(state[half + lane] as number), slotsBegin + 4 * half)));
const nextFour = (size: number): number[] => [...set(list, plus(get(list), i32(16 * size))), ...set(fours, plus(get(fours), i32(-1))), ...again(0, get(fours))];

/** Puts a prefix of one byte before `count` words, and the padding bit behind them. */
function prefixed(prefix: number, count: number): number[] {
  const last = count === 16 ? set(before[0] as number, or(left(get(W[15] as number), 24), splat(0x0080_0000))) : [];
  const moved = Array.from({ length: 16 }, (_, i) => 15 - i).filter((i) => i > 0 && i <= count).flatMap((i) => {
    const carried = left(get(W[i - 1] as number), 24);
    return set(W[i] as number, or(carried, i < count ? right(get(W[i] as number), 8) : splat(0x0080_0000)));
  });
  return [...last, ...moved, ...set(W[0] as number, or(right(get(W[0] as number), 8), splat(prefix << 24)))];
}

/** Nodes, of whom their children's pair and their own slot are listed: SHA-256(0x03 ‖ left ‖ right). */
function nodes(): number[] {
  const hashes = [0, 4, 8, 12].flatMap((j) =>
    [...rows(j).flatMap((row, lane) => set(row, load(get(pairs[lane] as number), slotsBegin + 4 * j))), ...transpose(rows(j), before)]);
  // The last byte of the right hash is kept behind where the rounds save their state: it is the first of the second block.
  const secondBlock = [
    ...set(W[0] as number, get(kept)), ...W.slice(1, 15).flatMap((w) => set(w, splat(0))), ...set(W[15] as number, splat(65 * 8)),
  ];
  const block = loop(compress(), when([...get(second), 0x45], set(second, i32(1)), secondBlock, [0x0c, 1]));
  return loop(
    find(pairs, nodeWords, 0, 2 * slotBytes), find(targets, nodeWords, 1, slotBytes),
    hashes, prefixed(0x03, 16), set(kept, get(before[0] as number)), start, set(second, i32(0)), block, results(), write, nextFour(nodeWords),
  );
}

/** Leaves whose messages stand one after another: SHA-256(0x02 ‖ key ‖ version ‖ index), into the slots listed. */
function leaves(): number[] {
  const messages = [0, 4, 8].flatMap((j) => [
    ...rows(j).flatMap((row, lane) => set(row, load(get(source), messageBytes * lane + 4 * j))),
    // Keys are bytes; numbers are words already.
    ...(j < 8 ? rows(j).flatMap((row) => set(row, swapped(row))) : []),
    ...transpose(rows(j), before),
  ]);
  const padding = [...[13, 14].flatMap((w) => set(W[w] as number, splat(0))), ...set(W[15] as number, splat(49 * 8))];
  return loop(
    find(targets, 1, 0, slotBytes), messages, prefixed(0x02, 12), padding, start, compress(), results(), write,
    set(source, plus(get(source), i32(4 * messageBytes))), nextFour(1),
  );
}

/** The module: imports `ledger.memory`, exports `nodes` and `leaves`, both of (list, fours, source), `fours` at least 1. */
export function indexKernelBytes(): Uint8Array<ArrayBuffer> {
  return moduleOf({ nodes: nodes(), leaves: leaves() }, true);
}

export function indexKernelSource(): string {
  return sourceOf('// Written by tools/index-kernel.ts: a WebAssembly module for the stream index. Do not edit.', 'indexKernelBase64', indexKernelBytes());
}

if (import.meta.main) writeFileSync(new URL('../ledger/streams/kernel.generated.ts', import.meta.url), indexKernelSource());
