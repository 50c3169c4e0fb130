// Types of Rego terms as OPA's checker has them: scalars, collections with known and open parts, unions, functions.
import { compareValues, isArray, type Key, keyOf, RegoObject, RegoSet, typeName, type Value } from '../value.ts';

export interface ObjectType {
  readonly k: 'object';
  readonly members: ReadonlyMap<Key, { readonly key: Value; readonly type: Type | null }>;
  readonly open: { readonly key: Type | null; readonly value: Type | null } | null;
}

/** `any` is the union of nothing: it holds everything. Null stands for a type that is not known. */
export type Type =
  | { readonly k: 'null' | 'boolean' | 'number' | 'string' }
  | { readonly k: 'array'; readonly items: readonly (Type | null)[]; readonly open: Type | null }
  | ObjectType
  | { readonly k: 'set'; readonly of: Type | null }
  | { readonly k: 'any'; readonly of: readonly Type[] }
  | { readonly k: 'function'; readonly args: readonly (Type | null)[]; readonly variadic: Type | null; readonly result: Type | null };

export type FunctionType = Type & { k: 'function' };

export const ANY: Type = { k: 'any', of: [] };
export const STRING: Type = { k: 'string' };
export const NUMBER: Type = { k: 'number' };
const SCALARS = { null: { k: 'null' }, boolean: { k: 'boolean' }, number: NUMBER, string: STRING } as const;
const ORDER = ['null', 'boolean', 'number', 'string', 'array', 'object', 'set', 'any', 'function'];

export const isAny = (type: Type | null): boolean => type?.k === 'any' && type.of.length === 0;

export function compareTypes(a: Type | null, b: Type | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  if (a.k !== b.k) return ORDER.indexOf(a.k) - ORDER.indexOf(b.k);
  if (a.k === 'array' && b.k === 'array') return presence(a.open, b.open) || compareLists(a.items, b.items);
  if (a.k === 'set' && b.k === 'set') return compareTypes(a.of, b.of);
  if (a.k === 'any' && b.k === 'any') return compareLists(a.of, b.of);
  if (a.k === 'object' && b.k === 'object') return compareObjects(a, b);
  if (a.k === 'function' && b.k === 'function') return compareLists(a.args, b.args) || compareTypes(a.result, b.result);
  return 0;
}

function presence(a: Type | null, b: Type | null): number {
  if (a !== null && b !== null) return compareTypes(a, b);
  return a === b ? 0 : a === null ? -1 : 1;
}

function compareLists(a: readonly (Type | null)[], b: readonly (Type | null)[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareTypes(a[i] ?? null, b[i] ?? null);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareObjects(a: ObjectType, b: ObjectType): number {
  if (a.open === null || b.open === null) {
    if (a.open !== b.open) return a.open === null ? -1 : 1;
  } else {
    const difference = compareTypes(a.open.key, b.open.key) || compareTypes(a.open.value, b.open.value);
    if (difference !== 0) return difference;
  }
  const [x, y] = [sortedMembers(a), sortedMembers(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const [left, right] = [x[i], y[i]] as [{ key: Value; type: Type | null }, { key: Value; type: Type | null }];
    const difference = compareValues(left.key, right.key) || compareTypes(left.type, right.type);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

const sortedMembers = (type: ObjectType) => [...type.members.values()].sort((a, b) => compareValues(a.key, b.key));

/** A type of more parts than this is not told apart from any other. */
const partsMax = 20_000;
const partsOf = new WeakMap<Type, number>();

/**
 * A type that is put together out of others, or `any` where it has too many parts.
 *
 * `d1 := [d0, d0]`, `d2 := [d1, d1]` and so on doubles the parts with every rule, and whoever compares or walks them goes through all.
 */
export function bounded(type: Type): Type {
  return countParts(type) > partsMax ? ANY : type;
}

/** Each type is counted once, however often it stands in others. */
function countParts(type: Type | null): number {
  if (type === null || !('items' in type || 'members' in type || 'of' in type)) return 1;
  const known = partsOf.get(type);
  if (known !== undefined) return known;
  let count = 1;
  for (const part of partsIn(type)) count += countParts(part);
  partsOf.set(type, count);
  return count;
}

function partsIn(type: Type): (Type | null)[] {
  switch (type.k) {
    case 'array': return [...type.items, type.open];
    case 'object': return [...[...type.members.values()].map((member) => member.type), ...(type.open === null ? [] : [type.open.key, type.open.value])];
    case 'set': return [type.of];
    case 'any': return [...type.of];
    default: return [];
  }
}

/** The union of two types; of functions and others there is none. */
export function or(a: Type | null, b: Type | null): Type | null {
  if (a === null || b === null) return a ?? b;
  if (a.k === 'function' || b.k === 'function') return a.k === b.k ? orFunctions(a as FunctionType, b as FunctionType) : null;
  if (isAny(a) || isAny(b)) return ANY;
  const of: Type[] = [];
  for (const type of [...(a.k === 'any' ? a.of : [a]), ...(b.k === 'any' ? b.of : [b])]) {
    if (!of.some((known) => compareTypes(known, type) === 0)) of.push(type);
  }
  of.sort(compareTypes);
  return of.length === 1 ? (of[0] as Type) : { k: 'any', of };
}

function orFunctions(a: FunctionType, b: FunctionType): Type | null {
  if (a.args.length !== b.args.length) return null;
  const args = a.args.map((arg, i) => or(arg, b.args[i] ?? null));
  return { k: 'function', args, variadic: or(a.variadic, b.variadic), result: or(a.result, b.result) };
}

/** Whether a type or a part of it is not known. */
export function isUnknown(type: Type | null): boolean {
  if (type === null) return true;
  switch (type.k) {
    case 'array': return type.items.some(isUnknown) || (type.open !== null && isUnknown(type.open));
    case 'set': return isUnknown(type.of);
    case 'function': return type.args.some(isUnknown) || isUnknown(type.result);
    case 'object': {
      const open = type.open !== null && (isUnknown(type.open.key) || isUnknown(type.open.value));
      return open || [...type.members.values()].some((member) => isUnknown(member.type));
    }
    default: return false;
  }
}

/** What may stand as a key of a type's values; null where it has none. */
export function keysOf(type: Type | null): Type | null {
  switch (type?.k) {
    // An empty array has no index, as an empty object has no key.
    case 'array': return type.items.length > 0 || type.open !== null ? NUMBER : null;
    case 'object': {
      let keys: Type | null = null;
      for (const { key } of type.members.values()) keys = or(keys, typeOf(key));
      return type.open === null ? keys : or(keys, type.open.key);
    }
    case 'set': return type.of;
    case 'any': return isAny(type) ? ANY : type.of.reduce<Type | null>((keys, part) => or(keysOf(part), keys), null);
    default: return null;
  }
}

/** What may be found in a type's values by iterating. */
export function valuesOf(type: Type | null): Type | null {
  switch (type?.k) {
    case 'array': return type.items.reduce<Type | null>((values, item) => or(values, item), type.open);
    case 'object': return [...type.members.values()].reduce<Type | null>((values, member) => or(values, member.type), type.open?.value ?? null);
    case 'set': return type.of;
    case 'any': return isAny(type) ? ANY : type.of.reduce<Type | null>((values, part) => or(valuesOf(part), values), null);
    default: return null;
  }
}

/** What a constant key gives; null where the type has no such member. */
export function selectKey(type: Type | null, key: Value): Type | null {
  switch (type?.k) {
    case 'array': return typeof key === 'number' && key >= 0 ? (key < type.items.length ? type.items[key] ?? null : type.open) : null;
    case 'object': {
      const known = type.members.get(keyOf(key));
      if (known !== undefined) return known.type;
      return type.open !== null && contains(type.open.key, typeOf(key)) ? type.open.value : null;
    }
    case 'set': {
      const own = typeOf(key);
      if (compareTypes(type.of, own) === 0) return type.of;
      return type.of?.k === 'any' && contains(type.of, own) ? own : null;
    }
    case 'any': return isAny(type) ? ANY : type.of.reduce<Type | null>((found, part) => or(selectKey(part, key), found), null);
    default: return null;
  }
}

function contains(type: Type | null, other: Type): boolean {
  if (type?.k !== 'any') return compareTypes(type, other) === 0;
  return isAny(type) || type.of.some((part) => contains(part, other));
}

export function typeOf(value: Value): Type {
  if (isArray(value)) return { k: 'array', items: value.map(typeOf), open: null };
  if (value instanceof RegoSet) return { k: 'set', of: value.sorted.reduce<Type | null>((of, member) => or(of, typeOf(member)), null) };
  if (value instanceof RegoObject) {
    return { k: 'object', members: new Map([...value].map(([key, member]) => [keyOf(key), { key, type: typeOf(member) }])), open: null };
  }
  return SCALARS[typeName(value) as keyof typeof SCALARS];
}

/** Whether some value may have both types. */
export function unifies(a: Type | null, b: Type | null): boolean {
  if (a === null || b === null) return false;
  if (a.k === 'any' && anyUnifies(a, b)) return true;
  if (b.k === 'any' && anyUnifies(b, a)) return true;
  if (a.k === 'any' || b.k === 'any' || a.k !== b.k) return false;
  if (a.k === 'array' && b.k === 'array') {
    // Each two once: twice each would be a thousand times ten levels down.
    const [longer, shorter] = a.items.length < b.items.length ? [b, a] : [a, b];
    const fit = longer.items.every((item, i) => unifies(item, i < shorter.items.length ? shorter.items[i] ?? null : shorter.open));
    return fit && (a.open === null || b.open === null || unifies(a.open, b.open));
  }
  if (a.k === 'object' && b.k === 'object') {
    return membersUnify(a, b, new Map()) && membersUnify(b, a, a.members) && (a.open === null || b.open === null || unifies(a.open.value, b.open.value));
  }
  if (a.k === 'set' && b.k === 'set') return a.of === null || b.of === null || unifies(a.of, b.of);
  if (a.k === 'function' && b.k === 'function') return a.args.length === b.args.length && a.args.every((arg, i) => unifies(arg, b.args[i] ?? null));
  return true;
}

function anyUnifies(a: Type & { k: 'any' }, b: Type): boolean {
  return b.k !== 'function' && (a.of.length === 0 || a.of.some((part) => unifies(part, b)));
}

/** @param known - members that are known to */
function membersUnify(a: ObjectType, b: ObjectType, known: ObjectType['members']): boolean {
  for (const [name, { key, type }] of a.members) {
    if (known.has(name)) continue;
    const other = selectKey(b, key);
    if (other === null) {
      if ((a.open?.value ?? null) === null && (b.open?.value ?? null) === null) return false;
    } else if (!unifies(type, other)) return false;
  }
  return true;
}

const parsed = new Map<string, FunctionType>();

/** A built-in's type from its notation, such as `(string, array[any]) => boolean`. */
export function parseFunctionType(notation: string): FunctionType {
  const known = parsed.get(notation);
  if (known !== undefined) return known;
  const type = new TypeReader(notation).functionType();
  parsed.set(notation, type);
  return type;
}

class TypeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #eat(token: string): boolean {
    while (this.#text[this.#at] === ' ') this.#at++;
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #list<T>(close: string, read: () => T): T[] {
    const items: T[] = [];
    while (!this.#eat(close)) {
      items.push(read());
      this.#eat(',');
    }
    return items;
  }

  functionType(): FunctionType {
    this.#eat('(');
    let variadic: Type | null = null;
    const args = this.#list(')', () => {
      const type = this.#type();
      if (this.#eat('...')) variadic = type;
      return type;
    });
    if (variadic !== null) args.pop();
    this.#eat('=>');
    return { k: 'function', args, variadic, result: this.#eat('none') ? null : this.#type() };
  }

  #type(): Type {
    for (const k of ['null', 'boolean', 'number', 'string'] as const) if (this.#eat(k)) return { k };
    if (this.#eat('any')) return { k: 'any', of: this.#eat('<') ? this.#list('>', () => this.#type()) : [] };
    if (this.#eat('set[')) return { k: 'set', of: this.#list(']', () => this.#type())[0] ?? null };
    if (this.#eat('array')) {
      const items = this.#eat('<') ? this.#list('>', () => this.#type()) : [];
      return { k: 'array', items, open: this.#eat('[') ? this.#list(']', () => this.#type())[0] ?? null : null };
    }
    this.#eat('object');
    const pairs = this.#eat('<') ? this.#list('>', () => this.#pair()) : [];
    const open = this.#eat('[') ? this.#list(']', () => ({ key: this.#type(), value: (this.#eat(':'), this.#type()) }))[0] ?? null : null;
    return { k: 'object', members: new Map(pairs.map(({ key, type }) => [key, { key, type }])), open };
  }

  #pair(): { key: string; type: Type } {
    while (this.#text[this.#at] === ' ') this.#at++;
    const end = this.#text.indexOf(':', this.#at);
    const key = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return { key, type: this.#type() };
  }
}
