// Arrays: joining, cutting, turning.
import { ARRAY_CELLS, charge } from '../rego/meter.ts';
import { isArray, type Value } from '../rego/value.ts';
import { asArray, asCount, type Builtin } from './builtin.ts';

export const arrays: readonly Builtin[] = [
  {
    name: 'array.concat',
    type: '(array[any], array[any]) => array[any]',
    run: (context, a: Value, b: Value) => {
      const [left, right] = [asArray(a, 1), asArray(b, 2)];
      context.spend(left.length + right.length);
      charge(ARRAY_CELLS + left.length + right.length);
      return left.length === 0 ? right : right.length === 0 ? left : [...left, ...right];
    },
  },
  {
    name: 'array.flatten',
    type: '(array[any]) => array[any]',
    run: (_, list: Value) => {
      const array = asArray(list, 1);
      charge(ARRAY_CELLS + 2 * array.reduce((count: number, element) => count + (isArray(element) ? element.length : ARRAY_CELLS), 0));
      return array.flatMap((element) => (isArray(element) ? element : [element]));
    },
  },
  { name: 'array.reverse', type: '(array[any]) => array[any]', run: (_, list: Value) => asArray(list, 1).toReversed() },
  {
    name: 'array.slice',
    type: '(array[any], number, number) => array[any]',
    run: (_, list: Value, from: Value, to: Value) => {
      const [array, start, stop] = [asArray(list, 1), asCount(from, 2), asCount(to, 3)];
      // Clamped: a start beyond the stop is an empty array, never an error.
      const end = Math.min(Math.max(stop, 0), array.length);
      return array.slice(Math.min(Math.max(start, 0), end), end);
    },
  },
];
