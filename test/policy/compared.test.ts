// Comparing: values that name others again and again are as long to compare as if they were written out, and that is bounded.
import { describe, expect, test } from 'vitest';
import { compile, fromPlain, parseJson, type Value } from '../../policy/index.ts';
import { metered } from '../../policy/rego/meter.ts';
import { compareValues, equalValues, RegoObject, RegoSet, sortValues } from '../../policy/rego/value.ts';
import { SEMANTICS, TEST_SEMANTICS } from '../../policy/semantics.ts';

/** Two values of two to the so many elements each, which are equal where `x` and `y` are, and take so many lists to make. */
function policyOf(expression: string, pair: (below: string) => string, levels = 40): string {
  const chain = (name: string) => Array.from({ length: levels }, (_, i) => `\t${name}${i + 1} := ${pair(`${name}${i}`)}`).join('\n');
  return `package p\n\nimport rego.v1\n\na if {\n\td0 := [input.x]\n\te0 := [input.y]\n${chain('d')}\n${chain('e')}\n`
    + `\td := d${levels}\n\te := e${levels}\n\t${expression}\n}\n`;
}

const input = fromPlain({ x: 1, y: 1 });

function answerOf(text: string, semantics: number): string {
  const { error, values } = compile([{ file: 'p.rego', text }], { semantics }).evaluateAll(['data.p.a'], { input, data: parseJson('{}'), clock: 0n });
  return error === null ? String(values.get('data.p.a')) : `${error.code}: ${error.message}`;
}

const pairs = { arrays: (below: string) => `[${below}, ${below}]`, objects: (below: string) => `{"a": ${below}, "b": ${below}}` } as const;

describe.each(['arrays', 'objects'] as const)('a value that names another twice, forty times over, in %s', (kind) => {
  test.each([
    'd == e', 'd != e', 'd < e', 'e >= d', 'x := sort([d, e])\n\tx[0] == d', 'x := max([d, e])\n\tx == 1', 'd in [e]', 'd in {"a": e}',
    'object.subset({"a": d}, {"a": e})', 'x := {"a": d}\n\tx.a == e', '[d, 1] = [e, y]\n\ty == 1', 'every x in [d] { x == e }',
    'count([1 | some x in [d]; x == e]) == 1',
    'input.z == e with input as {"z": d}', 'x := json.patch({"a": d}, [{"op": "test", "path": "/a", "value": e}])\n\tcount(x) == 1',
  ])('is compared so far and no further: %s', (expression) => {
    expect(answerOf(policyOf(expression, pairs[kind]), TEST_SEMANTICS)).toBe('eval_limit_error: more than 1000000 values compared');
  });

  test('is compared at once with itself, and with what differs at the top', () => {
    for (const expression of ['d == d', 'd != [e]', 'd != {"a": e}', 'count([d, e]) == 2']) {
      expect(answerOf(policyOf(expression, pairs[kind]), SEMANTICS)).toBe('true');
    }
  });
});

test.each([['lists', '[', ']'], ['objects', '{"a": ', '}']])('types of %s inside one another are compared level by level', (_, open, close) => {
  const nested = (inside: string) => `${open.repeat(200)}${inside}${close.repeat(200)}`;
  const text = `package p\n\nimport rego.v1\n\na if {\n\td := ${nested('input.x')}\n\te := ${nested('input.y')}\n\td == e\n}\n`;
  expect(answerOf(text, SEMANTICS)).toBe('true');
});

describe('what is counted', () => {
  const list = (...values: Value[]): Value => values;
  const object = (value: Value): Value => RegoObject.of([['a', value], ['b', 1]]);
  const set = (...values: Value[]): Value => RegoSet.of(values);

  test.each([
    ['texts and numbers count for nothing', 'a'.repeat(1_000), 'b', 0],
    ['nor do lists of other lengths', list(1), list(1, 2), 0],
    ['each list, and each of its elements', list(1, 2), list(1, 2), 3],
    ['in lists too', list(list(1, 2), list()), list(list(1, 2), list()), 3 + 3 + 1],
    ['each object, and each of its members', object(list(1)), object(list(1)), 3 + 2],
    ['each set, and each of its members', set(1, 2, 3), set(1, 2, 3), 4],
  ])('to see whether two are equal: %s', (_, a, b, count) => {
    expect(() => metered({ cells: Number.POSITIVE_INFINITY, compared: count }, () => equalValues(a, b), () => {})).not.toThrow();
    if (count === 0) return;
    expect(() => metered({ cells: Number.POSITIVE_INFINITY, compared: count - 1 }, () => equalValues(a, b), () => {}))
      .toThrow(`more than ${count - 1} values compared`);
  });

  test.each([
    ['lists as far as the shorter one goes', list(1, 2, 3), list(1, 2), 3],
    ['objects, with their keys', object(list(1)), object(list(2)), 3 + 2],
    ['sets', set(1, 2), set(1, 3), 3],
  ])('to see which of two comes first: %s', (_, a, b, count) => {
    expect(() => metered({ cells: Number.POSITIVE_INFINITY, compared: count }, () => compareValues(a, b), () => {})).not.toThrow();
    expect(() => metered({ cells: Number.POSITIVE_INFINITY, compared: count - 1 }, () => sortValues([a, b]), () => {}))
      .toThrow(`more than ${count - 1} values compared`);
  });

  test('and nothing outside an evaluation, or beneath semantics 2', () => {
    let [a, b]: [Value, Value] = [[1], [1]];
    for (let i = 0; i < 20; i++) [a, b] = [[a, a], [b, b]];
    expect(equalValues(a, b)).toBe(true);
    const small = policyOf('d == e', pairs.arrays, 20);
    expect([1, SEMANTICS].map((semantics) => answerOf(small, semantics))).toEqual(['true', 'true']);
    expect(answerOf(small, TEST_SEMANTICS)).toBe('eval_limit_error: more than 1000000 values compared');
  });
});
