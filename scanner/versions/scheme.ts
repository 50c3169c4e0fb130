// What a version scheme is: a total order, and the reference grammar that says which texts it was made for.

/** Longest version text that counts as well-formed, in UTF-16 code units; real ones stay below 200. */
export const versionLengthMax = 1024;

/**
 * One ecosystem's versions.
 *
 * `compare` orders any two texts and never throws, so that sorting is safe everywhere; whether a text may be *trusted* in that
 * order is a separate question, answered by `wellFormed`. Matching asks both: an ill-formed version or bound is indeterminate.
 */
export interface Scheme {
  /** As in `spec/scan.md`, such as `semver` or `pep440`. */
  readonly name: string;
  /** Negative, zero or positive; a total preorder on well-formed texts, total (never throwing) on all. */
  compare(a: string, b: string): number;
  /** Whether the text is a version under the scheme's reference grammar. */
  wellFormed(text: string): boolean;
  /** Parsed once where one bound meets many versions; only `order` reads the result. */
  parse(text: string): unknown;
  order(a: unknown, b: unknown): number;
}

/** A dot- or letter-separated number of any length: exact, and a plain number where it fits. */
export type Integer = number | bigint;

/** @param digits - ASCII digits, possibly none (zero) */
export function parseInteger(digits: string): Integer {
  // 10^15 < 2^53: up to 15 digits a number is exact, and much faster than a bigint.
  return digits.length <= 15 ? Number(digits) : BigInt(digits);
}

export function compareIntegers(a: Integer, b: Integer): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Orders by UTF-16 code units, which for the ASCII texts compared here is the order of bytes; never by locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares part by part; `missing` stands where one list has ended. */
export function compareLists<T>(a: readonly T[], b: readonly T[], missing: T, compare: (a: T, b: T) => number): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compare(i < a.length ? (a[i] as T) : missing, i < b.length ? (b[i] as T) : missing);
    if (order !== 0) return order;
  }
  return 0;
}

export function defineScheme<Parsed>(scheme: {
  name: string;
  wellFormed: RegExp | ((text: string) => boolean);
  parse: (text: string) => Parsed;
  order: (a: Parsed, b: Parsed) => number;
}): Scheme {
  const { name, parse, wellFormed } = scheme;
  const fits = wellFormed instanceof RegExp ? (text: string) => wellFormed.test(text) : wellFormed;
  return {
    name,
    compare: (a, b) => scheme.order(parse(a), parse(b)),
    wellFormed: (text) => text.length <= versionLengthMax && fits(text),
    parse,
    order: scheme.order as (a: unknown, b: unknown) => number,
  };
}
