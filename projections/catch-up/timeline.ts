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
  async every({ actor, type }, event) {
    await add(actor, actorName(event.by), event.index);
    await add(type, event.type, event.index);
  },
});

/** A person's pseudonym in hexadecimal; else what kind of actor it is. */
export function actorName({ kind, person }: Actor): string {
  return person === undefined ? kind : formatHex(person);
}

async function add(documents: Documents<EntriesDocument>, group: string, entry: number): Promise<void> {
  const key = chunkKey(group, entry);
  const [document] = await documents.take([key]);
  if (document === null || document === undefined) documents.put(key, { entries: [entry] });
  else {
    document.entries.push(entry);
    documents.put(key, document);
  }
}
