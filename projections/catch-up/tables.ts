// The tables of catching-up projections, through kysely: documents read when a fold takes them, and written together with the cursor.
import { sql, type Kysely } from 'kysely';
import { encodeDocument } from '../digest.ts';
import type { Document } from '../projection.ts';
import { decodeDocument } from '../encoded.ts';
import { tablesOf, type CatchingUp, type Documents, type TableDefinition } from './definition.ts';
import { Grouped } from './fold.ts';

/** Where a projection's version stands. */
export interface CursorRow {
  readonly name: string;
  readonly version: number;
  /** How many entries it has taken in. */
  readonly size: number;
  /** The log's root at that size: tables of another history are built anew. */
  readonly root: Uint8Array;
  /** 1: this version answers; 0: it is built beside the one that does. */
  readonly serving: number;
  /** The entry that it could not read, and why; null while it goes on. */
  readonly stopped: number | null;
  readonly code: string | null;
  readonly message: string | null;
}

/** The columns of all tables: each has `key`, `last`, `document`, and those of its definition. */
export interface DocumentRow {
  readonly key: string;
  readonly last: number;
  readonly document: Uint8Array;
  readonly artifact: string;
  readonly entry: number;
  readonly missing: number | null;
  readonly number: number | null;
  readonly open: number;
  readonly outcome: string;
  readonly policy: string;
  readonly vulnerability: string;
}

export type CatchUpTable = `${string}_v${number}_${string}`;

export interface CatchUpTables {
  readonly cursor: CursorRow;
  readonly [table: CatchUpTable]: DocumentRow;
}

export type CatchUpDb = Kysely<CatchUpTables>;

export function tableIn({ name, version }: Pick<CatchingUp, 'name' | 'version'>, table: string): CatchUpTable {
  return `${name}_v${version}_${table}`;
}

/** Makes the cursor's table where it is missing. */
export async function createCursors(db: CatchUpDb): Promise<void> {
  await db.schema.createTable('cursor').ifNotExists()
    .addColumn('name', 'text', (column) => column.notNull()).addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('size', 'integer', (column) => column.notNull()).addColumn('root', 'blob', (column) => column.notNull())
    .addColumn('serving', 'integer', (column) => column.notNull()).addColumn('stopped', 'integer')
    .addColumn('code', 'text').addColumn('message', 'text')
    .addPrimaryKeyConstraint('cursor_key', ['name', 'version']).execute();
}

/** All cursors by name and version; none where nothing was ever built. */
export async function readCursors(db: CatchUpDb): Promise<CursorRow[]> {
  const there = await sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'cursor'`.execute(db);
  return there.rows.length === 0 ? [] : db.selectFrom('cursor').selectAll().orderBy('name').orderBy('version').execute();
}

export async function createTables(db: CatchUpDb, projection: CatchingUp): Promise<void> {
  for (const [name, { columns }] of Object.entries(tablesOf(projection))) {
    const table = tableIn(projection, name);
    let making = db.schema.createTable(table).ifNotExists().addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('last', 'integer', (column) => column.notNull());
    for (const [column, type] of Object.entries(columns)) making = making.addColumn(column, type);
    await making.addColumn('document', 'blob', (column) => column.notNull()).execute();
    for (const column of Object.keys(columns)) await db.schema.createIndex(`${table}_${column}`).ifNotExists().on(table).column(column).execute();
  }
}

export async function dropTables(db: CatchUpDb, { name, version }: Pick<CursorRow, 'name' | 'version'>): Promise<void> {
  const prefix = `${name}_v${version}_`;
  const { rows } = await sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE type = 'table'`.execute(db);
  for (const { name: table } of rows) if (table.startsWith(prefix)) await db.schema.dropTable(table as CatchUpTable).execute();
  await db.deleteFrom('cursor').where('name', '=', name).where('version', '=', version).execute();
}

/** Keys a query asks for, and rows a statement writes, at most. */
const keysMax = 400;

/** Null where there is no such document. */
interface Held {
  readonly key: string;
  document: Document | null;
  isChanged: boolean;
}

/** The documents of one table while they are caught up: what was read stays, and what changed is written at the end of a batch. */
export class TableDocuments implements Documents {
  readonly #db: CatchUpDb;
  readonly #table: CatchUpTable;
  readonly #definition: TableDefinition;
  readonly #at: () => number;
  readonly #held = new Grouped<Held>();
  readonly #wholeGroups = new Set<string>();
  #changed: Held[] = [];

  /** @param at - the entry that is folded now */
  constructor(db: CatchUpDb, table: CatchUpTable, definition: TableDefinition, at: () => number) {
    this.#db = db;
    this.#table = table;
    this.#definition = definition;
    this.#at = at;
  }

  /** Documents in memory. */
  get size(): number {
    return this.#held.size;
  }

  /** Documents to be written. */
  get changed(): number {
    return this.#changed.length;
  }

  held(key: string): Document | null | undefined {
    return this.#held.get(key)?.document;
  }

  async take(keys: readonly string[]): Promise<(Document | null)[]> {
    const documents: (Document | null)[] = [];
    let absent: Set<string> | null = null;
    for (const key of keys) {
      const held = this.#held.get(key);
      if (held === undefined) (absent ??= new Set()).add(key);
      documents.push(held?.document ?? null);
    }
    if (absent === null) return documents;
    const missing = [...absent];
    for (let at = 0; at < missing.length; at += keysMax) {
      const some = missing.slice(at, at + keysMax);
      const rows = await this.#db.selectFrom(this.#table).select(['key', 'document']).where('key', 'in', some).execute();
      const found = new Map(rows.map(({ key, document }) => [key, document]));
      for (const key of some) {
        const bytes = found.get(key);
        this.#held.set(key, { key, document: bytes === undefined ? null : decodeDocument(bytes), isChanged: false });
      }
    }
    return keys.map((key) => this.#held.get(key)?.document ?? null);
  }

  async group(group: string): Promise<ReadonlyMap<string, Document>> {
    if (!this.#wholeGroups.has(group)) {
      // `!` comes after the space.
      const rows = await this.#db.selectFrom(this.#table).select(['key', 'document']).where('key', '>', `${group} `).where('key', '<', `${group}!`).execute();
      for (const { key, document } of rows) {
        if (this.#held.get(key) === undefined) this.#held.set(key, { key, document: decodeDocument(document), isChanged: false });
      }
      this.#wholeGroups.add(group);
    }
    return new Map([...this.#held.group(group)].flatMap(([key, { document }]) => (document === null ? [] : [[key, document]])));
  }

  put(key: string, document: Omit<Document, 'last'>): void {
    let held = this.#held.get(key);
    if (held === undefined) this.#held.set(key, (held = { key, document: null, isChanged: false }));
    // What was taken from here and changed in place is put back as it is.
    if (held.document === document) held.document.last = this.#at();
    else held.document = { ...document, last: this.#at() };
    if (!held.isChanged) this.#changed.push(held);
    held.isChanged = true;
  }

  /** Writes what changed, in the transaction of the cursor. */
  async write(db: CatchUpDb): Promise<void> {
    for (let at = 0; at < this.#changed.length; at += keysMax) {
      const rows = this.#changed.slice(at, at + keysMax).map(({ key, document }) => this.#rowOf(key, document as Document));
      await db.replaceInto(this.#table).values(rows).execute();
    }
  }

  #rowOf(key: string, document: Document): DocumentRow {
    return { key, last: document.last, ...this.#definition.row(document, key), document: encodeDocument(document) } as unknown as DocumentRow;
  }

  /** What changed is written. */
  settle(): void {
    for (const held of this.#changed) held.isChanged = false;
    this.#changed = [];
  }

  /** Forgets everything: what was not written is as if it had never been folded. */
  forget(): void {
    this.#held.clear();
    this.#wholeGroups.clear();
    this.#changed = [];
  }
}
