// What the SQLite store can find wrong by itself: the engine's own check, gaps and overlaps, rows whose check sums do not fit.
import Database from 'better-sqlite3';
import { equalBytes, formatHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { checkOf } from './checks.ts';
import { bundleEntries } from './cuts.ts';
import { offsetsOf, type Run } from './packed.ts';
import type { Commit, Fault, SealedMark } from './port.ts';
import { markSql, schema } from './schema.ts';

type Row<T> = T & { chk: Uint8Array };

export function* faultsOf(db: Database.Database): Iterable<Fault> {
  for (const row of db.prepare('PRAGMA integrity_check(20)').pluck().iterate() as Iterable<string>) {
    if (row !== 'ok') yield { where: 'database', what: row };
  }
  yield* tried('schema', () => objects(db));
  yield* tried('table fence', () => fences(db));
  yield* tried('table batch', () => batches(db));
  yield* tried('table bundle', () => entries(db));
  yield* tried('table checkpoint', () => checkpoints(db));
  yield* tried('table mark', () => marks(db));
}

/** A page that SQLite itself refuses is one fault of its table; the other tables are still looked at. */
function* tried(where: string, look: () => Iterable<Fault>): Iterable<Fault> {
  try {
    yield* look();
  } catch (error) {
    yield { where, what: error instanceof Error ? error.message : String(error) };
  }
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string;
}

const movingTable = /^CREATE TABLE ([a-z][a-z0-9_]{0,62}) \(key TEXT PRIMARY KEY(?:, [a-z][a-z0-9_]{0,62} (?:TEXT|INTEGER|BLOB))*\) STRICT$/;

/** The tables, triggers and indexes themselves: one that is gone or altered would leave rows that nobody looks at. */
function* objects(db: Database.Database): Iterable<Fault> {
  const blank = new Database(':memory:');
  blank.exec(schema + markSql);
  const expected = new Map(objectsOf(blank).map((row) => [row.name, row]));
  blank.close();
  for (const { type, name, tbl_name: table, sql } of objectsOf(db)) {
    const ours = expected.get(name);
    expected.delete(name);
    const isMoving = ours === undefined && type === 'table' && table === name && movingTable.exec(sql)?.[1] === name;
    if (isMoving || (ours !== undefined && ours.type === type && ours.tbl_name === table && ours.sql === sql)) continue;
    yield { where: `schema ${type} ${name}`, what: 'it is not as this layout has it' };
  }
  // A store that was begun before there were marks gets their table when it is next opened for writing.
  for (const { type, name, tbl_name: table } of expected.values()) if (table !== 'mark') yield { where: `schema ${type} ${name}`, what: 'it is not there' };
}

function objectsOf(db: Database.Database): SchemaRow[] {
  return db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all() as SchemaRow[];
}

function* fences(db: Database.Database): Iterable<Fault> {
  for (const { epoch, chk } of db.prepare('SELECT * FROM fence').iterate() as Iterable<Row<{ epoch: number }>>) {
    if (!equalBytes(chk, checkOf('fence', [epoch]))) yield { where: `fence ${epoch}`, what: 'its check sum does not fit' };
  }
}

function* batches(db: Database.Database): Iterable<Fault> {
  let size = 0;
  let time = 0;
  for (const row of db.prepare('SELECT * FROM batch ORDER BY start').iterate() as Iterable<Row<Commit>>) {
    const where = `batch ${row.start}`;
    if (row.start !== size) yield { where, what: `begins at ${row.start}, expected ${size}` };
    const sum = checkOf('batch', [row.start, row.count, row.epoch, row.time, row.root]);
    if (!equalBytes(row.chk, sum)) yield { where, what: 'its check sum does not fit' };
    size = row.start + row.count;
    time = row.time;
  }
  const stored = db.prepare('SELECT max((SELECT coalesce(max(number) + 1, 0) * 256 FROM bundle), (SELECT coalesce(max(start + count), 0) FROM segment))');
  const there = stored.pluck().get() as number;
  if (there !== size) yield { where: 'table batch', what: `ends at ${size} (recorded ${time}), the entries at ${there}` };
}

function* entries(db: Database.Database): Iterable<Fault> {
  const bundled = new Set<number>();
  for (const { number, packed } of db.prepare('SELECT number, entries AS packed FROM bundle').iterate() as Iterable<{ number: number; packed: Uint8Array }>) {
    bundled.add(number);
    yield* lengths({ start: number * bundleEntries, count: bundleEntries, packed });
  }
  for (const run of db.prepare('SELECT start, count, entries AS packed FROM segment ORDER BY start').iterate() as Iterable<Run>) {
    yield* lengths(run);
    if (bundled.has(Math.floor(run.start / bundleEntries))) yield { where: `segment ${run.start}`, what: 'its bundle holds the same entries' };
  }
}

function* lengths(run: Run): Iterable<Fault> {
  try {
    offsetsOf(run);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    yield { where: `entries ${run.start} to ${run.start + run.count - 1}`, what: 'their lengths do not add up' };
  }
}

function* checkpoints(db: Database.Database): Iterable<Fault> {
  type Checkpoint = { size: number; sequence: number; note: string };
  for (const row of db.prepare('SELECT * FROM checkpoint ORDER BY sequence').iterate() as Iterable<Row<Checkpoint>>) {
    if (!equalBytes(row.chk, checkOf('checkpoint', [row.size, row.sequence, row.note]))) {
      yield { where: `checkpoint ${row.sequence}`, what: 'its check sum does not fit' };
    }
  }
}

function* marks(db: Database.Database): Iterable<Fault> {
  // A store that was begun before there was one gets it when it is next opened for writing.
  if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'mark'").get() === undefined) return;
  for (const { key, entry, commitment, chk } of db.prepare('SELECT * FROM mark').iterate() as Iterable<Row<SealedMark>>) {
    if (!equalBytes(chk, checkOf('mark', [key, entry, commitment]))) yield { where: `mark ${formatHex(key)}`, what: 'its check sum does not fit' };
  }
}
