// Objects that share a table of keys are the same values as objects that are maps.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../policy/index.ts';
import { formatJson, fromPlain, parseJson } from '../../policy/rego/json.ts';
import { Layouts } from '../../policy/rego/layout.ts';
import { Num } from '../../policy/rego/number.ts';
import { formatTerm } from '../../policy/rego/term.ts';
import { compareValues, equalValues, isArray, keyOf, RegoObject, type Value } from '../../policy/rego/value.ts';

/** The same value, of maps throughout. */
function mapped(value: Value): Value {
  if (isArray(value)) return value.map(mapped);
  return value instanceof RegoObject ? RegoObject.of([...value].map(([key, member]) => [key, mapped(member)])) : value;
}

function expectSame(one: Value, other: Value): void {
  expect([equalValues(one, other), equalValues(other, one), compareValues(one, other)]).toEqual([true, true, 0]);
  expect([keyOf(one), formatJson(one), formatTerm(one)]).toEqual([keyOf(other), formatJson(other), formatTerm(other)]);
  if (!(one instanceof RegoObject) || !(other instanceof RegoObject)) return;
  const named = (value: Value | undefined) => (value === undefined ? 'undefined' : keyOf(value));
  const shown = (object: RegoObject) => [object.size, object.keys, [...object].map(([at, member]) => [at, named(member)])];
  expect(shown(one)).toEqual(shown(other));
  expect([...one.members()].map(keyOf).sort()).toEqual([...other.members()].map(keyOf).sort());
  for (const key of [...other.keys, 'absent', 1, null, ['a']]) expect([named(one.get(key)), one.has(key)]).toEqual([named(other.get(key)), other.has(key)]);
}

const key = fc.constantFrom('a', 'b', 'ab', 'é', '\u{1f600}', '\uff5e', '', '\u0000', '\u0000sa', '1', '__proto__', 'constructor');
const json = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', '1', '1.0', '-0', '"text"'),
    fc.array(tie('json'), { maxLength: 4 }).map((all) => `[${all.join(',')}]`),
    // Keys may come twice: the last value counts.
    fc.array(fc.tuple(key, tie('json')), { maxLength: 5 }).map((all) => `{${all.map(([name, member]) => `${JSON.stringify(name)}:${member}`).join(',')}}`),
  ),
})).json;

describe('objects with a layout', () => {
  test('are, to everything that asks, the same as maps', () => {
    fc.assert(fc.property(json, (text) => {
      const value = parseJson(text);
      expectSame(value, mapped(value));
      expectSame(mapped(value), value);
    }), { numRuns: 2_000 });
  });

  test('are equal only where every member is, whatever the order of keys', () => {
    fc.assert(fc.property(json, json, (a, b) => {
      const [one, other] = [parseJson(`{"x": ${a}, "y": ${b}}`), parseJson(`{"y": ${b}, "x": ${a}}`)];
      expectSame(one, other);
      const swapped = parseJson(`{"x": ${b}, "y": ${a}}`);
      expect(equalValues(one, swapped)).toBe(keyOf(one) === keyOf(swapped));
      expect(equalValues(one, parseJson(`{"x": ${a}, "z": ${b}}`))).toBe(false);
      expect(equalValues(one, parseJson(`{"x": ${a}}`))).toBe(false);
    }), { numRuns: 500 });
  });

  test('read as `JSON.parse` reads them, from text and from plain data', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), (plain) => {
      const text = JSON.stringify(plain);
      expectSame(fromPlain(JSON.parse(text)), parseJson(text));
    }), { numRuns: 500 });
    expectSame(fromPlain({ a: undefined, b: 1, c: undefined }), parseJson('{"b": 1}'));
  });

  test('read as before from data that is kept, and from documents that were alike', () => {
    const layouts = new Layouts();
    const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 0.5, 9.8, -9.8, 1e21, 5e-324, 2 ** 53, 0.00042));
    const plain = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.array(fc.string()), numbers, fc.array(numbers), fc.array(fc.oneof(fc.string(), numbers)));
    fc.assert(fc.property(plain, (data) => {
      const [kept, alike, fresh] = [fromPlain(data, layouts, true), fromPlain(data, layouts), fromPlain(data)];
      expectSame(kept, fresh);
      expectSame(alike, fresh);
      expectSame(fromPlain(data, layouts, true), fresh);
    }), { numRuns: 1_000 });
    expect([0, -0, 0.5, 0, -0].map((one) => formatJson(fromPlain(one, layouts)))).toEqual(['0', '-0', '0.5', '0', '-0']);
    expect([-0, 0, 0.5, -0].map((one) => formatJson(layouts.numberOf(one) as Value))).toEqual(['-0', '0', '0.5', '-0']);
    // More numbers than are remembered.
    const many = Array.from({ length: 10_000 }, (_, i) => i + 0.5);
    for (let again = 0; again < 2; again++) expect(formatJson(fromPlain(many, layouts))).toBe(JSON.stringify(many));
    for (const none of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => fromPlain(none, layouts)).toThrow(TypeError);
    // A list is copied unless it is kept: its owner may change it.
    const list = ['a', 'b'];
    expect([fromPlain(list, layouts) === list, fromPlain(list, layouts, true) === list]).toEqual([false, true]);
  });

  test('give way to maps where there are many keys, or many sets of them', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${(i * 7) % 200}`, i]));
    const others = Array.from({ length: 6_000 }, (_, i) => ({ [`own${i}`]: i, shared: i }));
    for (const plain of [many, others]) {
      for (const value of [parseJson(JSON.stringify(plain)), fromPlain(plain)]) {
        expectSame(value, mapped(value));
        expect(formatJson(value)).toBe(JSON.stringify(isArray(value) ? plain : Object.fromEntries(Object.entries(plain).sort(([a], [b]) => (a < b ? -1 : 1)))));
      }
    }
  });

  test('of several layouts, and maps among them, are read each by its own', () => {
    const rules = 'package p\na := [x.a | some x in input]\nb := {x.b: x.a | some x in input}\nc contains i if input[i].c.a';
    const policy = compile([{ file: 'a.rego', text: rules }]);
    const text = '[{"a": 1, "b": "x"}, {"b": "y", "a": 2}, {"b": "z"}, {"c": {"a": 3}, "a": 4}, {"a": 5, "\\u0000": 6, "b": "w"}, [7],'
      + ' {"a": 8, "b": "v"}]';
    const answer = (name: string, input: Value) => formatJson(policy.evaluate(`data.p.${name}`, { input, clock: 0n }).value as Value);
    for (const input of [parseJson(text), mapped(parseJson(text)), parseJson(text)]) {
      expect([answer('a', input), answer('b', input), answer('c', input)]).toEqual(['[1,2,4,5,8]', '{"v":8,"w":5,"x":1,"y":2}', '[3]']);
    }
  });
});

describe('numbers of few digits', () => {
  const exact = (text: string) => {
    const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) as unknown as string[];
    return BigInt(`${sign}${whole}${fraction.padEnd(20, '0')}`);
  };
  const digits = (max: number) => fc.bigInt({ min: 0n, max: 10n ** BigInt(max) - 1n }).map(String);
  const decimal = fc.integer({ min: 1, max: 19 }).chain((length) => fc.tuple(fc.constantFrom('', '-'), digits(length), fc.nat({ max: length })))
    .map(([sign, all, places]) => {
      const padded = all.padStart(places + 1, '0');
      return `${sign}${places === 0 ? padded : `${padded.slice(0, -places)}.${padded.slice(-places)}`}`;
    });
  const compared = (a: string, b: string) => {
    const difference = exact(a) - exact(b);
    const [one, other] = [Num.parse(a), Num.parse(b)] as [number | Num, number | Num];
    expect([a, b, Math.sign(Num.compare(one, other)) + 0]).toEqual([a, b, difference > 0n ? 1 : difference < 0n ? -1 : 0]);
  };

  test('are in their exact order, as are those of more', () => {
    fc.assert(fc.property(decimal, decimal, compared), { numRuns: 3_000 });
  });

  test('are told from their neighbours', () => {
    // The last digit one more or less: where a double stood for more digits than it keeps, these would be equal.
    fc.assert(fc.property(decimal, (text) => {
      const last = Number(text.at(-1));
      for (const digit of [last, (last + 1) % 10, (last + 9) % 10]) compared(text, `${text.slice(0, -1)}${digit}`);
    }), { numRuns: 3_000 });
    for (const [a, b] of [['9007199254740991', '9007199254740992.5'], ['9007199254740993', '9007199254740992'], ['0.1', '0.1000000000000000055']]) {
      compared(a as string, b as string);
    }
  });
});
