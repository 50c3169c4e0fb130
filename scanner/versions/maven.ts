// Maven's versions (org.apache.maven.artifact.versioning.ComparableVersion; "Version Order Specification" of the POM reference).
import { compareIntegers, compareText, defineScheme, parseInteger, type Integer } from './scheme.ts';

/** What Maven's model validator refuses in a version, and white space. */
const ILL_FORMED = /[\\/:"<>|?*[\](){},\s\p{Cc}]/u;

type Item = Integer | string;

/**
 * A version as the chain of lists that hyphens and digit-letter changes open.
 *
 * Each list of ComparableVersion holds its items and, last, the next list: nesting is only ever at the end, so a flat array of
 * lists says the same, and neither parsing nor comparing recurses on a stranger's text.
 */
type Maven = readonly (readonly Item[])[];

const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const RELEASE = QUALIFIERS.indexOf('');
const ALIASES: Readonly<Record<string, string>> = { ga: '', final: '', release: '', cr: 'rc' };
/** Right before a digit: `1a1` is `1-alpha-1`. */
const SHORT: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' };

function parseMaven(text: string): Maven {
  const lists: Item[][] = [[]];
  const open = () => lists.push([]);
  const add = (token: string, beforeDigit: boolean) => lists.at(-1)?.push(itemOf(token, beforeDigit));
  let start = 0;
  const lower = text.toLowerCase();
  for (let i = 0; i < lower.length; i++) {
    const character = lower[i] as string;
    if (character === '.' || character === '-') {
      add(lower.slice(start, i), false);
      start = i + 1;
      if (character === '-') open();
    } else if (i > start && isDigit(character) !== isDigit(lower[i - 1] as string)) {
      add(lower.slice(start, i), isDigit(character));
      start = i;
      open();
    }
  }
  if (start < lower.length) add(lower.slice(start), false);
  return normalize(lists);
}

/** An empty token is 0. */
function itemOf(token: string, beforeDigit: boolean): Item {
  if (/^\d*$/.test(token)) return parseInteger(token);
  const word = beforeDigit ? (SHORT[token] ?? token) : token;
  return ALIASES[word] ?? word;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

/** Drops, from the end of each list, what means nothing there (0 and the empty word), then every list but the first that is empty. */
function normalize(lists: Item[][]): Maven {
  for (const list of lists) {
    while (list.length > 0 && (list.at(-1) === 0 || list.at(-1) === '')) list.pop();
  }
  return lists.filter((list, i) => i === 0 || list.length > 0);
}

function qualifierOrder(a: string, b: string): number {
  const [i, j] = [QUALIFIERS.indexOf(a), QUALIFIERS.indexOf(b)];
  // Words nobody listed come after all listed ones, alphabetically.
  if (i < 0 && j < 0) return compareText(a, b);
  return (i < 0 ? QUALIFIERS.length : i) - (j < 0 ? QUALIFIERS.length : j);
}

/** An item against the end of the other list. */
function againstNothing(item: Item): number {
  return typeof item === 'string' ? qualifierOrder(item, QUALIFIERS[RELEASE] as string) : compareIntegers(item, 0);
}

/** The lists from `from` on against the end of the other version: decided by the first item that means something. */
function tailAgainstNothing(lists: Maven, from: number): number {
  for (let i = from; i < lists.length; i++) {
    for (const item of lists[i] as readonly Item[]) {
      const order = againstNothing(item);
      if (order !== 0) return order;
    }
  }
  return 0;
}

/**
 * ComparableVersion's order, its one flaw included: a word after a dot (`1.pre`) is below a hyphen's list (`1-SNAPSHOT`) and yet
 * above the release between them. Advisories are written for, and the outside fixtures hold, this very order.
 */
function orderMaven(a: Maven, b: Maven): number {
  for (let depth = 0; ; depth++) {
    const [left, right] = [a[depth], b[depth]];
    if (left === undefined || right === undefined) {
      return left === undefined ? (right === undefined ? 0 : -tailAgainstNothing(b, depth)) : tailAgainstNothing(a, depth);
    }
    const order = compareListItems(left, right, a, b, depth);
    if (order !== 'deeper') return order;
  }
}

function compareListItems(left: readonly Item[], right: readonly Item[], a: Maven, b: Maven, depth: number): number | 'deeper' {
  const [leftHasTail, rightHasTail] = [depth + 1 < a.length, depth + 1 < b.length];
  for (let i = 0; ; i++) {
    const [one, other] = [left[i], right[i]];
    if (one === undefined && other === undefined) return 'deeper';
    let order: number;
    if (one !== undefined && other !== undefined) order = compareItems(one, other);
    // One list has ended and goes on with its next list: a number is more than a list, a word is less.
    else if (one !== undefined) order = rightHasTail ? (typeof one === 'string' ? -1 : 1) : againstNothing(one);
    else order = leftHasTail ? (typeof other === 'string' ? 1 : -1) : -againstNothing(other as Item);
    if (order !== 0 || (one === undefined && leftHasTail) || (other === undefined && rightHasTail)) return order;
  }
}

function compareItems(a: Item, b: Item): number {
  if (typeof a === 'string') return typeof b === 'string' ? qualifierOrder(a, b) : -1;
  return typeof b === 'string' ? 1 : compareIntegers(a, b);
}

export const maven = defineScheme({ name: 'maven', wellFormed: (text) => text !== '' && !ILL_FORMED.test(text), parse: parseMaven, order: orderMaven });
