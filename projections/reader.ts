// Documents of one size of the log: from the tables where these show it, else folded from the stream.
import type { Kysely } from 'kysely';
import { decodeEvent, type Event } from '../ledger/events/index.ts';
import { decodeDocument } from './encoded.ts';
import { PROJECTIONS, projectionList, type Documents, type ProjectionName } from './gate-critical.ts';
import { foldEntries, foldStream, type MemoryFold, type StreamEvent } from './memory.ts';
import type { Document, Projection } from './projection.ts';
import { currentTables, cursorKey, tableOf, type TableName } from './tables.ts';
import { mainOf } from './walk.ts';

/** The tables as queries see them. */
export interface DocumentTables {
  readonly projected: { readonly key: string; readonly size: number; readonly tables: string };
  readonly [table: TableName]: { readonly key: string; readonly last: number; readonly document: Uint8Array };
}

export type DocumentQueries = Kysely<DocumentTables>;

/** The log at the size that is read, or later: entries beyond it are not looked at. */
export interface EventSource {
  entry(index: number): Promise<Uint8Array>;
  entries(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Newest first. */
  stream(name: string): AsyncIterable<{ index: number; event: Event }>;
}

/** At most so many keys a query. */
const keysMax = 500;

/**
 * Documents at a published size.
 *
 * The tables move with the commit, and may be ahead of what is published or behind what another version wrote: a row that a later
 * entry has moved is folded again from its stream, and tables that are behind are not read at all, but the log is.
 */
export class DocumentReader {
  readonly size: number;
  readonly #db: Kysely<DocumentTables> | null;
  readonly #source: EventSource;
  #tables: Promise<boolean> | null = null;
  #fold: Promise<MemoryFold> | null = null;

  /** @param size - published: at least 1, at most the log's @param db - null where there are no tables */
  constructor(size: number, source: EventSource, db: Kysely<DocumentTables> | null) {
    this.size = size;
    this.#source = source;
    this.#db = db;
  }

  /** A stream's document, or null where no event moved one. @throws {LedgerError} PROJECTION_STOPPED */
  async get<N extends ProjectionName>(name: N, stream: string): Promise<Documents[N] | null> {
    return (await this.documents(name, [stream])).get(stream) ?? null;
  }

  /** Documents by stream, left out where no event moved one. @throws {LedgerError} PROJECTION_STOPPED */
  async documents<N extends ProjectionName>(name: N, streams: readonly string[]): Promise<ReadonlyMap<string, Documents[N]>> {
    const found = new Map<string, Documents[N]>();
    if (!(await this.#tablesServe())) {
      const fold = await this.#folded();
      for (const stream of streams) {
        const document = fold.get(name, stream);
        if (document !== null) found.set(stream, document);
      }
      return found;
    }
    for (let at = 0; at < streams.length; at += keysMax) {
      const query = this.#rows(name).where('key', 'in', streams.slice(at, at + keysMax));
      for (const row of await query.execute()) await this.#take(name, row, found);
    }
    return found;
  }

  /** All documents of a projection by stream, in the order of the streams' names. @throws {LedgerError} PROJECTION_STOPPED */
  async all<N extends ProjectionName>(name: N): Promise<ReadonlyMap<string, Documents[N]>> {
    if (!(await this.#tablesServe())) return new Map([...(await this.#folded()).all(name)].sort(([a], [b]) => (a < b ? -1 : 1)));
    const found = new Map<string, Documents[N]>();
    for (const row of await this.#rows(name).orderBy('key').execute()) await this.#take(name, row, found);
    return found;
  }

  /**
   * The streams of a projection whose names begin so, in their order.
   *
   * @param prefix - ASCII, such as `artifact:sha256:4f2c` @throws {LedgerError} PROJECTION_STOPPED
   */
  async streamsBeginning(name: ProjectionName, prefix: string): Promise<readonly string[]> {
    if (!(await this.#tablesServe())) return [...(await this.#folded()).all(name).keys()].filter((stream) => stream.startsWith(prefix)).sort();
    const rows = await this.#rows(name).where('key', '>=', prefix).where('key', '<', `${prefix}~`).orderBy('key').execute();
    const found = new Map<string, Documents[typeof name]>();
    for (const row of rows) await this.#take(name, row, found);
    return [...found.keys()];
  }

  #rows(name: ProjectionName) {
    return (this.#db as Kysely<DocumentTables>).selectFrom(tableOf(PROJECTIONS[name])).select(['key', 'last', 'document']);
  }

  async #take<N extends ProjectionName>(name: N, row: { key: string; last: number; document: Uint8Array }, into: Map<string, Documents[N]>): Promise<void> {
    const document = row.last < this.size ? decodeDocument(row.document) : await this.#foldStream(PROJECTIONS[name] as unknown as Projection, row.key);
    if (document !== null) into.set(row.key, document as Documents[N]);
  }

  /** Whether the tables are of this version and at least as far. */
  #tablesServe(): Promise<boolean> {
    this.#tables ??= (async () => {
      if (this.#db === null) return false;
      const there = await this.#db.introspection.getTables();
      if (!there.some(({ name }) => name === 'projected')) return false;
      const cursor = await this.#db.selectFrom('projected').select(['size', 'tables']).where('key', '=', cursorKey).executeTakeFirst();
      return cursor !== undefined && cursor.tables === currentTables && cursor.size >= this.size;
    })();
    return this.#tables;
  }

  #folded(): Promise<MemoryFold> {
    this.#fold ??= foldEntries(this.#source.entries(0, this.size), this.size, projectionList);
    return this.#fold;
  }

  async #foldStream(projection: Projection, stream: string): Promise<Document | null> {
    const events: StreamEvent[] = [];
    for await (const { index, event } of this.#source.stream(stream)) {
      if (index >= this.size) continue;
      if (mainOf(event.type) === null) events.unshift({ index, event });
      else {
        const main = index - (event.data as { back: number }).back;
        events.unshift({ index, event, main: { index: main, event: decodeEvent(await this.#source.entry(main)) } });
      }
    }
    return foldStream(projection, stream, events);
  }
}
