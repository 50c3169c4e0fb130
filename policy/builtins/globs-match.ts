// Whether two of glob-intersection's patterns match a text in common: characters, `.`, `[sets]`, each with `*` or `+` after it.
import { charge, MEMBER_CELLS } from '../rego/meter.ts';
import type { Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError, type Context } from './builtin.ts';

interface Element {
  /** Ranges of code points; null is any character. */
  readonly ranges: readonly (readonly [number, number])[] | null;
  readonly repeats: boolean;
}

class Pattern {
  readonly #points: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#points = [...text];
  }

  #fail(message: string): never {
    throw new BuiltinError(`input:${this.#points.join('')}, pos:${this.#at}, ${message}: the input provided is invalid`);
  }

  #next(): { c: string; escaped: boolean } | null {
    const c = this.#points[this.#at];
    if (c === undefined) return null;
    this.#at++;
    if (c !== '\\') return { c, escaped: false };
    const escaped = this.#points[this.#at++];
    if (escaped === undefined) this.#fail('input ends with a \\ (escape) character');
    return { c: escaped, escaped: true };
  }

  elements(): Element[] {
    const elements: Element[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const ranges = this.#ranges(next.c, next.escaped);
      const flag = this.#points[this.#at];
      if (flag === '*' || flag === '+') this.#at++;
      if (flag !== '*') elements.push({ ranges, repeats: false });
      if (flag === '*' || flag === '+') elements.push({ ranges, repeats: true });
    }
    return elements;
  }

  #ranges(c: string, escaped: boolean): Element['ranges'] {
    const point = c.codePointAt(0) as number;
    if (escaped) return [[point, point]];
    if (c === '.') return null;
    if (c === ']') this.#fail("set-close ']' with no preceding '['");
    if (c === '*' || c === '+') this.#fail(`flag '${c}' must be preceded by a non-flag`);
    return c === '[' ? this.#set() : [[point, point]];
  }

  #set(): [number, number][] {
    const ranges: [number, number][] = [];
    let previous: number | null = null;
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const point = next.c.codePointAt(0) as number;
      if (!next.escaped && next.c === ']') return ranges;
      if (next.escaped || next.c !== '-') {
        ranges.push([point, point]);
        previous = point;
        continue;
      }
      if (previous === null) this.#fail("range character '-' must be preceded by a Unicode character");
      const last = this.#next();
      if (last === null || this.#at >= this.#points.length) this.#fail("range character '-' must be followed by a Unicode character");
      if (!last.escaped && (last.c === ']' || last.c === '-')) this.#fail("range character '-' cannot be followed by a special symbol");
      const end = last.c.codePointAt(0) as number;
      if (end < previous) this.#fail(`range is out of order: '${last.c}' comes before '${String.fromCodePoint(previous)}' in Unicode`);
      ranges.push([previous, end]);
      previous = null;
    }
    this.#fail('found [ without matching ]');
  }
}

function overlap(a: Element, b: Element): boolean {
  const [left, right] = [a.ranges, b.ranges];
  if (left === null) return right === null || right.length > 0;
  if (right === null) return left.length > 0;
  return left.some(([from, to]) => right.some(([start, end]) => from <= end && start <= to));
}

/** Walks both patterns at once: a state is how far each has come. */
function intersect(context: Context, a: readonly Element[], b: readonly Element[]): boolean {
  const width = b.length + 1;
  const seen = new Set([0]);
  // A set grows while it is walked.
  for (const state of seen) {
    context.spend(1);
    charge(3 * MEMBER_CELLS);
    const [i, j] = [Math.floor(state / width), state % width];
    if (i === a.length && j === b.length) return true;
    const [x, y] = [a[i], b[j]];
    if (x?.repeats === true) seen.add(state + width);
    if (y?.repeats === true) seen.add(state + 1);
    if (x !== undefined && y !== undefined && overlap(x, y)) seen.add((x.repeats ? i : i + 1) * width + (y.repeats ? j : j + 1));
  }
  return false;
}

export const globsMatch: readonly Builtin[] = [
  {
    name: 'regex.globs_match',
    type: '(string, string) => boolean',
    run: (context, a: Value, b: Value) => {
      const [left, right] = [new Pattern(asString(a, 1)), new Pattern(asString(b, 2))];
      return intersect(context, left.elements(), right.elements());
    },
  },
];
