// The first place where two JSON values differ, in the order of the canonical form.
import type { Json } from '../../ledger/json.ts';

export interface Difference {
  /** RFC 6901; empty for the whole. */
  readonly pointer: string;
  /** Undefined where it is absent. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** @returns null where they are equal */
export function firstDifference(before: Json | undefined, after: Json | undefined, pointer = ''): Difference | null {
  if (Object.is(before, after)) return null;
  const whole: Difference = { pointer, before, after };
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return before === after ? null : whole;
  if (Array.isArray(before) !== Array.isArray(after)) return whole;
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const found = firstDifference(before[i], after[i], `${pointer}/${i}`);
      if (found !== null) return found;
    }
    return null;
  }
  const [one, other] = [before as Readonly<Record<string, Json>>, after as Readonly<Record<string, Json>>];
  for (const key of [...new Set([...Object.keys(one), ...Object.keys(other)])].sort()) {
    const found = firstDifference(one[key], other[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    if (found !== null) return found;
  }
  return null;
}
