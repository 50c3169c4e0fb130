// Version ranges: the examples of the VERS specification, every bound on both sides, and what cannot be told.
import { describe, expect, test } from 'vitest';
import { isInRange, isRangeOf, sameVersion } from '../../projections/vers.ts';

describe('a range', () => {
  test.each<[string, string, Record<string, boolean>]>([
    ['vers:npm/1.2.3|>=2.0.0|<5.0.0', 'npm',
      { '1.2.3': true, '1.2.4': false, '1.9.9': false, '2.0.0': true,
        '4.9.9': true, '5.0.0': false, '6.0.0': false }],
    ['vers:npm/>=1.0.0|<=1.1.0|>=2.0.0|<=2.3.0|!=2.1.0', 'npm', { '0.9.9': false, '1.0.0': true, '1.1.0': true, '1.1.1': false,
        '2.1.0': false, '2.3.0': true }],
    ['vers:pypi/<1.0|>2.0', 'pypi', { '0.9': true, '1.0': false, '1.5': false, '2.0': false, '2.0.1': true }],
    ['vers:pypi/>=1.0|!=1.2|<2', 'pypi', { '1.2': false, '1.2.0': false, '1.2.1': true, '2.0': false, '2.0.dev1': true }],
    ['vers:deb/<1%3A2.0-1', 'deb', { '1:1.9-1': true, '1:2.0-1': false, '2.0-1': true }],
    ['vers:golang/>=1.2.0', 'golang', { 'v1.2.0': true, 'v1.1.9': false, '1.3.0': true }],
    ['vers:semver/<2.0.0', 'npm', { '1.9.9': true, '2.0.0': false }],
    ['vers:alpine/<1.2.3-r4', 'apk', { '1.2.3-r3': true, '1.2.3-r4': false }],
    ['vers:npm/!=1.0.0', 'npm', { '1.0.0': false, '1.0.1': false }],
    ['vers:maven/*', 'maven', { 'anything at all': true }],
  ])('%s', (range, type, versions) => {
    for (const [version, is] of Object.entries(versions)) expect(isInRange(range, type, version), version).toBe(is);
    expect(isRangeOf(range, type)).toBe(true);
  });

  test.each([
    ['vers:npm/<2.0.0', 'pypi', '1.0.0'],
    ['vers:npm/<2.0.0', 'npm', 'latest'],
    ['vers:npm/<newest', 'npm', '1.0.0'],
    ['vers:unheard-of/<2', 'unheard-of', '1'],
    ['<2.0.0', 'npm', '1.0.0'],
    ['vers:npm/<%zz', 'npm', '1.0.0'],
  ])('%s of %s says nothing about %s', (range, type, version) => expect(isInRange(range, type, version)).toBeNull());
});

test('one version in two spellings is one where its order says so', () => {
  expect(sameVersion('pypi', '1.0', '1.0.0')).toBe(true);
  expect(sameVersion('golang', 'v1.2.0', '1.2.0')).toBe(true);
  expect(sameVersion('npm', '1.0.0+a', '1.0.0+b')).toBe(false);
  expect(sameVersion('npm', '1.0.0', '1.0.1')).toBe(false);
  expect(sameVersion('unheard-of', '1.0', '1.0.0')).toBe(false);
  expect(sameVersion('unheard-of', 'x', 'x')).toBe(true);
});

test.each([
  ['vers:npm/<2.0.0', 'pypi'], ['vers:npm/<newest', 'npm'], ['vers:npm/>=1.0.0|<', 'npm'], ['vers:unheard-of/<2', 'unheard-of'], ['<2.0.0', 'npm'],
  ['vers:npm/<%zz', 'npm'],
])('%s is no range of %s: it would hold for nothing', (range, type) => expect(isRangeOf(range, type)).toBe(false));
