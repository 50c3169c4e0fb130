// What differs between two documents: each place that was added, went or changed.
import { equalBytes } from '../ledger/bytes.ts';

/** One place that differs. `before` is absent where it was not there, `after` where it is not. */
export interface Difference {
  /** JSON pointer (RFC 6901) into the document. */
  readonly pointer: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** @param before - null where there was no document @param after - null where there is none */
export function differencesOf(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = [];
  compare('', before ?? undefined, after ?? undefined, found);
  return found;
}

function compare(pointer: string, before: unknown, after: unknown, found: Difference[]): void {
  if (before === undefined && after === undefined) return;
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of [...keys].sort()) compare(`${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, before[key], after[key], found);
  } else if (Array.isArray(before) && Array.isArray(after) && !isDigest(before) && !isDigest(after)) {
    for (let i = 0; i < Math.max(before.length, after.length); i++) compare(`${pointer}/${i}`, before[i], after[i], found);
  } else if (!isSame(before, after)) {
    found.push({ pointer, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** `[algorithm, bytes]` is one value. */
function isDigest(value: readonly unknown[]): boolean {
  return value.length === 2 && typeof value[0] === 'string' && value[1] instanceof Uint8Array;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return equalBytes(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  return a === b;
}
