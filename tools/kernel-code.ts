// What the WebAssembly kernels are made of: instructions, and SHA-256 over four messages side by side (128-bit SIMD).
import { formatBase64 } from '../ledger/bytes.ts';

// FIPS 180-4 §4.2.2 and §5.3.3: the first 32 bits of the fractional parts of cube and square roots of the first primes.
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !Array.from({ length: n }, (_, d) => d).some((d) => d > 1 && n % d === 0));
const K = PRIMES.slice(0, 64).map((prime) => fraction(BigInt(prime), 3n));
const H = PRIMES.slice(0, 8).map((prime) => fraction(BigInt(prime), 2n));

/** The first 32 bits of the fractional part of the root, exact: floor(root(prime * 2^(32 * power))) modulo 2^32. */
function fraction(prime: bigint, power: bigint): number {
  const scaled = prime << (32n * power);
  let [low, high] = [0n, 1n << 40n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** power <= scaled) low = middle;
    else high = middle;
  }
  return Number(low & 0xffff_ffffn);
}

export type Code = readonly number[];

export const unsigned = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))]);
function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
export const sized = (bytes: Code): number[] => [...unsigned(bytes.length), ...bytes];
export const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
export const name = (text: string): number[] => sized([...new TextEncoder().encode(text)]);
export const word = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];

export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number, ...value: Code[]): number[] => [...value.flat(), 0x21, ...unsigned(local)];
export const i32 = (value: number): number[] => [0x41, ...signed(value)];
export const plus = (a: Code, b: Code): number[] => [...a, ...b, 0x6a];
export const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const operation = (opcode: number) => (a: Code, b: Code): number[] => [...a, ...b, ...simd(opcode)];
export const [and, or, xor, add] = [operation(0x4e), operation(0x50), operation(0x51), operation(0xae)];
export const splat = (value: number): number[] => [...simd(0x0c), ...word(value), ...word(value), ...word(value), ...word(value)];
export const right = (a: Code, bits: number): number[] => [...a, ...i32(bits), ...simd(0xad)];
export const left = (a: Code, bits: number): number[] => [...a, ...i32(bits), ...simd(0xab)];
const rotate = (a: Code, bits: number): number[] => or(right(a, bits), left(a, 32 - bits));
/** Picks 4 words of two vectors: 0 to 3 of the first, 4 to 7 of the second. */
const words = (a: Code, b: Code, ...picked: number[]): number[] =>
  [...a, ...b, ...simd(0x0d), ...picked.flatMap((n) => [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3])];
export const swapped = (a: number): number[] => [...get(a), ...get(a), ...simd(0x0d), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
export const load = (address: Code, offset: number): number[] => [...address, ...simd(0x00), 0, ...unsigned(offset)];
export const store = (address: Code, value: Code, offset: number): number[] => [...address, ...value, ...simd(0x0b), 0, ...unsigned(offset)];
export const loop = (...body: Code[]): number[] => [0x03, 0x40, ...body.flat(), 0x0b];
export const when = (condition: Code, ...body: Code[]): number[] => [...condition, 0x04, 0x40, ...body.flat(), 0x0b];
export const again = (depth: number, condition: Code): number[] => [...condition, 0x0d, depth];
export const more = (a: Code, b: Code): number[] => [...a, ...b, 0x4b];

// Locals: three parameters, two counters, then vectors.
export const [constants, second] = [3, 4];
export const W = Array.from({ length: 16 }, (_, i) => 5 + i);
export const state = Array.from({ length: 8 }, (_, i) => 21 + i);
export const before = Array.from({ length: 8 }, (_, i) => 29 + i);
const [sum, bc, ab] = [37, 38, 39];
const vectors = 35;
/** Locals of a module's own, behind all others: counters, and a vector that no round touches. */
export const own = Array.from({ length: 8 }, (_, i) => 40 + i);
export const kept = 48;
const ownLocals: readonly Code[] = [[8, 0x7f], [1, 0x7b]];

/** Four vectors of one lane each become four of one word each, or back. */
export function transpose(rows: readonly number[], scratch: readonly number[]): number[] {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => get(rows[i] as number)) as unknown as readonly [Code, Code, Code, Code];
  const [s, t, u, v] = scratch as readonly [number, number, number, number];
  const pairs = [set(s, words(a, b, 0, 4, 1, 5)), set(t, words(c, d, 0, 4, 1, 5)), set(u, words(a, b, 2, 6, 3, 7)), set(v, words(c, d, 2, 6, 3, 7))];
  const joined = [words(get(s), get(t), 0, 1, 4, 5), words(get(s), get(t), 2, 3, 6, 7), words(get(u), get(v), 0, 1, 4, 5), words(get(u), get(v), 2, 3, 6, 7)];
  return [...pairs.flat(), ...joined.flatMap((value, i) => set(rows[i] as number, value))];
}

/** One round of FIPS 180-4 §6.2.2; after eight of them every variable is in its place again. */
function round(i: number, constant: Code): number[] {
  const at = (j: number) => state[(j + 8 - (i % 8)) % 8] as number;
  const [a, b, d, e, f, g, h] = [get(at(0)), get(at(1)), get(at(3)), get(at(4)), get(at(5)), get(at(6)), get(at(7))];
  const [known, fresh] = i % 2 === 0 ? [bc, ab] : [ab, bc];
  const sigma1 = xor(xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  const sigma0 = xor(xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  const choice = xor(g, and(e, xor(f, g)));
  // a ^ b of this round is b ^ c of the next: majority in three operations.
  const majority = xor(b, and(get(fresh), get(known)));
  return [
    ...set(sum, add(add(add(add(h, sigma1), choice), constant), get(W[i % 16] as number))),
    ...set(at(3), add(d, get(sum))),
    ...set(fresh, xor(a, b)),
    ...set(at(7), add(add(get(sum), sigma0), majority)),
  ];
}

/** W[t] = σ1(W[t-2]) + W[t-7] + σ0(W[t-15]) + W[t-16], in place. */
function schedule(i: number): number[] {
  const w = (back: number) => get(W[(i + 16 - back) % 16] as number);
  const sigma0 = xor(xor(rotate(w(15), 7), rotate(w(15), 18)), right(w(15), 3));
  const sigma1 = xor(xor(rotate(w(2), 17), rotate(w(2), 19)), right(w(2), 10));
  return set(W[i] as number, add(add(get(W[i] as number), sigma0), add(w(7), sigma1)));
}

const sixteen = Array.from({ length: 16 }, (_, i) => i);
const constantAt = (i: number): number[] => [...get(constants), ...simd(0x09), 0, ...unsigned(4 * i)];

/** All 64 rounds over the words in W, from the chaining value in `state`, which it replaces. */
export function compress(): number[] {
  return [
    state.flatMap((variable, i) => set(before[i] as number, get(variable))),
    set(bc, xor(get(state[1] as number), get(state[2] as number))),
    set(constants, i32(0)),
    sixteen.flatMap((i) => round(i, constantAt(i))),
    loop(
      set(constants, plus(get(constants), i32(64))),
      sixteen.flatMap((i) => [...schedule(i), ...round(i, constantAt(i))]),
      again(0, more(i32(192), get(constants))),
    ),
    state.flatMap((variable, i) => set(variable, add(get(variable), get(before[i] as number)))),
  ].flat();
}

export const start = state.flatMap((variable, i) => set(variable, splat(H[i] as number)));
export const results = () => [...transpose(state.slice(0, 4), W), ...transpose(state.slice(4), W)];

/** What a module's memory begins with, and belongs to it: its round constants, and room so that a read one byte before the caller's is inside. */
export const headBytes = 512;

/** A module that imports `ledger.memory` and exports functions of three numbers each. @param hasOwn - whether they use `own` and `kept` */
export function moduleOf(functions: Readonly<Record<string, Code>>, hasOwn = false): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code): number[] => [id, ...sized(content)];
  const bodies = Object.values(functions);
  const locals = vector([[2, 0x7f], [...unsigned(vectors), 0x7b], ...(hasOwn ? ownLocals : [])]);
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vector([[0x60, 3, 0x7f, 0x7f, 0x7f, 0]])),
    ...section(2, vector([[...name('ledger'), ...name('memory'), 2, 0, 1]])),
    ...section(3, vector(bodies.map(() => [0]))),
    ...section(7, vector(Object.keys(functions).map((exported, i) => [...name(exported), 0, i]))),
    ...section(10, vector(bodies.map((code) => sized([...locals, ...code, 0x0b])))),
    ...section(11, vector([[0, ...i32(0), 0x0b, ...sized(K.flatMap(word))]])),
  ]);
}

/** The module as a file of source. @param what - begins the file @param constant - names the module */
export function sourceOf(what: string, constant: string, module: Uint8Array): string {
  const text = formatBase64(module);
  const lines = Array.from({ length: Math.ceil(text.length / 120) }, (_, i) => `  '${text.slice(120 * i, 120 * (i + 1))}',`);
  return [
    what,
    `/** Bytes at the start of the memory that belong to the module. */\nexport const kernelHeadBytes = ${headBytes};`,
    `/** The module, base64. */\nexport const ${constant} = [\n${lines.join('\n')}\n].join('');\n`,
  ].join('\n\n');
}
