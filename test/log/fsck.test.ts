// fsck: a clean ledger has no fault, and a flip in any table, column, tile, payload or anchor is found and located.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { fsck } from '../../ledger/log/fsck.ts';
import { createLog } from '../../ledger/log/log.ts';
import { openFileAnchor } from '../../ledger/store/anchor-file.ts';
import { Frontier, leafHash } from '../../ledger/merkle/index.ts';
import { openMemory } from '../../ledger/store/memory.ts';
import { packEntries } from '../../ledger/store/packed.ts';
import { openPayloads } from '../../ledger/store/payloads.ts';
import type { Fault } from '../../ledger/store/port.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { freshDirectory } from '../store/place.ts';
import { digestOf, documentOf, genesis, signerOf, World } from './kit.ts';

let original = '';
beforeAll(async () => {
  original = await makeLedger(mkdtempSync(join(tmpdir(), 'stella-fsck-')));
});
afterAll(() => rmSync(original, { recursive: true }));

function ledgerOnDisk(): string {
  const directory = freshDirectory();
  cpSync(original, directory, { recursive: true });
  return directory;
}

/** A ledger of 700 entries on disk, in commits of different sizes, closed; with one of its payloads. */
async function makeLedger(directory: string): Promise<string> {
  const world = new World();
  const payloads = openPayloads(join(directory, 'payloads'));
  await payloads.put([encodeUtf8('d0')], 100);
  const ports = { ...world.ports(), store: openSqlite(directory), anchor: openFileAnchor(join(directory, 'apart', 'anchor')) };
  const log = await createLog(ports, genesis(world.signer));
  const add = (from: number, to: number) =>
    log.append(Array.from({ length: to - from }, (_, i) => ({ drafts: [documentOf(`d${from + i}`, [`s${(from + i) % 5}`])] })));
  for (const [from, to] of [[0, 99], [99, 100], [100, 400], [400, 699]] as const) await add(from, to);
  await log.remember();
  while (await log.tidy());
  await log.close();
  return directory;
}

async function check(directory: string): Promise<{ faults: Fault[]; size: number; payloadsMissing: number }> {
  const store = openSqlite(directory, { readOnly: true });
  const anchor = openFileAnchor(join(directory, 'apart', 'anchor'), { readOnly: true });
  const faults: Fault[] = [];
  const run = fsck({ store, anchor, payloads: openPayloads(join(directory, 'payloads')), keys: [signerOf(1).key] });
  for (;;) {
    const next = await run.next();
    if (next.done === true) {
      await store.close();
      await anchor.close();
      return { faults, size: next.value.size, payloadsMissing: next.value.payloadsMissing };
    }
    faults.push(next.value);
  }
}

/** Changes stored bytes behind the triggers' back. */
function tamper(directory: string, sql: string, ...values: unknown[]): void {
  const db = new Database(join(directory, 'ledger.db'));
  const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").pluck().all() as string[];
  for (const name of triggers) db.exec(`DROP TRIGGER ${name}`);
  expect(db.prepare(sql).run(...values).changes).toBeGreaterThan(0);
  db.close();
}

function flipped(directory: string, table: string, column: string, row: string, bit: number): void {
  const db = new Database(join(directory, 'ledger.db'), { readonly: true });
  const value = db.prepare(`SELECT ${column} FROM ${table} WHERE ${row}`).pluck().get() as Uint8Array | string | number;
  db.close();
  if (typeof value === 'number') tamper(directory, `UPDATE ${table} SET ${column} = ? WHERE ${row}`, value ^ 8);
  else {
    const bytes = Uint8Array.from(typeof value === 'string' ? encodeUtf8(value) : value);
    const at = Math.floor((bit / 100) * bytes.length);
    bytes[at] = (bytes[at] as number) ^ 0x08;
    tamper(directory, `UPDATE ${table} SET ${column} = ? WHERE ${row}`, typeof value === 'string' ? decodeUtf8(bytes) : bytes);
  }
}

test('a clean ledger has no fault', async () => {
  const { faults, size, payloadsMissing } = await check(ledgerOnDisk());
  expect(faults).toEqual([]);
  expect({ size, payloadsMissing }).toEqual({ size: 700, payloadsMissing: 698 });
});

test('an entry that verifies and lies is found by what it says', async () => {
  const world = new World();
  const log = await world.create();
  const first = documentOf('d1', ['a']);
  await log.append([{ drafts: [first] }]);
  // A writer gone wrong, whose tree is right: the same stream's version 1 again.
  const state = openMemory(world.state);
  const entry = await log.entry(1);
  const root = new Frontier();
  for (const one of [await log.entry(0), entry, entry]) root.append(leafHash(one));
  await state.commit({ epoch: 1, run: { start: 2, count: 1, packed: packEntries([entry]) }, time: 1, root: root.root(), tiles: [], writes: [] });
  const faults: Fault[] = [];
  for await (const fault of fsck({ store: state })) faults.push(fault);
  expect(faults.map(({ where, what }) => `${where} ${what.split(':')[0]}`)).toContain('entry 2 AUDIT_VERSION_WRONG');
});

test.each([
  ['a trigger that is gone', 'DROP TRIGGER tile_no_delete', 'schema trigger tile_no_delete', 'it is not there'],
  ['a table of another name', 'ALTER TABLE mark RENAME TO nark', 'schema table nark', 'it is not as this layout has it'],
  ['a table of nobody', 'CREATE TABLE notes (text TEXT)', 'schema table notes', 'it is not as this layout has it'],
  ['an index that is another', 'DROP INDEX mark_of_commitment; CREATE INDEX mark_of_commitment ON mark (entry)', 'schema index mark_of_commitment',
    'it is not as this layout has it'],
])('%s is a fault', async (_, sql, where, what) => {
  const directory = ledgerOnDisk();
  const db = new Database(join(directory, 'ledger.db'));
  db.exec(sql);
  db.close();
  expect((await check(directory)).faults).toContainEqual({ where, what });
});

describe('a flip is found, and where', () => {
  test.each([
    ['fence', 'epoch', 'epoch = 1', /^fence 9$/],
    ['fence', 'chk', 'epoch = 1', /^fence 1$/],
    ['batch', 'start', 'start = 401', /^batch 409$/],
    ['batch', 'count', 'start = 401', /^batch 401$/],
    ['batch', 'epoch', 'start = 401', /^batch 401$/],
    ['batch', 'time', 'start = 401', /^batch 401$/],
    ['batch', 'root', 'start = 401', /^batch 401$/],
    ['batch', 'chk', 'start = 401', /^batch 401$/],
    ['bundle', 'number', 'number = 1', /^(entries|entry|tile|table batch|batch)/],
    ['bundle', 'entries', 'number = 1', /^(entry (2[5-9]|[345])\d+|entries 256 to 511)/],
    ['segment', 'start', 'start = 512', /^(entries|table|batch)/],
    ['segment', 'count', 'start = 512', /^(entries 51\d to|table batch)/],
    ['segment', 'entries', 'start = 512', /^(batch 401|entries 51\d to 6)/],
    ['tile', 'place', 'place = 1', /^tile 0\/1$/],
    ['tile', 'nodes', 'place = 1', /^tile 0\/1 /],
    ['checkpoint', 'size', 'sequence = 1', /^checkpoint/],
    ['checkpoint', 'sequence', 'sequence = 1', /^checkpoint/],
    ['checkpoint', 'note', 'sequence = 1', /^checkpoint/],
    ['checkpoint', 'chk', 'sequence = 1', /^checkpoint/],
  ])('table %s, column %s', async (table, column, row, where) => {
    for (const bit of [3, 40, 97]) {
      const directory = ledgerOnDisk();
      flipped(directory, table, column, row, bit);
      const { faults } = await check(directory);
      expect(faults.map((fault) => fault.where)).toContainEqual(expect.stringMatching(where));
    }
  });

  test('one bit of one entry names that entry, and a hash of a tile that hash', async () => {
    const directory = ledgerOnDisk();
    const db = new Database(join(directory, 'ledger.db'));
    const bundle = Uint8Array.from(db.prepare('SELECT entries FROM bundle WHERE number = 1').pluck().get() as Uint8Array);
    const nodes = Uint8Array.from(db.prepare('SELECT nodes FROM tile WHERE place = 0').pluck().get() as Uint8Array);
    db.close();
    let at = 0;
    for (let i = 0; i < 40; i++) at += 2 + (((bundle[at] as number) << 8) | (bundle[at + 1] as number));
    // In the digest of its payload, so that it still is an event, of the same streams.
    const last = at + 2 + (((bundle[at] as number) << 8) | (bundle[at + 1] as number)) - 10;
    bundle[last] = (bundle[last] as number) ^ 1;
    nodes[32 * 17 + 3] = (nodes[32 * 17 + 3] as number) ^ 1;
    tamper(directory, 'UPDATE bundle SET entries = ? WHERE number = 1', bundle);
    tamper(directory, 'UPDATE tile SET nodes = ? WHERE place = 0', nodes);
    const { faults } = await check(directory);
    expect(faults).toContainEqual({ where: 'entry 296', what: 'its bytes do not have the hash that its tile holds' });
    expect(faults).toContainEqual({ where: 'tile 0/0 hash 17', what: 'it is not the hash that the entries give' });
    expect(new Set(faults.map(({ where }) => where).filter((where) => /^(entry|tile)/.test(where)))).toEqual(new Set(['entry 296', 'tile 0/0 hash 17']));
  });

  test('payload, memo and anchor', async () => {
    const directory = ledgerOnDisk();
    const name = formatHex(digestOf('d0')[1]);
    writeFileSync(join(directory, 'payloads', name.slice(0, 2), name), 'd1');
    const memo = join(directory, 'memos', 'heads');
    const bytes = readFileSync(memo);
    bytes[1000] = (bytes[1000] as number) ^ 1;
    writeFileSync(memo, bytes);
    const anchor = join(directory, 'apart', 'anchor');
    writeFileSync(anchor, Uint8Array.from(readFileSync(anchor), (byte, i) => (i % 8192 === 100 ? byte ^ 1 : byte)));
    const places = (await check(directory)).faults.map(({ where }) => where);
    expect(places).toEqual(expect.arrayContaining([`payload ${name}`, 'memo heads', 'anchor']));
  });
});

test('entries cut off at the end, and an anchor ahead, are found', async () => {
  const directory = ledgerOnDisk();
  tamper(directory, 'DELETE FROM batch WHERE start = 401');
  tamper(directory, 'DELETE FROM segment WHERE start >= 401');
  const places = (await check(directory)).faults.map(({ where }) => where);
  expect(places).toContain('anchor');
});
