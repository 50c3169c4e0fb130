// Rego values: one total order, one canonical key for each, sets and objects with any key.
import { charge, checkKey, chargeCompared, keyCells, settle } from './meter.ts';
import { Num } from './number.ts';
import { emptySlot, type Slot } from './slot.ts';

/**
 * A value. A JavaScript `number` is always a safe integer (never `-0`) whose text is canonical; every other number is a
 * `Num`, which keeps the text it was written with. Strings are compared by code point; an unpaired surrogate U+DC80 to
 * U+DCFF stands for a byte that is not UTF-8 (`textOfBytes`).
 */
export type Value = null | boolean | number | Num | string | readonly Value[] | RegoObject | RegoSet;

/** What a value is found under: values are equal exactly when their keys are (`1`, `1.0` and `1e0` share one). */
export type Key = null | boolean | number | string;

const ORDER = { null: 0, boolean: 1, number: 2, string: 3, array: 4, object: 5, set: 6 } as const;
export type TypeName = keyof typeof ORDER;

export function typeName(value: Value): TypeName {
  switch (typeof value) {
    case 'string': return 'string';
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    default:
      if (value === null) return 'null';
      if (value instanceof RegoObject) return 'object';
      if (value instanceof RegoSet) return 'set';
      return value instanceof Num ? 'number' : 'array';
  }
}

export function isArray(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isNumber(value: Value | undefined): value is number | Num {
  return typeof value === 'number' || value instanceof Num;
}

/** The canonical key: the value itself where it is simple, else a text that begins with U+0000, as no other key does. */
export function keyOf(value: Value): Key {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? `\0s${value}` : value;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Num) return value.key;
  const text = value instanceof RegoObject || value instanceof RegoSet ? value.textKey : textKey(value);
  // Whether it was known before or not: what was evaluated earlier must not show.
  charge(keyCells(text.length));
  return text;
}

/** A self-delimiting text of a composite: lengths stand before strings, so no two values share one. */
function textKey(value: Value): string {
  if (typeof value === 'string') return `s${value.length}:${value}`;
  if (typeof value === 'number') return `${value};`;
  if (value === null || typeof value === 'boolean') return `${value};`;
  if (value instanceof Num) return `${value.key};`;
  if (value instanceof RegoObject || value instanceof RegoSet) return value.innerKey;
  if (value.length > partsMax) return `\0[${joinKeys(value)}]`;
  let text = '\0[';
  for (let i = 0; i < value.length; i++) text += textKey(value[i] as Value);
  return settled(`${text}]`);
}

/** A text that is added to remembers its parts, at several times its length, until somebody reads a character of it. */
const partsMax = 8;
const chunkMax = 1_024;
const unreadMax = 1_024;

/** A key of a few parts, which may be one and the same: it is checked before it is there twice. */
function settled(text: string): string {
  if (text.length > unreadMax) {
    checkKey(text.length);
    settle(text);
  }
  return text;
}

function joinKeys(list: readonly Value[]): string {
  const chunks: string[] = [];
  let length = 0;
  for (let i = 0; i < list.length; i += chunkMax) {
    const parts: string[] = [];
    for (let j = i; j < Math.min(i + chunkMax, list.length); j++) {
      const part = textKey(list[j] as Value);
      parts.push(part);
      length += part.length;
      checkKey(length);
    }
    chunks.push(parts.join(''));
  }
  return chunks.join('');
}

export class RegoSet {
  readonly members: ReadonlyMap<Key, Value>;
  #sorted: readonly Value[] | null = null;
  #text: string | null = null;
  #slot: Slot | null = null;

  constructor(members: ReadonlyMap<Key, Value>) {
    this.members = members;
  }

  /** The first of equal members keeps its text: `{1.0, 1}` is `{1.0}`. */
  static of(values: Iterable<Value>): RegoSet {
    const members = new Map<Key, Value>();
    for (const value of values) {
      const key = keyOf(value);
      if (!members.has(key)) members.set(key, value);
    }
    return new RegoSet(members);
  }

  get size(): number {
    return this.members.size;
  }

  get slot(): Slot {
    return (this.#slot ??= emptySlot());
  }

  has(value: Value): boolean {
    return this.members.has(keyOf(value));
  }

  /** Members in order: iteration is visible to policies, so it never follows insertion. */
  get sorted(): readonly Value[] {
    this.#sorted ??= sortValues([...this.members.values()]);
    return this.#sorted;
  }

  get textKey(): string {
    return (this.#text ??= this.innerKey);
  }

  /** The same, not kept: a key that stands in another one's key would be there twice, and at a thousand levels a thousand times. */
  get innerKey(): string {
    return this.#text ?? `\0{${joinKeys(this.sorted)}}`;
  }
}

/** The keys that many objects share (layout.ts), none of them another than its own canonical key. */
export interface Layout {
  /** In the order in which values stand. */
  readonly names: readonly string[];
  /** In their order, and where each one's value stands. */
  readonly keys: readonly string[];
  readonly places: readonly number[];
  /** -1 where there is none. */
  placeOf(key: Key): number;
}

const NO_VALUES: readonly Value[] = [];

export class RegoObject {
  /** Null where the object is a map. */
  readonly layout: Layout | null;
  /** By the layout's places. */
  readonly values: readonly Value[];
  readonly #entries: ReadonlyMap<Key, Value> | null;
  /** Keys that are not their own canonical key (composites and other numbers), under that key. */
  readonly #others: ReadonlyMap<Key, Value> | null;
  #sorted: readonly Value[] | null = null;
  #text: string | null = null;
  #slot: Slot | null = null;

  constructor(
    entries: ReadonlyMap<Key, Value> | null, others: ReadonlyMap<Key, Value> | null = null, layout: Layout | null = null, values: readonly Value[] = NO_VALUES,
  ) {
    this.layout = layout;
    this.values = values;
    this.#entries = entries;
    this.#others = others;
  }

  /** @param values - in the order of the layout's names */
  static laidOut(layout: Layout, values: readonly Value[]): RegoObject {
    return new RegoObject(null, null, layout, values);
  }

  static of(pairs: Iterable<readonly [Value, Value]>): RegoObject {
    const builder = new ObjectBuilder();
    for (const [key, value] of pairs) builder.set(key, value);
    return builder.build();
  }

  get slot(): Slot {
    return (this.#slot ??= emptySlot());
  }

  get size(): number {
    return this.layout === null ? (this.#entries as ReadonlyMap<Key, Value>).size : this.values.length;
  }

  get(key: Value): Value | undefined {
    return this.find(keyOf(key));
  }

  has(key: Value): boolean {
    return this.find(keyOf(key)) !== undefined;
  }

  /** The member under a canonical key. */
  find(key: Key): Value | undefined {
    const { layout } = this;
    if (layout === null) return (this.#entries as ReadonlyMap<Key, Value>).get(key);
    const place = layout.placeOf(key);
    return place < 0 ? undefined : this.values[place];
  }

  /** Its members, in no order. */
  members(): Iterable<Value> {
    return this.layout === null ? (this.#entries as ReadonlyMap<Key, Value>).values() : this.values;
  }

  /** Keys in order. */
  get keys(): readonly Value[] {
    if (this.layout !== null) return this.layout.keys;
    if (this.#sorted === null) {
      const keys: Value[] = [];
      for (const key of (this.#entries as ReadonlyMap<Key, Value>).keys()) keys.push(this.#others?.get(key) ?? key);
      this.#sorted = sortValues(keys);
    }
    return this.#sorted;
  }

  /** Pairs in the order of their keys. */
  *[Symbol.iterator](): IterableIterator<[Value, Value]> {
    const { layout, values } = this;
    if (layout === null) for (const key of this.keys) yield [key, this.get(key) as Value];
    else for (const [i, key] of layout.keys.entries()) yield [key, values[layout.places[i] as number] as Value];
  }

  /** Whether another object has the same keys with equal values. */
  equals(other: RegoObject): boolean {
    if (this.size !== other.size) return false;
    chargeCompared(this.size);
    if (this.layout !== null) {
      const { layout, values } = this;
      const same = layout === other.layout;
      for (let i = 0; i < values.length; i++) {
        const theirs = same ? other.values[i] : other.find(layout.names[i] as string);
        if (theirs === undefined || !equalValues(values[i] as Value, theirs)) return false;
      }
      return true;
    }
    for (const [key, value] of this.#entries as ReadonlyMap<Key, Value>) {
      const theirs = other.find(key);
      if (theirs === undefined || !equalValues(value, theirs)) return false;
    }
    return true;
  }

  get textKey(): string {
    return (this.#text ??= this.innerKey);
  }

  /** As a set's. */
  get innerKey(): string {
    if (this.#text !== null) return this.#text;
    const { keys } = this;
    if (keys.length > partsMax) return `\0(${joinKeys(keys.flatMap((key) => [key, this.get(key) as Value]))})`;
    let text = '\0(';
    for (const key of keys) text += textKey(key) + textKey(this.get(key) as Value);
    return settled(`${text})`);
  }
}

/** Collects pairs; a key set again keeps its first text and takes the new value. */
export class ObjectBuilder {
  readonly #entries = new Map<Key, Value>();
  #others: Map<Key, Value> | null = null;

  set(key: Value, value: Value): this {
    const canonical = keyOf(key);
    if (canonical !== key && !this.#entries.has(canonical)) (this.#others ??= new Map()).set(canonical, key);
    this.#entries.set(canonical, value);
    return this;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key));
  }

  delete(key: Value): void {
    const canonical = keyOf(key);
    this.#entries.delete(canonical);
    this.#others?.delete(canonical);
  }

  get size(): number {
    return this.#entries.size;
  }

  build(): RegoObject {
    return new RegoObject(this.#entries, this.#others);
  }
}

export const EMPTY_OBJECT = new RegoObject(new Map());
export const EMPTY_SET = new RegoSet(new Map());

/** Whether two values are equal: numbers by exact value, sets and objects whatever their order. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return true;
  // Before their types are looked at: `1` is a JavaScript number, `1.0` is not.
  if (a instanceof Num || b instanceof Num) return keyOf(a) === keyOf(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof RegoSet) {
    if (!(b instanceof RegoSet) || a.size !== b.size) return false;
    chargeCompared(a.size);
    for (const key of a.members.keys()) if (!b.members.has(key)) return false;
    return true;
  }
  if (a instanceof RegoObject) {
    return b instanceof RegoObject && a.equals(b);
  }
  if (b instanceof RegoSet || b instanceof RegoObject || a.length !== b.length) return false;
  chargeCompared(a.length);
  for (let i = 0; i < a.length; i++) if (!equalValues(a[i] as Value, b[i] as Value)) return false;
  return true;
}

/** The total order: null < booleans < numbers < strings < arrays < objects < sets. */
export function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const type = typeName(a);
  const rank = ORDER[type] - ORDER[typeName(b)];
  if (rank !== 0) return rank;
  switch (type) {
    case 'null': return 0;
    case 'boolean': return Number(a) - Number(b);
    case 'number': return Num.compare(a as number | Num, b as number | Num);
    case 'string': return compareStrings(a as string, b as string);
    case 'array': return compareLists(a as readonly Value[], b as readonly Value[]);
    case 'set': return compareLists((a as RegoSet).sorted, (b as RegoSet).sorted);
    case 'object': return compareObjects(a as RegoObject, b as RegoObject);
  }
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  const shared = Math.min(a.length, b.length);
  chargeCompared(shared);
  for (let i = 0; i < shared; i++) {
    const difference = compareValues(a[i] as Value, b[i] as Value);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Key by key, each key before its value: `{"a": 2}` < `{"b": 1}`. */
function compareObjects(a: RegoObject, b: RegoObject): number {
  const shared = Math.min(a.size, b.size);
  chargeCompared(shared);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a.keys[i] as Value, b.keys[i] as Value];
    const difference = compareValues(left, right) || compareValues(a.get(left) as Value, b.get(right) as Value);
    if (difference !== 0) return difference;
  }
  return a.size - b.size;
}

/** By code point, as bytes of UTF-8 order: `<` alone compares UTF-16 units and puts U+1F600 before U+FF5E. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return codeUnitRank(left) - codeUnitRank(right);
  }
  return a.length - b.length;
}

function codeUnitRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

const BEYOND = /[\ud800-\uffff]/;

/** Sorts in place. Strings below U+D800 take the native order, which is several times faster. */
export function sortValues(values: Value[]): Value[] {
  if (values.length < 2) return values;
  if (values.every((value) => typeof value === 'string' && !BEYOND.test(value))) return values.sort();
  return values.sort(compareValues);
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** Bytes as a Rego string; a byte that is not UTF-8 becomes U+DC00 plus itself, so that `bytesOfText` gives it back. */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    let text = '';
    for (let i = 0; i < bytes.length;) {
      const length = sequenceLength(bytes, i);
      text += length === 0 ? String.fromCharCode(0xdc00 + (bytes[i] as number)) : utf8Decoder.decode(bytes.subarray(i, i + length));
      i += Math.max(1, length);
    }
    return text;
  }
}

/** How many bytes the valid sequence at `i` has; 0 where none begins. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const first = bytes[i] as number;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length < 2) return length;
  try {
    utf8Decoder.decode(bytes.subarray(i, i + length));
    return i + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

export function bytesOfText(text: string): Uint8Array {
  if (text.isWellFormed()) return utf8Encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...utf8Encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}
