// The root of the stream index that an event states: one line for each kind of event that does.
import type { Event } from '../events/index.ts';

/** What an event says of the stream index: its root over the streams of the first `size` entries. Null where it says nothing. */
export function statedIndex(event: Event): { readonly size: number; readonly root: Uint8Array } | null {
  switch (event.type) {
    case 'ledger.indexed':
      return { size: event.data.size, root: event.data.root[1] };
    case 'decision.recorded':
    case 'export.packed':
    case 'export.period_packed':
      return { size: event.data.tree.size, root: event.data.index[1] };
    default:
      return null;
  }
}
