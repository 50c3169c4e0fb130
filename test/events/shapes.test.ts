// Schemas at work: what each kind of shape takes at its bounds, what it says of the rest, and that it writes what the codec writes.
import { describe, expect, test } from 'vitest';
import { CborWriter, encodeCbor, type CborValue } from '../../ledger/events/cbor.ts';
import { compile } from '../../ledger/events/compile.ts';
import { formatDigest } from '../../ledger/events/family.ts';
import { asSet } from '../../ledger/events/index.ts';
import { boolean, bytes, digestOf, integer, list, map, oneOf, optional, set, sha256, token, where, type Schema } from '../../ledger/events/schema.ts';

const check = (schema: Schema<never>, value: unknown) => compile(schema as Schema<unknown>).check(value);
const of = (length: number, byte = 1) => new Uint8Array(length).fill(byte);
const word = token('a word', /^[a-z]+$/, 5);
const data: Schema<never> = { shape: { kind: 'data' } };
const point = where(map({ x: integer(), y: optional(integer(0, 9)) }), 'x is not y', ({ x, y }) => x !== y);
const fields = (count: number) => map(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, optional(boolean)])));

describe('what is taken, and what is said of the rest', () => {
  test.each<[string, Schema<unknown>, readonly unknown[], readonly (readonly [unknown, string])[]]>([
    ['an integer', integer(3, 5), [3, 4, 5],
      [2, 6, 3.5, '3', null, undefined, Number.NaN, Infinity, 4n].map((value) => [value, ' is not an integer from 3 to 5'] as const)],
    ['an integer around zero', integer(-1, 1), [-1, 0, 1], [[-0, ' is not an integer from -1 to 1'], [-2, ' is not an integer from -1 to 1']]],
    ['an integer without bounds', integer(), [0, Number.MAX_SAFE_INTEGER],
      [[-1, ' is not an integer from 0 to 9007199254740991'], [2 ** 53, ' is not an integer from 0 to 9007199254740991']]],
    ['a boolean', boolean, [true, false], [0, 1, 'true', null].map((value) => [value, ' is not true or false'] as const)],
    ['bytes', bytes(2, 4), [of(2), of(3), of(4)], [of(1), of(5), [1, 2], 'ab', null].map((value) => [value, ' is not a byte string of 2 to 4 bytes'] as const)],
    ['bytes of one length', bytes(2), [of(2)], [[of(1), ' is not a byte string of 2 bytes'], [of(3), ' is not a byte string of 2 bytes']]],
    ['one of a list', oneOf('a', 'b'), ['a', 'b'], [['c', ' "c" is not one of a, b'], [1, ' is not one of a, b'], [undefined, ' is not one of a, b']]],
    ['a token', word, ['a', 'a', 'abcde', 'a'],
      [['abcdef', ' "abcdef" is not a word'], ['A', ' "A" is not a word'], ['', ' "" is not a word'], [1, ' is not a word'], [null, ' is not a word'],
        [['a'], ' is not a word']]],
    ['a digest', digestOf('sha256', 'md5'), [['sha256', of(32)], ['md5', of(16)]],
      [['sha256', of(31)], ['md5', of(32)], ['sha1', of(20)], ['sha256'], ['sha256', of(32), 1], ['sha256', 'x'.repeat(32)], 'sha256', null,
        { 0: 'sha256', 1: of(32), length: 2 }, [undefined, undefined],
        ['sha1', { length: undefined }]].map((value) => [value, ' is not a digest [algorithm, bytes] with sha256, md5'] as const)],
    ['a list', list(integer(0, 9), 1, 3), [[1], [3, 2, 1], [1, 1]],
      [[[], ' is not an array of 1 to 3 items'], [[1, 2, 3, 4], ' is not an array of 1 to 3 items'], [{ length: 1 }, ' is not an array of 1 to 3 items'],
        [[1, 10], '[1] is not an integer from 0 to 9']]],
    ['a set', set(integer(0, 99), 0, 3), [[], [1], [1, 2, 24]],
      [[[1, 1], '[1] stands there twice'], [[1, 3, 2], '[2] is out of order in a set, which is sorted by encoded bytes'],
        [[1, 2, 2], '[2] stands there twice']]],
    ['a set of digests', set(sha256, 1, 2), [[['sha256', of(32, 1)], ['sha256', of(32, 2)]]],
      [[[['sha256', of(32, 2)], ['sha256', of(32, 1)]], '[1] is out of order in a set, which is sorted by encoded bytes']]],
    ['any map', data, [{}, { a: 1 }], [null, [], of(1), 5, 'a', undefined].map((value) => [value, ' is not a map'] as const)],
    ['a map', point, [{ x: 1 }, { x: 1, y: 2 }],
      [[null, ' is not a map'], [[1], ' is not a map'], [of(1), ' is not a map'], [7, ' is not a map'], [{}, '.x is missing'], [{ y: 1 }, '.x is missing'],
        [{ x: -1 }, '.x is not an integer from 0 to 9007199254740991'], [{ x: 1, y: 10 }, '.y is not an integer from 0 to 9'],
        [{ x: 1, z: 2 }, '.z is not a key of this map'], [{ x: 1, y: undefined }, '. is not a key of this map'],
        [Object.create({ x: 1 }), '. is not a key of this map'], [{ x: 1, y: 1 }, ' does not hold to: x is not y']]],
    ['a map in a list in a map', map({ a: list(point, 1, 2) }), [{ a: [{ x: 1 }] }],
      [[{ a: [{ x: 1 }, { x: 'no' }] }, '.a[1].x is not an integer from 0 to 9007199254740991']]],
    ['a map of 23 fields', fields(23), [{}, { k0: true, k22: false }], [[{ k23: true }, '.k23 is not a key of this map']]],
  ])('%s', (_, schema, good, bad) => {
    for (const value of good) expect(check(schema as Schema<never>, value)).toBe(null);
    for (const [value, complaint] of bad) expect(check(schema as Schema<never>, value)).toBe(complaint);
  });

  test('what a schema cannot be is a bug', () => {
    expect(() => compile(fields(24))).toThrow(new TypeError('a closed map of 24 fields, expected at most 23'));
    expect(() => where(integer(), 'is small', () => true)).toThrow(new TypeError('a rule stands on a map'));
  });

  test('rules are asked one after another, each kept when another is added', () => {
    const twice = where(where(map({ x: integer() }), 'x is even', ({ x }) => x % 2 === 0), 'x is small', ({ x }) => x < 10);
    expect([4, 5, 12, 13].map((x) => check(twice as Schema<never>, { x }))).toEqual([null, ' does not hold to: x is even', ' does not hold to: x is small',
      ' does not hold to: x is even']);
  });
});

describe('what is written', () => {
  test.each<[string, Schema<never>, CborValue]>([
    ['integers', list(integer(-99), 1, 9) as Schema<never>, [0, 23, 24, -1, 65_536]],
    ['booleans', list(boolean, 1, 9) as Schema<never>, [true, false]],
    ['bytes', bytes(0, 300) as Schema<never>, of(300)],
    ['one of a list', oneOf('a', 'b') as Schema<never>, 'b'],
    ['a token', word as Schema<never>, 'abc'],
    ['digests of several algorithms', list(digestOf('sha256', 'md5', 'sha1'), 1, 9) as Schema<never>, [['md5', of(16)], ['sha1', of(20)], ['sha256', of(32)]]],
    ['a list of 24', list(integer(), 0, 99) as Schema<never>, Array.from({ length: 24 }, (_, i) => i)],
    ['any map', data, { b: 1, a: { c: [true] } }],
    ['a map, its keys in the order of their encodings', map({ bb: integer(), c: integer(), a: optional(integer()), d: optional(integer()) }) as Schema<never>,
      { bb: 1, c: 2, d: 3 }],
  ])('%s', (_, schema, value) => {
    const writer = new CborWriter(1);
    expect(check(schema, value)).toBe(null);
    (compile(schema).write as (to: CborWriter, what: CborValue) => void)(writer, value);
    expect(writer.bytes.slice(0, writer.at)).toEqual(encodeCbor(value));
  });

  test('an empty map takes its byte where there was no room', () => {
    const writer = new CborWriter(0);
    compile(fields(1)).write(writer, {});
    expect(writer.bytes.slice(0, writer.at)).toEqual(Uint8Array.of(0xa0));
  });

  test('a digest in text', () => {
    expect(formatDigest(['sha512-256', Uint8Array.of(1, 0xff)])).toBe('sha512-256:01ff');
  });

  test('a set of fewer than two is what it was', () => {
    const one = [7], none: number[] = [];
    expect([asSet(one), asSet(none)]).toEqual([[7], []]);
    expect([asSet(one) === one, asSet(none) === none, asSet([2, 1])]).toEqual([true, true, [1, 2]]);
    expect(asSet([-2, -1])).toEqual([-1, -2]);
    expect(asSet([0, -1, 1])).toEqual([0, 1, -1]);
    expect(asSet(['b', Uint8Array.of(1), 5, 'b'])).toEqual([5, Uint8Array.of(1), 'b']);
    expect(asSet([['a', of(2)], ['a', of(1)], ['b', of(1)], ['a', of(1), of(1)]])).toEqual([['a', of(1)], ['a', of(2)], ['b', of(1)], ['a', of(1), of(1)]]);
  });
});
