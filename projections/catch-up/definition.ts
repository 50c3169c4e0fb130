// What a catching-up projection is: a name, a version, its tables, and one function for each event type that it reads.
import { decodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { EventName } from '../../ledger/events/index.ts';
import type { EventAt } from '../event-at.ts';
import type { Document } from '../projection.ts';

/** The documents of one table while a fold goes on: what it takes it may change in place, and then puts. */
export interface Documents<D extends Document = Document> {
  /** @returns in the order of the keys; null where there is none */
  take(keys: readonly string[]): Promise<readonly (D | null)[]>;
  /** What `take` would give for a key, without waiting; undefined where that would have to be read first. */
  held(key: string): D | null | undefined;
  /** All documents whose key is `group`, a space, and a word. */
  group(group: string): Promise<ReadonlyMap<string, D>>;
  put(key: string, document: Omit<D, 'last'>): void;
}

/** Opens a payload of our own making by its SHA-256: null where it is not here. @throws {LedgerError} PAYLOAD_CORRUPT */
export type OpenFacts = (digest: Uint8Array) => Promise<unknown>;

type ColumnType = 'text' | 'integer';

/** One table: the columns that queries need stand beside the document, and each has an index. */
export interface TableDefinition<D extends Document = Document> {
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly row: (document: D, key: string) => Readonly<Record<string, string | number | null>>;
}

type Tables = Readonly<Record<string, Document>>;
export type DocumentsOf<T extends Tables> = { readonly [N in keyof T]: Documents<T[N]> };

/** Of an event of any type, known or not. */
export type Envelope = Pick<EventAt, 'index' | 'at' | 'by'> & { readonly type: string };

/**
 * A catching-up projection: documents by keys of its own, folded from all events in the order of the log, with what their facts say.
 *
 * It is not what a gate reads, so it may open facts and hold a row for each finding, and it moves behind its cursor. A handler
 * depends on nothing but the documents it takes, the event and its facts: so a rebuild in memory and the tables come out the same.
 */
export interface CatchingUp<T extends Tables = Tables> {
  /** Letters in lower case. */
  readonly name: string;
  /** Raised when any document of any history changes; a new version is built beside the old one. */
  readonly version: number;
  readonly tables: { readonly [N in keyof T]: TableDefinition<T[N]> };
  readonly on: { readonly [E in EventName]?: (tables: DocumentsOf<T>, event: EventAt<E>, open: OpenFacts) => Promise<void> | void };
  /** Called for every event, of types that nobody knows too; with it, an unknown type stops nothing. */
  readonly every?: (tables: DocumentsOf<T>, event: Envelope) => Promise<void> | void;
}

/** What the engine keeps for every projection: payloads that were not here when an event was folded; at `<digest> <entry>`. */
type MissingDocument = Document & { entry: number };
const missingTable: TableDefinition = { columns: {}, row: () => ({}) };

/** A projection's tables, and the one of what was missing: with it they are a function of the log and its payloads. */
export function tablesOf({ tables }: CatchingUp): Readonly<Record<string, TableDefinition>> {
  return { ...tables, missing: missingTable };
}

/** Opens facts for the event in `entry`, and notes what is not here. */
export function notingOpener(missing: Documents, entry: number, open: OpenFacts): OpenFacts {
  return async (digest) => {
    const facts = await open(digest);
    if (facts === null) missing.put(`${formatHex(digest)} ${entry}`, { entry } as Omit<MissingDocument, 'last'>);
    return facts;
  };
}

export function defineCatchingUp<T extends Tables>(is: CatchingUp<T>): CatchingUp {
  return is as unknown as CatchingUp;
}

/** A payload as JSON. Our own canonical bytes, under the digest that the log holds: nothing in them is a stranger's form. */
export function openerOf(payload: (digest: Uint8Array) => Promise<Uint8Array | null>): OpenFacts {
  return async (digest) => {
    const bytes = await payload(digest);
    try {
      return bytes === null ? null : (JSON.parse(decodeUtf8(bytes)) as unknown);
    } catch (cause) {
      throw new LedgerError('INPUT_MALFORMED', `Cannot read payload ${formatHex(digest)}: it is no JSON`, { cause });
    }
  };
}

/** Refuses what a later version of this program wrote: a fold stops there, and never guesses. */
export function expectKnown(what: string, found: unknown, known: unknown): void {
  if (found !== known) throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read ${what} ${String(found)}, expected ${String(known)}`);
}

/** Entries of a run of the log share a document where it holds a list of entries, so that no document grows without end. */
export const chunkEntries = 4096;

/** Keys of one chunk by their groups: a text that is used again is not joined and hashed again. */
const chunkKeys = new Map<string, string>();
const chunkKeysMax = 50_000;
let chunkOfKeys = -1;

/** `group` and the chunk of an entry. */
export function chunkKey(group: string, entry: number): string {
  const chunk = Math.floor(entry / chunkEntries);
  if (chunk !== chunkOfKeys || chunkKeys.size >= chunkKeysMax) {
    chunkKeys.clear();
    chunkOfKeys = chunk;
  }
  let key = chunkKeys.get(group);
  if (key === undefined) chunkKeys.set(group, (key = `${group} ${chunk}`));
  return key;
}

/** What stands before the last space of a key; the key itself where there is none. */
export function groupOf(key: string): string {
  const at = key.lastIndexOf(' ');
  return at < 0 ? key : key.slice(0, at);
}

/** An index as a key: sorts as the number does. */
export function entryKey(entry: number): string {
  return String(entry).padStart(16, '0');
}
