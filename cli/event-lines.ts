// An entry in one line: when, what, and what it concerns.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEnvelope, kindOf } from '../ledger/events/index.ts';

export interface EntryLine {
  readonly type: string;
  /** Recorded time, milliseconds since 1970; null where the entry is no event. */
  readonly at: number | null;
  readonly time: string | null;
  readonly concerns: string;
  /** `person`, `service` and so on, with the pseudonym where there is one. */
  readonly by: string;
}

/** @param isRaw - whether entries of a raw ledger stand here: nothing is decoded */
export function describeEntry(entry: Uint8Array, isRaw: boolean): EntryLine {
  const kind = isRaw ? null : kindOf(entry);
  if (kind !== 'event') return { type: kind ?? 'bytes', at: null, time: null, concerns: `${entry.length} bytes`, by: '' };
  try {
    const { type, at, by, streams } = decodeEnvelope(entry);
    const [first, ...more] = streams.map(({ name }) => name);
    const concerns = `${shorten(first ?? '')}${more.length > 0 ? ` and ${more.length} more` : ''}`;
    return { type, at, time: new Date(at).toISOString(), concerns, by: by.person === undefined ? by.kind : `${by.kind}:${formatHex(by.person).slice(0, 8)}` };
  } catch (error) {
    if (error instanceof LedgerError) return { type: error.code, at: null, time: null, concerns: error.message, by: '' };
    throw error;
  }
}

export function shorten(name: string): string {
  return name.replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1…');
}
