// Starting: what a start may sign, beside every way in which database and anchor can disagree.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultEngines, type Engine } from '../../ledger/log/engine.ts';
import { createLog, openLog, type Log } from '../../ledger/log/log.ts';
import { STEPS, type Step } from '../../ledger/log/steps.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { Anchor, AnchorStore } from '../../ledger/store/anchor.ts';
import { openMemoryAnchor } from '../../ledger/store/anchor.ts';
import { openFileAnchor } from '../../ledger/store/anchor-file.ts';
import { openMemory } from '../../ledger/store/memory.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { freshDirectory } from '../store/place.ts';
import { checkLog, documentOf, genesis, signerOf, World } from './kit.ts';

const add = (log: Log, ...documents: string[]) => log.append(documents.map((document) => ({ drafts: [documentOf(document, ['a'])] })));
const dies = (step: Step) => ({ at: (now: Step) => (now === step ? Promise.reject(new Error(`killed at ${step}`)) : undefined) });

/** A world with a log of `size` entries, closed. */
async function worldOf(size: number): Promise<World> {
  const world = new World();
  const log = await world.create();
  await add(log, ...Array.from({ length: size - 1 }, (_, i) => `d${i}`));
  await log.close();
  return world;
}

describe('database and anchor', () => {
  test('equal: go, with the next epoch', async () => {
    const world = await worldOf(5);
    const log = await world.open();
    expect(world.held.anchor).toMatchObject({ epoch: 2, size: 5 });
    expect(world.state.epoch).toBe(2);
    await add(log, 'next');
    await checkLog(log);
  });

  test('an old copy of the database is refused, and told which entries are missing', async () => {
    const world = await worldOf(5);
    const old = world.copyState();
    const log = await world.open();
    await add(log, 'x', 'y');
    await log.close();
    const kept = world.state;
    world.state = old;
    const refusal = await world.open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'LOG_ROLLED_BACK', hint: expect.stringContaining('stella recover') });
    expect((refusal as Error).message).toBe('Cannot sign: the database is older than what was signed, entries 5 to 6 are missing');
    // Nothing was signed or taken by the refused start.
    expect(world.held.anchor).toMatchObject({ epoch: 2, size: 7 });
    world.state = kept;
    await checkLog(await world.open());
  });

  test('an old copy that went on elsewhere is a fork, at the same size and beyond', async () => {
    const world = await worldOf(5);
    const old = world.copyState();
    const log = await world.open();
    await add(log, 'x', 'y');
    await log.close();
    for (const documents of [['other', 'history'], ['a', 'longer', 'history']]) {
      const fork = new World();
      fork.state = structuredClone(old);
      fork.held = { anchor: { ...(world.held.anchor as Anchor), size: 5, ...(await rootOf(old)) } };
      const elsewhere = await fork.open();
      await add(elsewhere, ...documents);
      await elsewhere.close();
      fork.held = world.held;
      await expect(fork.open()).rejects.toMatchObject({ code: 'LOG_FORKED' });
    }
  });

  test('no anchor beside entries: refused', async () => {
    const world = await worldOf(5);
    world.held = { anchor: null };
    await expect(world.open()).rejects.toMatchObject({ code: 'ANCHOR_MISSING', hint: expect.stringContaining('stella recover') });
    expect(world.held.anchor).toBeNull();
  });

  test("another ledger's anchor: refused", async () => {
    const world = await worldOf(5);
    world.held = { anchor: { ...(world.held.anchor as Anchor), origin: 'other.example' } };
    await expect(world.open()).rejects.toMatchObject({ code: 'LOG_FOREIGN' });
  });

  test('no database beside an anchor with a head: refused as rolled back', async () => {
    const world = await worldOf(5);
    world.state = new World().state;
    await expect(world.open()).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' });
  });
});

async function rootOf(state: World['state']): Promise<{ root: string }> {
  const head = await openMemory(state).head();
  return { root: Buffer.from(head?.root ?? []).toString('hex') };
}

describe('a stop at every step', () => {
  test.each(STEPS.filter((step) => step.startsWith('append')))('%s: what was acknowledged stays, and the next start goes on', async (step) => {
    const world = await worldOf(300);
    const log = await world.open(dies(step));
    await expect(add(log, 'x', 'y')).rejects.toThrow('killed');
    const next = await world.open();
    const there = next.published.size;
    expect(there).toBe(step === 'append 0: batch ready' ? 300 : 302);
    await checkLog(next);
    // The same evidence again: its first place where it was committed, a new one where it was not; never twice.
    expect(await add(next, 'x')).toMatchObject([{ ok: true, index: 300, repeated: there === 302 }]);
    await checkLog(next);
  });

  test.each(STEPS.filter((step) => step.startsWith('start')))('%s: the next start goes on', async (step) => {
    const world = await worldOf(3);
    await expect(world.open(dies(step))).rejects.toThrow('killed');
    const log = await world.open();
    await add(log, 'x');
    await checkLog(log);
  });
});

describe('two writers', () => {
  test('a copy started on the same anchor stops the first at its next append, and only one history is signed', async () => {
    const world = await worldOf(5);
    const first = await world.open();
    const copy = new World();
    copy.state = world.copyState();
    copy.held = world.held;
    copy.starts = 100;
    const second = await copy.open();
    await add(second, 'of the copy');
    await expect(add(first, 'of the first')).rejects.toMatchObject({ code: 'ANCHOR_TAKEN' });
    // It stays stopped: what it would sign now could contradict the copy.
    await expect(add(first, 'again')).rejects.toMatchObject({ code: 'ANCHOR_TAKEN' });
    expect(first.published.size).toBe(5);
    await add(second, 'more');
    await checkLog(second);
    await expect(world.open()).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' });
  });

  test('a second process over one database fences the first out inside its commit', async () => {
    const world = await worldOf(5);
    const first = await world.open();
    const second = await world.open();
    await expect(add(first, 'of the first')).rejects.toMatchObject({ code: 'STORE_FENCED' });
    await add(second, 'of the second');
    await checkLog(second);
  });

  test('on one machine the second process is refused at once, whatever it copied', async () => {
    const [data, copy] = [freshDirectory(), freshDirectory()];
    const anchor = join(freshDirectory(), 'anchor');
    const world = new World();
    const ports = (directory: string) => ({ ...world.ports(), store: openSqlite(directory), anchor: openFileAnchor(anchor) });
    const log = await createLog(ports(data), genesis(world.signer));
    await add(log, 'x');
    expect(() => ports(copy)).toThrow(expect.objectContaining({ code: 'ANCHOR_LOCKED' }));
    await log.close();
    const again = await openLog(ports(data));
    await checkLog(again);
    await again.close();
  });
});

/** An anchor whose swaps go as `plan` says, one after another. */
function plannedAnchor(held: World['held'], plan: ('lost' | 'unanswered' | 'dead')[]): AnchorStore {
  const real = openMemoryAnchor(held);
  let dead = false;
  const unreachable = () => new LedgerError('ANCHOR_UNREACHABLE', 'Cannot use the anchor: timed out');
  return {
    ...real,
    async read() {
      if (dead) throw unreachable();
      return real.read();
    },
    async swap(expected, next) {
      const step = plan.shift();
      if (step === undefined) return real.swap(expected, next);
      if (step === 'dead') dead = true;
      if (step === 'unanswered') await real.swap(expected, next);
      throw unreachable();
    },
  };
}

describe('an anchor that times out', () => {
  test('written, but not answered: read back as ours, go', async () => {
    const world = await worldOf(5);
    const log = await world.open({ anchor: plannedAnchor(world.held, ['unanswered', 'unanswered', 'unanswered']) });
    expect(await add(log, 'x')).toMatchObject([{ ok: true, index: 5 }]);
    expect(await add(log, 'y')).toMatchObject([{ ok: true, index: 6 }]);
    await checkLog(log);
  });

  test('not written: tried once more', async () => {
    const world = await worldOf(5);
    const plan: 'lost'[] = [];
    const log = await world.open({ anchor: plannedAnchor(world.held, plan) });
    plan.push('lost');
    expect(await add(log, 'x')).toMatchObject([{ ok: true, index: 5 }]);
    await checkLog(log);
  });

  test('unreachable: read-only, nothing acknowledged; when it answers again, everything is verified and goes on', async () => {
    const world = await worldOf(5);
    const plan: ('dead' | 'lost')[] = [];
    let anchor = plannedAnchor(world.held, plan);
    const log = await world.open({ anchor: { read: () => anchor.read(), swap: (a, b) => anchor.swap(a, b), close: () => anchor.close() } });
    plan.push('dead');
    await expect(add(log, 'x')).rejects.toMatchObject({ code: 'ANCHOR_UNREACHABLE' });
    expect(log.published.size).toBe(5);
    expect(await log.entry(4)).toBeDefined();
    await expect(add(log, 'y')).rejects.toMatchObject({ code: 'ANCHOR_UNREACHABLE' });
    anchor = plannedAnchor(world.held, []);
    // Not at once: a failure is not tried again for a second.
    await expect(add(log, 'y')).rejects.toMatchObject({ code: 'ANCHOR_UNREACHABLE' });
    world.clock.pass(1_001);
    expect(await add(log, 'x', 'y')).toMatchObject([{ ok: true, index: 5, repeated: true }, { ok: true, index: 6, repeated: false }]);
    await checkLog(log);
  });
});

describe('faults in a hash engine', () => {
  /** Gives one wrong bit, once, in the hash that `count` counts down to. */
  function faulty(engine: Engine, what: 'leaves' | 'pairs', count: { left: number }): Engine {
    return {
      ...engine,
      [what]: (...given: unknown[]) => {
        (engine[what] as (...given: unknown[]) => void)(...given);
        if (count.left-- !== 0) return;
        const [bytes, at] = what === 'leaves' ? [given[4] as Uint8Array, given[5] as number] : [given[0] as Uint8Array, given[2] as number];
        bytes[32 * at + 7] = (bytes[32 * at + 7] as number) ^ 0x04;
      },
    };
  }
  const [native, noble] = defaultEngines();

  const cases = [0, 1].flatMap((which) => (['leaves', 'pairs'] as const).flatMap((what) => [0, 2, 5].map((after) => [which, what, after] as const)));
  test.each(cases)('engine %i, %s, call %i: nothing is signed, and it stays so', async (which, what, after) => {
    const world = await worldOf(300);
    const count = { left: -1 };
    const engines = which === 0 ? ([faulty(native, what, count), noble] as const) : ([native, faulty(noble, what, count)] as const);
    const log = await world.open({ engines });
    count.left = after;
    let refusal: unknown = null;
    for (let i = 0; refusal === null && i < 20; i++) refusal = await add(log, `x${i}`).then(() => null, (error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'HASH_DISAGREES' });
    await expect(add(log, 'more')).rejects.toMatchObject({ code: 'HASH_DISAGREES' });
    const { size } = log.published;
    expect(world.held.anchor?.size).toBe(size);
    await checkLog(log);
  });
});

describe('the clock', () => {
  test('set while running: appends are refused until it is accepted; then time goes on from there', async () => {
    const world = await worldOf(2);
    const log = await world.open();
    world.clock.wall += 5_001;
    expect(await add(log, 'x')).toMatchObject([{ ok: false, error: { code: 'CLOCK_DOUBTED', hint: expect.stringContaining('clock accept') } }]);
    world.clock.wall -= 5_001;
    // Back again: it was set twice, and stays in doubt.
    expect(await add(log, 'x')).toMatchObject([{ ok: false }]);
    expect(await log.acceptClock({ kind: 'ledger', auth: 'self' })).toMatchObject({ index: 2 });
    expect(await add(log, 'x')).toMatchObject([{ ok: true, index: 3 }]);
    await checkLog(log);
  });

  test('within 5 s it is no matter, and time never goes back', async () => {
    const world = await worldOf(2);
    const log = await world.open();
    world.clock.wall += 4_900;
    await add(log, 'x');
    world.clock.wall -= 4_900;
    await add(log, 'y');
    await checkLog(log);
  });

  test('a start behind the newest entry is refused', async () => {
    const world = await worldOf(2);
    world.clock.wall -= 1;
    const log = await world.open();
    expect(log.clockDoubt()).toMatchObject({ reason: 'behind' });
    expect(await add(log, 'x')).toMatchObject([{ ok: false, error: { code: 'CLOCK_DOUBTED' } }]);
    await log.acceptClock({ kind: 'ledger', auth: 'self' });
    expect(await add(log, 'x')).toMatchObject([{ ok: true, index: 3 }]);
    await checkLog(log);
  });

  test('a start in 2036 is refused, beside a witness and without one, and accepted for good once it is', async () => {
    for (const outsideTime of [new World().clock.wall, null]) {
      const world = await worldOf(2);
      world.clock.wall = Date.UTC(2036, 10, 21);
      let log = await world.open({ outsideTime });
      expect(log.clockDoubt()).toMatchObject({ reason: 'outside' });
      expect(await add(log, 'x')).toMatchObject([{ ok: false, error: { code: 'CLOCK_DOUBTED' } }]);
      expect(log.published.size).toBe(2);
      await log.acceptClock({ kind: 'ledger', auth: 'self' });
      await add(log, 'x');
      await log.close();
      log = await world.open({ outsideTime });
      expect(log.clockDoubt()).toBeNull();
      expect(await add(log, 'y')).toMatchObject([{ ok: true, index: 4 }]);
      // The clock is set right again: behind the newest entry, so it must be accepted once more, and 2036 is gone.
      await log.close();
      world.clock.wall = Date.UTC(2026, 10, 22);
      log = await world.open({ outsideTime });
      expect(log.clockDoubt()).toMatchObject({ reason: 'behind' });
      await log.acceptClock({ kind: 'ledger', auth: 'self' });
      await add(log, 'z');
      await checkLog(log);
    }
  });

  test('an hour from the witness is near enough, two days are not', async () => {
    const world = await worldOf(2);
    const near = world.clock.wall - 3_600_000;
    expect((await world.open({ outsideTime: near })).clockDoubt()).toBeNull();
    expect((await world.open({ outsideTime: near - 48 * 3_600_000 })).clockDoubt()).toMatchObject({ reason: 'outside' });
  });
});

test('a key that is not the ledger\'s opens nothing', async () => {
  const world = await worldOf(2);
  world.signer = signerOf(5);
  await expect(world.open()).rejects.toMatchObject({ code: 'LOG_KEY_WRONG' });
  expect(world.held.anchor?.epoch).toBe(1);
});
