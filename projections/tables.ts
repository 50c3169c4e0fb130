// Documents in tables, moved in the transaction of the entries that move them, so that whoever reads them reads no half state.
import { LedgerError } from '../ledger/errors.ts';
import { decodeCbor } from '../ledger/events/index.ts';
import { encodeDocument } from './digest.ts';
import { projectionList } from './gate-critical.ts';
import { evolve, type Document, type Projection } from './projection.ts';
import { EntryWalker, partOf, type PackedEntries } from './walk.ts';

/** What a row holds, and what a store is given to write. */
export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;
export interface RowWrite {
  readonly table: string;
  readonly key: string;
  readonly row: Row;
}

/** What is needed of the store that holds the tables; `ledger/store` has it. */
export interface TableStore {
  row(table: string, key: string): Promise<Row | null>;
  rows(table: string, after: string | null, limit: number): Promise<readonly { readonly key: string; readonly row: Row }[]>;
  runs(start: number, end: number): Promise<readonly PackedEntries[]>;
  commits(start: number, limit: number): Promise<readonly { readonly start: number; readonly count: number }[]>;
  /** Writes rows apart from any entry. @param clear - tables emptied before @param drop - tables that nobody reads any more */
  rebuild(change: { epoch: number; writes: readonly RowWrite[]; clear?: readonly string[]; drop?: readonly string[] }): Promise<void>;
  tables(): Promise<readonly string[]>;
}

export type TableName = `${string}_v${number}`;

/** The table of a projection's version: a new version is built beside the old one. */
export function tableOf({ name, version }: Pick<Projection, 'name' | 'version'>): TableName {
  return `${name}_v${version}`;
}

const ourTable = /^[a-z]+_v[0-9]+$/;
const cursorTable = 'projected';
export const cursorKey = 'gate-critical';

/** The tables that a store is opened with. */
export const projectionTables = [
  ...projectionList.map((projection) => ({ name: tableOf(projection), columns: { last: 'INTEGER', document: 'BLOB' } as const })),
  // How many entries the tables have taken in, and which tables those are.
  { name: cursorTable, columns: { size: 'INTEGER', tables: 'TEXT' } as const },
];

/** The tables of this version, in the words of the cursor's row. */
export const currentTables = projectionList.map(tableOf).join(' ');

/** Where the tables stand, or null where none of this version's are there. */
export async function readCursor(store: Pick<TableStore, 'row'>): Promise<{ size: number; tables: string } | null> {
  const row = await store.row(cursorTable, cursorKey);
  return row === null ? null : { size: row['size'] as number, tables: row['tables'] as string };
}

/** How many entries this version's tables have taken in: 0 where they are of another version, and have to be built. */
export async function tablesSize(store: Pick<TableStore, 'row'>): Promise<number> {
  const cursor = await readCursor(store);
  return cursor?.tables === currentTables ? cursor.size : 0;
}

export function decodeDocument(bytes: Uint8Array): Document {
  return decodeCbor(bytes) as unknown as Document;
}

interface Held {
  readonly projection: Projection;
  readonly stream: string;
  /** Null until its first event. */
  document: Document | null;
}

/** Documents kept decoded: the streams that move now are mostly those that moved a moment ago. */
const heldMax = 20_000;
const metMax = 200_000;
/** Entries folded between two writes of a rebuild, rounded up to a commit's end: what a linked entry is linked to is in its commit. */
const rebuildStep = 16_384;

/** Computes what each batch changes, before it is committed; the log's port `Projector`. */
export class LiveProjector {
  readonly #store: TableStore;
  #walker = new EntryWalker(projectionList);
  #held = new Map<string, Held>();
  /** The next entry it expects; −1 before `begin`. */
  #next = -1;
  #isRaw = false;

  constructor(store: TableStore) {
    this.#store = store;
  }

  /**
   * Brings the tables up to a size: nothing to do, or the missing entries folded, or all of them, where the tables are of another
   * version. What is in memory is forgotten, for a batch that failed may have changed it.
   *
   * @param epoch - which holds the store @throws {LedgerError} PROJECTION_STOPPED, STORE_CORRUPT
   */
  async begin({ epoch, size }: { readonly epoch: number; readonly size: number }): Promise<void> {
    this.#forget();
    this.#next = size;
    if (size === 0 || !(await this.#readGenesis())) return;
    let at = await tablesSize(this.#store);
    if (at > size) {
      throw new LedgerError('STORE_CORRUPT', `Cannot go on: the tables are of size ${at}, the log of ${size}`, { hint: 'run "stella recover --tables"' });
    }
    if (at === size) return;
    if (at === 0) await this.#store.rebuild({ epoch, writes: [], clear: projectionList.map(tableOf) });
    while (at < size) at = await this.#catchUp(epoch, at, await this.#stepEnd(at, size));
    const others = (await this.#store.tables()).filter((table) => ourTable.test(table) && !currentTables.split(' ').includes(table));
    if (others.length > 0) await this.#store.rebuild({ epoch, writes: [], drop: others });
    this.#forget();
  }

  /** Builds the tables anew from the entries, whatever they hold. @throws {LedgerError} as `begin` */
  async rebuild({ epoch, size }: { readonly epoch: number; readonly size: number }): Promise<void> {
    await this.#store.rebuild({ epoch, writes: [], clear: [...projectionList.map(tableOf), cursorTable] });
    await this.begin({ epoch, size });
  }

  /** @param start - index of the first entry @returns the rows that these entries change, and where the tables then stand */
  async project(start: number, { packed, offsets }: { packed: Uint8Array; offsets: Uint32Array }): Promise<readonly RowWrite[]> {
    if (start !== this.#next) throw new RangeError(`entries from ${start} for tables of ${this.#next}`);
    const count = offsets.length - 1;
    if (start === 0) this.#isRaw = isRaw(packed.subarray(2, offsets[1]));
    this.#next = start + count;
    return this.#isRaw ? [] : this.#fold({ start, count, packed });
  }

  #forget(): void {
    this.#walker = new EntryWalker(projectionList);
    this.#held.clear();
  }

  /** @returns false for a raw ledger, which has no documents */
  async #readGenesis(): Promise<boolean> {
    const [run] = await this.#store.runs(0, 1);
    if (run === undefined) throw new LedgerError('STORE_CORRUPT', 'Cannot read entry 0: there is none', { hint: 'run "stella fsck"' });
    const { packed } = run;
    this.#isRaw = isRaw(packed.subarray(2, 2 + (((packed[0] as number) << 8) | (packed[1] as number))));
    return !this.#isRaw;
  }

  async #stepEnd(start: number, size: number): Promise<number> {
    for (let end = start; ; ) {
      const commits = await this.#store.commits(end, 1000);
      for (const commit of commits) {
        end = commit.start + commit.count;
        if (end >= size || end - start >= rebuildStep) return Math.min(end, size);
      }
      if (commits.length === 0) return size;
    }
  }

  async #catchUp(epoch: number, start: number, end: number): Promise<number> {
    const writes = new Map<string, RowWrite>();
    let at = start;
    while (at < end) {
      const runs = await this.#store.runs(at, end);
      if (runs.length === 0) throw new LedgerError('STORE_CORRUPT', `Cannot read entry ${at}: there is none`, { hint: 'run "stella fsck"' });
      for (const run of runs) {
        const part = partOf(run, at, end);
        for (const write of await this.#fold(part)) writes.set(`${write.table} ${write.key}`, write);
        at = part.start + part.count;
      }
    }
    await this.#store.rebuild({ epoch, writes: [...writes.values()] });
    return at;
  }

  async #fold(entries: PackedEntries): Promise<readonly RowWrite[]> {
    const touched = new Map<string, Held>();
    const unread: Held[] = [];
    // Twice over the entries: which documents they move, then, when those are in memory, how.
    this.#walker.walk(entries, ({ name, projection }) => {
      if (touched.has(name)) return;
      let held = this.#held.get(name);
      if (held === undefined) unread.push((held = { projection, stream: name, document: null }));
      else this.#held.delete(name);
      touched.set(name, held);
    });
    for (const held of unread) {
      const row = await this.#store.row(tableOf(held.projection), held.stream);
      if (row !== null) held.document = decodeDocument(row['document'] as Uint8Array);
    }
    this.#walker.walk(entries, ({ name, projection }, event, index) => {
      const held = touched.get(name) as Held;
      held.document = evolve(projection, name, held.document, event, index);
    });
    // The walker remembers every stream it has met; a server meets many.
    if (this.#walker.streams.size > metMax) this.#walker = new EntryWalker(projectionList);
    const writes: RowWrite[] = [];
    for (const [name, held] of touched) {
      const document = held.document as Document;
      writes.push({ table: tableOf(held.projection), key: held.stream, row: { last: document.last, document: encodeDocument(document) } });
      // Put in again at the end: the oldest go first.
      this.#held.set(name, held);
    }
    for (const name of this.#held.keys()) {
      if (this.#held.size <= heldMax) break;
      this.#held.delete(name);
    }
    writes.push(cursorAt(entries.start + entries.count));
    return writes;
  }
}

function cursorAt(size: number): RowWrite {
  return { table: cursorTable, key: cursorKey, row: { size, tables: currentTables } };
}

function isRaw(genesis: Uint8Array): boolean {
  const { data } = decodeCbor(genesis) as unknown as { data: { kinds: readonly string[] } };
  return data.kinds.includes('raw');
}
