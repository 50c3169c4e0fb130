// Differences of documents: what was added, went and changed, at which place; purls found in inventories; what a text calls.
import { expect, test } from 'vitest';
import { differencesOf } from '../../projections/differences.ts';
import { Inventory } from '../../projections/inventory.ts';
import { parseSought } from '../../projections/purls.ts';
import { readThing } from '../../projections/things.ts';
import { bytesOf } from './documents.ts';

test('places that differ, and nothing else', () => {
  const before = { a: 1, list: [1, { b: bytesOf(1) }], digest: ['sha256', bytesOf(1)], gone: true, 'x/y~z': 1 };
  const after = { a: 1, list: [1, { b: bytesOf(2) }, 3], digest: ['sha256', bytesOf(2)], new: 'n', 'x/y~z': 2 };
  expect(differencesOf(before, after)).toEqual([
    { pointer: '/digest', before: ['sha256', bytesOf(1)], after: ['sha256', bytesOf(2)] },
    { pointer: '/gone', before: true },
    { pointer: '/list/1/b', before: bytesOf(1), after: bytesOf(2) },
    { pointer: '/list/2', after: 3 },
    { pointer: '/new', after: 'n' },
    { pointer: '/x~1y~0z', before: 1, after: 2 },
  ]);
  expect(differencesOf(before, structuredClone(before))).toEqual([]);
  expect(differencesOf(null, { a: 1 })).toEqual([{ pointer: '', after: { a: 1 } }]);
  expect(differencesOf(null, null)).toEqual([]);
});

test('where a package is used: any version, one version, one architecture', () => {
  const inventory = new Inventory();
  const purls = (...list: string[]) => ({ components: [...list.map((purl) => ({ purl, name: 'x' })), { name: 'no purl' }] });
  inventory.add({ artifact: bytesOf(1), entry: 3 }, purls('pkg:npm/a@1.0.0', 'pkg:npm/b@1.0.0'));
  inventory.add({ artifact: bytesOf(2), entry: 5 }, purls('pkg:npm/a@2.0.0', 'pkg:npm/a@1.0.0', 'pkg:deb/debian/a@1?arch=amd64'));
  const used = (purl: string) => inventory.whereUsed(parseSought(purl)).map(({ entry, purls: found }) => [entry, ...found]);
  expect(used('pkg:npm/a')).toEqual([[3, 'pkg:npm/a@1.0.0'], [5, 'pkg:npm/a@1.0.0', 'pkg:npm/a@2.0.0']]);
  expect(used('pkg:npm/a@2.0.0')).toEqual([[5, 'pkg:npm/a@2.0.0']]);
  expect(used('pkg:deb/debian/a?arch=arm64')).toEqual([]);
  expect(used('pkg:npm/c')).toEqual([]);
  expect([inventory.components, inventory.packages]).toEqual([7, 4]);
});

test('a package in many lists, twice in some', () => {
  const inventory = new Inventory();
  for (let entry = 0; entry < 5; entry++) {
    const components = Array.from({ length: 1 + (entry % 2) }, () => ({ purl: 'pkg:npm/a@1.0.0', name: 'a' }));
    inventory.add({ artifact: bytesOf(entry), entry }, { components });
  }
  const found = inventory.whereUsed(parseSought('pkg:npm/a')).map(({ entry, purls }) => [entry, ...purls]);
  expect(found).toEqual([0, 1, 2, 3, 4].map((entry) => [entry, 'pkg:npm/a@1.0.0']));
  expect([inventory.components, inventory.packages]).toEqual([7, 1]);
});

test.each([
  ['7', { kind: 'index', index: 7 }],
  ['decision:7', { kind: 'index', index: 7 }],
  ['pkg:npm/a', { kind: 'purl', purl: 'pkg:npm/a' }],
  ['person:0123abcd', { kind: 'person', digits: '0123abcd' }],
  [`sha256:${'a'.repeat(64)}`, { kind: 'digest', digits: 'a'.repeat(64) }],
  ['4f2c9a', { kind: 'digest', digits: '4f2c9a' }],
  ['4f2c9a01beef…', { kind: 'digest', digits: '4f2c9a01beef' }],
  ['trust', { kind: 'stream', stream: 'trust' }],
  ['vuln:CVE-2026-0001', { kind: 'stream', stream: 'vuln:CVE-2026-0001' }],
  ['CVE-2026-0001', { kind: 'name', name: 'CVE-2026-0001' }],
  ['w-1', { kind: 'name', name: 'w-1' }],
])('"%s" calls a thing', (text, thing) => expect(readThing(text)).toEqual(thing));
