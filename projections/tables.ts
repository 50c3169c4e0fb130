// Documents in tables, moved in the transaction of the entries that move them, so that whoever reads them reads no half state.
import { LedgerError } from '../ledger/errors.ts';
import { decodeCbor } from '../ledger/events/index.ts';
import { encodeDocument } from './digest.ts';
import { additionOf, decodeDocument, extendDocument, extendedBytesMax, type Addition } from './encoded.ts';
import type { EventAt } from './event-at.ts';
import { projectionList } from './gate-critical.ts';
import { evolve, type Adding, type Document, type Projection } from './projection.ts';
import { EntryWalker, partOf, type PackedEntries, type Reader } from './walk.ts';

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
  rowsAt(table: string, keys: readonly string[]): Promise<readonly (Row | null)[]>;
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

/**
 * A document as it is kept between batches: encoded, for most events only add to it; a stream that moves now mostly moved a moment ago.
 *
 * In a batch it is one of two: bytes with additions to come, or decoded, once an event did anything else.
 */
class Held {
  readonly place: number;
  /** The stream's. */
  readonly name: string;
  readonly projection: Projection;
  readonly table: TableName;
  /** As the table has it, or will; null before its first event, and while it is not read. */
  bytes: Uint8Array | null = null;
  isRead = false;
  readonly additions: Addition[] = [];
  decoded: Document | null = null;
  last = 0;
  /** The first entry that has to wait until the row is read. */
  waitsFrom = Infinity;
  /** When it was moved last: the batch, and the generation of those that are kept. */
  batch = 0;
  generation = 0;

  /** @param place - of the stream in the walker's table */
  constructor(place: number, name: string, projection: Projection) {
    this.place = place;
    this.name = name;
    this.projection = projection;
    this.table = tableOf(projection);
  }

  /** Moves it on by an event. @returns false where that needs the row first */
  move({ deed }: Reader, event: EventAt, index: number, addition: (adding: Adding) => Addition): boolean {
    if (this.decoded === null && deed?.is === 'adds') this.additions.push(addition(deed));
    else if (this.isRead) this.decoded = evolve(this.projection, this.name, this.decoded ?? this.#decode(), event, index);
    else return false;
    this.last = index;
    return true;
  }

  #decode(): Document | null {
    if (this.bytes === null && this.additions.length === 0) return null;
    const into = new Uint8Array(this.#extendedMax());
    return decodeDocument(into.subarray(0, this.#extend(into, 0)));
  }

  /** No more bytes than it will take. */
  settle(): number {
    if (this.decoded === null) return this.#extendedMax();
    this.bytes = encodeDocument(this.decoded);
    this.decoded = null;
    return this.bytes.length;
  }

  /** Writes what it is now, and keeps that. @returns the place after it */
  write(into: Uint8Array, at: number): number {
    let end = at + (this.bytes as Uint8Array).length;
    if (this.additions.length > 0) end = this.#extend(into, at);
    else into.set(this.bytes as Uint8Array, at);
    this.bytes = into.subarray(at, end);
    return end;
  }

  /** Of its bytes, made now for a document that begins, and what is added to them. */
  #extendedMax(): number {
    this.bytes ??= encodeDocument({ ...this.projection.begin(this.name), last: this.last });
    return extendedBytesMax(this.bytes, this.additions);
  }

  #extend(into: Uint8Array, at: number): number {
    const end = extendDocument(this.bytes as Uint8Array, this.additions, this.last, into, at);
    this.additions.length = 0;
    return end;
  }
}

/** Bytes of documents that are kept, in two generations: who was not moved in the newer one is forgotten with the older. */
const keptBytesMax = 64 * 2 ** 20;
const metMax = 200_000;
/** Entries folded between two writes of a rebuild, rounded up to a commit's end: what a linked entry is linked to is in its commit. */
const rebuildStep = 16_384;

/** Computes what each batch changes, before it is committed; the log's port `Projector`. */
export class LiveProjector {
  readonly #store: TableStore;
  readonly #keptMax: number;
  #walker = new EntryWalker(projectionList);
  /** By the places of their streams. */
  #held: (Held | null)[] = [];
  /** Documents that this generation moved, and those of the one before. */
  #young: Held[] = [];
  #old: Held[] = [];
  #generation = 1;
  #bytes = 0;
  #batch = 0;
  #added: { readonly adding: Adding; readonly entry: number; readonly addition: Addition } | null = null;
  /** The next entry it expects; −1 before `begin`. */
  #next = -1;
  #isRaw = false;

  /** @param keptMax - bytes of documents kept in memory, for tests of what happens beyond */
  constructor(store: TableStore, keptMax = keptBytesMax) {
    this.#store = store;
    this.#keptMax = keptMax;
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
    // Here too: a crash may have come between the last of our rows and this.
    if (at === size) return this.#dropOthers(epoch);
    if (at === 0) await this.#store.rebuild({ epoch, writes: [], clear: projectionList.map(tableOf) });
    while (at < size) at = await this.#catchUp(epoch, at, await this.#stepEnd(at, size));
    await this.#dropOthers(epoch);
    this.#forget();
  }

  /** Tables of other versions go when those of this one have taken everything in. */
  async #dropOthers(epoch: number): Promise<void> {
    const others = (await this.#store.tables()).filter((table) => ourTable.test(table) && !currentTables.split(' ').includes(table));
    if (others.length > 0) await this.#store.rebuild({ epoch, writes: [], drop: others });
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
    this.#held = [];
    [this.#young, this.#old, this.#bytes] = [[], [], 0];
    // Another event may come to stand where that of a batch which failed would have stood.
    this.#added = null;
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
    const touched: Held[] = [];
    const unread: Held[] = [];
    let waiting = false;
    this.#batch += 1;
    this.#walker.walk(entries, (place, reader, event, index, version) => {
      const held = this.#heldAt(place, reader);
      if (held.batch !== this.#batch) this.#touch(held, version === 1, touched, unread);
      if (index >= held.waitsFrom || held.move(reader, event, index, (adding) => this.#addition(adding, event))) return;
      held.waitsFrom = index;
      waiting = true;
    });
    await this.#read(unread);
    if (waiting) {
      this.#walker.walk(entries, (place, reader, event, index) => {
        const held = this.#heldAt(place, reader);
        if (index >= held.waitsFrom) held.move(reader, event, index, (adding) => this.#addition(adding, event));
      });
    }
    return [...this.#write(touched), cursorAt(entries.start + entries.count)];
  }

  #heldAt(place: number, { projection }: Reader): Held {
    while (this.#held.length <= place) this.#held.push(null);
    return (this.#held[place] ??= new Held(place, this.#walker.streams.nameAt(place), projection));
  }

  #touch(held: Held, isNew: boolean, touched: Held[], unread: Held[]): void {
    held.batch = this.#batch;
    held.waitsFrom = Infinity;
    touched.push(held);
    if (held.generation !== this.#generation) this.#young.push(held);
    held.generation = this.#generation;
    // No row to look for where the stream begins.
    held.isRead ||= isNew;
    if (!held.isRead) unread.push(held);
  }

  /** An event's own addition: one for all the documents that it moves. */
  #addition(adding: Adding, event: EventAt): Addition {
    const added = this.#added;
    if (added?.adding === adding && added.entry === event.index) return added.addition;
    return (this.#added = { adding, entry: event.index, addition: additionOf(adding, event) }).addition;
  }

  async #read(unread: readonly Held[]): Promise<void> {
    const byTable = Map.groupBy(unread, ({ table }) => table);
    for (const [table, held] of byTable) {
      const rows = await this.#store.rowsAt(table, held.map(({ name }) => name));
      for (const [i, row] of rows.entries()) {
        const one = held[i] as Held;
        one.bytes = row === null ? null : (row['document'] as Uint8Array);
        one.isRead = true;
      }
    }
  }

  #write(touched: readonly Held[]): RowWrite[] {
    let bytes = 0;
    for (const held of touched) bytes += held.settle();
    // One piece of memory for all of them: one of its own for each would cost more than writing it.
    const slab = new Uint8Array(bytes);
    let at = 0;
    const writes = touched.map((held) => {
      at = held.write(slab, at);
      return { table: held.table, key: held.name, row: { last: held.last, document: held.bytes } };
    });
    this.#bytes += bytes;
    if (this.#bytes > this.#keptMax / 2) this.#forgetOld();
    // The walker remembers every stream it has met; a server meets many.
    if (this.#walker.streams.size > metMax) this.#forget();
    return writes;
  }

  #forgetOld(): void {
    for (const held of this.#old) if (held.generation !== this.#generation) this.#held[held.place] = null;
    [this.#old, this.#young, this.#bytes] = [this.#young, [], 0];
    this.#generation += 1;
  }
}

function cursorAt(size: number): RowWrite {
  return { table: cursorTable, key: cursorKey, row: { size, tables: currentTables } };
}

function isRaw(genesis: Uint8Array): boolean {
  const { data } = decodeCbor(genesis) as unknown as { data: { kinds: readonly string[] } };
  return data.kinds.includes('raw');
}
