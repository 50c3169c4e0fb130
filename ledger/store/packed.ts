// Entries packed one after another, each behind its 16-bit big-endian length, as C2SP bundles carry them.
import { LedgerError } from '../errors.ts';
import { entryBytesMax } from '../limits.ts';

/** Consecutive entries as they are stored. */
export interface Run {
  /** Index of the first entry. */
  readonly start: number;
  readonly count: number;
  /** `count` times a 16-bit length and that many bytes (C2SP tlog-tiles, "Log Entries"). */
  readonly packed: Uint8Array;
}

/** @throws {RangeError} when an entry is larger than its 16-bit length can say: the caller has checked that before */
export function packEntries(entries: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > entryBytesMax) throw new RangeError(`an entry of ${entry.length} bytes`);
    packed[at] = entry.length >>> 8;
    packed[at + 1] = entry.length;
    packed.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return packed;
}

/**
 * Where each entry of a run begins, and at the end where the last one stops.
 *
 * @returns `count + 1` offsets: entry `i` is at `offsets[i] + 2` up to `offsets[i + 1]`
 * @throws {LedgerError} STORE_CORRUPT when the lengths do not add up to the bytes
 */
export function offsetsOf(run: Run): Uint32Array {
  const { packed, count } = run;
  const offsets = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    offsets[i] = at;
    if (at + 2 > packed.length) throw broken(run);
    at += 2 + (((packed[at] as number) << 8) | (packed[at + 1] as number));
  }
  if (at !== packed.length) throw broken(run);
  offsets[count] = at;
  return offsets;
}

/** The entries of a run, as views of its bytes. @throws {LedgerError} STORE_CORRUPT when the lengths do not add up */
export function unpackEntries(run: Run): Uint8Array[] {
  const offsets = offsetsOf(run);
  return Array.from({ length: run.count }, (_, i) => run.packed.subarray((offsets[i] as number) + 2, offsets[i + 1]));
}

/** One entry of a run, as a view. @param index - of the log, inside the run @throws {LedgerError} STORE_CORRUPT */
export function entryOf(run: Run, index: number): Uint8Array {
  const { packed } = run;
  let at = 0;
  for (let i = run.start; ; i++) {
    if (at + 2 > packed.length) throw broken(run);
    const end = at + 2 + (((packed[at] as number) << 8) | (packed[at + 1] as number));
    if (end > packed.length) throw broken(run);
    if (i === index) return packed.subarray(at + 2, end);
    at = end;
  }
}

/** The part of a run from `start` up to, but without, `end`, as a view; both clipped to the run. */
export function sliceRun(run: Run, start: number, end: number): Run {
  const from = Math.max(start, run.start);
  const to = Math.min(end, run.start + run.count);
  if (from === run.start && to === run.start + run.count) return run;
  if (from >= to) return { start: from, count: 0, packed: new Uint8Array() };
  const offsets = offsetsOf(run);
  return { start: from, count: to - from, packed: run.packed.subarray(offsets[from - run.start], offsets[to - run.start]) };
}

function broken(run: Run): LedgerError {
  return new LedgerError('STORE_CORRUPT', `Cannot read entries ${run.start} to ${run.start + run.count - 1}: their lengths do not add up`, {
    hint: 'run "stella fsck"',
  });
}
