// The events of one stream: all of them, in order, each linked to the one before.
import { no, yes, type Verdict } from '../verdict.ts';
import type { StreamCode } from './codes.ts';

/** An event of a stream: where it stands, and what its tag says. */
export interface StreamEvent {
  readonly index: number;
  readonly version: number;
  /** Undefined for the first event of the stream. */
  readonly prev?: number | undefined;
}

/**
 * Verifies that events are the versions 1 to n of a stream, without a gap, each naming the one before it.
 *
 * This is the level GAPLESS: that n was the last version is for a proof from the stream index to say.
 *
 * @param events - in any order
 * @param last - n, where it is known: from the index, or from a pin
 */
export function verifyStreamHistory(stream: string, events: readonly StreamEvent[], last?: number): Verdict<StreamCode> {
  const sorted = events.toSorted((a, b) => a.version - b.version);
  let before: StreamEvent | null = null;
  for (const event of sorted) {
    const expected: number = before === null ? 1 : before.version + 1;
    if (before !== null && event.version === before.version) return no('STREAM_FORKED', `${stream} has two events of version ${event.version}`);
    if (event.version !== expected) return no('STREAM_INCOMPLETE', `${stream} has no version ${expected}, but a version ${event.version}`);
    if (before !== null && event.index <= before.index) return no('STREAM_FORKED', `${stream} has version ${event.version} before version ${before.version}`);
    if (event.prev !== before?.index) return no('STREAM_PREV_WRONG', `version ${event.version} of ${stream} names another event before it`);
    before = event;
  }
  const found = before?.version ?? 0;
  const expected = last ?? found;
  if (found < expected) return no('STREAM_INCOMPLETE', `${stream} ends at version ${found}, expected ${expected}`);
  if (found > expected) return no('STREAM_FORKED', `${stream} has a version ${found} after its last, ${expected}`);
  return yes;
}
