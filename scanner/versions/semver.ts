// SemVer 2.0.0 (npm, crates.io, Go, Hex and others). A leading `v`, as Go modules and git tags write it, is read over.
import { compareIntegers, compareText, defineScheme, parseInteger, type Integer } from './scheme.ts';

interface Semver {
  numbers: readonly [Integer, Integer, Integer];
  /** Identifiers after the hyphen; empty for a release. */
  pre: readonly string[];
  build: string;
}

const NUMBER = '(?:0|[1-9]\\d*)';
const LABEL = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const BUILD = '[0-9A-Za-z-]+';
const SEMVER = new RegExp(`^[vV]?${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${LABEL}(?:\\.${LABEL})*)?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`);
const PARTS = /^[vV]?(\d*)(?:\.(\d*))?(?:\.(\d*))?/;

/** Reads what is there: missing numbers are 0, and what follows the third number without a hyphen counts as build metadata. */
export function parseSemver(text: string): Semver {
  const [whole, major = '', minor = '', patch = ''] = PARTS.exec(text) as RegExpExecArray;
  const rest = text.slice(whole.length);
  const plus = rest.indexOf('+');
  const beforeBuild = plus < 0 ? rest : rest.slice(0, plus);
  const pre = beforeBuild.startsWith('-') && beforeBuild.length > 1 ? beforeBuild.slice(1).split('.') : [];
  return { numbers: [parseInteger(major), parseInteger(minor), parseInteger(patch)], pre, build: plus < 0 ? '' : rest.slice(plus + 1) };
}

/** SemVer 2.0.0 §11: build metadata takes no part. */
export function orderSemver(a: Semver, b: Semver): number {
  for (let i = 0; i < 3; i++) {
    const order = compareIntegers(a.numbers[i] as Integer, b.numbers[i] as Integer);
    if (order !== 0) return order;
  }
  // A pre-release comes before its release.
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  return compareIdentifiers(a.pre, b.pre);
}

/** SemVer 2.0.0 §11.4: numbers by value and below all texts, texts by ASCII, and the longer list after its own beginning. */
export function compareIdentifiers(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a[i] as string, b[i] as string];
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    const order = leftIsNumber && rightIsNumber ? compareIntegers(parseInteger(left), parseInteger(right))
      : leftIsNumber !== rightIsNumber ? (leftIsNumber ? -1 : 1)
      : compareText(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export const semver = defineScheme({ name: 'semver', wellFormed: SEMVER, parse: parseSemver, order: orderSemver });
