// timeline: which entries an actor made, and which are of a type. What concerns one thing stands in its stream already.
import { formatHex } from '../../ledger/bytes.ts';
import type { Actor } from '../../ledger/events/index.ts';
import type { Document } from '../projection.ts';
import { chunkKey, defineCatchingUp, type Documents } from './definition.ts';

/** Entries of a run of the log, ascending; at the actor or type, a space, and the run's number. */
export type EntriesDocument = Document & { entries: number[] };

export const timeline = defineCatchingUp<{ actor: EntriesDocument; type: EntriesDocument }>({
  name: 'timeline',
  version: 1,
  tables: { actor: { columns: {}, row: () => ({}) }, type: { columns: {}, row: () => ({}) } },
  on: {},
  every({ actor, type }, event) {
    const first = add(actor, actorName(event.by), event.index);
    const second = add(type, event.type, event.index);
    return first === undefined ? second : Promise.all([first, second]).then(() => {});
  },
});

/** A person's pseudonym in hexadecimal; else what kind of actor it is. */
export function actorName({ kind, person }: Actor): string {
  return person === undefined ? kind : formatHex(person);
}

/** @returns nothing where it is done: most documents are at hand */
function add(documents: Documents<EntriesDocument>, group: string, entry: number): Promise<void> | void {
  const key = chunkKey(group, entry);
  const held = documents.held(key);
  if (held === undefined) return documents.take([key]).then(([document]) => addTo(documents, key, document ?? null, entry));
  addTo(documents, key, held, entry);
}

function addTo(documents: Documents<EntriesDocument>, key: string, document: EntriesDocument | null, entry: number): void {
  document?.entries.push(entry);
  documents.put(key, document ?? { entries: [entry] });
}
