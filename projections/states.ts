// Past states as people name them: `@`, `@~10`, `@1234`, `@2026-10-01`, and from one to another `A..B` (DESIGN, "Time").
import { clip, LedgerError } from '../ledger/errors.ts';

/** A state as it is named. */
export type StateName =
  | { readonly kind: 'head'; readonly back: number }
  | { readonly kind: 'size'; readonly size: number }
  /** Milliseconds since 1970: the last one that belongs to it. */
  | { readonly kind: 'time'; readonly at: number };

/** A state of a log: a size, and when it was. Times are milliseconds since 1970. */
export interface State {
  readonly size: number;
  /** Recorded time of its last entry; null on a raw ledger, whose entries have none. */
  readonly recorded: number | null;
  /** The time it is asked about: the one that was named, else the recorded one; never now. */
  readonly effective: number | null;
}

/** What a name is resolved against. */
export interface StateLog {
  readonly size: number;
  /** Recorded time of an entry, milliseconds since 1970. */
  timeOf(index: number): Promise<number>;
  /** Where the clock epochs begin: 0, and the index of every `ledger.clock_set`, ascending. */
  epochs(): Promise<readonly number[]>;
  /** Whether entries after 0 are anybody's bytes. */
  readonly isRaw: boolean;
}

const HINT = 'write @ (now), @~10 (ten entries before), @1234 (a size), @2026-10-01 or @2026-10-01T12:00:00Z; A..B for two of them';

/** @throws {LedgerError} INPUT_MALFORMED for what names no state */
export function parseState(text: string): StateName {
  const [, back, size, date, time] = /^@(?:~(\d{1,15})|(\d{1,15})|(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z)?)?$/.exec(text) ?? [null];
  if (text === '@') return { kind: 'head', back: 0 };
  if (back !== undefined) return { kind: 'head', back: Number(back) };
  if (size !== undefined) return { kind: 'size', size: Number(size) };
  const at = date === undefined ? Number.NaN : Date.parse(time === undefined ? `${date}T23:59:59.999Z` : `${date}${time}`);
  // Date.parse takes the 31st of June for the 1st of July.
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(date as string)) throw malformed(text);
  return { kind: 'time', at };
}

/** `A..B`; either side left out is the beginning (size 1) or now. @throws {LedgerError} INPUT_MALFORMED */
export function parseRange(text: string): readonly [StateName, StateName] {
  const parts = text.split('..');
  if (parts.length !== 2 || text === '..') throw malformed(text);
  const [from, to] = parts as [string, string];
  return [from === '' ? { kind: 'size', size: 1 } : parseState(from), to === '' ? { kind: 'head', back: 0 } : parseState(to)];
}

/**
 * Finds the state a name means.
 *
 * For a time it is the largest size whose last entry was recorded at or before it, in the newest clock epoch that began by then:
 * an accepted clock may have gone back, and what was recorded under the older one is not lost from view by that.
 *
 * @throws {LedgerError} STATE_UNKNOWN for a size beyond the log's, before its first entry, or a time on a raw ledger
 */
export async function resolveState(name: StateName, log: StateLog): Promise<State> {
  if (name.kind === 'time') {
    const size = await sizeAt(name.at, log);
    return { size, recorded: await log.timeOf(size - 1), effective: name.at };
  }
  const size = name.kind === 'size' ? name.size : log.size - name.back;
  if (size < 1 || size > log.size) throw unknown(`size ${size}`, `the log has 1 to ${log.size} entries`);
  const recorded = log.isRaw && size > 1 ? null : await log.timeOf(size - 1);
  return { size, recorded, effective: recorded };
}

async function sizeAt(at: number, log: StateLog): Promise<number> {
  const named = new Date(at).toISOString();
  if (log.isRaw) throw unknown(named, 'entries of a raw ledger have no time');
  const epochs = await log.epochs();
  let [first, end] = [-1, log.size];
  for (const [i, index] of epochs.entries()) {
    if (index < log.size && (await log.timeOf(index)) <= at) [first, end] = [index, Math.min(epochs[i + 1] ?? log.size, log.size)];
  }
  if (first < 0) throw unknown(named, `the ledger begins at ${new Date(await log.timeOf(0)).toISOString()}`);
  // Within an epoch recorded times never decrease: entry `low` is at or before the time, entry `high` after it.
  let [low, high] = [first, end];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await log.timeOf(middle)) <= at) low = middle;
    else high = middle;
  }
  return low + 1;
}

function malformed(text: string): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(text)}" as a state`, { hint: HINT });
}

function unknown(what: string, why: string): LedgerError {
  return new LedgerError('STATE_UNKNOWN', `Cannot show the state of ${what}: ${why}`, { hint: HINT });
}
