// Objects: lookup, merging, removing, subsets.
import { charge, ENTRY_CELLS, OBJECT_CELLS } from '../rego/meter.ts';
import { EMPTY_OBJECT, equalValues, isArray, ObjectBuilder, RegoObject, RegoSet, type Value } from '../rego/value.ts';
import { asArray, asObject, type Builtin, OperandError, wrongElement, wrongType } from './builtin.ts';

/** The member of a collection under a key, as a reference reads it. */
export function member(collection: Value, key: Value): Value | undefined {
  if (collection instanceof RegoObject) return collection.get(key);
  if (isArray(collection)) return typeof key === 'number' ? collection[key] : undefined;
  return collection instanceof RegoSet && collection.has(key) ? key : undefined;
}

function merge(a: RegoObject, b: RegoObject): RegoObject {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const merged = new ObjectBuilder();
  add(merged, a);
  add(merged, b);
  return merged.build();
}

/** All in one builder: a copy after each would take as much as all of them together, again and again. */
function mergeAll(given: readonly RegoObject[]): RegoObject {
  const filled = given.filter(({ size }) => size > 0);
  if (filled.length < 2) return filled[0] ?? EMPTY_OBJECT;
  const merged = new ObjectBuilder();
  for (const object of filled) add(merged, object);
  return merged.build();
}

function add(merged: ObjectBuilder, object: RegoObject): void {
  charge(OBJECT_CELLS + ENTRY_CELLS * object.size);
  for (const [key, value] of object) {
    const old = merged.get(key);
    merged.set(key, old instanceof RegoObject && value instanceof RegoObject ? merge(old, value) : value);
  }
}

/** The keys that `object.remove` and `object.filter` are given in an array, a set or an object's keys. */
function keysIn(value: Value): RegoSet {
  if (value instanceof RegoSet) return value;
  if (isArray(value)) return RegoSet.of(value);
  if (value instanceof RegoObject) return RegoSet.of(value.keys);
  throw wrongType(2, value, 'object', 'set', 'array');
}

function pick(object: Value, keys: Value, wanted: boolean): Value {
  const given = asObject(object, 1);
  const named = keysIn(keys);
  return RegoObject.of([...given].filter(([key]) => named.has(key) === wanted));
}

function isSubset(whole: Value, part: Value): boolean {
  if (equalValues(whole, part)) return true;
  if (whole instanceof RegoObject && part instanceof RegoObject) {
    return [...part].every(([key, value]) => {
      const there = whole.get(key);
      return there !== undefined && (sameKind(there, value) ? isSubset(there, value) : equalValues(there, value));
    });
  }
  if (whole instanceof RegoSet && part instanceof RegoSet) return [...part.members.keys()].every((key) => whole.members.has(key));
  if (isArray(whole) && isArray(part)) return containsRun(whole, part);
  return false;
}

function sameKind(a: Value, b: Value): boolean {
  return (a instanceof RegoObject && b instanceof RegoObject) || (a instanceof RegoSet && b instanceof RegoSet) || (isArray(a) && isArray(b));
}

// After a mismatch the search goes on one place later with the part from its start, but never re-reads what it passed: a
// run that overlaps its own beginning is missed in OPA as well, so the cursor moves exactly as OPA's does.
function containsRun(whole: readonly Value[], part: readonly Value[]): boolean {
  if (part.length > whole.length) return false;
  let [at, matched] = [0, 0];
  while (matched < part.length) {
    if (at + matched === whole.length) return false;
    if (equalValues(whole[at + matched] as Value, part[matched] as Value)) matched++;
    else [at, matched] = [at + 1, 0];
  }
  return true;
}

function covers(list: readonly Value[], part: RegoSet): boolean {
  let missing = part.size;
  return list.some((element) => {
    if (part.has(element)) missing--;
    return missing === 0;
  });
}

const keysType = 'any<array[any], object[any: any], set[any]>';

export const objects: readonly Builtin[] = [
  {
    name: 'object.get',
    type: '(object[any: any], any, any) => any',
    run: (_, object: Value, path: Value, otherwise: Value) => {
      const given = asObject(object, 1);
      if (!isArray(path)) {
        const found = given.get(path);
        return found === undefined ? otherwise : found;
      }
      let found: Value | undefined = given;
      for (const key of path) {
        found = member(found, key);
        if (found === undefined) return otherwise;
      }
      return found;
    },
  },
  { name: 'object.keys', type: '(object[any: any]) => set[any]', run: (_, object: Value) => RegoSet.of(asObject(object, 1).keys) },
  {
    name: 'object.union',
    type: '(object[any: any], object[any: any]) => object[any: any]',
    run: (_, a: Value, b: Value) => merge(asObject(a, 1), asObject(b, 2)),
  },
  {
    name: 'object.union_n',
    type: '(array[object[any: any]]) => object[any: any]',
    run: (_, list: Value) => {
      const given = asArray(list, 1);
      for (const element of given) if (!(element instanceof RegoObject)) throw wrongElement(1, given, element, 'object');
      return mergeAll(given as readonly RegoObject[]);
    },
  },
  { name: 'object.remove', type: `(object[any: any], ${keysType}) => object[any: any]`, run: (_, object: Value, keys: Value) => pick(object, keys, false) },
  { name: 'object.filter', type: `(object[any: any], ${keysType}) => object[any: any]`, run: (_, object: Value, keys: Value) => pick(object, keys, true) },
  {
    name: 'object.subset',
    type: `(${keysType}, ${keysType}) => boolean`,
    run: (_, whole: Value, part: Value) => {
      if (isArray(whole) && part instanceof RegoSet) return covers(whole, part);
      if (!sameKind(whole, part)) throw new SubsetError();
      return isSubset(whole, part);
    },
  },
];

/** Its text names no operand. */
class SubsetError extends OperandError {
  constructor() {
    super(1, '');
    this.message = 'both arguments object.subset must be of the same type or array and set';
  }
}
