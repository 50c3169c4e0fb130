// Aggregates over arrays and sets, and membership.
import * as float from '../rego/big-float.ts';
import type { BigFloat } from '../rego/big-float.ts';
import { Num } from '../rego/number.ts';
import { compareValues, equalValues, isArray, isNumber, RegoObject, RegoSet, sortValues, type Value } from '../rego/value.ts';
import { type Builtin, elementsOf, wrongElement, wrongType } from './builtin.ts';

/** Exact where every element is an integer; else in floats, from a start whose precision the result keeps. */
function accumulate(
  operand: Value,
  start: bigint,
  exact: (x: bigint, y: bigint) => bigint,
  inexact: (x: BigFloat, y: BigFloat) => BigFloat,
  bits: number,
): Value {
  const elements = elementsOf(operand, 1);
  let total: bigint | null = start;
  for (const element of elements) {
    if (!isNumber(element)) throw wrongElement(1, operand, element, 'number');
    const integer: bigint | null = total === null ? null : Num.toBigInt(element);
    total = integer === null || total === null ? null : exact(total, integer);
  }
  if (total !== null) return Num.fromBigInt(total);
  let sum = float.fromInteger(start, bits);
  for (const element of elements) sum = inexact(sum, Num.toFloat(element as number | Num));
  return Num.fromFloat(sum);
}

function sum(operand: Value): Value {
  let total = 0;
  for (const element of elementsOf(operand, 1)) {
    if (typeof element !== 'number' || !Number.isSafeInteger(total + element)) {
      return accumulate(operand, 0n, (x, y) => x + y, float.add, 64);
    }
    total += element;
  }
  return total;
}

/** Undefined where the list is empty. */
function best(list: Value, isBetter: (old: Value, next: Value) => boolean): Value | undefined {
  let found: Value | undefined;
  for (const next of elementsOf(list, 1)) if (found === undefined || isBetter(found, next)) found = next;
  return found;
}

function isMember(value: Value, collection: Value): boolean {
  if (collection instanceof RegoSet) return collection.has(value);
  if (isArray(collection)) return collection.some((element) => equalValues(element, value));
  if (!(collection instanceof RegoObject)) return false;
  for (const element of collection.members()) if (equalValues(element, value)) return true;
  return false;
}

function isMemberAt(key: Value, value: Value, collection: Value): boolean {
  if (collection instanceof RegoSet) return collection.has(key) && equalValues(key, value);
  const found = isArray(collection) ? (typeof key === 'number' ? collection[key] : undefined)
    : collection instanceof RegoObject ? collection.get(key) : undefined;
  return found !== undefined && equalValues(found, value);
}

const listOrSet = 'any<array[any], set[any]>';

export const aggregates: readonly Builtin[] = [
  {
    name: 'count',
    type: '(any<string, array[any], object[any: any], set[any]>) => number',
    run: (_, collection: Value) => {
      if (typeof collection === 'string') return [...collection].length;
      if (isArray(collection)) return collection.length;
      if (collection instanceof RegoSet || collection instanceof RegoObject) return collection.size;
      throw wrongType(1, collection, 'array', 'object', 'set', 'string');
    },
  },
  { name: 'sum', type: '(any<array[number], set[number]>) => number', run: (_, list: Value) => sum(list) },
  {
    name: 'product',
    type: '(any<array[number], set[number]>) => number',
    // 53 bits: OPA starts from a double here, and `product([0.1, 3])` is 0.30000000000000004.
    run: (_, list: Value) => accumulate(list, 1n, (x, y) => x * y, (x, y) => float.multiply(x, y, 53), 53),
  },
  {
    name: 'max',
    type: `(${listOrSet}) => any`,
    run: (_, list: Value) => best(list, (old, next) => compareValues(old, next) <= 0),
  },
  {
    name: 'min',
    type: `(${listOrSet}) => any`,
    run: (_, list: Value) => best(list, (old, next) => compareValues(old, next) >= 0),
  },
  { name: 'sort', type: `(${listOrSet}) => array[any]`, run: (_, list: Value) => sortValues([...elementsOf(list, 1)]) },
  { name: 'all', type: `(${listOrSet}) => boolean`, run: (_, list: Value) => elementsOf(list, 1, 'array', 'set').every((element) => element === true) },
  { name: 'any', type: `(${listOrSet}) => boolean`, run: (_, list: Value) => elementsOf(list, 1, 'array', 'set').some((element) => element === true) },
  { name: 'internal.member_2', type: '(any, any) => boolean', run: (_, value: Value, collection: Value) => isMember(value, collection) },
  {
    name: 'internal.member_3',
    type: '(any, any, any) => boolean',
    run: (_, key: Value, value: Value, collection: Value) => isMemberAt(key, value, collection),
  },
];
