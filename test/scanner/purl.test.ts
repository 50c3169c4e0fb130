// Purls: what the outside suite leaves open, each with its exact answer.
import { describe, expect, test } from 'vitest';
import { canonicalPurl, formatPurl, parsePurl, purlLengthMax } from '../../scanner/purl/purl.ts';

describe('canonical form', () => {
  test.each([
    ['pkg:npm/@babel/core@7.0.0', 'pkg:npm/%40babel/core@7.0.0'],
    ['pkg:npm/jQuery@1.7.4', 'pkg:npm/jQuery@1.7.4'],
    ['pkg:golang/github.com/0xERR0R/blocky@0.1.0', 'pkg:golang/github.com/0xERR0R/blocky@0.1.0'],
    ['pkg:deb/Debian/libssl1.1@1.1.1n-0+deb11u3?Arch=amd64&distro=debian-11', 'pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3?arch=amd64&distro=debian-11'],
    ['pkg:pypi/Zope_Interface@5', 'pkg:pypi/zope-interface@5'],
    ['pkg:generic/a@1?b=&a=x', 'pkg:generic/a@1?a=x'],
    ['pkg:generic/a@1#./b/../c/', 'pkg:generic/a@1#b/c'],
    ['pkg:generic/caf%C3%A9@1', 'pkg:generic/caf%C3%A9@1'],
  ])('%s is written %s, and that form is its own', (text, canonical) => {
    expect(canonicalPurl(text)).toBe(canonical);
    expect(canonicalPurl(canonical)).toBe(canonical);
    expect(formatPurl(parsePurl(canonical))).toBe(canonical);
  });
});

describe('refused', () => {
  test.each([
    ['', 'expected the scheme "pkg:"'],
    ['npm/left-pad@1', 'expected the scheme "pkg:"'],
    ['pkg:', 'the type is missing'],
    ['pkg:npm', 'the name is missing'],
    ['pkg:npm/a@1?x=1&x=2', 'the qualifier "x" stands twice'],
    ['pkg:npm/%E0%A4@1', 'is not percent-encoded UTF-8'],
    ['pkg:npm/%zz@1', 'is not percent-encoded UTF-8'],
    [`pkg:npm/${'a'.repeat(purlLengthMax)}`, `longer than ${purlLengthMax} characters`],
  ])('%s', (text, why) => {
    expect(() => parsePurl(text)).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED', message: expect.stringContaining(why) as string }) as Error);
  });

  test('a qualifier key of Object.prototype is a qualifier like any other', () => {
    expect(formatPurl(parsePurl('pkg:npm/a@1?constructor=1'))).toBe('pkg:npm/a@1?constructor=1');
    expect(() => parsePurl('pkg:npm/a@1?__proto__=1')).toThrowError(/the qualifier key/);
  });
});
