// The DER reader: what X.690 allows once, what it never allows, and a laxer reader beside it.
import { ASN1Obj } from '@sigstore/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import {
  booleanOf, childrenOf, type Der, DerError, encodeDer, integerBytesOf, namedBitsOf, oidOf, readDer, smallIntegerOf, TAG, timeOf,
} from '../../verify/sigstore/der.ts';
import { isSameName } from '../../verify/sigstore/x509.ts';
import { name } from './pki.ts';

const der = (hex: string): Der => readDer(parseHex(hex));

describe('one encoding for one value', () => {
  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['content that ends early', '3003020101ff'.slice(0, 8)],
    ['bytes after the value', '0201010500'],
    ['an indefinite length', '30800000'],
    ['a long form for a short length', '308103020101'],
    ['a length with a leading zero', `30820080${'00'.repeat(128)}`],
    ['a length of five bytes', '308500000000030201'],
    ['a tag number above 30', '3f8101020101'],
  ])('refuses %s', (_, hex) => {
    expect(() => childrenOf(der(hex))).toThrow(DerError);
  });

  test.each([
    ['an empty integer', '0200', integerBytesOf],
    ['an integer with a leading zero', '02020001', integerBytesOf],
    ['a negative integer with a leading ff', '0202ff80', integerBytesOf],
    ['a negative integer where a count is', '0201ff', smallIntegerOf],
    ['a boolean of 01', '010101', booleanOf],
    ['named bits with a trailing zero bit', '03020086', namedBitsOf],
    ['named bits whose unused bits are set', '03020781', namedBitsOf],
    ['eight unused bits', '03020880', namedBitsOf],
    ['an object identifier with a leading 80', '060355801d', oidOf],
    ['an object identifier that ends inside an arc', '06025581', oidOf],
    ['an arc above 48 bits', `0609${'55'}${'ff'.repeat(7)}7f`, oidOf],
    ['a UTCTime without seconds', '170b323631313230303030305a', timeOf],
    ['30 February', '170d3236303233303030303030305a', timeOf],
    ['a fraction that ends in 0', '181132303236313132303030303030302e305a', timeOf],
    ['a time with an offset', '181332303236313132303030303030302b30313030', timeOf],
  ])('refuses %s', (_, hex, read) => {
    expect(() => (read as (value: Der) => unknown)(der(hex))).toThrow(DerError);
  });

  test('reads the values of RFC 5280', () => {
    expect(oidOf(der('06082b06010505070303'))).toBe('1.3.6.1.5.5.7.3.3');
    expect(oidOf(der('06032a8648'.padEnd(10, '0')))).toBe('1.2.840');
    expect(oidOf(der('0603883703'))).toBe('2.999.3');
    expect([...namedBitsOf(der('03020780'))]).toEqual([0]);
    expect([...namedBitsOf(der('03020106'))]).toEqual([5, 6]);
    expect(namedBitsOf(der('030100')).size).toBe(0);
    expect(timeOf(der('170d3236313132303030303030305a'))).toBe(Date.UTC(2026, 10, 20));
    expect(timeOf(der('170d3530303130313030303030305a'))).toBe(Date.UTC(1950, 0, 1));
    expect(timeOf(der('180f32303236313132303030303030305a'))).toBe(Date.UTC(2026, 10, 20));
    expect(timeOf(der('181232303236313132303030303030302e35375a'))).toBe(Date.UTC(2026, 10, 20) + 570);
  });
});

describe('beside @sigstore/core', () => {
  const tree: fc.Arbitrary<Uint8Array> = fc.letrec<{ node: Uint8Array }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.uint8Array({ maxLength: 300 }).map((content) => encodeDer(0x80, content)),
      fc.array(tie('node'), { minLength: 1, maxLength: 4 }).map((parts) => encodeDer(TAG.sequence, ...parts)),
    ),
  })).node;

  test('both read the same tree', () => {
    const ours = (value: Der): unknown => (value.tag === TAG.sequence ? childrenOf(value).map(ours) : formatHex(value.content));
    const theirs = (value: ASN1Obj): unknown => (value.tag.constructed ? value.subs.map(theirs) : formatHex(value.value));
    fc.assert(fc.property(tree, (bytes) => {
      expect(ours(readDer(bytes))).toEqual(theirs(ASN1Obj.parseBuffer(Buffer.from(bytes))));
    }));
  });

  test.each([
    ['a long form for a short length', '308103020101'],
    ['bytes after the value', '0201010500'],
  ])('it takes %s, and ours does not', (_, hex) => {
    expect(() => ASN1Obj.parseBuffer(Buffer.from(hex, 'hex'))).not.toThrow();
    expect(() => der(hex)).toThrow(DerError);
  });

  test('its identifiers wrap at 32 bits: two different ones have one text', () => {
    const wrapped = '060655908080801d';
    expect(ASN1Obj.parseBuffer(Buffer.from(wrapped, 'hex')).toOID()).toBe('2.5.29');
    expect(oidOf(der(wrapped))).toBe(`2.5.${2 ** 32 + 29}`);
  });
});

describe('names of certificates', () => {
  test.each([
    ['the same bytes', name('Root CA'), name('Root CA'), true],
    ['another string type', name('Root CA'), name('Root CA', 0x13), true],
    ['another case, more spaces', name('Root CA'), name(' root   ca ', 0x13), true],
    ['another text', name('Root CA'), name('Root CB'), false],
    ['an attribute more', name('Root CA'), encodeDer(TAG.sequence, ...childrenOf(readDer(name('Root CA'))).flatMap(({ raw }) => [raw, raw])), false],
    ['a type that is no text', name('Root CA', 0x1e), name('Root CA'), false],
    ['no name', name(''), name('Root CA'), false],
  ])('%s', (_, one, other, same) => {
    expect(isSameName(one, other)).toBe(same);
    expect(isSameName(other, one)).toBe(same);
  });
});
