// Packagist's versions: Composer's grammar, ordered by PHP's version_compare.
import { compareIntegers, defineScheme, parseInteger } from './scheme.ts';

const MODIFIER = '(?:[._-]?(?:stable|beta|b|RC|alpha|a|patch|pl|p)(?:[.-]?\\d)*)?(?:[.-]?dev)?';
const NUMBERED = new RegExp(`^v?\\d{1,5}(?:\\.\\d+){0,3}${MODIFIER}$`, 'i');
const DATED = new RegExp(`^v?\\d{4}(?:[.:-]?\\d{2}){1,6}(?:[.:-]?\\d{1,3}){0,2}${MODIFIER}$`, 'i');
const BRANCH = /^(?:dev-\S+|v?\d+(?:\.(?:\d+|[xX*])){0,3}[.-]dev|v?[xX*](?:\.[xX*]){0,3}-dev)$/i;

/** Composer's `VersionParser::normalize` for a single version: build metadata and a stability flag are no part of it. */
function wellFormedPackagist(text: string): boolean {
  const version = text.trim().replace(/@(?:stable|RC|beta|alpha|dev)$/i, '').replace(/^([^,\s+]+)\+\S+$/, '$1');
  return NUMBERED.test(version) || DATED.test(version) || BRANCH.test(version);
}

/** PHP's canonical form: parts split at `-`, `_`, `+`, `.` and wherever digits meet letters. */
function parsePackagist(text: string): readonly string[] {
  return text.trim().replace(/^[vV](?=\d)/, '').match(/\d+|[^\d._+-]+/g) ?? [];
}

/** `version_compare`'s forms, upper-case only where PHP knows it so; the first that a part begins with decides, others come before `dev`. */
const FORMS: readonly (readonly [string, number])[] = [
  ['dev', 0], ['alpha', 1], ['a', 1], ['beta', 2], ['b', 2], ['RC', 3], ['rc', 3], ['#', 4], ['pl', 5], ['p', 5],
];

function rank(part: string): number {
  return FORMS.find(([form]) => part.startsWith(form))?.[1] ?? -1;
}

function comparePart(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d/.test(a), /^\d/.test(b)];
  if (aIsNumber && bIsNumber) return compareIntegers(parseInteger(a), parseInteger(b));
  // A number stands where `#` stands among the words.
  return rank(aIsNumber ? '#' : a) - rank(bIsNumber ? '#' : b);
}

export const packagist = defineScheme({
  name: 'packagist',
  wellFormed: wellFormedPackagist,
  parse: parsePackagist,
  order: (a, b) => {
    const shared = Math.min(a.length, b.length);
    for (let i = 0; i < shared; i++) {
      const order = comparePart(a[i] as string, b[i] as string);
      if (order !== 0) return order;
    }
    // Where one has ended: one more number is later, one more word counts as against a number.
    const [extra, sign] = a.length > shared ? [a, 1] : [b, -1];
    for (let i = shared; i < extra.length; i++) {
      const order = /^\d/.test(extra[i] as string) ? 1 : comparePart(extra[i] as string, '#');
      if (order !== 0) return sign * order;
    }
    return 0;
  },
});
