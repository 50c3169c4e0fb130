// A catching-up thread that dies: started again with growing pauses, and left down where it never takes anything in.
import { afterEach, expect, test } from 'vitest';
import { CatchingUpBeside } from '../../cli/catching-up.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { startThread, type Thread } from '../../ledger/store/thread.ts';

const place = { directory: '/nowhere', anchor: '/nowhere/anchor', origin: 'x.example', ledger: '00' } as never;

/** What steps come to, one after another, whichever thread is asked: how many of 10 entries are taken in, or its death. */
type Outcome = number | 'dies';

function scripted(outcomes: Outcome[]): { start: () => Thread; starts: () => number } {
  let starts = 0;
  const start = (): Thread => {
    starts += 1;
    let isDead = false;
    return {
      get isDead() {
        return isDead;
      },
      async call(name) {
        if (name !== 'step') return undefined;
        const next = outcomes.shift();
        if (next === undefined) throw new TypeError('no more is known of this thread');
        if (typeof next === 'number') return { size: 10, standings: [{ name: 'findings', version: 1, size: next, of: 10, serving: true, stopped: null }] };
        isDead = true;
        throw new Error('out of memory');
      },
      close: async () => {},
    };
  };
  return { start, starts: () => starts };
}

const beside: CatchingUpBeside[] = [];
afterEach(async () => {
  for (const one of beside.splice(0)) await one.close();
});

/** Pauses end when the test says so. */
function begin(start: () => Thread) {
  const told: unknown[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  let arrived = () => {};
  const after = (ms: number) => {
    let end = () => {};
    const done = new Promise<void>((resolve) => (end = resolve));
    pauses.push({ ms, end });
    arrived();
    return { done, cancel: end };
  };
  const running = new CatchingUpBeside(place, { monotonic: () => 0, onRefusal: (error) => told.push(error), start, after });
  beside.push(running);
  /** The next pause; the one before it ends. */
  const next = async (): Promise<number> => {
    pauses.shift()?.end();
    while (pauses.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
    return pauses[0]?.ms as number;
  };
  return { running, told, next };
}

test('is started again, after pauses that grow, and shorter ones once it took something in', async () => {
  const { start, starts } = scripted([4, 'dies', 'dies', 'dies', 5, 'dies', 10, 'dies', 10]);
  const { running, told, next } = begin(start);
  expect(await next()).toBe(5);
  expect([await next(), running.state.refused?.code, running.state.standings[0]?.size]).toEqual([5_000, 'STORE_FAILED', 4]);
  expect([await next(), await next()]).toEqual([10_000, 20_000]);
  expect([await next(), running.state]).toMatchObject([5, { refused: null, standings: [{ size: 5 }] }]);
  expect([await next(), await next(), await next(), await next()]).toEqual([5_000, 250, 5_000, 250]);
  expect([starts(), told.map((error) => (error as Error).message)]).toEqual([6, Array.from({ length: 5 }, () => 'out of memory')]);
});

test('stays down where it dies eight times and takes nothing in, and says so', async () => {
  // A step that moves nothing is no sign of life: what kills it comes behind.
  const { start, starts } = scripted([4, 'dies', 4, 'dies', 'dies', 'dies', 'dies', 'dies', 'dies', 'dies']);
  const { running, told, next } = begin(start);
  const pauses = [];
  for (let i = 0; i < 9; i++) pauses.push(await next());
  expect(pauses).toEqual([5, 5_000, 5, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000]);
  await next();
  expect(running.state).toMatchObject({
    refused: { code: 'PROJECTION_STOPPED', message: 'Cannot catch up until the server starts again: the thread died 8 times, out of memory' },
    standings: [{ size: 4 }],
  });
  expect([starts(), told.length, (told.at(-1) as LedgerError).code]).toEqual([8, 9, 'PROJECTION_STOPPED']);
});

test('a refusal is no death: the same thread is asked again', async () => {
  let asked = 0;
  const thread: Thread = {
    isDead: false, close: async () => {},
    call: async (name) => {
      if (name === 'step') asked += 1;
      if (name === 'step') throw new LedgerError('STORE_FULL', 'Cannot write: the disk is full');
    },
  };
  const { running, told, next } = begin(() => thread);
  for (let i = 0; i < 12; i++) expect(await next()).toBe(5_000);
  expect([asked, told.length, running.state.refused?.code]).toEqual([12, 1, 'STORE_FULL']);
});

test('threads that end, and that throw, are dead; a stop while one is waited for ends', async () => {
  const later = 'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => setImmediate(() => { throw new Error("later"); }));';
  const ends = [
    new URL('data:text/javascript,process.exit(3)'),
    new URL('data:text/javascript,throw new Error("at the start")'),
    new URL(`data:text/javascript,${encodeURIComponent(later)}`),
  ];
  const { running, told, next } = begin(() => startThread(ends.shift() as URL));
  expect([await next(), await next(), await next()]).toEqual([5_000, 10_000, 20_000]);
  expect(told.map((error) => (error as Error).message)).toEqual(['Cannot go on: the thread that works on it ended with 3', 'at the start', 'later']);
  expect(running.state.refused?.code).toBe('STORE_FAILED');
  await running.close();
});
