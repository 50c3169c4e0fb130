// Sets: union, intersection, difference.
import { charge, MEMBER_CELLS, SET_CELLS } from '../rego/meter.ts';
import { EMPTY_SET, type Key, RegoSet, type Value } from '../rego/value.ts';
import { asSet, type Builtin } from './builtin.ts';

function chargeSet(size: number): void {
  charge(SET_CELLS + MEMBER_CELLS * size);
}

export function union(a: RegoSet, b: RegoSet): RegoSet {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  chargeSet(a.size + b.size);
  const members = new Map(a.members);
  for (const [key, value] of b.members) if (!members.has(key)) members.set(key, value);
  return new RegoSet(members);
}

export function intersection(a: RegoSet, b: RegoSet): RegoSet {
  const [few, many] = a.size <= b.size ? [a, b] : [b, a];
  chargeSet(few.size);
  const members = new Map<Key, Value>();
  for (const [key, value] of few.members) if (many.members.has(key)) members.set(key, value);
  return new RegoSet(members);
}

export function difference(a: RegoSet, b: RegoSet): RegoSet {
  chargeSet(a.size);
  const members = new Map<Key, Value>();
  for (const [key, value] of a.members) if (!b.members.has(key)) members.set(key, value);
  return new RegoSet(members);
}

export const sets: readonly Builtin[] = [
  { name: 'and', type: '(set[any], set[any]) => set[any]', run: (_, a: Value, b: Value) => intersection(asSet(a, 1), asSet(b, 2)) },
  { name: 'or', type: '(set[any], set[any]) => set[any]', run: (_, a: Value, b: Value) => union(asSet(a, 1), asSet(b, 2)) },
  { name: 'set_diff', type: '(set[any], set[any]) => set[any]', run: (_, a: Value, b: Value) => difference(asSet(a, 1), asSet(b, 2)) },
  {
    name: 'intersection',
    type: '(set[set[any]]) => set[any]',
    run: (_, all: Value) => {
      const given = asSet(all, 1).sorted.map((member) => asSet(member, 1));
      return given.length === 0 ? EMPTY_SET : given.reduce(intersection);
    },
  },
  {
    name: 'union',
    type: '(set[set[any]]) => set[any]',
    run: (_, all: Value) => {
      const given = asSet(all, 1).sorted.map((member) => asSet(member, 1));
      chargeSet(2 * given.reduce((count, { size }) => count + size, 0));
      return RegoSet.of(given.flatMap(({ sorted }) => sorted));
    },
  },
];
