// Type names, type tests and the deprecated casts.
import { Num } from '../rego/number.ts';
import { isArray, isNumber, RegoSet, type TypeName, typeName, type Value } from '../rego/value.ts';
import { type Builtin, BuiltinError, elementsOf, wrongType } from './builtin.ts';

const test = (type: TypeName): Builtin => ({ name: `is_${type}`, type: '(any) => boolean', run: (_, value: Value) => typeName(value) === type });

const cast = (type: TypeName, result: string): Builtin => ({
  name: `cast_${type}`,
  type: `(any) => ${result}`,
  run: (_, value: Value) => {
    if (typeName(value) !== type) throw wrongType(1, value, type);
    return value;
  },
});

function toNumber(value: Value): Value {
  if (value === null || typeof value === 'boolean') return Number(value);
  if (isNumber(value)) return value;
  if (typeof value !== 'string') throw wrongType(1, value, 'null', 'boolean', 'number', 'string');
  if (/^[+-]*(?:inf|infinity|nan)$/i.test(value)) throw wrongType(1, value, 'valid number string');
  const parsed = Num.parse(value);
  if (parsed === null) throw new BuiltinError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  return parsed;
}

export const types: readonly Builtin[] = [
  ...(['array', 'boolean', 'null', 'number', 'object', 'set', 'string'] as const).map(test),
  { name: 'type_name', type: '(any) => string', run: (_, value: Value) => typeName(value) },
  { name: 'to_number', type: '(any<null, boolean, number, string>) => number', run: (_, value: Value) => toNumber(value) },
  { name: 'cast_array', type: '(any) => array[any]', run: (_, value: Value) => (isArray(value) ? value : elementsOf(value, 1, 'array', 'set')) },
  {
    name: 'cast_set',
    type: '(any) => set[any]',
    run: (_, value: Value) => (value instanceof RegoSet ? value : RegoSet.of(elementsOf(value, 1, 'array', 'set'))),
  },
  cast('boolean', 'boolean'),
  cast('null', 'null'),
  cast('string', 'string'),
  cast('object', 'object[any: any]'),
];
