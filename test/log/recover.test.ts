// Recovering: a wrong copy changes nothing, a right one brings every entry back, and a lost anchor needs a head from outside.
import { describe, expect, test } from 'vitest';
import { openMemory } from '../../ledger/store/memory.ts';
import { openMemoryAnchor } from '../../ledger/store/anchor.ts';
import type { Store } from '../../ledger/store/port.ts';
import type { Log } from '../../ledger/log/log.ts';
import { adoptHead, recover, recoverAnchor, sourceOf, type EntrySource } from '../../ledger/log/recover.ts';
import { statusOf } from '../../ledger/log/status.ts';
import { openView } from '../../ledger/log/view.ts';
import { checkLog, documentOf, signerOf, World } from './kit.ts';

const add = (log: Log, ...documents: string[]) => log.append(documents.map((document) => ({ drafts: [documentOf(document, ['a'])] })));
const key = signerOf(1).key;

/** A world whose database is an old copy, a source that has everything, and the newest checkpoint. */
async function rolledBack(): Promise<{ world: World; mirror: EntrySource; note: string }> {
  const world = new World();
  const log = await world.create();
  await add(log, ...Array.from({ length: 300 }, (_, i) => `d${i}`));
  const old = world.copyState();
  await add(log, ...Array.from({ length: 600 }, (_, i) => `e${i}`));
  const { note } = log.published;
  await log.close();
  const mirror = sourceOf(openMemory(world.state));
  world.state = old;
  return { world, mirror, note };
}

describe('an old copy of the database', () => {
  test('says what is missing, takes it from a mirror, and goes on', async () => {
    const { world, mirror } = await rolledBack();
    const before = await statusOf(openMemory(world.state), openMemoryAnchor(world.held));
    expect(before).toMatchObject({ size: 301, anchor: { size: 901 }, refusal: { code: 'LOG_ROLLED_BACK' } });
    expect(before.refusal?.message).toContain('entries 301 to 900 are missing');
    expect(await recover(world.ports(), mirror)).toEqual({ before: 301, size: 901 });
    expect(await statusOf(openMemory(world.state), openMemoryAnchor(world.held))).toMatchObject({ size: 901, unsigned: 0, refusal: null });
    const log = await world.open();
    expect(await add(log, 'd7', 'e7', 'new')).toMatchObject([{ repeated: true }, { index: 308, repeated: true }, { index: 901 }]);
    await checkLog(log);
    await log.close();
    expect(await recover(world.ports(), mirror)).toEqual({ before: 902, size: 902 });
  });

  test('a copy that is short, altered or of another ledger changes nothing', async () => {
    const { world, mirror } = await rolledBack();
    const short: EntrySource = { entries: (start) => mirror.entries(start, 900) };
    await expect(recover(world.ports(), short)).rejects.toMatchObject({ code: 'RECOVER_INCOMPLETE' });
    async function* altered(start: number, end: number) {
      let index = start;
      for await (const entry of mirror.entries(start, end)) {
        const copy = entry.slice();
        if (index++ === 650) copy[20] = (copy[20] as number) ^ 1;
        yield copy;
      }
    }
    await expect(recover(world.ports(), { entries: altered })).rejects.toMatchObject({ code: 'RECOVER_WRONG' });
    expect(world.state.commits.at(-1)).toMatchObject({ start: 1, count: 300 });
    expect(world.held.anchor).toMatchObject({ epoch: 1, size: 901 });
  });

  test('stopped in the middle, it goes on where it was', async () => {
    const { world, mirror } = await rolledBack();
    let passes = 0;
    const store = openMemory(world.state);
    const commit: Store['commit'] = (batch) => ((passes += 1) === 2 ? Promise.reject(new Error('killed')) : store.commit(batch));
    const ports = { ...world.ports(), store: { ...store, commit }, entriesPerCommit: 250 };
    await expect(recover(ports, mirror)).rejects.toThrow('killed');
    expect(await statusOf(store, openMemoryAnchor(world.held))).toMatchObject({ size: 551, refusal: { code: 'LOG_ROLLED_BACK' } });
    expect(await recover(ports, mirror)).toEqual({ before: 551, size: 901 });
    await checkLog(await world.open());
  });

  test('everything lost but a mirror and one checkpoint: a new machine takes all of it', async () => {
    const { mirror, note } = await rolledBack();
    const world = new World();
    await adoptHead(world.ports(), note, [key]);
    expect(await recover(world.ports(), mirror)).toEqual({ before: 0, size: 901 });
    await checkLog(await world.open());
  });
});

describe('a lost anchor', () => {
  test('is made again from a head that the log has signed and the store has', async () => {
    const { world, mirror, note } = await rolledBack();
    const old = (await openView(world.ports())).published;
    expect(old.size).toBe(0);
    world.held = { anchor: null };
    await expect(recoverAnchor(world.ports(), note, [key])).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' });
    world.held = { anchor: null };
    await adoptHeadOf(world, note);
    await recover(world.ports(), mirror);
    world.held = { anchor: null };
    await expect(recoverAnchor(world.ports(), note, [signerOf(2).key])).rejects.toMatchObject({ code: 'RECOVER_WRONG' });
    await expect(world.open()).rejects.toMatchObject({ code: 'ANCHOR_MISSING' });
    await recoverAnchor(world.ports(), note, [key]);
    const log = await world.open();
    await add(log, 'new');
    await checkLog(log);
    await expect(recoverAnchor(world.ports(), note, [key])).rejects.toMatchObject({ code: 'ANCHOR_TAKEN' });
  });

  test('an older head that is known outside still lets the log go on, for all its entries are here', async () => {
    const world = new World();
    const log = await world.create();
    const { note } = log.published;
    await add(log, 'a', 'b', 'c');
    await log.close();
    world.held = { anchor: null };
    await recoverAnchor(world.ports(), note, [key]);
    expect(world.held).toMatchObject({ anchor: { size: 1 } });
    const next = await world.open();
    expect(next.published.size).toBe(4);
    await checkLog(next);
  });
});

/** Puts the signed head in the anchor's place, as an operator who brings it on another machine does. */
async function adoptHeadOf(world: World, note: string): Promise<void> {
  const kept = world.state;
  world.state = new World().state;
  await adoptHead(world.ports(), note, [key]);
  world.state = kept;
}

test('a view reads beside the writer, at the anchored size, with the same proofs', async () => {
  const world = new World();
  const log = await world.create();
  await add(log, ...Array.from({ length: 400 }, (_, i) => `d${i}`));
  const view = await openView({ store: openMemory(world.state), anchor: openMemoryAnchor(world.held) });
  await checkLog(view);
  expect(view.published).toEqual(log.published);
  expect(await view.tile(0, 0, 256)).toHaveLength(8192);
  expect(await view.tile(0, 1, 145)).toEqual(await log.tile(0, 1, 145));
  expect(await view.tile(0, 1, 146)).toBeNull();
  expect(await view.bundle(1, 145)).toEqual(await log.bundle(1, 145));
  expect(await view.bundle(1, 146)).toBeNull();
  await add(log, 'more');
  expect(view.published.size).toBe(401);
});
