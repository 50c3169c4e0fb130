// Catching-up projections: at every size what a rebuild gives; stopped, resumed, rebuilt beside the old; checked row by row.
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { decodeEvent, kindOf } from '../../ledger/events/index.ts';
import type { Log } from '../../ledger/log/log.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { catchUp, catchUpSteps, forgetProjection, readStandings, type CatchUpPorts, type Standing } from '../../projections/catch-up/catch-up.ts';
import { cameSince, checkCatchUp } from '../../projections/catch-up/check.ts';
import type { CatchingUp } from '../../projections/catch-up/definition.ts';
import { inventory } from '../../projections/catch-up/inventory.ts';
import { catchingUpList } from '../../projections/catch-up/projections.ts';
import { readAt } from '../../projections/catch-up/queries.ts';
import { readCursors, tableIn, type CatchUpDb } from '../../projections/catch-up/tables.ts';
import { timeline } from '../../projections/catch-up/timeline.ts';
import { effort } from '../effort.ts';
import { World } from '../log/kit.ts';
import { freshDirectory } from '../store/place.ts';
import { factsOf, nextTimeline, openTables, rebuildOf, tableDigest } from './catching-up.ts';
import { Dice, History } from './history.ts';

async function grow(log: Log, history: History, dice: Dice, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) {
    const { size } = log.published;
    await log.append(Array.from({ length: 1 + dice.roll(4) }, () => ({ drafts: history.command(size) })));
  }
}

/** A log as it was at a size: nothing beyond it is published. */
function logAt(log: LogView, size: number): CatchUpPorts['log'] {
  return {
    published: { size }, entry: (index) => log.entry(index), rootAt: (at) => log.rootAt(at),
    entryRuns: (start, end) => log.entryRuns(start, Math.min(end, size)),
  };
}

function portsOf(db: CatchUpDb, log: CatchUpPorts['log'], more: Partial<CatchUpPorts> = {}): CatchUpPorts {
  return { db, log, payload: async (digest) => factsOf(digest), ...more };
}

async function expectRebuilt(db: CatchUpDb, log: LogView, size: number): Promise<void> {
  for (const projection of catchingUpList) {
    const rebuild = await rebuildOf(log, size, projection);
    expect(await tableDigest(db, projection), `${projection.name} at ${size}`).toBe(formatHex(rebuild.digest()));
  }
}

describe('caught up', () => {
  test.each(Array.from({ length: effort(4, 1) }, (_, i) => 401 + i))('tables equal a rebuild at every size of history %i', async (seed) => {
    const log = await new World().create();
    await grow(log, new History(seed), new Dice(seed), 40);
    const db = openTables(freshDirectory());
    const dice = new Dice(seed);
    for (let size = 1; size <= log.published.size; size++) {
      // Anew, in batches of any size, or one step behind another.
      const standings = await catchUp(portsOf(db, logAt(log, size)), { entries: 1 + dice.roll(5) });
      expect(standings.map((one) => [one.size, one.serving, one.stopped])).toEqual(catchingUpList.map(() => [size, true, null]));
      await expectRebuilt(db, log, size);
    }
    expect(log.published.size).toBeGreaterThan(80);
    const once = openTables(freshDirectory());
    await catchUp(portsOf(once, log));
    for (const projection of catchingUpList) expect(await tableDigest(once, projection)).toBe(await tableDigest(db, projection));
    await db.destroy();
    await once.destroy();
    await log.close();
  });
});

async function history(seed: number, calls: number, more: Parameters<World['create']>[0] = {}): Promise<Log> {
  const log = await new World().create(more);
  await grow(log, new History(seed), new Dice(seed), calls);
  return log;
}

/** An event of a type that this version does not know, as a newer one would have written it. */
const unknown = (entry: Uint8Array) => {
  const text = Buffer.from(entry);
  const at = text.indexOf('dtype') + 6;
  text.write('zz', at, 'latin1');
  return new Uint8Array(text);
};

/** The log with some of its entries replaced. */
function logWith(log: LogView, size: number, change: (index: number, entry: Uint8Array) => Uint8Array): CatchUpPorts['log'] {
  const real = logAt(log, size);
  return {
    ...real, entry: async (index) => change(index, await real.entry(index)),
    async *entryRuns(start, end) {
      let index = start;
      for await (const entries of real.entryRuns(start, end)) yield entries.map((entry) => change(index++, entry));
    },
  };
}

const faultsOf = async (db: CatchUpDb, log: LogView, payload = async (digest: Uint8Array) => factsOf(digest)) => {
  const checking = checkCatchUp(db, { entries: (start, end) => log.entries(start, end), payload }, log.published.size);
  const faults = [];
  for (;;) {
    const next = await checking.next();
    if (next.done === true) return { faults, checked: next.value };
    faults.push(next.value);
  }
};

const byName = (standings: readonly Standing[]) =>
  Object.fromEntries(standings.map(({ name, size, stopped }) => [name, [size, stopped?.code ?? null, stopped?.entry ?? null]]));

describe('what cannot be read', () => {
  test('an unknown type stops all but the timeline at that entry; a later program goes on from there', async () => {
    const log = await history(7, 30);
    const { size } = log.published;
    const db = openTables(freshDirectory());
    const strange = logWith(log, size, (index, entry) => (index === 20 ? unknown(entry) : entry));
    for (let again = 0; again < 2; again++) {
      const standings = await catchUp(portsOf(db, strange));
      expect(byName(standings)).toEqual({
        decisions: [20, 'EVENT_UNKNOWN', 20], findings: [20, 'EVENT_UNKNOWN', 20], inventory: [20, 'EVENT_UNKNOWN', 20], timeline: [size, null, null],
      });
      expect(standings[1]?.stopped?.message).toMatch(/^Cannot fold entry 20 into "findings": EVENT_UNKNOWN, type "zz/);
    }
    const held = catchingUpList.filter(({ name }) => name !== 'timeline');
    for (const projection of held) {
      expect(await tableDigest(db, projection)).toBe(formatHex((await rebuildOf(log, 20, projection)).digest()));
      await expect(rebuildOf(strange as LogView, size, projection)).rejects.toMatchObject({ code: 'PROJECTION_STOPPED' });
    }
    // The program that knows the type.
    expect(byName(await catchUp(portsOf(db, log)))).toEqual(Object.fromEntries(catchingUpList.map(({ name }) => [name, [size, null, null]])));
    for (const projection of held) expect(await tableDigest(db, projection)).toBe(formatHex((await rebuildOf(log, size, projection)).digest()));
    await db.destroy();
    await log.close();
  });

  test('is said by whoever takes in one batch at a time, too', async () => {
    const log = await history(7, 30);
    const { size } = log.published;
    const db = openTables(freshDirectory());
    const strange = logWith(log, size, (index, entry) => (index === 20 ? unknown(entry) : entry));
    // Entry 20 lies in the middle of a batch: what comes first of it is one of its own.
    const standings = await Array.from({ length: 12 }).reduce<Promise<Standing[]>>(
      async (before) => (await before, catchUp(portsOf(db, strange), { entries: 16, batches: 1 })), Promise.resolve([]),
    );
    expect(byName(standings)).toEqual({
      decisions: [20, 'EVENT_UNKNOWN', 20], findings: [20, 'EVENT_UNKNOWN', 20], inventory: [20, 'EVENT_UNKNOWN', 20], timeline: [size, null, null],
    });
    await db.destroy();
    await log.close();
  });

  test('damaged facts stop the projection that opens them, and nothing of their event is kept', async () => {
    const log = await history(8, 120);
    const { size } = log.published;
    let spoilt = -1;
    for await (const entry of log.entries(0, size)) {
      const event = kindOf(entry) === 'event' ? decodeEvent(entry) : null;
      spoilt += 1;
      if (event?.type === 'sbom.ingested' && factsOf(event.payloads?.find(({ role }) => role === 'facts')?.digest?.[1] as Uint8Array) !== null) break;
    }
    const bad = decodeEvent(await log.entry(spoilt)).payloads?.find(({ role }) => role === 'facts')?.digest?.[1] as Uint8Array;
    const payload = async (digest: Uint8Array) => {
      if (formatHex(digest) === formatHex(bad)) throw new LedgerError('PAYLOAD_CORRUPT', 'Cannot read payload: other bytes lie there');
      return factsOf(digest);
    };
    const db = openTables(freshDirectory());
    const standings = byName(await catchUp(portsOf(db, log, { payload })));
    expect(standings).toEqual({
      decisions: [size, null, null], findings: [size, null, null], inventory: [spoilt, 'PAYLOAD_CORRUPT', spoilt], timeline: [size, null, null],
    });
    expect(await tableDigest(db, inventory)).toBe(formatHex((await rebuildOf(log, spoilt, inventory)).digest()));
    // A disk that fails is no event that cannot be read: the cursor stays without a word.
    const failing = async () => {
      throw new LedgerError('STORE_FAILED', 'Cannot use the store');
    };
    await expect(catchUp(portsOf(db, log, { payload: failing }))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await catchUp(portsOf(db, log));
    await expectRebuilt(db, log, size);
    await db.destroy();
    await log.close();
  });

  test('of a raw ledger nothing is decoded', async () => {
    const log = await new World().create({}, ['raw']);
    await log.append([{ drafts: [Uint8Array.of(1, 2, 3)] }, { drafts: [Uint8Array.of(0xa1)] }]);
    const db = openTables(freshDirectory());
    for (const entries of [1, 10]) expect(byName(await catchUp(portsOf(db, log), { entries }))['inventory']).toEqual([3, null, null]);
    expect((await faultsOf(db, log)).faults).toEqual([]);
    await db.destroy();
    await log.close();
  });
});

describe('the cursor', () => {
  test('moves as far as the bounds allow, and another process may move it too', async () => {
    const log = await history(9, 30);
    const { size } = log.published;
    const directory = freshDirectory();
    const [one, other] = [openTables(directory), openTables(directory)];
    expect(byName(await catchUp(portsOf(one, log), { entries: 8, batches: 1 }))['timeline']).toEqual([8, null, null]);
    expect(await readStandings(other, size)).toMatchObject([{ size: 8, of: size, serving: true }, { size: 8 }, { size: 8 }, { size: 8 }]);
    // The other comes between folding and writing: what was folded twice is written once.
    let moved = 0;
    const at = async (step: string) => {
      if (step === 'catch-up 1: folded' && moved++ === 0) await catchUp(portsOf(other, log), { entries: 8, batches: 2 });
    };
    await catchUp(portsOf(one, log, { at }), { entries: 8 });
    await expectRebuilt(one, log, size);
    // One that sees less of the log than was taken in leaves it alone.
    const shorter = await catchUp(portsOf(other, logAt(log, size - 3)));
    expect(byName(shorter)['inventory']).toEqual([size, null, null]);
    await expectRebuilt(one, log, size);
    await one.destroy();
    await other.destroy();
    await log.close();
  });

  test('of another history is not gone on from', async () => {
    const [log, fork] = [await history(10, 25), await history(11, 40)];
    const db = openTables(freshDirectory());
    await catchUp(portsOf(db, log));
    expect(fork.published.size).toBeGreaterThan(log.published.size);
    await catchUp(portsOf(db, fork));
    await expectRebuilt(db, fork, fork.published.size);
    await db.destroy();
    await log.close();
    await fork.close();
  });

  test('is where the rows are after a kill at any step', { timeout: 120_000 }, async () => {
    const directory = freshDirectory();
    const store = openSqlite(directory);
    const log = await history(12, 30, { store });
    const { size } = log.published;
    await store.saveCheckpoint(size, log.published.note);
    const child = fileURLToPath(new URL('./catch-up-child.ts', import.meta.url));
    const kills = ['catch-up 1: folded', 'catch-up 2: rows written', 'catch-up 3: committed'].flatMap((step) => [[step, '1'], [step, '2']]);
    const seen = new Set<number>();
    for (const [step, times] of kills) {
      const { signal, stderr } = spawnSync(process.execPath, [child, directory, step as string, times as string], { encoding: 'utf8', timeout: 60_000 });
      expect([signal, stderr]).toEqual(['SIGKILL', '']);
      const db = openTables(directory);
      const sizes = new Set((await readStandings(db, size)).map((one) => one.size));
      expect(sizes.size).toBe(1);
      for (const one of sizes) {
        await expectRebuilt(db, log, one);
        seen.add(one);
      }
      await db.destroy();
    }
    expect(seen.size).toBeGreaterThan(2);
    const db = openTables(directory);
    await catchUp(portsOf(db, log));
    await expectRebuilt(db, log, size);
    await db.destroy();
    await log.close();
  });
});

describe('a new version', () => {
  const second = nextTimeline;

  test('is built beside the old one, which answers until it has caught up; then the old one goes and stays away', async () => {
    const log = await history(13, 25);
    const { size } = log.published;
    const db = openTables(freshDirectory());
    await catchUp(portsOf(db, log), {}, [timeline]);
    const before = await tableDigest(db, timeline);
    expect(await catchUp(portsOf(db, log), { entries: 8, batches: 2 }, [second])).toEqual([
      { name: 'timeline', version: 2, size: 16, of: size, serving: false, stopped: null },
    ]);
    expect(await readAt(db, timeline, async (_, at) => at)).toBe(size);
    expect(await readAt(db, second, async (_, at) => at)).toBeNull();
    expect(await tableDigest(db, timeline)).toBe(before);
    // An older program goes on meanwhile, and moves its own version alone.
    await grow(log, new History(14), new Dice(14), 3);
    await catchUp(portsOf(db, log), {}, [timeline]);
    expect(await readAt(db, timeline, async (_, at) => at)).toBe(log.published.size);
    expect(await readStandings(db, log.published.size, [second])).toMatchObject([{ size: 16, serving: false }]);
    await catchUp(portsOf(db, log), {}, [second]);
    expect(await readAt(db, second, async (_, at) => at)).toBe(log.published.size);
    expect(await tableDigest(db, second)).toBe(formatHex((await rebuildOf(log, log.published.size, second)).digest()));
    expect((await readCursors(db)).map(({ version }) => version)).toEqual([2]);
    await expect(tableDigest(db, timeline)).rejects.toThrow('no such table');
    // The older program builds nothing that nobody reads.
    expect(await catchUp(portsOf(db, log), {}, [timeline])).toMatchObject([{ size: 0, serving: false }]);
    expect((await readCursors(db)).map(({ version }) => version)).toEqual([2]);
    await db.destroy();
    await log.close();
  });

  test('is swapped in whole or not at all: a kill at each step leaves one version that answers, with what a rebuild gives', {
    timeout: 240_000,
  }, async () => {
    const original = freshDirectory();
    const store = openSqlite(original);
    const log = await history(17, 12, { store });
    const { size } = log.published;
    await store.saveCheckpoint(size, log.published.note);
    const old = openTables(original);
    await catchUp(portsOf(old, log), {}, [timeline]);
    await old.destroy();
    const child = fileURLToPath(new URL('./catch-up-child.ts', import.meta.url));
    const last = String(Math.ceil(size / 4));
    const kills: [(typeof catchUpSteps)[number], string][] = [
      ['catch-up 1: folded', '1'], ['catch-up 1: folded', last], ['catch-up 2: rows written', '1'], ['catch-up 2: rows written', last],
      ['catch-up 3: committed', '1'], ['catch-up 3: committed', last], ['catch-up 4: old tables dropped', '1'], ['catch-up 5: swapped', '1'],
    ];
    expect(new Set(kills.map(([step]) => step))).toEqual(new Set(catchUpSteps));
    const served = new Set<string>();
    for (const [step, times] of kills) {
      const directory = freshDirectory();
      cpSync(original, directory, { recursive: true });
      const { signal, stderr } = spawnSync(process.execPath, [child, directory, step, times, 'next'], { encoding: 'utf8', timeout: 60_000 });
      expect([step, times, signal, stderr]).toEqual([step, times, 'SIGKILL', '']);
      const db = openTables(directory);
      // As it lies there: one version answers, with what a rebuild up to its cursor gives.
      const serving = (await readCursors(db)).filter((cursor) => cursor.serving === 1);
      expect(serving.map(({ name, size: at }) => [name, at])).toEqual([['timeline', size]]);
      const live = serving[0]?.version === 2 ? second : timeline;
      expect(await tableDigest(db, live)).toBe(formatHex((await rebuildOf(log, size, live)).digest()));
      expect(await readAt(db, live, async (_, at) => at)).toBe(size);
      served.add(`${step}: ${live.version}`);
      // Started again, it goes on, and only the new version is left.
      await catchUp(portsOf(db, log), {}, [second]);
      expect((await readCursors(db)).map(({ version, size: at, serving: is }) => [version, at, is])).toEqual([[2, size, 1]]);
      expect(await tableDigest(db, second)).toBe(formatHex((await rebuildOf(log, size, second)).digest()));
      await expect(tableDigest(db, timeline)).rejects.toThrow('no such table');
      await db.destroy();
    }
    expect([...served].filter((one) => one.endsWith(': 2'))).toEqual(['catch-up 5: swapped: 2']);
    await log.close();
  });

  test('that cannot read an event never takes over', async () => {
    const log = await history(15, 10);
    const db = openTables(freshDirectory());
    await catchUp(portsOf(db, log), {}, [timeline]);
    const wrong: CatchingUp = { ...second, every: () => { throw new LedgerError('EVENT_INVALID', 'no'); } };
    expect(await catchUp(portsOf(db, log), {}, [wrong])).toMatchObject([{ size: 0, serving: false, stopped: { entry: 0, code: 'EVENT_INVALID' } }]);
    expect(await readAt(db, timeline, async (_, at) => at)).toBe(log.published.size);
    await db.destroy();
    await log.close();
  });
});

describe('checked', () => {
  test('each row that is changed, added or gone is named, and so is a column; forgotten, it is built again', async () => {
    const log = await history(16, 120);
    const db = openTables(freshDirectory());
    await catchUp(portsOf(db, log));
    const { faults, checked } = await faultsOf(db, log);
    expect(faults).toEqual([]);
    for (const one of checked) {
      const projection = catchingUpList.find(({ name }) => name === one.name) as CatchingUp;
      expect(one).toMatchObject({ size: log.published.size, unchecked: null, digest: await tableDigest(db, projection) });
      expect(one.documents).toBeGreaterThan(0);
    }
    const table = tableIn(inventory, 'bill');
    const rows = await db.selectFrom(table).selectAll().orderBy('key').execute();
    const [first, next] = rows as unknown as [(typeof rows)[number], (typeof rows)[number]];
    const where = `table inventory_v1_bill, ${first.key}`;
    const again = async () => {
      await forgetProjection(db, 'inventory');
      await catchUp(portsOf(db, log));
      expect((await faultsOf(db, log)).faults).toEqual([]);
    };
    await db.updateTable(table).set({ document: next.document }).where('key', '=', first.key).execute();
    expect((await faultsOf(db, log)).faults).toEqual([{ where, what: 'it is not what the entries give' }]);
    await again();
    await db.updateTable(table).set({ entry: 4711 }).where('key', '=', first.key).execute();
    expect((await faultsOf(db, log)).faults).toEqual([{ where, what: 'its column entry is 4711' }]);
    await again();
    await db.deleteFrom(table).where('key', '=', first.key).execute();
    expect((await faultsOf(db, log)).faults).toEqual([{ where, what: 'it is missing' }]);
    await again();
    await db.insertInto(table).values({ ...first, key: 'none' }).execute();
    expect((await faultsOf(db, log)).faults).toEqual([{ where: 'table inventory_v1_bill, none', what: 'no entry gives this row' }]);
    await db.destroy();
    await log.close();
  });

  test('a payload that was missing may have come, and one that was here may have gone: neither is a fault', async () => {
    const log = await history(17, 120);
    const db = openTables(freshDirectory());
    await catchUp(portsOf(db, log));
    // factsOf leaves one in five out: here they are all.
    const everything = async (digest: Uint8Array) => factsOf(digest) ?? encodeUtf8('{"components":[{"purl":"pkg:npm/came@1"}],"format":"stella-inventory/1"}');
    const { missing, here } = await cameSince(db, inventory, async () => true);
    expect([missing > 0, here]).toEqual([true, missing]);
    expect((await faultsOf(db, log, everything)).faults).toEqual([]);
    const nothing = await faultsOf(db, log, async () => null);
    expect(nothing.faults).toEqual([]);
    expect(nothing.checked.map(({ name, unchecked }) => [name, unchecked?.replace(/[0-9a-f]{64}|\d+/g, '…') ?? null])).toEqual([
      ['decisions', 'payload … of entry … was here, and is not now'], ['findings', 'payload … of entry … was here, and is not now'],
      ['inventory', 'payload … of entry … was here, and is not now'], ['timeline', null],
    ]);
    await db.destroy();
    await log.close();
  });
});
