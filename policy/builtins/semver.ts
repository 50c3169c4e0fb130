// Semantic versions: valid or not, and their order (semver.org 2.0.0, a leading `v` allowed).
import { compareStrings, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError } from './builtin.ts';

const IDENTIFIERS = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/;
const LARGEST = 2n ** 63n - 1n;

interface Version {
  readonly numbers: readonly bigint[];
  readonly prerelease: string;
}

function parse(text: string): Version | null {
  const [rest, metadata] = cut(text.startsWith('v') ? text.slice(1) : text, '+');
  if (metadata !== null && !IDENTIFIERS.test(metadata)) return null;
  const [core, prerelease] = cut(rest, '-');
  if (prerelease !== null && (!IDENTIFIERS.test(prerelease) || prerelease.split('.').some((part) => /^0\d+$/.test(part)))) return null;
  const parts = core.split('.');
  if (parts.length !== 3 || parts.some((part) => !/^(?:0|[1-9]\d*)$/.test(part))) return null;
  const numbers = parts.map(BigInt);
  return numbers.some((number) => number > LARGEST) ? null : { numbers, prerelease: prerelease ?? '' };
}

function cut(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** @see semver.org §11 */
function compare(a: Version, b: Version): number {
  for (const [i, number] of a.numbers.entries()) {
    const other = b.numbers[i] as bigint;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === '' || b.prerelease === '') return a.prerelease === '' ? 1 : -1;
  const [left, right] = [a.prerelease.split('.'), b.prerelease.split('.')];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [isNumber, isOther] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    const difference = isNumber ? compareNumbers(BigInt(x), BigInt(y)) : Math.sign(compareStrings(x, y));
    if (difference !== 0) return difference;
  }
  return 0;
}

/** OPA's identifiers are 64-bit: what is larger counts as the largest. */
function compareNumbers(x: bigint, y: bigint): number {
  const [a, b] = [x > LARGEST ? LARGEST : x, y > LARGEST ? LARGEST : y];
  return a < b ? -1 : a > b ? 1 : 0;
}

function operand(value: Value, position: number): Version {
  const text = asString(value, position);
  const version = parse(text);
  // OPA shows the operand as a Rego string.
  if (version === null) throw new BuiltinError(`operand ${position}: string "${text}" is not a valid SemVer`);
  return version;
}

export const semver: readonly Builtin[] = [
  { name: 'semver.compare', type: '(string, string) => number', run: (_, a: Value, b: Value) => compare(operand(a, 1), operand(b, 2)) },
  { name: 'semver.is_valid', type: '(any) => boolean', run: (_, text: Value) => typeof text === 'string' && parse(text) !== null },
];
