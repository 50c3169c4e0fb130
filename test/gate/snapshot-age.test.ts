// How old advisories are after rescans: what holds for newer ones is as fresh as they are, and only what is said to hold.
import { describe, expect, test } from 'vitest';
import { inOrder } from '../../actions/gate-report.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { concatBytes, equalBytes } from '../../ledger/bytes.ts';
import { CURRENT } from '../../policy/gate/decide.ts';
import { parsePins } from '../../policy/gate/decision.ts';
import { digestOf } from '../log/kit.ts';
import { app, day, Gates, noCriticals } from './kit.ts';

const other = digestOf('other');

/** An artifact scanned 31 days ago, whose feed has newer advisories since yesterday. */
async function aged(): Promise<{ gates: Gates; scan: number }> {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  const scan = await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
  gates.world.clock.pass(30 * day);
  await gates.feed('osv', 'snapshot 2');
  gates.world.clock.pass(day);
  return { gates, scan };
}

/** The answer, which a replay must give again. */
async function answerOf(gates: Gates, asked: Parameters<Gates['gate']>[0] = {}): Promise<string> {
  const { data, appended } = await gates.gate(asked);
  expect((await replayFromStreams(gates, appended.index)).verdict).toEqual({ is: 'SAME' });
  return [data.outcome, ...inOrder(data.codes)].join(' ');
}

describe('a scan whose advisories are too old', () => {
  test('denies without a rescan, and counts for newer advisories by which a rescan found it to hold', async () => {
    const { gates, scan } = await aged();
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    await gates.rescan([scan], 'snapshot 2');
    expect(await answerOf(gates)).toBe('allow');
    // It is as old as those advisories, not as the rescan.
    gates.world.clock.pass(29 * day);
    expect(await answerOf(gates)).toBe('allow');
    gates.world.clock.pass(1);
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    await gates.feed('osv', 'snapshot 3');
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    await gates.rescan([scan], 'snapshot 3');
    expect(await answerOf(gates)).toBe('allow');
  });

  test.each<[string, (gates: Gates, scan: number) => Promise<unknown>]>([
    ['of another feed', async (gates, scan) => {
      await gates.feed('ubuntu', 'snapshot 2');
      await gates.rescan([scan], 'snapshot 2', 'ubuntu');
    }],
    ['that says so of another scan', (gates, scan) => gates.rescan([scan - 1, scan + 1], 'snapshot 2')],
    ['that says so of another artifact', (gates, scan) => gates.rescan([scan], 'snapshot 2', 'osv', other)],
    ['in which nothing holds', (gates) => gates.rescan([], 'snapshot 2')],
    ['for the snapshot that was replaced', (gates, scan) => gates.rescan([scan], 'snapshot 1')],
    ['for a snapshot that was never imported', (gates, scan) => gates.rescan([scan], 'snapshot 9')],
    ['under other semantics of matching', (gates, scan) => gates.rescan([scan], 'snapshot 2', 'osv', app, 2)],
    ['for advisories that were fetched long ago', async (gates, scan) => {
      await gates.feed('osv', 'snapshot 0', gates.world.clock.wall - 40 * day);
      await gates.rescan([scan], 'snapshot 0');
    }],
  ])('stays so by a rescan %s', async (_, rescan) => {
    const { gates, scan } = await aged();
    await rescan(gates, scan);
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
  });

  test('keeps what a rescan said of it when one for an older snapshot, and a newer import, come after', async () => {
    const { gates, scan } = await aged();
    await gates.rescan([scan], 'snapshot 2');
    await gates.rescan([], 'snapshot 1');
    await gates.feed('osv', 'snapshot 3');
    expect(await answerOf(gates)).toBe('allow');
    // A rescan for the newest, in which it does not hold, takes that back.
    await gates.rescan([], 'snapshot 3');
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
  });

  test('is as fresh as the newest import of what it holds for: advisories that stay the same for months', async () => {
    const { gates, scan } = await aged();
    await gates.rescan([scan], 'snapshot 2');
    gates.world.clock.pass(31 * day);
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    await gates.feed('osv', 'snapshot 2');
    expect(await answerOf(gates)).toBe('allow');
    await gates.feed('osv', 'snapshot 3');
    gates.world.clock.pass(30 * day + 1);
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
  });

  test('that was made after the rescan is none that it looked at, whatever it lists', async () => {
    const { gates, scan } = await aged();
    const next = scan + 5;
    await gates.rescan([scan, next], 'snapshot 2');
    await gates.feed('osv', 'snapshot 0', gates.world.clock.wall - 40 * day);
    expect(await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@2']), [], 'snapshot 0')).toBe(next);
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
  });
});

describe('a scan with advisories that others have replaced', () => {
  /** Two snapshots, the older one of 40 days ago; scanned today, with the older. */
  async function belated(fetched?: number): Promise<Gates> {
    const gates = await Gates.begin();
    await gates.policy('release', noCriticals);
    await gates.feed('osv', 'snapshot 1', fetched);
    gates.world.clock.pass(40 * day);
    for (let i = 0; i < 20; i++) await gates.feed('osv', `snapshot ${i + 2}`);
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), [], 'snapshot 1');
    return gates;
  }

  test('is as old as they are, however late it was made', async () => {
    const gates = await belated();
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    expect((await gates.gate()).decided.shown.results.notes).toContain('the advisories are 40 days old, expected at most 30');
    expect(await answerOf(gates, { effective: gates.world.clock.wall - 10 * day })).toBe('allow');
    // A scan of today with those of today.
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@2']), [], 'snapshot 20');
    expect(await answerOf(gates)).toBe('allow');
  });

  test('is as old as its sources say, and as its newest import', async () => {
    const gates = await belated();
    await gates.feed('osv', 'snapshot 1', gates.world.clock.wall - 31 * day);
    await gates.feed('osv', 'snapshot 99');
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    await gates.feed('osv', 'snapshot 1', gates.world.clock.wall - 30 * day);
    await gates.feed('osv', 'snapshot 99');
    expect(await answerOf(gates)).toBe('allow');
  });

  test('that the feed never had is too old', async () => {
    const gates = await belated();
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@2']), [], 'snapshot of nobody');
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
    expect((await gates.gate()).decided.shown.results.notes).toContain('the advisories that were scanned with were never imported into the feed');
  });

  test('was as old as the scan under gate semantics 1: what was decided then stays SAME', async () => {
    const gates = await belated();
    const decision = await gates.decideUnder({ ...CURRENT, gate: 1 });
    expect((await gates.event(decision)).data).toMatchObject({ outcome: 'allow' });
    expect((await replayFromStreams(gates, decision)).verdict).toEqual({ is: 'SAME' });
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE');
  });
});

describe("a rescan's list", () => {
  const isPinned = async (gates: Gates, rescan: number, asked: Parameters<Gates['gate']>[0] = {}) => {
    const { decided } = await gates.gate(asked);
    const { feed } = decided.shown.gathered;
    expect(feed?.rescanned?.entry).toBe(rescan);
    return parsePins(concatBytes(...decided.pins)).facts.some((digest) => equalBytes(digest, feed?.rescanned?.holding as Uint8Array));
  };

  test('is pinned where the answer depends on it, and not read elsewhere', async () => {
    const { gates, scan } = await aged();
    const rescan = await gates.rescan([scan], 'snapshot 2');
    expect(await isPinned(gates, rescan)).toBe(true);
    expect(await isPinned(gates, rescan, { effective: gates.world.clock.wall - 2 * day })).toBe(false);
    gates.world.clock.pass(31 * day);
    expect(await isPinned(gates, rescan)).toBe(false);
  });

  test('that is not here denies, and cannot be replayed', async () => {
    const { gates, scan } = await aged();
    await gates.rescan([scan], 'snapshot 2');
    const { data, appended } = await gates.gate();
    expect(data.outcome).toBe('allow');
    gates.forget('holding');
    expect((await replayFromStreams(gates, appended.index)).verdict).toMatchObject({ is: 'CANNOT', missing: 'payload' });
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE PAYLOAD_UNAVAILABLE');
  });

  test.each(['{}', '[1]', '[{"scan":"4"}]', '[', '\ufeff[]'])('of another form denies: %s', async (text) => {
    const { gates, scan } = await aged();
    const { put } = gates;
    gates.put = async (role, value) => put.call(gates, role, role === 'holding' ? new TextEncoder().encode(text) : value);
    await gates.rescan([scan], 'snapshot 2');
    expect(await answerOf(gates)).toBe('deny SNAPSHOT_STALE PAYLOAD_NEWER');
  });
});
