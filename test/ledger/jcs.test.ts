// RFC 8785: the numbers and key order of its own appendix, and what has no canonical form.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { parseJson } from '../../ledger/json.ts';

const double = (hex: string) => new DataView(Uint8Array.from(hex.match(/../g) as string[], (pair) => Number.parseInt(pair, 16)).buffer).getFloat64(0);

describe('RFC 8785', () => {
  // Appendix B.
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('the double %s is %s', (hex, text) => {
    expect(formatJcs(double(hex))).toBe(text);
  });

  test('keys are ordered by UTF-16 code units (section 3.2.3), so U+1F600 stands before U+FB33', () => {
    const value = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\uFB33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.keys(JSON.parse(formatJcs(value)) as object)).toEqual(['1', '\r', '\u0080', 'ö', '€', '😀', '\uFB33']);
  });

  test('strings escape what section 3.2.2.2 names and nothing else', () => {
    expect(formatJcs('€$\u000F\nA\'B"\\\\"/\u007f')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"');
  });

  test('a member that is undefined is left out', () => {
    expect(formatJcs({ b: [null, true, {}], a: undefined, c: [] })).toBe('{"b":[null,true,{}],"c":[]}');
  });
});

describe('no canonical form', () => {
  test.each<[string, JcsValue, string]>([
    ['an integer beyond 2^53', [2n ** 60n], 'INPUT_NOT_CANONICAL'],
    ['a lone surrogate', { a: '\ud800' }, 'INPUT_NOT_UTF8'],
    ['a lone surrogate in a key', { '\udc00': 1 }, 'INPUT_NOT_UTF8'],
  ])('%s', (_, value, code) => {
    expect(() => formatJcs(value)).toThrow(expect.objectContaining({ code }));
    expect(() => formatJcs(value)).toThrow(LedgerError);
  });

  test('a bug is a TypeError', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, [undefined], () => 1]) expect(() => formatJcs(value as JcsValue)).toThrow(TypeError);
  });
});

test('canonical bytes read back to the same value, and writing them again changes nothing', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }), (json) => {
    const bytes = encodeJcs(json as JcsValue);
    expect(encodeJcs(parseJson(bytes, { onInexact: () => {} }) as JcsValue)).toEqual(bytes);
  }), { numRuns: 500 });
});
