// Differential: our codec of hashed bytes beside cborg over outside vectors; what our profile leaves out is named, anything else is a disagreement.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { equalBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { decodeCbor, encodeCbor } from '../../ledger/events/index.ts';
import type { Outcome, Suite } from './suite.ts';

const STRICT = {
  strict: true, allowIndefinite: false, allowUndefined: false, allowNaN: false, allowInfinity: false, rejectDuplicateMapKeys: true, useMaps: true,
};
const classes = new Map<string, number>();

export const cbor: Suite = {
  argument: 'cbor',
  needs: ['formats/cbor'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    const base = join(corpora, 'formats/cbor');
    for (const file of readdirSync(base, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.(?:cbor|json)$/.test(file) || !statSync(join(base, file)).isFile()) continue;
      const bytes = new Uint8Array(readFileSync(join(base, file)));
      const cases = file.endsWith('.cbor') ? [bytes] : hexIn(JSON.parse(new TextDecoder().decode(bytes)));
      for (const [i, one] of cases.entries()) yield { suite: 'cbor', id: `${file}#${i}`, ...compare(one) };
    }
  },
  figures: () => [...classes].toSorted((a, b) => b[1] - a[1]).map(([cause, count]) => `cborg reads ${count} that the profile leaves out: ${cause}`),
};

/** Every value that is the hexadecimal of something. */
function hexIn(value: unknown): Uint8Array[] {
  if (Array.isArray(value)) return value.flatMap(hexIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isHex = typeof inner === 'string' && /hex|cbor|encoded|bytes|input/i.test(key) && /^(?:[0-9a-f]{2})+$/i.test(inner);
    return isHex ? [parseHex(inner.toLowerCase())] : hexIn(inner);
  });
}

function compare(bytes: Uint8Array): { is: 'agreed' } | { is: 'disagreed'; expected: string; got: string } {
  const [ours, theirs] = [readOurs(bytes), readTheirs(bytes)];
  if (typeof ours !== 'string' && typeof theirs !== 'string') {
    const same = formatHex(ours.again) === formatHex(theirs.again);
    return same ? { is: 'agreed' } : { is: 'disagreed', expected: formatHex(theirs.again), got: formatHex(ours.again) };
  }
  if (typeof ours === 'string' && typeof theirs === 'string') return { is: 'agreed' };
  const cause = typeof theirs === 'string' ? null : leftOut(theirs.value, 0);
  if (cause === null) return { is: 'disagreed', expected: typeof theirs === 'string' ? theirs : 'read', got: typeof ours === 'string' ? ours : 'read' };
  classes.set(cause, (classes.get(cause) ?? 0) + 1);
  return { is: 'agreed' };
}

function readOurs(bytes: Uint8Array): { again: Uint8Array } | string {
  try {
    return { again: encodeCbor(decodeCbor(bytes)) };
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
}

/** cborg sees neither the order of keys nor wide floats: what it reads must also encode to the same bytes. */
function readTheirs(bytes: Uint8Array): { value: unknown; again: Uint8Array } | string {
  try {
    const value: unknown = decode(bytes, STRICT);
    const again = new Uint8Array(encode(value, rfc8949EncodeOptions));
    return equalBytes(again, bytes) ? { value, again } : 'not the deterministic form';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What in a value the profile of spec/entry.md has no place for; null where it has a place for all of it. */
function leftOut(value: unknown, depth: number): string | null {
  if (typeof value === 'bigint') return 'integers beyond 2^53';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'floats';
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return 'integers beyond 2^53, or floats';
  if (value === null || value === undefined) return 'null and undefined';
  if (typeof value !== 'object' || value instanceof Uint8Array) return null;
  if (depth === 8) return 'more than 8 levels';
  const inner = value instanceof Map ? [...value] : (Object.values(value) as unknown[]).map((one) => [null, one] as const);
  for (const [key, one] of inner) {
    if (value instanceof Map && (typeof key !== 'string' || /\P{ASCII}/u.test(key))) return 'keys that are no ASCII text';
    const cause = leftOut(one, depth + 1);
    if (cause !== null) return cause;
  }
  return null;
}
