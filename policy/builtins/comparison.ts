// Comparison by the total order over all values.
import { compareValues, equalValues, type Value } from '../rego/value.ts';
import type { Builtin } from './builtin.ts';

const compared = (name: string, holds: (a: Value, b: Value) => boolean): Builtin => ({
  name,
  type: '(any, any) => boolean',
  run: (_, a: Value, b: Value) => holds(a, b),
});

export const comparison: readonly Builtin[] = [
  compared('eq', equalValues),
  compared('equal', equalValues),
  compared('assign', equalValues),
  compared('neq', (a, b) => !equalValues(a, b)),
  compared('lt', (a, b) => compareValues(a, b) < 0),
  compared('lte', (a, b) => compareValues(a, b) <= 0),
  compared('gt', (a, b) => compareValues(a, b) > 0),
  compared('gte', (a, b) => compareValues(a, b) >= 0),
];
