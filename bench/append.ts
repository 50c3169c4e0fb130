// Appending: 1, 100 and 1,000 events a call, alone and with 32 calls in flight, and what an event costs as the ledger grows.
import type { Log } from '../ledger/log/log.ts';
import type { Bench, Result } from './bench.ts';
import { BenchLedger, Events, machineRates, percentiles } from './ledger.ts';

interface Measured {
  /** Events a second. */
  readonly rate: number;
  /** Of user and system time on all cores, microseconds an event. */
  readonly cpu: number;
  /** Of a call, milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Calls of `perCall` events, `inFlight` at a time, until `events` are acknowledged or the time is over. */
async function measure(log: Log, events: Events, perCall: number, inFlight: number, limit: { events: number; seconds: number }): Promise<Measured> {
  const took: number[] = [];
  let acknowledged = 0;
  let sent = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const caller = async () => {
    while (sent < limit.events && performance.now() - start < 1000 * limit.seconds) {
      sent += perCall;
      const commands = Array.from({ length: perCall }, () => events.command());
      const began = performance.now();
      const outcomes = await log.append(commands);
      took.push(performance.now() - began);
      for (const outcome of outcomes) if (!outcome.ok) throw outcome.error;
      acknowledged += outcomes.length;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  return { rate: acknowledged / seconds, cpu: (used.user + used.system) / acknowledged, ...percentiles(took) };
}

/** What this process holds for itself: without the database's pages, which the system lends and takes back. */
function megabytes(): number {
  const { heapTotal, external } = process.memoryUsage();
  return Math.round((heapTotal + external) / 1e6);
}

export const append: Bench = {
  async *run({ quick, left }) {
    const machine = machineRates(quick ? 0.5 : 2);
    yield { name: 'append/machine/flush', value: machine.flushes, unit: '4 KiB flushes/s' };
    yield { name: 'append/machine/sha256', value: machine.hashes, unit: '549-byte hashes/s' };

    for (const perCall of [1, 100, 1000]) {
      for (const inFlight of [1, 32]) {
        const ledger = new BenchLedger();
        const log = await ledger.create(perCall * inFlight > 32);
        const events = new Events();
        await measure(log, events, 1000, 8, { events: 10_000, seconds: 10 });
        const seconds = quick ? 1.5 : 6;
        const { rate, cpu, p50, p99 } = await measure(log, events, perCall, inFlight, { events: Infinity, seconds });
        const name = `append/${perCall}${inFlight === 1 ? '' : 'x32'}`;
        yield { name, value: rate, unit: 'events/s' };
        yield { name: `${name}/cpu`, value: cpu, unit: 'µs/event, all cores' };
        yield { name: `${name}/p50`, value: p50, unit: 'ms a call' };
        yield { name: `${name}/p99`, value: p99, unit: 'ms a call' };
        await log.close();
        await ledger.remove();
      }
    }
    yield* growth(quick ? [10_000, 100_000] : [10_000, 1_000_000, 10_000_000]);
    if (quick) left('growth to 1 and 10 million entries');
  },
};

/** One ledger that grows: what an event costs at each size, how much memory it takes, and how it opens again. */
async function* growth(sizes: readonly number[]): AsyncGenerator<Result> {
  const ledger = new BenchLedger();
  let log = await ledger.create(true);
  const events = new Events();
  for (const size of sizes) {
    const name = size >= 1e6 ? `${size / 1e6}m` : `${size / 1000}k`;
    const tenth = Math.max(10_000, size / 50);
    while (log.published.size < size - tenth) await measure(log, events, 1000, 16, { events: size - tenth - log.published.size, seconds: 3600 });
    const { rate, cpu } = await measure(log, events, 100, 32, { events: tenth, seconds: 3600 });
    yield { name: `append/at-${name}`, value: rate, unit: 'events/s, 100 a call, 32 in flight' };
    yield { name: `append/at-${name}/cpu`, value: cpu, unit: 'µs/event, all cores' };
    yield { name: `append/at-${name}/memory`, value: megabytes(), unit: 'MB, mapped pages of the database left out' };
  }
  const last = sizes.at(-1) as number;
  const { size } = log.published;
  const [original] = await log.append([events.numbered(7)]);
  await log.close();
  const began = performance.now();
  log = await ledger.open(false);
  const name = last >= 1e6 ? `${last / 1e6}m` : `${last / 1000}k`;
  yield { name: `append/reopen-${name}`, value: (performance.now() - began) / 1000, unit: `s to open ${size} entries` };
  const [again] = await log.append([events.numbered(7)]);
  if (original?.ok !== true || again?.ok !== true || again.index !== original.index || !again.repeated) throw new Error('a re-sent event was not recognised');
  yield { name: 'append/reopen/resent', value: (performance.now() - began) / 1000, unit: `s until a re-sent event gave entry ${again.index}` };
  await log.close();
  await ledger.remove();
}
