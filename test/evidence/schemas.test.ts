// The compiled schemas are what the official ones compile to, and the helpers compiled into them decide as their RFCs do.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formats } from '../../evidence/schemas/formats.ts';
import { characters, equalValues } from '../../evidence/schemas/text.ts';
import { uniqueItems } from '../../evidence/schemas/unique.ts';
import sources from '../../evidence/schemas/SOURCES.json' with { type: 'json' };
import { generate } from '../../tools/schemas.ts';

const folder = new URL('../../evidence/schemas/', import.meta.url);

test('every generated file is what tools/schemas.ts writes', async () => {
  for (const [name, text] of await generate()) expect(readFileSync(new URL(name, folder), 'utf8') === text, name).toBe(true);
}, 60_000);

test('every vendored schema has its source, licence and digest', () => {
  for (const { file, source, licence, sha256 } of sources) {
    expect(createHash('sha256').update(readFileSync(new URL(file, folder))).digest('hex'), file).toBe(sha256);
    expect(source).toMatch(/^https:\/\/github\.com\/[^/]+\/[^/]+\/blob\/[0-9a-f]{40}\//);
    expect(licence).not.toBe('');
  }
  expect(sources).toHaveLength(9);
});

describe('formats', () => {
  const holds = (name: string, text: string) => {
    const format = formats[name] as RegExp | ((text: string) => boolean);
    return format instanceof RegExp ? format.test(text) : format(text);
  };
  test.each([
    ['date-time', '2024-02-29T12:00:00Z', true],
    ['date-time', '2023-02-29T12:00:00Z', false],
    ['date-time', '2024-02-29T12:00:00', false],
    ['date-time', '2024-02-29T24:00:00Z', false],
    ['date-time', '2024-01-01T00:00:60.5+01:00', true],
    ['date', '2024-13-01', false],
    ['date', '2100-02-29', false],
    ['uri', 'urn:uuid:1', true],
    ['uri', 'no scheme', false],
    ['uri', 'http://a b', false],
    ['uri-reference', '../a%20b', true],
    ['uri-reference', '%zz', false],
    ['email', 'a@b.c', true],
    ['email', 'a b@c', false],
    ['idn-email', 'ä@ö.de', true],
    ['idn-email', 'ä', false],
  ])('%s %s: %s', (name, text, expected) => {
    expect(holds(name, text)).toBe(expected);
  });

  test('take linear time', () => {
    const started = performance.now();
    for (const name of ['uri', 'uri-reference', 'email', 'idn-email', 'date-time']) holds(name, `${'a.'.repeat(500_000)}@`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('unique items', () => {
  test.each<[unknown[], boolean]>([
    [[], true],
    [[1, '1', true, null], true],
    [[1, 1], false],
    [['a', 'a'], false],
    [[null, null], false],
    [[{ a: 1, b: 2 }, { b: 2, a: 1 }], false],
    [[{ a: { b: 1 } }, { a: { b: 2 } }], true],
    [[{ a: { b: 1 } }, { a: { b: 1 } }], false],
    [[{ a: '1' }, { a: 1 }], true],
    [[[1, 2], [2, 1]], true],
    [[[1, [2]], [1, [2]]], false],
  ])('%j: %s', (items, expected) => {
    expect(uniqueItems(items)).toBe(expected);
  });

  test('take linear time over forty thousand equal-looking objects', () => {
    const items = Array.from({ length: 40_000 }, (_, i) => ({ type: 'library', name: 'x', nested: { i } }));
    const started = performance.now();
    expect(uniqueItems(items)).toBe(true);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

test('strings are counted in characters, values compared deeply', () => {
  expect(characters('a😀é')).toBe(3);
  expect(characters('\ud800x')).toBe(2);
  expect(equalValues({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
  expect(equalValues({ a: undefined }, { b: undefined })).toBe(false);
  expect(equalValues([1], { 0: 1 })).toBe(false);
  expect(equalValues([1, 2], [1, 3])).toBe(false);
});
