// Live tables: at every size what a rebuild gives, after failures, behind, of other versions, ahead of what is read; fsck and repair.
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { startCommitThread } from '../../ledger/log/committer.ts';
import { openView } from '../../ledger/log/view.ts';
import { openLog, type Log } from '../../ledger/log/log.ts';
import { openMemoryAnchor } from '../../ledger/store/anchor.ts';
import { openMemory } from '../../ledger/store/memory.ts';
import type { Store } from '../../ledger/store/port.ts';
import { openQueries } from '../../ledger/store/queries.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { checkTables } from '../../projections/check-tables.ts';
import { digestOf, encodeDocument } from '../../projections/digest.ts';
import { projectionList, type ProjectionName } from '../../projections/gate-critical.ts';
import { MemoryFold } from '../../projections/memory.ts';
import { DocumentReader, type DocumentTables } from '../../projections/reader.ts';
import { LiveProjector, projectionTables, tableOf, tablesSize } from '../../projections/tables.ts';
import { effort } from '../effort.ts';
import { World } from '../log/kit.ts';
import { freshDirectory } from '../store/place.ts';
import { Dice, History } from './history.ts';

type StoredRow = Awaited<ReturnType<Store['rows']>>[number];

const names = projectionList.map(({ name }) => name as ProjectionName);

async function foldOf(log: Pick<Log, 'entries'>, size: number): Promise<MemoryFold> {
  const fold = new MemoryFold();
  for await (const entry of log.entries(0, size)) fold.add(entry);
  return fold;
}

async function tableDigest(store: Store, name: ProjectionName): Promise<string> {
  const projection = projectionList.find((one) => one.name === name) as (typeof projectionList)[number];
  const rows = await store.rows(tableOf(projection), null, 100_000);
  return formatHex(digestOf(projection, rows.map(({ key, row }) => ({ key, document: row['document'] as Uint8Array }))));
}

async function expectTables(store: Store, log: Log): Promise<void> {
  const { size } = log.published;
  expect(await tablesSize(store)).toBe(size);
  const fold = await foldOf(log, size);
  for (const name of names) expect(await tableDigest(store, name), `${name} at ${size}`).toBe(formatHex(fold.digest(name)));
}

async function faultsOf(store: Store, size: number) {
  const faults = [];
  const checking = checkTables(store, size);
  for (;;) {
    const next = await checking.next();
    if (next.done === true) return { faults, checked: next.value };
    faults.push(next.value);
  }
}

/** Commands in calls of one to four at once, each of one to three commands, as clients come. */
async function grow(log: Log, history: History, dice: Dice, calls: number, after: () => Promise<void> = async () => {}): Promise<void> {
  for (let i = 0; i < calls; i++) {
    const { size } = log.published;
    const some = Array.from({ length: 1 + dice.roll(4) }, () => Array.from({ length: 1 + dice.roll(3) }, () => ({ drafts: history.command(size) })));
    await Promise.all(some.map((commands) => log.append(commands)));
    await after();
  }
}

/** A table as an older program left it, and the cursor that names it. */
const olderTables = [{ name: 'trust_v0', columns: { last: 'INTEGER', document: 'BLOB' } }] as const;

test('tables of another version, killed before and after each write of the change: what is there is right, and the next start has a rebuild', {
  timeout: 240_000,
}, async () => {
  const original = freshDirectory();
  const world = new World();
  const open = (directory: string, tables: readonly (typeof projectionTables)[number][] = projectionTables) => openSqlite(directory, { tables });
  const first = open(original);
  const log = await world.create({ store: first, projector: new LiveProjector(first) });
  await grow(log, new History(8), new Dice(8), 8);
  const { size } = log.published;
  await log.close();
  // An older program wrote last: its cursor, its table, and rows of ours that it knew nothing of.
  const store = open(original, [...projectionTables, ...olderTables]);
  const epoch = await store.epoch();
  const [spoilt] = await store.rows('artifact_v1', null, 1);
  const older = { table: 'trust_v0', key: 'trust', row: { last: 1, document: new Uint8Array([0xa0]) } };
  await store.rebuild({ epoch, writes: [older, { table: 'artifact_v1', key: spoilt?.key as string, row: { last: 1, document: new Uint8Array([0xa0]) } }] });
  await store.rebuild({ epoch, writes: [{ table: 'projected', key: 'gate-critical', row: { size, tables: 'trust_v0' } }] });
  expect(await store.tables()).toContain('trust_v0');
  await store.close();

  const child = fileURLToPath(new URL('./live-child.ts', import.meta.url));
  const run = (directory: string, count: string, when: string) =>
    spawnSync(process.execPath, [child, directory, count, when], { encoding: 'utf8', timeout: 60_000 });
  const copy = () => {
    const directory = freshDirectory();
    cpSync(original, directory, { recursive: true });
    return directory;
  };
  const whole = run(copy(), '0', 'never');
  expect([whole.signal, whole.stderr, whole.stdout]).toEqual([null, '', '3']);
  const found = new Set<number | null>();
  for (const [count, when] of ['1', '2', '3'].flatMap((write) => [[write, 'before'], [write, 'after']] as const)) {
    const directory = copy();
    expect(run(directory, count, when)).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    // As it lies there: of the older version, and then nobody reads it, or whole.
    const left = open(directory);
    const { faults, checked } = await faultsOf(left, size);
    expect([count, when, faults]).toEqual([count, when, []]);
    found.add(checked.size);
    await left.close();
    // The world is of its own: its anchor is where the original's was.
    const held = { anchor: world.held.anchor };
    const next = open(directory);
    const again = await openLog({ ...world.ports(), store: next, anchor: openMemoryAnchor(held), projector: new LiveProjector(next) });
    await expectTables(next, again);
    expect(await next.tables()).not.toContain('trust_v0');
    await grow(again, new History(9), new Dice(9), 2);
    await expectTables(next, again);
    expect((await faultsOf(next, again.published.size)).faults).toEqual([]);
    await again.close();
  }
  expect(found).toEqual(new Set([null, size]));
});

describe.each(['memory', 'sqlite'] as const)('on %s', (kind) => {
  function place() {
    const world = new World();
    const directory = kind === 'sqlite' ? freshDirectory() : '';
    const open = (): Store => (kind === 'sqlite' ? openSqlite(directory, { tables: projectionTables }) : openMemory(world.state));
    const ports = (keptMax?: number) => {
      const store = open();
      return { store, projector: new LiveProjector(store, keptMax) };
    };
    return { world, directory, open, ports };
  }

  test.each(Array.from({ length: effort(4, 2) }, (_, i) => 71 + i))('tables equal a rebuild after every commit of history %i', async (seed) => {
    const { world, ports } = place();
    // Every second one keeps next to nothing in memory: its documents are read again and again.
    const made = ports(seed % 2 === 0 ? 2_000 : undefined);
    const log = await world.create(made);
    await grow(log, new History(seed), new Dice(seed), 12, () => expectTables(made.store, log));
    expect(log.published.size).toBeGreaterThan(40);
    expect((await faultsOf(made.store, log.published.size)).faults).toEqual([]);
    await log.close();
  });

  test('an opened log goes on where it was, catches up what another version appended, and builds what was never there', async () => {
    const { world, open, ports } = place();
    const history = new History(5);
    const dice = new Dice(5);
    let log = await world.create({ store: open() });
    await grow(log, history, dice, 5);
    await log.close();
    for (const plain of [false, true, false, false]) {
      const made = plain ? { store: open() } : ports();
      log = await world.open(made);
      if (!plain) await expectTables(made.store, log);
      await grow(log, history, dice, 3);
      if (!plain) await expectTables(made.store, log);
      await log.close();
    }
  });

  test('tables of another version are built anew, and the older ones go', async () => {
    const { world, ports, open } = place();
    let made = ports();
    let log = await world.create(made);
    await grow(log, new History(6), new Dice(6), 5);
    const { size } = log.published;
    await log.close();
    const store = open();
    const epoch = await store.epoch();
    await store.rebuild({ epoch, writes: [{ table: 'projected', key: 'gate-critical', row: { size, tables: 'trust_v0' } }] });
    const [spoilt] = await store.rows('artifact_v1', null, 1);
    await store.rebuild({ epoch, writes: [{ table: 'artifact_v1', key: spoilt?.key as string, row: { last: 1, document: new Uint8Array([0xa0]) } }] });
    expect(await tablesSize(store)).toBe(0);
    await store.close();
    made = ports();
    log = await world.open(made);
    await expectTables(made.store, log);
    await log.close();
  });

  test('a commit that fails leaves no document changed in memory', async () => {
    const { world, ports } = place();
    const made = ports();
    let failing = false;
    const store: Store = Object.create(made.store, {
      commit: { value: async (batch: never) => {
        if (failing) throw new LedgerError('STORE_FULL', 'Cannot write: full');
        return made.store.commit(batch);
      } },
    }) as Store;
    const bound = new Proxy(store, { get: (target, key) => {
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? (key === 'commit' ? value : value.bind(made.store)) : value;
    } });
    const log = await world.create({ store: bound, projector: made.projector });
    const history = new History(8);
    await grow(log, history, new Dice(8), 4);
    const lists = new History(9, ['sbom.ingested']);
    for (const some of [history, lists]) {
      failing = true;
      const drafts = some.command(log.published.size);
      await expect(log.append([{ drafts }])).rejects.toThrow('full');
      failing = false;
      world.clock.pass(2000);
      // The same again; and something else of its type in its place.
      await log.append([{ drafts: some === lists ? lists.command(log.published.size) : drafts }]);
      await expectTables(made.store, log);
    }
    await log.close();
  });

  test('each row that is changed, added or gone is named, and made again', async () => {
    const { world, ports, open } = place();
    const made = ports();
    const log = await world.create(made);
    await grow(log, new History(9), new Dice(9), 8);
    const { size } = log.published;
    await log.close();
    const store = open();
    const epoch = await store.epoch();
    const [first, second] = (await store.rows('artifact_v1', null, 2)) as [StoredRow, StoredRow];
    const flipped = (first.row['document'] as Uint8Array).slice();
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    const crimes: [string, string, Parameters<Store['rebuild']>[0]['writes'][number]][] = [
      [first.key, 'it is not what the entries give', { table: 'artifact_v1', key: first.key, row: { ...first.row, document: flipped } }],
      [second.key, 'its column last is 0', { table: 'artifact_v1', key: second.key, row: { ...second.row, last: 0 } }],
      ['artifact:none', 'no entry gives this row', { table: 'artifact_v1', key: 'artifact:none', row: { last: 1, document: flipped } }],
      [first.key, 'it is missing', { table: 'artifact_v1', key: first.key, row: null }],
    ];
    for (const [key, what, write] of crimes) {
      await store.rebuild({ epoch, writes: [write as never] });
      expect((await faultsOf(store, size)).faults).toEqual([{ where: `table artifact_v1, ${key}`, what }]);
      await new LiveProjector(store).rebuild({ epoch, size });
      expect((await faultsOf(store, size)).faults).toEqual([]);
    }
    const { checked } = await faultsOf(store, size);
    expect(checked.size).toBe(size);
    expect(checked.digests['artifact']).toBe(await tableDigest(store, 'artifact'));
    const cursor = { ...(await store.row('projected', 'gate-critical')), size: size + 1 };
    await store.rebuild({ epoch, writes: [{ table: 'projected', key: 'gate-critical', row: cursor }] });
    expect((await faultsOf(store, size)).faults).toMatchObject([{ where: 'table projected' }]);
    await expect(new LiveProjector(store).begin({ epoch, size })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await store.close();
  });

  test('a raw ledger has no documents, and its writer writes none', async () => {
    const { world, ports } = place();
    const made = ports();
    let log = await world.create(made, ['raw']);
    await log.append([{ drafts: [Uint8Array.of(1, 2, 3)] }]);
    await log.close();
    const again = ports();
    log = await world.open(again);
    await log.append([{ drafts: [Uint8Array.of(4)] }]);
    expect(await tablesSize(again.store)).toBe(0);
    await new LiveProjector(again.store).rebuild({ epoch: await again.store.epoch(), size: 3 });
    expect((await faultsOf(again.store, 3)).checked.size).toBeNull();
    await log.close();
  });
});

test('through the committing thread', async () => {
  const directory = freshDirectory();
  const world = new World();
  const store = openSqlite(directory, { tables: projectionTables });
  const thread = startCommitThread(directory, projectionTables);
  const log = await world.create({ store, projector: new LiveProjector(store), committer: thread });
  await grow(log, new History(3), new Dice(3), 6);
  await expectTables(store, log);
  await log.close();
  await thread.close();
});

describe('a reader', () => {
  test('reads every published size alike, from tables that are ahead, from the log where they are behind', async () => {
    const directory = freshDirectory();
    const world = new World();
    const store = openSqlite(directory, { tables: projectionTables });
    const log = await world.create({ store, projector: new LiveProjector(store) });
    await grow(log, new History(12), new Dice(12), 8);
    const db = openQueries<DocumentTables>(directory);
    const last = log.published.size;
    for (let size = 1; size <= last; size++) {
      const fold = await foldOf(log, size);
      const reader = new DocumentReader(size, log, db);
      const plain = size % 10 === 0 ? new DocumentReader(size, log, null) : reader;
      for (const name of names) {
        const projection = projectionList.find((one) => one.name === name) as (typeof projectionList)[number];
        for (const one of new Set([reader, plain])) {
          const all = [...(await one.all(name))].map(([key, document]) => ({ key, document: encodeDocument(document) }));
          expect(formatHex(digestOf(projection, all)), `${name} at ${size}`).toBe(formatHex(fold.digest(name)));
        }
        const streams = [...fold.all(name).keys()];
        expect((await plain.documents(name, [...streams, `${projection.streams}none`])).size).toBe(streams.length);
      }
    }
    expect(await new DocumentReader(last, log, db).get('trust', 'trust')).toEqual((await foldOf(log, last)).get('trust', 'trust'));
    await db.destroy();
    await log.close();
  });

  test('does not believe tables that are behind, or of another version', async () => {
    const directory = freshDirectory();
    const world = new World();
    const store = openSqlite(directory, { tables: projectionTables });
    const log = await world.create({ store });
    await grow(log, new History(13), new Dice(13), 4);
    const { size } = log.published;
    const db = openQueries<DocumentTables>(directory);
    const expected = formatHex((await foldOf(log, size)).digest('artifact'));
    const read = async () => {
      const all = [...(await new DocumentReader(size, log, db).all('artifact'))].map(([key, document]) => ({ key, document: encodeDocument(document) }));
      return formatHex(digestOf({ name: 'artifact', version: 1 }, all));
    };
    expect(await read()).toBe(expected);
    await store.rebuild({ epoch: await store.epoch(), writes: [{ table: 'projected', key: 'gate-critical', row: { size, tables: 'artifact_v0' } }] });
    expect(await read()).toBe(expected);
    await db.destroy();
    await log.close();
  });

  test('beside a writer sees what is anchored, though more is committed', async () => {
    const directory = freshDirectory();
    const world = new World();
    const store = openSqlite(directory, { tables: projectionTables });
    const log = await world.create({ store, projector: new LiveProjector(store) });
    const history = new History(14);
    await grow(log, history, new Dice(14), 4);
    const before = { anchor: structuredClone(world.held.anchor), size: log.published.size };
    await grow(log, history, new Dice(15), 2);
    // As between commit and anchor: the store is ahead of what anybody signed.
    const view = await openView({ store, anchor: openMemoryAnchor({ anchor: before.anchor }) });
    expect(view.published.size).toBe(before.size);
    const db = openQueries<DocumentTables>(directory);
    const documents = await new DocumentReader(view.published.size, view, db).all('artifact');
    const fold = await foldOf(log, before.size);
    expect([...documents].map(([key, document]) => [key, formatHex(encodeDocument(document))]).sort()).toEqual(
      [...fold.encoded('artifact')].map(({ key, document }) => [key, formatHex(document)]).sort());
    await db.destroy();
    await log.close();
  });

  test('stops at an event of a later time, and so does a start', async () => {
    const directory = freshDirectory();
    const world = new World();
    const store = openSqlite(directory, { tables: projectionTables });
    const log = await world.create({ store, projector: new LiveProjector(store) });
    await grow(log, new History(16), new Dice(16), 2);
    const { size } = log.published;
    await log.close();
    // A newer version has named a type that this one does not know.
    const file = new Database(join(directory, 'ledger.db'));
    file.exec('DROP TRIGGER segment_is_not_rewritten');
    const rows = file.prepare('SELECT start, entries FROM segment ORDER BY start DESC LIMIT 1').get() as { start: number; entries: Uint8Array };
    const text = Buffer.from(rows.entries);
    const at = [...text.toString('latin1').matchAll(/dtype.[a-z]+\.[a-z_]+/g)].at(-1)?.index as number;
    text.write('zz', at + 6, 'latin1');
    file.prepare('UPDATE segment SET entries = ? WHERE start = ?').run(text, rows.start);
    file.prepare('DELETE FROM projected').run();
    file.close();
    const again = openSqlite(directory, { tables: projectionTables });
    await expect(new LiveProjector(again).begin({ epoch: await again.epoch(), size })).rejects.toMatchObject({ code: 'PROJECTION_STOPPED' });
    expect((await faultsOf(again, size)).faults).toEqual([]);
    await again.close();
  });
});
