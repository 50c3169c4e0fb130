// What every importer is: files of a feed in, observations out, and every record that cannot be read named with its reason.
import { LedgerError } from '../../ledger/errors.ts';
import type { Observation } from '../advisories/observation.ts';

/** A file of a feed, as fetched. */
export interface FeedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A refused record stops no import: it is counted, named and shown, and the snapshot's source note can carry how many there were. */
export type Imported =
  | { readonly is: 'observation'; readonly observation: Observation }
  | { readonly is: 'refused'; readonly where: string; readonly code: string; readonly why: string };

export type Importer = (files: Iterable<FeedFile>, source: string) => Generator<Imported>;

/** Runs a reader for one record; its refusal becomes an answer that names the place. */
export function attempt(where: string, read: () => Observation | null): Imported[] {
  try {
    const observation = read();
    return observation === null ? [] : [{ is: 'observation', observation }];
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return [{ is: 'refused', where, code: error.code, why: error.message }];
  }
}

export function refuseRecord(why: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the advisory: ${why}`);
}
