// Times as a caller gives them, in UTC.
import { clip } from '../ledger/errors.ts';
import { UsageError } from './command.ts';

/**
 * Milliseconds since 1970 of `2026-01-01` or `2026-01-01T12:00:00Z`.
 *
 * @param side - what a bare date means: its first or its last millisecond
 * @throws {UsageError} for anything else: a time without its zone is another time elsewhere
 */
export function parseTime(text: string, side: 'start' | 'end'): number {
  const match = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z)?$/.exec(text);
  const time = match === null ? Number.NaN : Date.parse(match[2] === undefined ? `${match[1]}T00:00:00Z` : text);
  const exists = match !== null && !Number.isNaN(time) && new Date(time).toISOString().startsWith(match[1] as string);
  if (!exists) throw new UsageError(`"${clip(text)}" is no time: give 2026-01-01 or 2026-01-01T12:00:00Z`);
  return match?.[2] === undefined && side === 'end' ? time + 86_399_999 : time;
}
