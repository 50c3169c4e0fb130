// The strict JSON reader: every refusal with its code and byte, nothing lost, linear time on hostile input.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, jsonNumberMax, parseJson, parseJsonText, Reader, type JsonObject } from '../../ledger/json.ts';
import { decodeText } from '../../ledger/text.ts';

function refusalOf(act: () => unknown): [string, number | null] | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof LedgerError) return [error.code, error.position];
    throw error;
  }
}
/** JSON.parse rounds integers beyond 2^53: comparing with it means rounding too. */
const doubles = { onInexact: () => {} };
const refused = (text: string, options = {}) => refusalOf(() => parseJson(encodeUtf8(text), options));

describe('refusals name the code and the byte', () => {
  test.each([
    ['nothing', '', 'INPUT_MALFORMED', 0],
    ['a comma before the end', '{"a":1,}', 'INPUT_MALFORMED', 7],
    ['a second value', '{} {}', 'INPUT_MALFORMED', 3],
    ['a comment', '{"é":1,\n// x\n"b":2}', 'INPUT_MALFORMED', 9],
    ['single quotes', "{'a':1}", 'INPUT_MALFORMED', 1],
    ['a leading zero', '[01]', 'INPUT_MALFORMED', 2],
    ['a plus sign', '[+1]', 'INPUT_MALFORMED', 1],
    ['a lone minus', '[-]', 'INPUT_MALFORMED', 1],
    ['a point without digits', '[1.]', 'INPUT_MALFORMED', 2],
    ['NaN', '[NaN]', 'INPUT_MALFORMED', 1],
    ['an open string', '"abc', 'INPUT_MALFORMED', 4],
    ['an open key', '{"abc', 'INPUT_MALFORMED', 5],
    ['a line feed in a string', '"a\nb"', 'INPUT_MALFORMED', 2],
    ['an unknown escape', '"\\x41"', 'INPUT_MALFORMED', 1],
    ['three hexadecimal digits', '"\\u12"', 'INPUT_MALFORMED', 1],
    ['a number beyond the doubles', '[1e400]', 'INPUT_MALFORMED', 1],
    ['no-break space', '[\u00a01]', 'INPUT_MALFORMED', 1],
    ['a key twice', '{"a":1,"b":{"a":2},"a":3}', 'INPUT_DUPLICATE_KEY', 19],
    ['a key twice, once escaped', '{"a":1,"\\u0061":3}', 'INPUT_DUPLICATE_KEY', 7],
    ['an inherited name twice', '{"toString":1,"toString":1}', 'INPUT_DUPLICATE_KEY', 14],
    ['__proto__ twice', '{"__proto__":1,"__proto__":1}', 'INPUT_DUPLICATE_KEY', 15],
    ['a lone surrogate', '["\\ud800"]', 'INPUT_NOT_UTF8', 2],
    ['surrogates the wrong way round', '["\\udc00\\ud800"]', 'INPUT_NOT_UTF8', 8],
  ])('%s', (_, text, code, position) => {
    expect(refused(text)).toEqual([code, position]);
  });

  test('places count bytes, also where characters take two, three and four', () => {
    expect(refused('["é€😀",x]')).toEqual(['INPUT_MALFORMED', 1 + 1 + 2 + 3 + 4 + 1 + 1]);
  });

  test('size, depth and the length of a number are bounded exactly', () => {
    expect(refused('[1]', { bytesMax: 2 })?.[0]).toBe('INPUT_TOO_LARGE');
    expect(refused('[1]', { bytesMax: 3 })).toBeNull();
    expect(refused('[[{}]]', { depthMax: 3 })).toBeNull();
    expect(refused('[[{"a":[]}]]', { depthMax: 3 })).toEqual(['INPUT_TOO_DEEP', 7]);
    expect(refused('['.repeat(129))).toEqual(['INPUT_TOO_DEEP', 128]);
    expect(refused('9'.repeat(jsonNumberMax))).toBeNull();
    expect(refused('9'.repeat(jsonNumberMax + 1))).toEqual(['INPUT_MALFORMED', 0]);
  });

  test('broken UTF-8, a byte order mark and UTF-16 are refused, the last two by name', () => {
    expect(refusalOf(() => parseJson(Uint8Array.of(0x22, 0xc0, 0x80, 0x22)))?.[0]).toBe('INPUT_NOT_UTF8');
    expect(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toThrow('it is in utf-8-bom');
    expect(() => parseJson(Uint8Array.of(0x31, 0))).toThrow('it is in utf-16le');
    expect(() => parseJson(Uint8Array.of(0xfe, 0xff, 0, 0x31))).toThrow('it is in utf-16be');
    const { text, encoding } = decodeText(Uint8Array.of(0xff, 0xfe, 0x5b, 0, 0x78, 0, 0x5d, 0));
    expect(refusalOf(() => parseJsonText(text, {}, encoding))).toEqual(['INPUT_MALFORMED', 4]);
  });
});

describe('nothing is lost', () => {
  test('an integer beyond 2^53 stays exact, or is reported with its place', () => {
    const exact = parseJson(encodeUtf8('[9007199254740991,9007199254740992,-123456789012345678901]'));
    expect(exact).toEqual([9007199254740991, 9007199254740992n, -123456789012345678901n]);
    const seen: [number, string][] = [];
    const rounded = parseJson(encodeUtf8('{"é":9007199254740993}'), { onInexact: (position, digits) => seen.push([position, digits]) });
    expect(rounded).toEqual({ é: 9007199254740992 });
    expect(seen).toEqual([[6, '9007199254740993']]);
  });

  test('__proto__ is a member like any other', () => {
    const value = parseJson(encodeUtf8('{"__proto__":{"admin":true},"constructor":1}')) as JsonObject;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect((value as { admin?: unknown }).admin).toBeUndefined();
    expect(isJsonObject(value)).toBe(true);
    expect(isJsonObject([])).toBe(false);
  });

  test('what JSON.stringify writes is read as JSON.parse reads it', () => {
    const value = fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' });
    fc.assert(fc.property(value, (json) => {
      const text = JSON.stringify(json);
      expect(parseJson(encodeUtf8(text), doubles)).toStrictEqual(JSON.parse(text));
    }), { numRuns: 1000 });
  });

  test('a changed character is read as JSON.parse reads it, or refused with it', () => {
    const text = '{"a\\n":[1.5e3,-0,true,null,{"b":"\\u00e9\\\\"}],"c":""}';
    fc.assert(fc.property(fc.nat(text.length - 1), fc.constantFrom(...'{}[]",:\\0-1eE.tn \t\u0001'), (at, unit) => {
      const changed = text.slice(0, at) + unit + text.slice(at + 1);
      let theirs: unknown;
      try {
        theirs = JSON.parse(changed);
      } catch {
        expect(refused(changed)?.[0]).toBe('INPUT_MALFORMED');
        return;
      }
      // Both read it; ours alone sees a key standing twice.
      if (refused(changed)?.[0] !== 'INPUT_DUPLICATE_KEY') expect(parseJson(encodeUtf8(changed), doubles)).toStrictEqual(theirs);
    }), { numRuns: 2000 });
  });
});

describe('the fast way and the slow way are one', () => {
  const slow = (text: string): unknown => {
    try {
      return new Reader(text, 'utf-8', {}).document();
    } catch (error) {
      return error instanceof LedgerError ? [error.code, error.position] : error;
    }
  };
  const fast = (text: string): unknown => {
    try {
      return parseJsonText(text);
    } catch (error) {
      return error instanceof LedgerError ? [error.code, error.position] : error;
    }
  };

  test('on values, with keys that repeat, escapes, depth and long numbers among them', () => {
    const key = fc.constantFrom('"a"', '"b"', '"\\u0061"', '"ab"', '"ba"', '"__proto__"', '""', '"é"');
    const numbers = ['1', '-0', '1.5', '12345678901234567', '123456789012345', '1e5', '1e400'];
    const leaf = fc.constantFrom(...numbers, '"x"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\n:{"', 'null', '');
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'medium' }, leaf, tie('array'), tie('object')),
      array: fc.array(tie('tree'), { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
      member: fc.tuple(key, tie('tree')).map(([name, value]) => `${name} : ${String(value)}`),
      object: fc.array(tie('member'), { maxLength: 4 }).map((members) => `{${members.join(',')}}`),
    }));
    fc.assert(fc.property(tree, (text) => {
      expect(fast(String(text))).toStrictEqual(slow(String(text)));
    }), { numRuns: 5000 });
  });

  test('on any characters', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0d81-e.tn \t\u0001a'), maxLength: 30 }), (text) => {
      expect(fast(text)).toStrictEqual(slow(text));
    }), { numRuns: 5000 });
  });

  test('on objects with many keys, one of them twice', () => {
    const keys = Array.from({ length: 40 }, (_, i) => `"k${i}":${i}`);
    for (const at of [1, 30, 39]) expect(refused(`{${[...keys.slice(0, at), '"k0":0', ...keys.slice(at)].join(',')}}`)?.[0]).toBe('INPUT_DUPLICATE_KEY');
    expect(refused(`{${keys.join(',')}}`)).toBeNull();
  });
});

describe('hostile input takes linear time', () => {
  const hostile: [string, string][] = [
    ['a million open brackets', '['.repeat(1_000_000)],
    ['an open string of two million quotes', `"${'\\"'.repeat(1_000_000)}`],
    ['a hundred thousand distinct keys', `{${Array.from({ length: 100_000 }, (_, i) => `"key-${i}":${i}`).join(',')}}`],
    ['a hundred thousand numbered keys', `{${Array.from({ length: 100_000 }, (_, i) => `"${i * 4096}":${i}`).join(',')}}`],
    ['a megabyte of digits', '9'.repeat(1_000_000)],
  ];
  test.each(hostile)('%s', (_, text) => {
    const started = performance.now();
    refused(text);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
