// Bytes and their text forms: RFC 4648 vectors, and the malleable forms that must be refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, concatBytes, decodeUtf8, encodeUint64, encodeUtf8 } from '../../ledger/bytes.ts';
import { equalBytes, formatBase64, formatHex, parseBase64, parseHex } from '../../ledger/bytes.ts';
import { clip, LedgerError, type Code } from '../../ledger/errors.ts';
import { entryBytesMax } from '../../ledger/limits.ts';

function codeOf(act: () => unknown): Code | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
}

describe('base64', () => {
  // RFC 4648 §10.
  const RFC4648 = [['', ''], ['f', 'Zg=='], ['fo', 'Zm8='], ['foo', 'Zm9v'], ['foob', 'Zm9vYg=='], ['fooba', 'Zm9vYmE='], ['foobar', 'Zm9vYmFy']] as const;
  test.each(RFC4648)('%j is %s', (plain, text) => {
    expect(formatBase64(encodeUtf8(plain))).toBe(text);
    expect(decodeUtf8(parseBase64(text))).toBe(plain);
  });

  test.each([
    ['missing padding', 'Zg', 'INPUT_MALFORMED'],
    ['missing half of the padding', 'Zg=', 'INPUT_MALFORMED'],
    ['padding alone', '====', 'INPUT_MALFORMED'],
    ['padding in the middle', 'Zg==Zg==', 'INPUT_MALFORMED'],
    ['white space', 'Zm 9', 'INPUT_MALFORMED'],
    ['a line break', 'Zm9v\n', 'INPUT_MALFORMED'],
    ['the URL alphabet', 'Zm-_', 'INPUT_MALFORMED'],
    ['set bits after one byte', 'Zh==', 'INPUT_NOT_CANONICAL'],
    ['set bits after two bytes', 'Zm9=', 'INPUT_NOT_CANONICAL'],
  ])('refused: %s', (_, text, code) => {
    expect(codeOf(() => parseBase64(text))).toBe(code);
  });

  test('what is read is written back as it was', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => equalBytes(parseBase64(formatBase64(bytes)), bytes)));
    const anyText = fc.string({ unit: fc.constantFrom(...'AZaz09+/=', 'h', 'g'), maxLength: 12 });
    fc.assert(fc.property(anyText, (text) => codeOf(() => parseBase64(text)) !== null || formatBase64(parseBase64(text)) === text), { numRuns: 2000 });
  });
});

describe('hexadecimal', () => {
  test('is lower case, and of the length asked for', () => {
    expect(formatHex(Uint8Array.of(0, 15, 255))).toBe('000fff');
    expect(parseHex('000fff', 3)).toEqual(Uint8Array.of(0, 15, 255));
    for (const text of ['0', '0F', 'xx', ' 00', '00\n']) expect(codeOf(() => parseHex(text))).toBe('INPUT_MALFORMED');
    expect(codeOf(() => parseHex('0000', 3))).toBe('INPUT_MALFORMED');
  });
});

describe('text', () => {
  test('a byte order mark stays, a lone surrogate and broken bytes are refused', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\uFEFFa');
    expect(codeOf(() => encodeUtf8('\uD800'))).toBe('INPUT_NOT_UTF8');
    expect(codeOf(() => decodeUtf8(Uint8Array.of(0xc0, 0x80)))).toBe('INPUT_NOT_UTF8');
  });

  test('a message shows at most 80 characters of a stranger, and no control character', () => {
    expect(clip('a\u001B[31m\nb')).toBe('a·[31m·b');
    expect(clip('x'.repeat(100))).toBe(`${'x'.repeat(79)}…`);
  });
});

describe('byte strings', () => {
  test('are ordered bytewise, a prefix first', () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(compareBytes(Uint8Array.of(255), Uint8Array.of(1, 0))).toBeGreaterThan(0);
    expect(compareBytes(Uint8Array.of(7), Uint8Array.of(7))).toBe(0);
    expect(equalBytes(Uint8Array.of(7), Uint8Array.of(7, 7))).toBe(false);
    expect(equalBytes(Uint8Array.of(7, 8), concatBytes(Uint8Array.of(7), Uint8Array.of(8)))).toBe(true);
  });

  test('an integer takes 8 bytes, big-endian, and only a safe one', () => {
    expect(formatHex(encodeUint64(2 ** 53 - 1))).toBe('001fffffffffffff');
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => encodeUint64(value)).toThrow(RangeError);
  });

  test('an entry fits the 16-bit length of a tile bundle', () => {
    expect(entryBytesMax).toBe(2 ** 16 - 1);
  });
});
