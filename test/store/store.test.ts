// The stores under their contract, and what only the one on disk can get wrong.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { emptyState, openMemory } from '../../ledger/store/memory.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { batchOf, shape, storeContract } from './contract.ts';
import { freshDirectory } from './place.ts';

const root = mkdtempSync(join(tmpdir(), 'stella-contract-'));
let places = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

storeContract('memory', () => {
  const state = emptyState();
  return { open: async () => openMemory(state) };
});

storeContract('SQLite', () => {
  const directory = join(root, String((places += 1)));
  return { open: async () => openSqlite(directory, { tables: [shape] }) };
});

describe('SQLite', () => {
  test('runs flushed and in 16 KiB pages, and a fat tile fills one page without overflow', async () => {
    const directory = freshDirectory();
    const store = openSqlite(directory);
    await store.takeEpoch(1);
    const tiles = Array.from({ length: 50 }, (_, number) => ({ level: 0, number, nodes: new Uint8Array(16_320) }));
    await store.commit(batchOf(0, 1, { tiles }));
    await store.close();
    const db = new Database(join(directory, 'ledger.db'));
    expect(db.pragma('page_size', { simple: true })).toBe(16_384);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    // 50 pages of tiles and the tables' own: an overflow page for each would make it over 100.
    expect(db.pragma('page_count', { simple: true })).toBeLessThan(70);
    db.close();
    expect(statSync(directory).mode & 0o077).toBe(0);
  });

  test.each(['fence', 'batch', 'bundle', 'segment', 'tile', 'checkpoint'])('the table %s forgets nothing and rewrites nothing', async (table) => {
    const directory = freshDirectory();
    const store = openSqlite(directory);
    await store.takeEpoch(1);
    await store.commit(batchOf(0, 300, { tiles: [{ level: 0, number: 0, nodes: new Uint8Array(16_320) }] }));
    await store.saveCheckpoint(300, 'note\n');
    await store.close();
    const db = new Database(join(directory, 'ledger.db'));
    const [column] = (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name);
    expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBeGreaterThan(0);
    expect(() => db.exec(`DELETE FROM ${table}`)).toThrow(/append-only/);
    expect(() => db.exec(`UPDATE ${table} SET ${column} = ${column} + 1`)).toThrow(/append-only/);
    db.close();
  });

  test('a row is what was written last, also where that has fewer columns', async () => {
    const store = openSqlite(freshDirectory(), { tables: [shape] });
    await store.takeEpoch(1);
    const rows = [{ state: 'open', at: 5, document: null }, { at: 6, state: 'shut', document: null }, { state: 'gone' }, {}];
    for (const [i, row] of rows.entries()) {
      await store.commit(batchOf(i, 1, { writes: [{ table: 'thing', key: 'a', row }] }));
      expect(await store.row('thing', 'a')).toEqual({ state: null, at: null, document: null, ...row });
    }
    await store.close();
  });

  test('a memo cut off or altered is no memo', async () => {
    const directory = freshDirectory();
    const store = openSqlite(directory);
    await store.saveMemo('streams', [new Uint8Array(100).fill(7)]);
    const file = join(directory, 'memos', 'streams');
    const bytes = readFileSync(file);
    expect(statSync(file).mode & 0o077).toBe(0);
    writeFileSync(file, bytes.subarray(0, 60));
    expect(await store.loadMemo('streams')).toBeNull();
    bytes[3] = (bytes[3] as number) ^ 1;
    writeFileSync(file, bytes);
    expect(await store.loadMemo('streams')).toBeNull();
    await store.close();
  });

  test('what is no store of ours is refused', async () => {
    const directory = freshDirectory();
    expect(() => openSqlite(join(directory, 'none'), { readOnly: true })).toThrow(expect.objectContaining({ code: 'STORE_MISSING' }));
    writeFileSync(join(directory, 'ledger.db'), 'not a database at all, but long enough to look like one'.repeat(20));
    expect(() => openSqlite(directory)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    const db = new Database(join(directory, 'other.db'));
    db.pragma('user_version = 99');
    db.close();
    writeFileSync(join(directory, 'ledger.db'), readFileSync(join(directory, 'other.db')));
    expect(() => openSqlite(directory)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });

  test('a full disk is its own refusal, nothing of the batch stays, and reading goes on', async () => {
    const directory = freshDirectory();
    const store = openSqlite(directory);
    await store.takeEpoch(1);
    await store.commit(batchOf(0, 10));
    await store.close();
    // max_page_count answers as a full disk does: SQLITE_FULL.
    const tight = openSqlite(directory, { pagesMax: 12 });
    const tiles = Array.from({ length: 40 }, (_, number) => ({ level: 0, number, nodes: new Uint8Array(16_320) }));
    await expect(tight.commit(batchOf(10, 1, { tiles }))).rejects.toMatchObject({ code: 'STORE_FULL', hint: expect.stringContaining('free disk space') });
    expect(await tight.head()).toMatchObject({ start: 0, count: 10 });
    expect(await tight.runs(0, 10)).toHaveLength(1);
    await tight.close();
  });
});
