// Rego values: one total order, keys that mean equality, numbers and JSON as OPA 1.22.0 prints them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUILTINS } from '../../policy/builtins/registry.ts';
import type { Context } from '../../policy/builtins/builtin.ts';
import { compile } from '../../policy/index.ts';
import { formatJson, parseJson } from '../../policy/rego/json.ts';
import { Num } from '../../policy/rego/number.ts';
import { formatTerm } from '../../policy/rego/term.ts';
import { bytesOfText, compareStrings, compareValues, equalValues, keyOf, RegoObject, RegoSet, textOfBytes, type Value } from '../../policy/rego/value.ts';

const context: Context = { clock: 0n, spend: () => {}, spendBytes: () => {}, cache: (_family, _key, make) => make() };
const call = (name: string, ...operands: string[]) => {
  const answer = BUILTINS.get(name)!.run(context, ...operands.map(parseJson));
  return answer === undefined ? 'undefined' : formatJson(answer);
};

const numberText = fc.oneof(
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? '-0' : String(n))),
  fc.tuple(fc.integer(), fc.nat({ max: 99999 }), fc.integer({ min: -30, max: 30 })).map(([a, b, e]) => `${a}.${b}e${e}`),
);
const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Value>(null, true, false),
    fc.integer({ min: -3, max: 3 }),
    numberText.map((text) => Num.parse(text) as Value),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }).map((members) => RegoSet.of(members)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => RegoObject.of(pairs)),
  ),
})).value;

describe('order and keys', () => {
  test('the order is total, and keys are equal exactly where values are', () => {
    fc.assert(fc.property(value, value, value, (a, b, c) => {
      expect(Math.sign(compareValues(a, b))).toBe(0 - Math.sign(compareValues(b, a)));
      expect(compareValues(a, b) === 0).toBe(keyOf(a) === keyOf(b));
      expect(equalValues(a, b)).toBe(keyOf(a) === keyOf(b));
      const [x, y, z] = [a, b, c].sort(compareValues) as [Value, Value, Value];
      expect(compareValues(x, y) <= 0 && compareValues(y, z) <= 0 && compareValues(x, z) <= 0).toBe(true);
    }), { numRuns: 2000 });
  });

  test('strings are ordered by code point, not by UTF-16 unit', () => {
    expect(compareStrings('\u{1f600}', '\uff5e')).toBeGreaterThan(0);
  });

  test.each([
    ['1', '1.0'], ['1', '10e-1'], ['0', '-0'], ['0', '0.000'], ['100', '1e2'], ['0.5', '5e-1'], ['1e20', '100000000000000000000'],
  ])('%s equals %s', (a, b) => {
    expect(keyOf(parseJson(a))).toBe(keyOf(parseJson(b)));
    expect([equalValues(parseJson(a), parseJson(b)), equalValues(parseJson(b), parseJson(a))]).toEqual([true, true]);
  });

  test('a text that looks like a composite key is not one', () => {
    const composite = keyOf(['a']) as string;
    expect(keyOf(composite)).not.toBe(composite);
    expect(RegoSet.of([['a'], composite]).size).toBe(2);
  });
});

describe('numbers', () => {
  // Each answer is from `opa eval -f raw`, 1.22.0.
  test.each([
    ['plus', ['0.1', '0.2'], '0.3'], ['div', ['1', '3'], '0.33333333333333333334'], ['mul', ['4.35', '100'], '435'],
    ['div', ['1e30', '1e10'], '100000000000000000000'], ['div', ['0', '-5'], '-0'], ['div', ['7', '2'], '3.5'], ['rem', ['-7', '3'], '-1'],
    ['product', ['[0.1,3]'], '0.30000000000000004'], ['sum', ['[0.1,0.2]'], '0.3'], ['floor', ['1e30'], '1000000000000000000024696061952'],
    ['floor', ['-0.5'], '0'], ['ceil', ['-0.5'], '1'], ['round', ['-0.5'], '-1'], ['round', ['-0.4'], '0'], ['floor', ['-1.5'], '-2'],
    ['ceil', ['-1.5'], '-1'], ['round', ['2.5'], '3'], ['abs', ['-0'], '0'], ['round', ['123456789012345.6'], '123456789012346'],
    ['plus', ['100000000.5', '1'], '1.000000015e+08'], ['plus', ['1e21', '0.5'], '1000000000000000000000'], ['mul', ['1e-7', '2'], '2e-07'],
    ['plus', ['123456789012345678901', '0.5'], '123456789012345678904'], ['plus', ['9007199254740991', '1'], '9007199254740992'],
    ['mul', ['0', '-1'], '0'], ['mul', ['99999999999', '99999999999'], '9999999999800000000001'], ['max', ['[1.0,1]'], '1'],
  ])('%s(%s) is %s', (name, operands, expected) => {
    expect(call(name, ...(operands as string[]))).toBe(expected);
  });

  test('1e400 + 1 has 401 digits', () => {
    expect(call('plus', '1e400', '1')).toBe(`1${'0'.repeat(399)}1`);
  });
});

describe('JSON', () => {
  test('numbers keep their text, keys are sorted, sets become arrays', () => {
    expect(formatJson(parseJson('{"b":[1.0,1e3,-0,1.10,12345678901234567890],"a":"\\u00e9\\ud83d\\ude00"}')))
      .toBe('{"a":"é😀","b":[1.0,1e3,-0,1.10,12345678901234567890]}');
    expect(formatJson(RegoSet.of(['b', 'a', 1]))).toBe('[1,"a","b"]');
    expect(formatJson(RegoObject.of([[1, 2], [['x'], 3]]))).toBe('{"1":2,"[\\"x\\"]":3}');
  });

  test('a byte that is no UTF-8 is escaped, the character that stands for one is not', () => {
    expect(formatJson([textOfBytes(Uint8Array.of(0x61, 0xab)), '\ufffd', '\\udcab'])).toBe('["a\\ufffd","\ufffd","\\\\udcab"]');
  });

  test.each([['1.0', '1'], ['1.00', '1'], ['-0', '0'], ['1e0', 'undefined'], ['1.5', 'undefined'], ['0.0', '0']])('%s as an index', (text, index) => {
    const policy = compile([{ file: 'm', text: 'package m\n\np := [7, 8][input.n]\n\nq := array.slice([7, 8], input.n, 2)' }]);
    const ask = (name: string) => {
      const { value, defined } = policy.evaluate(`data.m.${name}`, { input: parseJson(`{"n": ${text}}`), clock: 0n });
      return defined ? formatJson(value) : 'undefined';
    };
    expect([ask('p'), ask('q')]).toEqual(index === 'undefined' ? [index, index] : [['7', '[7,8]'], ['8', '[8]']][Number(index)]);
  });

  test('of keys with one text the last counts', () => {
    expect(formatJson(RegoObject.of([[1, 'n'], ['1', 's'], [[], 1], [RegoSet.of([]), 2]]))).toBe('{"1":"s","[]":2}');
  });

  test('what is written reads back as the same bytes', () => {
    fc.assert(fc.property(value, (v) => {
      const text = formatJson(v);
      expect(formatJson(parseJson(text))).toBe(text);
    }));
  });

  test.each(['', '{', '[1,]', '{"a":1,}', '01', '1.', '+1', '"\t"', '"\\x"', 'nul', '[1] 2', '{a:1}', "'a'", '1e999999'])('%j is refused', (text) => {
    expect(() => parseJson(text)).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
  });

  test('depth is bounded', () => {
    expect(() => parseJson('['.repeat(10_000))).toThrowError(expect.objectContaining({ code: 'INPUT_TOO_DEEP' }));
    expect(formatJson(parseJson('['.repeat(1000) + ']'.repeat(1000)))).toHaveLength(2000);
  });

  test('bytes that are not UTF-8 survive in a string', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      expect([...bytesOfText(textOfBytes(bytes))]).toEqual([...bytes]);
    }));
  });

  test('a term is shown in Rego notation', () => {
    expect(formatTerm(RegoObject.of([['k', RegoSet.of([])], [1, RegoSet.of(['\u0001\n', 'é'])]]))).toBe('{1: {"\\x01\\n", "é"}, "k": set()}');
  });
});
