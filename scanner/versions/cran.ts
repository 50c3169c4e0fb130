// CRAN's versions: integers separated by `.` or `-`, the longer one later ("Writing R Extensions", section 1.1.1).
import { compareIntegers, defineScheme, parseInteger, type Integer } from './scheme.ts';

const CRAN = /^\d+(?:[.-]\d+)+$/;

/** Integer by integer; of two that begin alike the longer is later. */
export function compareNumbers(a: readonly Integer[], b: readonly Integer[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareIntegers(a[i] as Integer, b[i] as Integer);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export const cran = defineScheme({
  name: 'cran',
  wellFormed: CRAN,
  parse: (text) => (text.match(/\d+/g) ?? []).map(parseInteger),
  order: compareNumbers,
});
