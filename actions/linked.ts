// Events that bring an entry to more streams than one event has room for: they stand right behind it, in the same append.
import { decodeEvent, kindOf, type Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';

type LinkedEvent = Event & { readonly type: Extract<Event['type'], `${string}.linked`> };

export const isLinked = (event: Event): event is LinkedEvent => event.type.endsWith('.linked');

/** Null for what is no event. @throws {LedgerError} ENTRY_MISSING */
export async function eventAt(log: Pick<LogView, 'entry'>, index: number): Promise<Event | null> {
  const entry = await log.entry(index);
  return kindOf(entry) === 'event' ? decodeEvent(entry) : null;
}

/** Those of an entry, in their order. @param size - at most the log's published size */
export async function* linkedTo(
  log: Pick<LogView, 'entry'>, entry: number, size: number,
): AsyncGenerator<{ readonly index: number; readonly event: LinkedEvent }> {
  for (let index = entry + 1; index < size; index++) {
    const event = await eventAt(log, index);
    if (event === null || !isLinked(event) || index - event.data.back !== entry) return;
    yield { index, event };
  }
}
