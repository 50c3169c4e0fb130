// npm run bench -- replay: a decision made again from every entry before it: root, stream index, streams and documents recomputed.
import { join } from 'node:path';
import { gate } from '../actions/gate.ts';
import { publishPolicy } from '../actions/publish-policy.ts';
import { replayFromStreams, replayFully } from '../actions/replay.ts';
import { readRange } from '../actions/verified-range.ts';
import { prepareDraft } from '../ledger/events/index.ts';
import type { Command } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { openPayloads, type PayloadStore } from '../ledger/store/payloads.ts';
import { parseJson, type RegoObject } from '../policy/index.ts';
import type { Bench, Result } from './bench.ts';
import { BenchLedger, Events } from './ledger.ts';
import { mixed } from './mixed.ts';

const by = { kind: 'person', auth: 'local', person: new Uint8Array(16) } as const;
const perDecision = 10_000;

/** A ledger of so many events, one in 10,000 a decision. */
class Decided {
  last = -1;
  readonly ledger: BenchLedger;
  readonly log: Log;
  readonly payloads: PayloadStore;

  private constructor(ledger: BenchLedger, log: Log) {
    this.ledger = ledger;
    this.log = log;
    this.payloads = openPayloads(join(ledger.directory, 'payloads'));
  }

  static async of(count: number, command: (number: number) => Command): Promise<Decided> {
    const ledger = new BenchLedger();
    const made = new Decided(ledger, await ledger.create(true));
    const ports = { log: made.log, payloads: made.payloads, pepper: new Uint8Array(32), now: Date.now };
    const modules = [{ file: 'p.rego', text: 'package p\n\nallow := true\n' }];
    const bundle = { modules, data: parseJson('{}') as RegoObject, revision: '', regoVersion: 1 as const };
    await publishPolicy(ports, { name: 'release', bundle, entrypoints: ['data.p.allow'] }, by);
    for (let at = 0; at < count; at += 1_000) {
      await made.log.append(Array.from({ length: 1_000 }, (_, i) => command(at + i)));
      if (at % perDecision > 0) continue;
      const asked = { artifact: new Uint8Array(32).fill(at / perDecision), policy: 'release' };
      made.last = (await gate(ports, asked, by)).appended.index;
    }
    return made;
  }

  async *verified(name: string, thread: boolean): AsyncGenerator<Result> {
    const { size } = this.log.published;
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    const range = await readRange(this.log, this.payloads, size, { thread });
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    await range.close();
    if (range.faults.length > 0) throw new TypeError(`entry ${range.faults[0]?.index}: ${range.faults[0]?.what}`);
    yield { name, value: size / seconds, unit: 'events/s' };
    yield { name: `${name}/cpu`, value: (user + system) / size, unit: 'µs of CPU an event' };
  }

  async remove(): Promise<void> {
    await this.log.close();
    await this.ledger.remove();
  }
}

export const bench: Bench = {
  async *run({ quick, left }): AsyncIterable<Result> {
    const count = quick ? 100_000 : 1_000_000;
    if (quick) left('1,000,000 events');
    const made = await Decided.of(count, (number) => ({ drafts: [prepareDraft(mixed(number), sha256)] }));
    try {
      yield* made.verified('replay/verified/one-thread', false);
      yield* made.verified('replay/verified', true);
      yield* decisions(made);
    } finally {
      await made.remove();
    }
    // What was measured before: 549 bytes an event, and twice as many streams of artifacts.
    const events = new Events();
    const large = await Decided.of(count, () => events.command());
    try {
      yield* large.verified('replay/verified/549-bytes', true);
    } finally {
      await large.remove();
    }
  },
};

async function* decisions({ log, payloads, last }: Decided): AsyncGenerator<Result> {
  const started = performance.now();
  const { verdict } = await replayFully({ log, payloads }, last, { thread: true });
  if (verdict.is !== 'SAME') throw new TypeError(`the replay says ${JSON.stringify(verdict)}`);
  yield { name: 'replay/full', value: (performance.now() - started) / 1_000, unit: `s for a decision on ${log.published.size} entries` };
  const quickly = performance.now();
  await replayFromStreams({ log, payloads }, last);
  yield { name: 'replay/streams', value: performance.now() - quickly, unit: 'ms from its streams alone' };
  yield { name: 'replay/memory', value: process.memoryUsage().rss / 2 ** 20, unit: 'MiB resident' };
}
