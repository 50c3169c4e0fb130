// npm run bench -- replay: a decision made again from every entry before it: root, stream index, streams and documents recomputed.
import { publishPolicy } from '../actions/publish-policy.ts';
import { gate } from '../actions/gate.ts';
import { replayFromStreams, replayFully } from '../actions/replay.ts';
import { readRange } from '../actions/verified-range.ts';
import { join } from 'node:path';
import { openPayloads } from '../ledger/store/payloads.ts';
import { parseJson, type RegoObject } from '../policy/index.ts';
import type { Bench, Result } from './bench.ts';
import { BenchLedger, Events } from './ledger.ts';

const by = { kind: 'person', auth: 'local', person: new Uint8Array(16) } as const;
const perDecision = 10_000;

export const bench: Bench = {
  async *run({ quick, left }): AsyncIterable<Result> {
    const count = quick ? 100_000 : 1_000_000;
    if (quick) left('1,000,000 events');
    const ledger = new BenchLedger();
    const log = await ledger.create(true);
    const payloads = openPayloads(join(ledger.directory, 'payloads'));
    try {
      const modules = [{ file: 'p.rego', text: 'package p\n\nallow := true\n' }];
      const bundle = { modules, data: parseJson('{}') as RegoObject, revision: '', regoVersion: 1 as const };
      const pepper = new Uint8Array(32);
      await publishPolicy({ log, payloads, pepper }, { name: 'release', bundle, entrypoints: ['data.p.allow'] }, by);
      const events = new Events();
      let last = -1;
      for (let made = 0; made < count; made += 1_000) {
        await log.append(Array.from({ length: 1_000 }, () => events.command()));
        if (made % perDecision === 0) {
          const asked = { artifact: new Uint8Array(32).fill(made / perDecision), policy: 'release' };
          last = (await gate({ log, payloads, pepper, now: Date.now }, asked, by)).appended.index;
        }
      }
      const size = log.published.size;
      for (const thread of [false, true]) {
        const [started, cpu] = [performance.now(), process.cpuUsage()];
        const range = await readRange(log, payloads, size, { thread });
        const seconds = (performance.now() - started) / 1_000;
        const { user, system } = process.cpuUsage(cpu);
        await range.close();
        if (range.faults.length > 0) throw new TypeError(`entry ${range.faults[0]?.index}: ${range.faults[0]?.what}`);
        const name = `replay/verified${thread ? '' : '/one-thread'}`;
        yield { name, value: size / seconds, unit: 'events/s' };
        yield { name: `${name}/cpu`, value: (user + system) / size, unit: 'µs of CPU an event' };
      }
      const started = performance.now();
      const { verdict } = await replayFully({ log, payloads }, last, { thread: true });
      if (verdict.is !== 'SAME') throw new TypeError(`the replay says ${JSON.stringify(verdict)}`);
      yield { name: 'replay/full', value: (performance.now() - started) / 1_000, unit: `s for a decision on ${size} entries` };
      const quickly = performance.now();
      await replayFromStreams({ log, payloads }, last);
      yield { name: 'replay/streams', value: performance.now() - quickly, unit: 'ms from its streams alone' };
      yield { name: 'replay/memory', value: process.memoryUsage().rss / 2 ** 20, unit: 'MiB resident' };
    } finally {
      await log.close();
      await ledger.remove();
    }
  },
};
