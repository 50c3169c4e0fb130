// What things are found with: the log, its documents, and the projections that spare looking through all of it.
import { formatHex } from '../ledger/bytes.ts';
import type { LogView } from '../ledger/log/view.ts';
import { findEntries, readAt } from '../projections/catch-up/queries.ts';
import { timeline } from '../projections/catch-up/timeline.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { openCaughtUp } from './caught-up.ts';
import type { Call } from './command.ts';
import { listPersons, pseudonymOf } from './persons.ts';
import { knownPepper, type Place } from './place.ts';
import type { ThingPorts } from './things.ts';

/** @param size - of the state that is asked about */
export function thingPorts(call: Call, place: Place, log: LogView, documents: DocumentReader, size: number): ThingPorts {
  return {
    log, documents, size,
    async entriesOf(digits) {
      const opened = await openCaughtUp(call, place, log, [timeline]);
      try {
        // Of a smaller size it would know too little.
        return opened === null ? null : await readAt(opened.db, timeline, async (db, at) => (at < size ? null : findEntries(db, 'actor', digits)));
      } finally {
        await opened?.close();
      }
    },
  };
}

/** `person:ann` as the pseudonym that somebody of this machine has on this ledger; any other text as it is. */
export function namedThing(call: Call, place: Place, text: string): string {
  const name = /^person:([a-z0-9][a-z0-9._-]{0,62})$/.exec(text)?.[1];
  if (name === undefined || knownPepper(place) === null || !listPersons(place).some((one) => one.name === name)) return text;
  return `person:${formatHex(pseudonymOf(call, place, name))}`;
}
