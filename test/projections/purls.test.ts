// What a purl names, read once for all versions of a package: never another answer than reading each purl by itself.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { namedBy, packageName, readPurl } from '../../projections/purls.ts';

function alone(text: string): string | null {
  const purl = text.isWellFormed() ? readPurl(text) : null;
  return purl === null ? null : packageName(purl);
}

const types = [
  'npm', 'NPM', 'pypi', 'maven', 'deb', 'git', 'swift', 'otp', 'julia', 'vcpkg', 'huggingface', 'mlflow', 'cpan', 'chrome-extension', 'golang', '1x', '',
];
const part = fc.constantFrom(
  'a', 'A_b', '@scope', '%40scope', 'x@1', '@', '', '/', 'a/b', 'a::b', '%zz', '%2F', 'ä', '\ud800', '?x=y', '#sub', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
);
const version = fc.constantFrom(
  '@1.0.0', '@1', '@abc', '@1.0-rc.1+5', '@', '', '@%20', '@a/b', '@1.0?arch=x', '@1.0#sub', '@1:2', '@99999999', '@V1',
);

test.each(types)('of the type "%s"', (type) => {
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.array(version, { minLength: 2, maxLength: 6 }), (parts, versions) => {
    const name = `pkg:${type}/${parts.join('/')}`;
    for (const end of versions) expect(namedBy(name + end), name + end).toBe(alone(name + end));
  }), { numRuns: 400 });
});

test('and of what is no purl, or has no slash, or is too long', () => {
  const long = ['a', '1'].map((letter) => letter.repeat(8200));
  for (const text of ['', '@1', 'pkg:', 'pkg:npm@1', 'pkg:npm/@1', 'npm/a@1', 'pkg:npm/a/@1', `pkg:npm/${long[0]}@1`, `pkg:npm/a@${long[1]}`]) {
    for (const end of ['', '.0', '.1']) expect(namedBy(text + end), text.slice(0, 20)).toBe(alone(text + end));
  }
});
