// GraphQL documents made to be expensive: each ends within its steps or its depth.
import { expect, test } from 'vitest';
import { type Context, BuiltinError } from '../../../policy/builtins/builtin.ts';
import { graphql } from '../../../policy/builtins/graphql.ts';
import type { Value } from '../../../policy/rego/value.ts';

class Spent extends Error {}

function run(name: string, operands: readonly Value[], steps: number): Value | undefined {
  let left = steps;
  const spend = (n: number) => {
    left -= n;
    if (left < 0) throw new Spent();
  };
  const context: Context = { clock: 0n, spend, spendBytes: spend, cache: (_family, _key, make) => make() };
  return graphql.find((builtin) => builtin.name === name)?.run(context, ...operands);
}

const schema = 'type Query { a: Query b: Int }';

test('fragments that double at each step end with the steps', () => {
  const fragments = Array.from({ length: 40 }, (_, i) => `fragment F${i} on __Type { ofType { ...F${i + 1} } x: ofType { ...F${i + 1} } }`);
  const query = `{ __schema { types { ...F0 } } } ${fragments.join(' ')} fragment F40 on __Type { name }`;
  expect(() => run('graphql.is_valid', [query, schema], 1_000_000)).toThrow(Spent);
});

test('fields of one name are compared within the steps', () => {
  expect(() => run('graphql.is_valid', [`{ ${'a { b } '.repeat(5_000)} }`, schema], 1_000_000)).toThrow(Spent);
});

test('nesting beyond 1,000 levels is refused, in text and through fragments', () => {
  const deep = (levels: number) => `${'{ a '.repeat(levels)}{ b }${' }'.repeat(levels)}`;
  expect(run('graphql.is_valid', [deep(200), schema], 1e9)).toBe(true);
  expect(run('graphql.is_valid', [deep(5_000), schema], 1e9)).toBe(false);
  expect(() => run('graphql.parse_query', [deep(5_000)], 1e9)).toThrow(new BuiltinError('GraphQL string is nested more than 1000 levels deep'));
  const chain = Array.from({ length: 3_000 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} }`).join(' ');
  expect(run('graphql.is_valid', [`{ ...F0 } ${chain} fragment F3000 on Query { b }`, schema], 1e9)).toBe(false);
});

test('a chain of input objects beyond 1,000 is refused', () => {
  const chain = (n: number) => `${Array.from({ length: n }, (_, i) => `input I${i} { a: I${i + 1}! }`).join(' ')} input I${n} { a: Int }`;
  expect(run('graphql.schema_is_valid', [chain(300)], 1e9)).toBe(true);
  expect(run('graphql.schema_is_valid', [chain(3_000)], 1e9)).toBe(false);
});

test('the trees of a policy are left as they are: checking writes into its own', () => {
  const query = run('graphql.parse_query', ['query ($x: Int) { b }'], 1e9) as Value;
  const before = JSON.stringify(run('graphql.parse', ['{ b }', schema], 1e9));
  expect(() => run('graphql.parse', [query, schema], 1e9)).toThrow('Variable "$x" is never used.');
  expect(JSON.stringify(run('graphql.parse', ['{ b }', schema], 1e9))).toBe(before);
});
