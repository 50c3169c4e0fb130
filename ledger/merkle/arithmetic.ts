// Integer arithmetic on indexes and sizes up to 2^53 - 1. `>>`, `&` and `|` would truncate to 32 bits and silently accept
// trees past 2^31 entries.

/** Whether a number can be an index or a size: an integer from 0 to 2^53 - 1. */
export function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

export function isOdd(n: number): boolean {
  return n % 2 === 1;
}

export function half(n: number): number {
  return Math.floor(n / 2);
}

/** 2^level, exact. @param level - 0 to 52 */
export function widthOf(level: number): number {
  return 2 ** level;
}

/** The level of the largest perfect subtree that fits in `count` leaves: floor(log2(count)). @param count - at least 1 */
export function levelWithin(count: number): number {
  // Math.log2 rounds: log2(2^49 - 1) is 49.
  let level = 0;
  for (let rest = half(count); rest > 0; rest = half(rest)) level += 1;
  return level;
}

/** The largest power of two strictly smaller than `count` (RFC 6962 §2.1). @param count - at least 2 */
export function splitOf(count: number): number {
  return widthOf(levelWithin(count - 1));
}
