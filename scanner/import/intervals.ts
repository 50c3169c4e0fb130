// Version ranges of older feeds as intervals, and those as OSV ranges: what is vulnerable, or the complement of what is safe.
import type { JcsValue } from '../../ledger/jcs.ts';
import type { Scheme } from '../versions/index.ts';
import { refuseRecord } from './feed.ts';

/** Null is no bound. Either end may be in the interval or not. */
export interface Interval {
  readonly from: string | null;
  readonly fromIncluded: boolean;
  readonly to: string | null;
  readonly toIncluded: boolean;
}

export const everything: Interval = { from: null, fromIncluded: true, to: null, toIncluded: false };

/** `>= 1.2`, `<2`, `= 1.0`, … @param operator - `>=`, `>`, `<=`, `<`, `=`, `==` */
export function comparator(operator: string, version: string): Interval {
  switch (operator) {
    case '>=':
      return { ...everything, from: version };
    case '>':
      return { ...everything, from: version, fromIncluded: false };
    case '<':
      return { ...everything, to: version };
    case '<=':
      return { ...everything, to: version, toIncluded: true };
    case '=':
    case '==':
    case '':
      return { from: version, fromIncluded: true, to: version, toIncluded: true };
    default:
      return refuseRecord(`"${operator}" is no comparison`);
  }
}

/** What both hold; null where nothing does. */
export function intersect(scheme: Scheme, a: Interval, b: Interval): Interval | null {
  const from = compareFrom(scheme, a, b) >= 0 ? a : b;
  const to = compareTo(scheme, a, b) <= 0 ? a : b;
  const both = { from: from.from, fromIncluded: from.fromIncluded, to: to.to, toIncluded: to.toIncluded };
  return isEmpty(scheme, both) ? null : both;
}

function isEmpty(scheme: Scheme, { from, fromIncluded, to, toIncluded }: Interval): boolean {
  if (from === null || to === null) return false;
  const order = scheme.compare(from, to);
  return order > 0 || (order === 0 && !(fromIncluded && toIncluded));
}

function compareFrom(scheme: Scheme, a: Interval, b: Interval): number {
  if (a.from === null || b.from === null) return Number(a.from !== null) - Number(b.from !== null);
  return scheme.compare(a.from, b.from) || Number(b.fromIncluded) - Number(a.fromIncluded);
}

function compareTo(scheme: Scheme, a: Interval, b: Interval): number {
  if (a.to === null || b.to === null) return Number(a.to === null) - Number(b.to === null);
  return scheme.compare(a.to, b.to) || Number(a.toIncluded) - Number(b.toIncluded);
}

/** What none of the intervals holds, ascending. */
export function complement(scheme: Scheme, intervals: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let open: { from: string | null; included: boolean } | null = { from: null, included: true };
  for (const interval of intervals.toSorted((a, b) => compareFrom(scheme, a, b))) {
    if (open === null) break;
    const gap: Interval = { from: open.from, fromIncluded: open.included, to: interval.from, toIncluded: !interval.fromIncluded };
    if (interval.from !== null && !isEmpty(scheme, gap)) gaps.push(gap);
    if (interval.to === null) open = null;
    else if (open.from === null || scheme.compare(interval.to, open.from) >= 0) open = { from: interval.to, included: !interval.toIncluded };
  }
  return open === null ? gaps : [...gaps, { from: open.from, fromIncluded: open.included, to: null, toIncluded: false }];
}

/**
 * Vulnerable intervals as OSV ranges, one each, for a range may not mix `fixed` and `last_affected`.
 *
 * OSV has no "introduced after": an open lower end is written as introduced there, which takes one version more, and the note
 * says so.
 */
export function osvRanges(type: 'SEMVER' | 'ECOSYSTEM', intervals: readonly Interval[]): { ranges: JcsValue[]; notes: string[] } {
  const notes = intervals.flatMap(({ from, fromIncluded }) =>
    from === null || fromIncluded ? [] : [`the source says "> ${from}", which OSV can only say as introduced at ${from}`]);
  const ranges = intervals.map(({ from, to, toIncluded }) => {
    const end = to === null ? [] : [toIncluded ? { last_affected: to } : { fixed: to }];
    return { type, events: [{ introduced: from ?? '0' }, ...end] };
  });
  return { ranges, notes };
}
