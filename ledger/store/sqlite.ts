// The SQLite store: one file, one writer, write-ahead log, every commit flushed before it returns.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { LedgerError } from '../errors.ts';
import { checkOf } from './checks.ts';
import { bundleEntries, cutRun } from './cuts.ts';
import { damagedMemos, readMemo, writeMemo } from './memos.ts';
import type { Run } from './packed.ts';
import { plainBytes } from './plain.ts';
import type { Batch, Commit, Fault, SealedMark, Store, TableRebuild, TableWrite } from './port.ts';
import { asName, layout, markSql, placeOf, schema, replaceSql, tableSql, upsertSql, type TableShape } from './schema.ts';
import { faultsOf } from './sqlite-faults.ts';

const runBytesMax = 4 * 2 ** 20;

export interface SqliteOptions {
  /** Tables that move with the log, created when missing. */
  readonly tables?: readonly TableShape[];
  /** For readers beside a running writer: nothing is created, taken or committed. */
  readonly readOnly?: boolean;
  /** The file's largest size in pages of 16 KiB; a commit beyond it is refused as on a full disk. */
  readonly pagesMax?: number;
}

/**
 * Opens the store in a directory, and creates it when the directory holds none.
 *
 * @param directory - created when missing, readable by its owner alone
 * @throws {LedgerError} STORE_MISSING when it is read-only and not there; STORE_CORRUPT when it is no store of ours
 */
export function openSqlite(directory: string, options: SqliteOptions = {}): Store {
  return guarded(() => new SqliteStore(directory, options));
}

class SqliteStore implements Store {
  readonly #directory: string;
  readonly #db: Database.Database;
  readonly #tables: readonly TableShape[];
  readonly #statements = new Map<string, Database.Statement>();
  readonly #puts = new Map<string, { readonly columns: readonly string[]; readonly statement: Database.Statement }>();
  /** True once a write was seen to run under synchronous=FULL. */
  #durable = false;

  constructor(directory: string, options: SqliteOptions) {
    this.#directory = directory;
    this.#tables = options.tables ?? [];
    const file = join(directory, 'ledger.db');
    const fresh = !existsSync(file);
    if (options.readOnly === true && fresh) {
      throw new LedgerError('STORE_MISSING', `Cannot open "${directory}": no ledger there`, { hint: 'run "stella init" first' });
    }
    if (fresh) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#db = new Database(file, options.readOnly === true ? { readonly: true } : {});
    if (fresh) this.#db.pragma('page_size = 16384'); // +40–50 % at 1,000 events a commit, and a fat tile fills one page.
    if (options.readOnly !== true) {
      this.#db.pragma('journal_mode = WAL');
      // better-sqlite3 is compiled to run WAL databases at NORMAL, which loses acknowledged commits when the power fails.
      this.#db.pragma('synchronous = FULL');
      this.#db.pragma('wal_autocheckpoint = 250'); // 4 MB: the best tail measured (p99.9 3 ms against 10 at 1,000 pages).
      this.#db.pragma('trusted_schema = OFF');
      this.#db.pragma('cache_size = -65536'); // 64 MiB: a commit that moves thousands of documents must not read and write its pages twice.
    }
    this.#db.pragma('mmap_size = 2147418112'); // 3 times the tile reads a second.
    this.#db.pragma('busy_timeout = 5000');
    if (options.pagesMax !== undefined) this.#db.pragma(`max_page_count = ${options.pagesMax}`);
    if (Number(this.#db.pragma('user_version', { simple: true })) === 0 && options.readOnly !== true) this.#create(fresh);
    const found = Number(this.#db.pragma('user_version', { simple: true }));
    if (found !== layout) throw new LedgerError('STORE_CORRUPT', `Cannot open "${file}": layout ${found}, expected ${layout}`);
    if (options.readOnly !== true) this.#db.exec(markSql);
    if (options.readOnly !== true) for (const shape of this.#tables) this.#db.exec(tableSql(shape));
  }

  #create(fresh: boolean): void {
    this.#db.transaction(() => this.#db.exec(schema)).immediate();
    // Without this a power failure can lose the directory's entry for a database whose commits were all flushed.
    if (fresh) {
      const handle = openSync(this.#directory, 'r');
      fsyncSync(handle);
      closeSync(handle);
    }
  }

  async head(): Promise<Commit | null> {
    return this.#guard(() => {
      const row = this.#sql('SELECT * FROM batch ORDER BY start DESC LIMIT 1').get() as Commit | undefined;
      return row === undefined ? null : commitOf(row);
    });
  }

  async epoch(): Promise<number> {
    return this.#guard(() => this.#epoch());
  }

  #epoch(): number {
    return (this.#sql('SELECT max(epoch) FROM fence').pluck().get() as number | null) ?? 0;
  }

  async takeEpoch(epoch: number): Promise<void> {
    this.#guard(() => {
      this.#db.transaction(() => {
        const held = this.#epoch();
        if (epoch <= held) throw fenced(`epoch ${epoch} is not newer than ${held}`);
        this.#sql('INSERT INTO fence VALUES (?, ?)').run(epoch, checkOf('fence', [epoch]));
      }).immediate();
      this.#assertDurable();
    });
  }

  async commit(batch: Batch): Promise<void> {
    this.#guard(() => this.#db.transaction(() => this.#apply(batch)).immediate());
    if (!this.#durable) this.#guard(() => this.#assertDurable());
  }

  #apply(batch: Batch): void {
    const { run, epoch, time, root } = batch;
    const held = this.#epoch();
    if (epoch !== held) throw fenced(`this writer has epoch ${epoch}, the store ${held}`);
    const last = this.#sql('SELECT start, count FROM batch ORDER BY start DESC LIMIT 1').get() as Run | undefined;
    const size = last === undefined ? 0 : last.start + last.count;
    if (run.start !== size) throw fenced(`the batch begins at ${run.start}, the store holds ${size} entries`);
    if (run.count === 0) throw new RangeError('an empty batch');
    for (const part of cutRun(run)) {
      if (part.count === bundleEntries) this.#sql('INSERT INTO bundle VALUES (?, ?)').run(part.start / bundleEntries, part.packed);
      else this.#sql('INSERT INTO segment VALUES (?, ?, ?)').run(part.start, part.count, part.packed);
    }
    for (const tile of batch.tiles) this.#sql('INSERT INTO tile VALUES (?, ?)').run(placeOf(tile.level, tile.number), tile.nodes);
    const chk = checkOf('batch', [run.start, run.count, epoch, time, root]);
    this.#sql('INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?)').run(run.start, run.count, epoch, time, root, chk);
    for (const write of batch.writes) this.#write(write);
    for (const mark of batch.marks ?? []) this.#mark(mark);
    for (const commitment of batch.forgets ?? []) this.#forget(commitment);
  }

  #mark({ key, entry, commitment }: SealedMark): void {
    this.#sql('INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)').run(key, entry, commitment, checkOf('mark', [key, entry, commitment]));
  }

  #forget(commitment: Uint8Array): void {
    // Only here: zeroing what a compaction removes would double what it writes.
    this.#db.pragma('secure_delete = ON');
    this.#sql('DELETE FROM mark WHERE commitment = ?').run(commitment);
    this.#db.pragma('secure_delete = OFF');
  }

  #write({ table, key, row }: TableWrite): void {
    if (row === null) {
      this.#sql(`DELETE FROM ${asName(table)} WHERE key = ?`).run(key);
      return;
    }
    this.#putting(table, row).run(key, ...Object.values(row));
  }

  /** The statement that puts rows of this shape, made once: its text costs as much as a third of the write. */
  #putting(table: string, row: object): Database.Statement {
    const columns = Object.keys(row);
    const known = this.#puts.get(table);
    if (known !== undefined && known.columns.length === columns.length && columns.every((name, i) => name === known.columns[i])) return known.statement;
    const shape = this.#tables.find(({ name }) => name === table);
    const isWhole = shape !== undefined && Object.keys(shape.columns).every((name) => Object.hasOwn(row, name));
    const statement = this.#sql((isWhole ? upsertSql : replaceSql)(table, columns));
    this.#puts.set(table, { columns, statement });
    return statement;
  }

  async commits(start: number, limit: number): Promise<Commit[]> {
    return this.#guard(() => {
      const sql = `SELECT * FROM batch WHERE start >= coalesce((SELECT max(start) FROM batch WHERE start <= ?), 0) ORDER BY start LIMIT ?`;
      const rows = this.#sql(sql).all(start, limit) as Commit[];
      return rows.map((row) => commitOf(row)).filter((commit) => commit.start + commit.count > start);
    });
  }

  async runs(start: number, end: number): Promise<Run[]> {
    // One transaction: between looking for a bundle and for its segments a compaction must not pass.
    return this.#guard(() => this.#db.transaction(() => {
      const runs: Run[] = [];
      let bytes = 0;
      for (let at = start; at < end && bytes < runBytesMax; ) {
        const run = this.#runAt(at);
        if (run === null) break;
        runs.push(run);
        bytes += run.packed.length;
        at = run.start + run.count;
      }
      return runs;
    })());
  }

  #runAt(index: number): Run | null {
    const number = Math.floor(index / bundleEntries);
    const bundle = this.#sql('SELECT entries FROM bundle WHERE number = ?').pluck().get(number) as Uint8Array | undefined;
    if (bundle !== undefined) return { start: number * bundleEntries, count: bundleEntries, packed: plainBytes(bundle) };
    const sql = 'SELECT start, count, entries AS packed FROM segment WHERE start <= ? ORDER BY start DESC LIMIT 1';
    const run = this.#sql(sql).get(index) as Run | undefined;
    return run === undefined || run.start + run.count <= index ? null : { ...run, packed: plainBytes(run.packed) };
  }

  async tiles(places: readonly { level: number; number: number }[]): Promise<(Uint8Array | null)[]> {
    return this.#guard(() => {
      const get = this.#sql('SELECT nodes FROM tile WHERE place = ?').pluck();
      return places.map(({ level, number }) => {
        const nodes = get.get(placeOf(level, number)) as Uint8Array | undefined;
        return nodes === undefined ? null : plainBytes(nodes);
      });
    });
  }

  async row(table: string, key: string): Promise<TableWrite['row']> {
    return this.#guard(() => {
      const found = this.#sql(`SELECT * FROM ${asName(table)} WHERE key = ?`).get(key) as Record<string, string | number | Uint8Array | null> | undefined;
      if (found === undefined) return null;
      const { key: _, ...row } = found;
      return row;
    });
  }

  async rowsAt(table: string, keys: readonly string[]): Promise<TableWrite['row'][]> {
    return this.#guard(() => {
      const columns = this.#tables.find(({ name }) => name === table)?.columns ?? {};
      const get = this.#sql(`SELECT ${Object.keys(columns).map(asName).join(', ')} FROM ${asName(table)} WHERE key = ?`);
      const blobs = Object.keys(columns).filter((name) => columns[name] === 'BLOB');
      return keys.map((key) => {
        const row = get.get(key) as Record<string, string | number | Uint8Array | null> | undefined;
        if (row === undefined) return null;
        for (const name of blobs) if (row[name] !== null) row[name] = plainBytes(row[name] as Uint8Array);
        return row;
      });
    });
  }

  async mark(key: Uint8Array): Promise<SealedMark | null> {
    return this.#guard(() => {
      const row = this.#sql('SELECT entry, commitment FROM mark WHERE key = ?').get(key) as Omit<SealedMark, 'key'> | undefined;
      return row === undefined ? null : { key, entry: row.entry, commitment: plainBytes(row.commitment) };
    });
  }

  async saveMarks(marks: readonly SealedMark[]): Promise<void> {
    this.#guard(() => this.#db.transaction(() => {
      for (const mark of marks) this.#mark(mark);
    }).immediate());
  }

  async rows(table: string, after: string | null, limit: number): Promise<{ key: string; row: NonNullable<TableWrite['row']> }[]> {
    return this.#guard(() => {
      const where = after === null ? '' : 'WHERE key > ?';
      const found = this.#sql(`SELECT * FROM ${asName(table)} ${where} ORDER BY key LIMIT ?`).all(...(after === null ? [] : [after]), limit);
      return (found as { key: string }[]).map(({ key, ...row }) => ({ key, row: withPlainBytes(row) }));
    });
  }

  async tables(): Promise<string[]> {
    const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE % (key TEXT PRIMARY KEY%' ORDER BY name`;
    return this.#guard(() => this.#sql(sql).pluck().all() as string[]);
  }

  async rebuild({ epoch, writes, clear = [], drop = [] }: TableRebuild): Promise<void> {
    this.#guard(() => this.#db.transaction(() => {
      const held = this.#epoch();
      if (epoch !== held) throw fenced(`this writer has epoch ${epoch}, the store ${held}`);
      for (const table of clear) this.#db.exec(`DELETE FROM ${asName(table)}`);
      for (const write of writes) this.#write(write);
      for (const table of drop) {
        this.#db.exec(`DROP TABLE ${asName(table)}`);
        this.#statements.clear();
        this.#puts.clear();
      }
    }).immediate());
  }

  async checkpoint(): Promise<{ size: number; note: string } | null> {
    const sql = 'SELECT size, note FROM checkpoint ORDER BY sequence DESC LIMIT 1';
    return this.#guard(() => (this.#sql(sql).get() as { size: number; note: string } | undefined) ?? null);
  }

  async saveCheckpoint(size: number, note: string): Promise<void> {
    this.#guard(() => this.#db.transaction(() => {
      const sequence = ((this.#sql('SELECT max(sequence) FROM checkpoint').pluck().get() as number | null) ?? 0) + 1;
      this.#sql('INSERT INTO checkpoint VALUES (?, ?, ?, ?)').run(size, sequence, note, checkOf('checkpoint', [size, sequence, note]));
    }).immediate());
  }

  async loadMemo(name: string): Promise<Uint8Array | null> {
    return readMemo(this.#directory, name);
  }

  async saveMemo(name: string, parts: readonly Uint8Array[]): Promise<void> {
    this.#guard(() => writeMemo(this.#directory, name, parts));
  }

  async compact(): Promise<boolean> {
    return this.#guard(() => this.#db.transaction(() => this.#compact()).immediate());
  }

  /** At most 16 bundles a step, about 1 MB, so that a commit never waits long behind one. */
  #compact(): boolean {
    for (let step = 0; step < 16; step++) {
      const first = this.#sql('SELECT min(start) FROM segment').pluck().get() as number | null;
      if (first === null) return false;
      const number = Math.floor(first / bundleEntries);
      const end = (number + 1) * bundleEntries;
      const rows = this.#sql('SELECT start, count, entries AS packed FROM segment WHERE start < ? ORDER BY start').all(end) as Run[];
      const last = rows.at(-1) as Run;
      if (last.start + last.count < end) return false;
      const packed = new Uint8Array(rows.reduce((sum, row) => sum + row.packed.length, 0));
      let at = 0;
      for (const row of rows) {
        packed.set(row.packed, at);
        at += row.packed.length;
      }
      this.#sql('INSERT INTO bundle VALUES (?, ?)').run(number, packed);
      this.#sql('DELETE FROM segment WHERE start < ?').run(end);
    }
    return true;
  }

  async *faults(): AsyncIterable<Fault> {
    yield* faultsOf(this.#db);
    for (const name of damagedMemos(this.#directory)) yield { where: `memo ${name}`, what: 'its digest does not fit: remove it, it is computed again' };
  }

  async close(): Promise<void> {
    this.#guard(() => this.#db.close());
  }

  // The setting reads 2 right after journal_mode = WAL and 1 after the first write where it was never set: only now it counts.
  #assertDurable(): void {
    const level = Number(this.#db.pragma('synchronous', { simple: true }));
    const mode = String(this.#db.pragma('journal_mode', { simple: true }));
    if (level !== 2 || mode !== 'wal') throw new LedgerError('STORE_FAILED', `Cannot commit durably: synchronous is ${level}, journal ${mode}`);
    this.#durable = true;
  }

  #sql(text: string): Database.Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.#db.prepare(text)));
    return statement;
  }

  #guard<T>(work: () => T): T {
    return guarded(work);
  }
}

function withPlainBytes(row: NonNullable<TableWrite['row']>): NonNullable<TableWrite['row']> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? plainBytes(value) : value]));
}

function commitOf({ start, count, epoch, time, root }: Commit): Commit {
  return { start, count, epoch, time, root: plainBytes(root) };
}

function fenced(why: string): LedgerError {
  return new LedgerError('STORE_FENCED', `Cannot commit: ${why}`, { hint: 'another process writes this ledger: stop one of the two' });
}

/** Gives SQLite's refusals their codes; bugs pass through. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof LedgerError || typeof code !== 'string') throw cause;
    if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
      throw new LedgerError('STORE_FULL', `Cannot write: ${message}`, { hint: 'free disk space; nothing acknowledged is lost', cause });
    }
    if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
      throw new LedgerError('STORE_CORRUPT', `Cannot read the store: ${message}`, { hint: 'run "stella fsck"', cause });
    }
    if (!code.startsWith('SQLITE_') && !/^E[A-Z]+$/.test(code)) throw cause;
    throw new LedgerError('STORE_FAILED', `Cannot use the store: ${message} (${code})`, { cause });
  }
}
