// The committing thread: the same answers as without it, refusals with their codes, and a fresh start after a failure.
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startCommitThread } from '../../ledger/log/committer.ts';
import { createLog, openLog, type Log } from '../../ledger/log/log.ts';
import { openFileAnchor } from '../../ledger/store/anchor-file.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { freshDirectory } from '../store/place.ts';
import { checkLog, documentOf, genesis, World } from './kit.ts';

const add = (log: Log, from: number, to: number) =>
  log.append(Array.from({ length: to - from }, (_, i) => ({ drafts: [documentOf(`d${from + i}`, [`s${(from + i) % 7}`])] })));

function ports(directory: string, world: World) {
  const thread = startCommitThread(directory);
  onTestFinished(() => thread.close());
  return { ...world.ports(), store: openSqlite(directory), anchor: openFileAnchor(join(directory, 'apart', 'anchor')), committer: thread };
}

test('many calls in flight are committed and hashed again beside this thread', async () => {
  const directory = freshDirectory();
  const world = new World();
  const log = await createLog(ports(directory, world), genesis(world.signer));
  const calls = Array.from({ length: 30 }, (_, call) => add(log, 100 * call, 100 * call + 100));
  const outcomes = (await Promise.all(calls)).flat();
  expect(outcomes.every((outcome) => outcome.ok && !outcome.repeated && outcome.size > outcome.index)).toBe(true);
  expect(log.published.size).toBe(3001);
  expect(await add(log, 7, 8)).toMatchObject([{ index: 8, repeated: true }]);
  await checkLog(log);
  await log.close();
  const again = await openLog(ports(directory, world));
  await add(again, 5000, 5001);
  expect(again.published.size).toBe(3002);
  await again.close();
});

test('half of what is in flight is committed while the rest is placed, so that no thread waits for the other', async () => {
  const directory = freshDirectory();
  const world = new World();
  const log = await createLog(ports(directory, world), genesis(world.signer));
  const sizes = new Set<number>();
  const caller = async (number: number) => {
    for (let round = 0; round < 6; round++) {
      const outcomes = await add(log, 1000 * number + 100 * round, 1000 * number + 100 * round + 100);
      for (const outcome of outcomes) sizes.add(outcome.ok ? outcome.size : -1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, number) => caller(number)));
  expect(log.published.size).toBe(12_001);
  // Of 2,000 in flight no group takes all, once there was one group to tell how many there are.
  const groups = [...sizes].sort((a, b) => a - b).map((size, i, all) => size - (all[i - 1] ?? 1));
  expect(Math.max(...groups.slice(1))).toBeLessThan(1_500);
  await checkLog(log);
  await log.close();
});

test('a refusal in the thread keeps its code, and is final where it must be', async () => {
  const directory = freshDirectory();
  const world = new World();
  const log = await createLog(ports(directory, world), genesis(world.signer));
  const other = openSqlite(directory);
  await other.takeEpoch(9);
  await expect(add(log, 0, 5)).rejects.toMatchObject({ code: 'STORE_FENCED', hint: expect.stringContaining('another process') });
  world.clock.pass(2_000);
  await expect(add(log, 0, 5)).rejects.toMatchObject({ code: 'STORE_FENCED' });
  expect(log.published.size).toBe(1);
  await other.close();
  await log.close();
});
