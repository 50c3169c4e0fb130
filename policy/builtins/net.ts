// Networks: CIDR blocks of IPv4 and IPv6 by their numbers.
import { ARRAY_CELLS, charge, MEMBER_CELLS, SET_CELLS } from '../rego/meter.ts';
import { isArray, RegoObject, RegoSet, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError, type Context } from './builtin.ts';

interface Block {
  /** 32 or 128. */
  readonly bits: number;
  readonly first: bigint;
  readonly prefix: number;
}

/** An address as its bits and number; IPv4 within IPv6 counts as IPv4, as Go has it. */
export function parseAddress(text: string): { bits: number; value: bigint; mapped: boolean } | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.');
    if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return null;
    return { bits: 32, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), mapped: false };
  }
  let rest = text;
  const tail: string[] = [];
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const inner = parseAddress(dotted[2] as string);
    if (inner === null) return null;
    rest = (dotted[1] as string).endsWith('::') ? (dotted[1] as string) : (dotted[1] as string).slice(0, -1);
    tail.push((inner.value >> 16n).toString(16), (inner.value & 0xffffn).toString(16));
  }
  const halves = rest.split('::');
  if (halves.length > 2 || !rest.includes(':')) return null;
  const groups = (half: string) => (half === '' ? [] : half.split(':'));
  const left = groups(halves[0] as string);
  const right = [...groups(halves[1] ?? ''), ...tail];
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  const value = all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { bits: 128, value, mapped: value >> 32n === 0xffffn };
}

function parseBlock(text: string): Block {
  const [address, prefix, more] = text.split('/');
  const parsed = parseAddress(address ?? '');
  const wrong = new BuiltinError(`invalid CIDR address: ${text}`);
  if (parsed === null || prefix === undefined || more !== undefined || !/^\d{1,3}$/.test(prefix)) throw wrong;
  const n = Number(prefix);
  if (n > parsed.bits) throw wrong;
  const host = BigInt(parsed.bits - n);
  const first = (parsed.value >> host) << host;
  // A block of IPv4 addresses in IPv6 form is a block of IPv4.
  if (parsed.bits === 128 && first >> 32n === 0xffffn) return { bits: 32, first: first & 0xffffffffn, prefix: n - 96 };
  return { bits: parsed.bits, first, prefix: n };
}

const lastOf = ({ bits, first, prefix }: Block) => first | ((1n << BigInt(bits - prefix)) - 1n);

function contains(block: Block, bits: number, value: bigint): boolean {
  // An IPv4 address in IPv6 form is in IPv4 blocks, and in no IPv6 block.
  let [width, number] = [bits, value];
  if (bits === 128 && value >> 32n === 0xffffn) [width, number] = [32, value & 0xffffffffn];
  return width === block.bits && number >= block.first && number <= lastOf(block);
}

function containsText(outer: string, inner: string): boolean {
  const block = parseBlock(outer);
  const address = parseAddress(inner);
  if (address !== null) return contains(block, address.bits, address.value);
  let other: Block;
  try {
    other = parseBlock(inner);
  } catch {
    throw new BuiltinError(`not a valid textual representation of an IP address or CIDR: ${inner}`);
  }
  if (block.bits === 128 && other.bits === 128) return block.prefix <= other.prefix && other.first >= block.first && other.first <= lastOf(block);
  return contains(block, other.bits, other.first) && contains(block, other.bits, lastOf(other));
}

function formatAddress(bits: number, value: bigint): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  if (value >> 32n === 0xffffn) return formatAddress(32, value & 0xffffffffn);
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The longest run of zero groups is `::` (RFC 5952), if it has at least two.
  let [start, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === '0') end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  if (start < 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

const formatBlock = ({ bits, first, prefix }: Block) => `${formatAddress(bits, first)}/${prefix}`;

function expand(context: Context, text: string): Value {
  const block = parseBlock(text);
  const count = 1n << BigInt(block.bits - block.prefix);
  context.spend(count > 1_000_000_000_000n ? Number.MAX_SAFE_INTEGER : Number(count));
  charge(SET_CELLS + 2 * MEMBER_CELLS * Number(count));
  const addresses: Value[] = [];
  for (let value = block.first, end = lastOf(block); value <= end; value++) addresses.push(formatAddress(block.bits, value));
  return RegoSet.of(addresses);
}

/** A bare IPv4 address has the prefix of its class, as in Go's `DefaultMask`. */
function mergeable(element: Value): Block {
  if (typeof element !== 'string') throw new BuiltinError('element must be string');
  const address = parseAddress(element);
  if (address === null) return parseBlock(element);
  if (address.bits === 128 && !address.mapped) throw new BuiltinError('IPv6 invalid: needs prefix length');
  const value = address.value & 0xffffffffn;
  const top = Number(value >> 24n);
  const prefix = top < 128 ? 8 : top < 192 ? 16 : 24;
  return { bits: 32, first: value, prefix };
}

interface Range {
  readonly bits: number;
  readonly first: bigint;
  readonly last: bigint;
  readonly block: Block | null;
}

function merge(blocks: readonly Block[]): string[] {
  const sized = (block: Block): Range => {
    const host = BigInt(block.bits - block.prefix);
    return { bits: block.bits, first: (block.first >> host) << host, last: lastOf(block), block };
  };
  const byLast = (a: Range, b: Range) => a.bits - b.bits || (a.last < b.last ? -1 : a.last > b.last ? 1 : a.first < b.first ? -1 : a.first > b.first ? 1 : 0);
  const ranges = blocks.map(sized).sort(byLast);
  for (let i = ranges.length - 1; i > 0; i--) {
    const [a, b] = [ranges[i - 1] as Range, ranges[i] as Range];
    if (a.bits !== b.bits || b.first - 1n > a.last) continue;
    ranges.splice(i - 1, 2, { bits: a.bits, first: a.first < b.first ? a.first : b.first, last: b.last, block: null });
  }
  return ranges.flatMap(({ bits, first, last, block }) => (block === null ? cover(bits, first, last) : [formatBlock(block)]));
}

/** The fewest blocks that are exactly a range. */
function cover(bits: number, first: bigint, last: bigint): string[] {
  const blocks: string[] = [];
  for (let at = first; at <= last;) {
    let host = 0;
    while (host < bits && (at & ((1n << BigInt(host + 1)) - 1n)) === 0n && at + (1n << BigInt(host + 1)) - 1n <= last) host++;
    charge(2 * MEMBER_CELLS);
    blocks.push(formatBlock({ bits, first: at, prefix: bits - host }));
    at += 1n << BigInt(host);
  }
  return blocks;
}

/** Each network of an operand, still as it stands there, with the name it is reported under. */
function named(operand: Value): [Value, Value][] {
  if (isArray(operand)) return operand.map((element, i) => [element, i]);
  if (operand instanceof RegoSet) return operand.sorted.map((element) => [element, element]);
  if (operand instanceof RegoObject) return [...operand].map(([key, element]) => [element, key]);
  return typeof operand === 'string' ? [[operand, operand]] : [];
}

/** The network, or the first of an array that begins with one. */
function networkOf(element: Value, position: number): Value {
  const first = isArray(element) ? element[0] : element;
  if (first !== undefined && (isArray(element) || typeof element === 'string')) return first;
  throw new BuiltinError(`operand ${position}: element must be string or non-empty array`);
}

/** Elements are looked at pair by pair: one that is wrong is no error where nothing stands against it. */
function matches(context: Context, outer: Value, inner: Value): Value {
  const [blocks, others] = [named(outer), named(inner)];
  context.spend(blocks.length * others.length);
  const found: Value[] = [];
  for (const [a, i] of blocks) {
    const block = networkOf(a, 1);
    for (const [b, j] of others) {
      const other = networkOf(b, 2);
      if (!containsText(asString(block, 1), asString(other, 1))) continue;
      charge(ARRAY_CELLS + 2 * MEMBER_CELLS);
      found.push([i, j]);
    }
  }
  return RegoSet.of(found);
}

function isBlock(text: Value): boolean {
  try {
    return typeof text === 'string' && parseBlock(text) !== null;
  } catch {
    return false;
  }
}

const networks = 'any<string, array[any<string, array[any]>], object[string: any<string, array[any]>], set[any<string, array[any]>]>';
const inside = (name: string): Builtin => ({
  name,
  type: '(string, string) => boolean',
  run: (_, outer: Value, inner: Value) => containsText(asString(outer, 1), asString(inner, 1)),
});

export const net: readonly Builtin[] = [
  inside('net.cidr_contains'),
  inside('net.cidr_overlap'),
  {
    name: 'net.cidr_contains_matches',
    type: `(${networks}, ${networks}) => set[array<any, any>]`,
    run: matches,
  },
  {
    name: 'net.cidr_intersects',
    type: '(string, string) => boolean',
    run: (_, a: Value, b: Value) => {
      const [x, y] = [parseBlock(asString(a, 1)), parseBlock(asString(b, 1))];
      return contains(x, y.bits, y.first) || contains(y, x.bits, x.first);
    },
  },
  { name: 'net.cidr_expand', type: '(string) => set[string]', run: (context, block: Value) => expand(context, asString(block, 1)) },
  { name: 'net.cidr_is_valid', type: '(string) => boolean', run: (_, block: Value) => isBlock(block) },
  {
    name: 'net.cidr_merge',
    type: '(any<array[any<string>], set[string]>) => set[string]',
    run: (_, list: Value) => {
      if (!isArray(list) && !(list instanceof RegoSet)) throw new BuiltinError('operand must be an array');
      return RegoSet.of(merge((isArray(list) ? list : list.sorted).map(mergeable)));
    },
  },
];
