// Catching up: entries folded into tables behind a cursor for each projection, batch by batch, rows and cursor in one transaction.
import { sql } from 'kysely';
import { equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { openerOf, tablesOf, type CatchingUp, type OpenFacts } from './definition.ts';
import { EntryReader, foldEvent, stoppedAt } from './fold.ts';
import { catchingUpList } from './projections.ts';
import { createCursors, createTables, dropTables, readCursors, TableDocuments, tableIn, type CatchUpDb, type CursorRow } from './tables.ts';

/** The log at the size that is signed and anchored: nothing else is ever taken in. */
export interface CatchUpLog {
  readonly published: { readonly size: number };
  entry(index: number): Promise<Uint8Array>;
  /** In order, some at once. */
  entryRuns(start: number, end: number): AsyncIterable<readonly Uint8Array[]>;
  rootAt(size: number): Promise<Uint8Array>;
}

export interface CatchUpPorts {
  readonly db: CatchUpDb;
  readonly log: CatchUpLog;
  /** Null where it is not here. @throws {LedgerError} PAYLOAD_CORRUPT */
  readonly payload: (digest: Uint8Array) => Promise<Uint8Array | null>;
  /** Crash tests stop the process at each step; nothing in production. */
  readonly at?: (step: CatchUpStep) => void | Promise<void>;
}

export const catchUpSteps = [
  'catch-up 1: folded', 'catch-up 2: rows written', 'catch-up 3: committed', 'catch-up 4: old tables dropped', 'catch-up 5: swapped',
] as const;
export type CatchUpStep = (typeof catchUpSteps)[number];

export interface CatchUpBounds {
  /** Entries a batch takes in at most. */
  readonly entries?: number;
  /** Batches in all; without it, until everything is taken in. */
  readonly batches?: number;
}

/** How a projection stands after catching up. */
export interface Standing {
  readonly name: string;
  readonly version: number;
  /** How many entries it has taken in, and how many there are. */
  readonly size: number;
  readonly of: number;
  /** Whether this version answers; else another one does until it has caught up, or a newer program has taken over. */
  readonly serving: boolean;
  readonly stopped: { readonly entry: number; readonly code: string; readonly message: string } | null;
}

/** Entries of a batch: aligned with the chunks of documents, so that each is written once or twice. */
const entriesMax = 4096;
/** A batch ends early where it would write more documents than this, and forgets what it has read beyond the other. */
const changedMax = 50_000;
const heldMax = 200_000;

/** One projection on its way. */
class Member {
  readonly projection: CatchingUp;
  readonly tables: Readonly<Record<string, TableDocuments>>;
  size: number;
  serving: boolean;
  /** The entry that it cannot read, as far as it knows of one: it goes no further. */
  stop: { readonly entry: number; readonly cause: LedgerError } | null = null;
  #index = 0;

  constructor(db: CatchUpDb, projection: CatchingUp, { size, serving }: Pick<CursorRow, 'size' | 'serving'>) {
    this.projection = projection;
    this.size = size;
    this.serving = serving === 1;
    const at = () => this.#index;
    this.tables = Object.fromEntries(Object.entries(tablesOf(projection)).map(([name, definition]) =>
      [name, new TableDocuments(db, tableIn(projection, name), definition, at)]));
  }

  /** It takes in entries below this. */
  get limit(): number {
    return this.stop?.entry ?? Number.POSITIVE_INFINITY;
  }

  fold(index: number, reader: EntryReader, open: OpenFacts): Promise<void> | void {
    this.#index = index;
    return foldEvent(this.projection, this.tables, reader, open);
  }

  sum(of: 'size' | 'changed'): number {
    return Object.values(this.tables).reduce((sum, table) => sum + table[of], 0);
  }

  forget(): void {
    for (const table of Object.values(this.tables)) table.forget();
  }
}

/**
 * Brings projections up to the published size, as far as the bounds allow.
 *
 * Several processes may do so at once: each batch is folded from what was read, and written only if the cursor still stands where
 * it began. A projection that meets what it cannot read stops there, says so at its cursor, and the others go on.
 *
 * @returns how each stands; one that stopped has `stopped`
 */
export async function catchUp(ports: CatchUpPorts, bounds: CatchUpBounds = {}, list: readonly CatchingUp[] = catchingUpList): Promise<Standing[]> {
  const { db, log } = ports;
  const end = log.published.size;
  if (await isCurrent(ports, list)) return readStandings(db, end, list);
  const isRaw = end > 0 && rawGenesis(await log.entry(0));
  let members = await begin(ports, list);
  for (let batches = bounds.batches ?? Number.POSITIVE_INFINITY; batches > 0; ) {
    const going = members.filter(({ size, limit }) => size < Math.min(end, limit));
    if (going.length === 0) break;
    const came = await batch(ports, going, end, Math.min(bounds.entries ?? entriesMax, entriesMax), isRaw);
    // Another process was faster: where it stands now is where to go on.
    if (came === 'overtaken') members = await begin(ports, list);
    // Where all have met what they cannot read, only the next one moves them, up to there: ended here, no call would ever come so far.
    if (came !== 'refused') batches--;
  }
  for (const member of members) await settle(ports, member, end);
  return readStandings(db, end, list);
}

/** Whether there is nothing to do: told without taking a lock. */
async function isCurrent({ db, log }: CatchUpPorts, list: readonly CatchingUp[]): Promise<boolean> {
  const cursors = await readCursors(db);
  for (const { name, version } of list) {
    const own = cursors.find((cursor) => cursor.name === name && cursor.version === version);
    if (own?.serving !== 1 || own.size !== log.published.size || !equalBytes(own.root, await log.rootAt(own.size))) return false;
  }
  return true;
}

/** How projections stand, without moving anything. */
export async function readStandings(db: CatchUpDb, size: number, list: readonly CatchingUp[] = catchingUpList): Promise<Standing[]> {
  return standings(await readCursors(db), list, size);
}

function standings(cursors: readonly CursorRow[], list: readonly CatchingUp[], of: number): Standing[] {
  return list.map(({ name, version }) => {
    const own = cursors.find((cursor) => cursor.name === name && cursor.version === version);
    if (own === undefined) return { name, version, size: 0, of, serving: false, stopped: null };
    const { size, serving, stopped, code, message } = own;
    return { name, version, size, of, serving: serving === 1, stopped: stopped === null ? null : { entry: stopped, code: code ?? '', message: message ?? '' } };
  });
}

/** Removes a projection's tables, of every version: the next catching up builds them from entry 0. */
export async function forgetProjection(db: CatchUpDb, name: string): Promise<void> {
  await exclusively(db, async (at) => {
    for (const cursor of await readCursors(at)) if (cursor.name === name) await dropTables(at, cursor);
  });
}

/** Makes what is missing, and empties what is of another history. */
async function begin({ db, log }: CatchUpPorts, list: readonly CatchingUp[]): Promise<Member[]> {
  const { size: end } = log.published;
  return exclusively(db, async (at) => {
    await createCursors(at);
    const cursors = await readCursors(at);
    const members: Member[] = [];
    for (const projection of list) {
      const { name, version } = projection;
      const others = cursors.filter((cursor) => cursor.name === name && cursor.version !== version);
      // A newer program has taken over: its tables are not ours to read, and ours would be nobody's.
      if (others.some((other) => other.serving === 1 && other.version > version)) continue;
      let own = cursors.find((cursor) => cursor.name === name && cursor.version === version);
      // Another process has seen a longer log than ours is; should the log have been cut back, its growth will show another root.
      if (own !== undefined && own.size > end) continue;
      if (own !== undefined && !equalBytes(own.root, await log.rootAt(own.size))) {
        await dropTables(at, own);
        own = undefined;
      }
      if (own === undefined) {
        const serving = others.some((other) => other.serving === 1) ? 0 : 1;
        own = { name, version, size: 0, root: await log.rootAt(0), serving, stopped: null, code: null, message: null };
        await createTables(at, projection);
        await at.insertInto('cursor').values(own).execute();
      }
      members.push(new Member(db, projection, own));
    }
    return members;
  });
}

/** @returns `overtaken` where another process moved a cursor meanwhile, `refused` where none could read all of it: nothing was written then */
async function batch(
  ports: CatchUpPorts, going: readonly Member[], end: number, most: number, isRaw: boolean,
): Promise<'written' | 'overtaken' | 'refused'> {
  const { log, db, at = () => {} } = ports;
  const start = Math.min(...going.map(({ size }) => size));
  const members = going.filter(({ size }) => size === start);
  const further = going.filter(({ size }) => size > start).map(({ size }) => size);
  const stop = Math.min(end, start - (start % most) + most, ...further, ...members.map(({ limit }) => limit));
  const { whole, index } = await foldRun(ports, members, start, stop, isRaw);
  await at('catch-up 1: folded');
  if (whole.length === 0) return 'refused';
  const root = await log.rootAt(index);
  const isOurs = await exclusively(db, async (transaction) => {
    const cursors = await readCursors(transaction);
    for (const { projection: { name, version } } of whole) {
      if (cursors.find((cursor) => cursor.name === name && cursor.version === version)?.size !== start) return false;
    }
    for (const { projection: { name, version }, tables } of whole) {
      for (const table of Object.values(tables)) await table.write(transaction);
      await transaction.updateTable('cursor').set({ size: index, root, stopped: null, code: null, message: null })
        .where('name', '=', name).where('version', '=', version).execute();
    }
    await at('catch-up 2: rows written');
    return true;
  });
  if (!isOurs) return 'overtaken';
  await at('catch-up 3: committed');
  for (const member of whole) {
    for (const table of Object.values(member.tables)) table.settle();
    if (member.sum('size') > heldMax) member.forget();
    member.size = index;
  }
  return 'written';
}

/** @returns the members that read everything up to `index`; the others have taken nothing in, and know where to stop */
async function foldRun(
  { log, payload }: CatchUpPorts, members: readonly Member[], start: number, stop: number, isRaw: boolean,
): Promise<{ whole: readonly Member[]; index: number }> {
  const reader = new EntryReader(isRaw && start > 0);
  const open = openerOf(payload);
  let whole = members;
  let index = start;
  for await (const entries of log.entryRuns(start, stop)) {
    for (const entry of entries) {
      let refused: Map<Member, LedgerError> | null = null;
      let isEvent = false;
      try {
        isEvent = reader.read(index, entry);
      } catch (error) {
        refused = new Map(whole.map((member) => [member, readingError(error)]));
      }
      if (isEvent) {
        for (const member of whole) {
          try {
            const folding = member.fold(index, reader, open);
            // To wait for what is done already takes as long as reading an event.
            if (folding !== undefined) await folding;
          } catch (error) {
            (refused ??= new Map()).set(member, readingError(error));
          }
        }
      }
      if (refused !== null) whole = stopping(whole, refused, index);
      if (whole.length === 0) return { whole, index };
      index += 1;
      if (index % 16 === 0 && whole.reduce((sum, member) => sum + member.sum('changed'), 0) > changedMax) return { whole, index };
    }
  }
  return { whole, index };
}

/** @returns the members that go on */
function stopping(members: readonly Member[], refused: ReadonlyMap<Member, LedgerError>, index: number): readonly Member[] {
  for (const [member, cause] of refused) {
    member.stop = { entry: index, cause };
    // What the event did before it stopped the fold must not be written: the batch is taken again, up to that entry.
    member.forget();
  }
  return members.filter((member) => !refused.has(member));
}

/** A disk that fails is no event that cannot be read, and a bug is none either. */
function readingError(error: unknown): LedgerError {
  if (error instanceof LedgerError && !error.code.startsWith('STORE_')) return error;
  throw error;
}

/** Says at the cursor that it stopped, or takes the place of the version before, which goes. */
async function settle({ db, at = () => {} }: CatchUpPorts, member: Member, end: number): Promise<void> {
  const { projection: { name, version }, size, stop } = member;
  if (stop !== null && size === stop.entry) {
    const { message } = stoppedAt(name, stop.entry, stop.cause);
    await db.updateTable('cursor').set({ stopped: stop.entry, code: stop.cause.code, message })
      .where('name', '=', name).where('version', '=', version).where('size', '=', size).execute();
  }
  if (member.serving || size < end) return;
  await exclusively(db, async (transaction) => {
    for (const other of await readCursors(transaction)) if (other.name === name && other.version < version) await dropTables(transaction, other);
    await at('catch-up 4: old tables dropped');
    await transaction.updateTable('cursor').set({ serving: 1 }).where('name', '=', name).where('version', '=', version).execute();
  });
  await at('catch-up 5: swapped');
}

/** One transaction that nobody else writes beside. */
async function exclusively<T>(db: CatchUpDb, work: (transaction: CatchUpDb) => Promise<T>): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql`BEGIN IMMEDIATE`.execute(connection);
    try {
      const result = await work(connection);
      await sql`COMMIT`.execute(connection);
      return result;
    } catch (error) {
      await sql`ROLLBACK`.execute(connection);
      throw error;
    }
  });
}

function rawGenesis(entry: Uint8Array): boolean {
  const reader = new EntryReader();
  reader.read(0, entry);
  return reader.isRaw;
}
