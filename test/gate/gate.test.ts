// The gate: what allows, what denies, each with its code; and that nothing which moves meanwhile is missed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { gate, type GateAsked } from '../../actions/gate.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { StreamState } from '../../actions/stream-state.ts';
import { decodeEvent } from '../../ledger/events/index.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { openPayloads } from '../../ledger/store/payloads.ts';
import { digestOf } from '../log/kit.ts';
import { CURRENT, LIMITS } from '../../policy/gate/decide.ts';
import { Policy } from '../../policy/index.ts';
import type { StateSource } from '../../policy/gate/source.ts';
import { contractSemantics } from '../../projections/contract-document.ts';
import { freshDirectory } from '../store/place.ts';
import { actor, app, day, Gates, noCriticals, textOf } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };

/** An artifact with a bill of materials, a scan, and a policy. */
async function scanned(found: Parameters<Gates['scan']>[2] = [log4j]): Promise<Gates> {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, found.map(({ purl }) => purl)), found);
  return gates;
}

describe('a gate', () => {
  test('denies what is critical, and allows what is not', async () => {
    expect(await (await scanned()).answer()).toBe('deny POLICY_DENIED');
    expect(await (await scanned([])).answer()).toBe('allow');
    expect(await (await scanned([{ ...log4j, severity: 'HIGH' }])).answer()).toBe('allow');
    expect(await (await scanned([{ ...log4j, outcome: 'indeterminate' }])).answer()).toBe('deny POLICY_DENIED');
  });

  test('writes its input in canonical form', async () => {
    const gates = await scanned([log4j, { ...log4j, id: 'GHSA-1', aliases: ['CVE-2026-7'], epss: '0.97' }]);
    await gates.trust('vendor');
    await gates.vex(app, [{ vulnerability: 'CVE-2021-44228' }], 'vendor');
    await gates.vex(app, [{ vulnerability: 'CVE-2026-7', status: 'affected' }], null);
    await gates.act('waiver.approved', 'w-1', 'CVE-2026-7', await gates.request('w-1', 'CVE-2026-7', gates.world.clock.wall + day));
    const { decided } = await gates.gate();
    const text = textOf(decided.input);
    expect(formatJcs(JSON.parse(text) as JcsValue)).toBe(text);
    expect(decided.shown.input).toMatchObject({ waivers: [{ id: 'w-1', active: true }], vex: [{ trusted: true }], vex_rejected: [{ reason: 'untrusted' }] });
  });

  test('is on record whatever it says', async () => {
    const gates = await scanned();
    const { appended, data } = await gates.gate();
    expect(decodeEvent(await gates.log.entry(appended.index)).data).toEqual(data);
  });

  test('that comes to nothing leaves nothing, and takes no room that it has no use for', async () => {
    const gates = await scanned();
    const directory = freshDirectory();
    const payloads = openPayloads(directory);
    const { log, pepper, world } = gates;
    const left = () => readdirSync(join(directory, 'arriving'));
    const source = new StreamState(log, gates.payloads, log.published.size);
    const ask = (from: StateSource, artifact = app[1]) =>
      gate({ log, payloads, pepper, now: () => world.clock.wall, stateAt: () => from }, { artifact, policy: 'release' }, actor('ci'));
    const size = log.published.size;
    for (const name of ['documents', 'heads', 'look', 'payload'] as const) {
      const refusing = Object.assign(Object.create(source) as StateSource, {
        ...Object.fromEntries((['documents', 'event', 'heads', 'look', 'payload', 'since'] as const).map((one) => [one, source[one].bind(source)])),
        [name]: () => Promise.reject(new LedgerError('STORE_FAILED', 'Cannot read')),
      });
      await expect(ask(refusing)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect([left(), log.published.size]).toEqual([[], size]);
    }
    // Without a scan there is no input.
    const { data } = await ask(source, digestOf('x')[1]);
    expect([data.outcome, data.input, left()]).toEqual(['deny', undefined, []]);
  });

  test('begins to store what it read and asks with before the policy is asked', async () => {
    const { log, payloads, pepper, world } = await scanned();
    const order: string[] = [];
    const reserve = async () => {
      const one = await payloads.reserve();
      const told = <T extends unknown[]>(name: string, of: (...args: T) => void) => (...args: T) => {
        order.push(name);
        of(...args);
      };
      return { ...one, write: told('write', one.write), flush: told('flush', one.flush) };
    };
    const asked = vi.spyOn(Policy.prototype, 'evaluateAll').mockImplementationOnce(function ask(this: Policy, ...args) {
      order.push('ask');
      return this.evaluateAll(...args);
    });
    await gate({ log, payloads: { ...payloads, reserve }, pepper, now: () => world.clock.wall }, { artifact: app[1], policy: 'release' }, actor('ci'));
    asked.mockRestore();
    expect(order).toEqual(['write', 'write', 'flush', 'flush', 'ask', 'write', 'flush']);
  });

  test('is weakened only by name, on record, and shown', async () => {
    const gates = await scanned([]);
    gates.world.clock.pass(31 * day);
    expect(await gates.answer()).toBe('deny SNAPSHOT_STALE');
    const { data, decided } = await gates.gate({ weakened: ['SNAPSHOT_STALE'] });
    expect([data.outcome, data.weakened, decided.shown.results.weakened]).toEqual(['allow', ['SNAPSHOT_STALE'], ['SNAPSHOT_STALE']]);
    expect((await gates.gate({ weakened: ['SCAN_MISSING'] })).data).toMatchObject({ outcome: 'deny', codes: ['SNAPSHOT_STALE'], weakened: ['SCAN_MISSING'] });
    await expect(gates.gate({ weakened: ['POLICY_DENIED'] })).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    expect((await gates.gate({ effective: gates.world.clock.wall - 20 * day })).data).toMatchObject({ outcome: 'allow', weakened: ['EFFECTIVE_TIME_GIVEN'] });
  });

  test.each<[string, Partial<GateAsked>, string]>([
    ['a policy', { policy: 'Release' }, 'policy "Release" is not a lower-case name'],
    ['a feed', { feed: '' }, 'feed "" is not a lower-case name'],
    ['a contract', { contracts: ['a', 'B'] }, 'contracts[1] "B" is not a lower-case name'],
    ['an entrypoint', { entrypoints: ['gate.allow'] }, 'entrypoints[0] "gate.allow" is not an entrypoint'],
    ['a time', { effective: 1.5 }, 'effective is not an integer'],
    ['steps', { limits: { ...LIMITS, steps: 0 } }, 'Cannot grant a policy 0 steps: expected a whole number of at least 1'],
    ['depth', { limits: { ...LIMITS, depth: Number.NaN } }, 'Cannot grant a policy NaN depth: expected a whole number of at least 1'],
  ])('refuses %s that no decision can hold before it reads anything', async (_, asked, message) => {
    const gates = await scanned();
    const ports = { ...gates.ports, stateAt: () => expect.unreachable('a state was read') };
    const asking = gate(ports, { artifact: app[1], policy: 'release', ...asked }, actor('ci'));
    await expect(asking).rejects.toMatchObject({ code: 'INPUT_MALFORMED', message: expect.stringContaining(message) as string });
  });

  test('is asked about times of the ledger, and a year ahead', async () => {
    const gates = await scanned([]);
    const begins = gates.world.clock.wall;
    expect((await gates.gate({ effective: begins })).data.outcome).toBe('allow');
    await expect(gates.gate({ effective: begins - 1 })).rejects.toMatchObject({ code: 'STATE_UNKNOWN' });
    expect((await gates.gate({ effective: begins + 366 * day })).data.outcome).toBe('deny');
    await expect(gates.gate({ effective: begins + 366 * day + 1 })).rejects.toMatchObject({ code: 'STATE_UNKNOWN' });
  });

  test('of a ledger whose clock was set back is asked about the times since', async () => {
    const gates = await scanned([]);
    const { clock } = gates.world;
    const began = clock.wall;
    clock.wall -= 10 * day;
    await gates.log.acceptClock(actor('ci'));
    expect((await gates.gate({ effective: began - 10 * day })).data.outcome).toBe('allow');
    await expect(gates.gate({ effective: began - 10 * day - 1 })).rejects.toMatchObject({ code: 'STATE_UNKNOWN' });
  });

  test('meets a contract by a scan with the feed that it names, and its replay is the same', async () => {
    const gates = await scanned([]);
    await gates.contract('release', contract('scan', { feeds: ['osv'] }), 2);
    const { appended, decided } = await gates.gate({ contracts: ['release'] });
    expect([decided.data.outcome, decided.shown.input?.coverage.covered]).toEqual(['allow', ['release#it']]);
    expect((await replayFromStreams(gates.ports, appended.index)).verdict).toEqual({ is: 'SAME' });
  });

  test('with an idempotency key answers once', async () => {
    const gates = await scanned([]);
    const [first, again] = [await gates.gate({ key: 'build-7' }), await gates.gate({ key: 'build-7' })];
    expect([again.appended.index, again.appended.repeated]).toEqual([first.appended.index, true]);
  });

  test.each<[string, number, string]>([['before', -1, 'allow'], ['at', 0, 'deny POLICY_DENIED'], ['after', 1, 'deny POLICY_DENIED']])(
    'a waiver %s its end', async (_, offset, answer) => {
      const gates = await scanned();
      const expires = gates.world.clock.wall + 10 * day;
      await gates.act('waiver.approved', 'w-1', log4j.id, await gates.request('w-1', log4j.id, expires));
      gates.world.clock.pass(10 * day + offset);
      expect(await gates.answer()).toBe(answer);
    },
  );

  test('a waiver by one person twice is none, and one that overlaps another changes nothing', async () => {
    const gates = await scanned();
    const expires = gates.world.clock.wall + day;
    await gates.act('waiver.approved', 'w-1', log4j.id, await gates.request('w-1', log4j.id, expires), 'ann');
    expect(await gates.answer()).toBe('deny POLICY_DENIED');
    for (const id of ['w-2', 'w-3']) await gates.act('waiver.approved', id, log4j.id, await gates.request(id, log4j.id, expires));
    const { data, decided } = await gates.gate();
    expect([data.outcome, data.counts?.waived, data.counts?.affected]).toEqual(['allow', 1, 1]);
    expect(decided.shown.results.waivers.map(({ id, state, why }) => [id, state, why])).toEqual([
      ['w-1', 'self_approved', 'WAIVER_SELF_APPROVED'], ['w-2', 'active', 'WAIVER_ACTIVE'], ['w-3', 'active', 'WAIVER_ACTIVE'],
    ]);
  });

  test('issuers who contradict each other: the worst counts, and both are shown', async () => {
    const gates = await scanned();
    for (const name of ['vendor', 'auditor']) await gates.trust(name);
    await gates.vex(app, [{ vulnerability: log4j.id }], 'vendor');
    expect(await gates.answer()).toBe('allow');
    await gates.vex(app, [{ vulnerability: log4j.id, status: 'affected' }], 'auditor');
    const { data, decided } = await gates.gate();
    expect([data.outcome, data.warnings]).toEqual(['deny', ['VEX_CONFLICT']]);
    expect(decided.shown.results.conflicts).toEqual([{ vuln_id: log4j.id, purl: log4j.purl, status: 'affected', entries: [7, 9] }]);
    expect(decided.shown.input?.vex_rejected).toMatchObject([{ reason: 'contradicted', status: 'not_affected', trusted: true }]);
  });

  test('VEX that matches nothing closes nothing, and is shown', async () => {
    const gates = await scanned();
    await gates.trust('vendor');
    await gates.vex(app, [{ vulnerability: log4j.id, part: 'pkg:npm/other' }], 'vendor');
    expect((await gates.gate()).data).toMatchObject({ outcome: 'deny', warnings: ['VEX_UNMATCHED'] });
  });

  test('VEX about other images says nothing here, and under semantics 1 was warned of', async () => {
    const gates = await scanned();
    await gates.trust('vendor');
    for (const name of ['other', 'another']) await gates.vex(digestOf(name), [{ vulnerability: log4j.id, part: log4j.purl }], 'vendor');
    const before = await gates.decideUnder({ ...CURRENT, vex: 1 });
    expect((await gates.event(before)).data).toMatchObject({ warnings: ['VEX_UNMATCHED'] });
    expect((await replayFromStreams(gates, before)).verdict).toEqual({ is: 'SAME' });
    const { data, decided, appended } = await gates.gate();
    expect([data.outcome, data.warnings, decided.shown.input?.vex_rejected]).toEqual(['deny', undefined, []]);
    expect((await replayFromStreams(gates, appended.index)).verdict).toEqual({ is: 'SAME' });
    // One of the index that this image is a platform of is meant for it, and does not reach it.
    const platforms = [{ digest: app, os: 'linux', architecture: 'amd64' }] as const;
    await gates.append({ type: 'artifact.related', by: actor('ci'), data: { artifact: digestOf('other'), platforms } });
    expect((await gates.gate()).data.warnings).toEqual(['VEX_UNMATCHED']);
  });

  test('a policy that asks for the time is warned about', async () => {
    const gates = await scanned([]);
    await gates.policy('release', { 'gate.rego': 'package gate\n\nimport rego.v1\n\ndefault allow := false\n\nallow if time.now_ns() > 0\n' });
    expect((await gates.gate()).data).toMatchObject({ outcome: 'allow', warnings: ['CLOCK_NOT_IN_INPUT'] });
  });
});

/** Far more than it may make, and none of it kept: a policy that had an answer before there was a bound. */
const greedy = 'allow if count([k | some k in numbers.range(1, 31); count(numbers.range(k, 1000000)) > 0]) == 31';
const policyOf = (text: string) => ({ 'gate.rego': `package gate\n\nimport rego.v1\n\n${text}\n` });
const contract = (kind: string, more = {}) => ({ format: 'stella-contract/1', require: [{ id: 'it', anyOf: [{ kind, ...more }] }] });

describe('every denial has its code', () => {
  test.each<[string, (gates: Gates) => Promise<string>]>([
    ['ARTIFACT_UNKNOWN SCAN_MISSING', (gates) => gates.answer({ artifact: digestOf('unknown')[1] })],
    ['POLICY_UNPUBLISHED', (gates) => gates.answer({ policy: 'unknown' })],
    ['SCAN_MISSING', (gates) => gates.answer({ feed: 'unknown' })],
    ['CONTRACT_UNREADABLE', (gates) => gates.answer({ contracts: ['unknown'] })],
    ['ENTRYPOINT_UNKNOWN', (gates) => gates.answer({ entrypoints: ['data.gate.nothing'] })],
    ['EVIDENCE_MISSING', async (gates) => {
      await gates.contract('release', contract('attestation'));
      return gates.answer({ contracts: ['release'] });
    }],
    // The scan is there, and with another feed than the contract asks for.
    ['EVIDENCE_MISSING', async (gates) => {
      await gates.contract('release', contract('scan', { feeds: ['vendor'] }), 2);
      return gates.answer({ contracts: ['release'], feed: 'osv' });
    }],
    ['CONTRACT_UNREADABLE', async (gates) => {
      await gates.contract('release', contract('scan', { feeds: ['osv'] }), 1);
      return gates.answer({ contracts: ['release'] });
    }],
    ['PAYLOAD_NEWER', async (gates) => {
      await gates.contract('release', contract('scan'), contractSemantics + 1);
      return gates.answer({ contracts: ['release'] });
    }],
    ['SCAN_OUTDATED', async (gates) => {
      await gates.sbom(app, ['pkg:npm/newer@1']);
      return gates.answer();
    }],
    ['SCAN_FAILED', async (gates) => {
      await gates.failScan(app);
      return gates.answer();
    }],
    ['SNAPSHOT_STALE', async (gates) => {
      await gates.policy('release', noCriticals, '{"stella": {"config": {"snapshot_days": 1}}}');
      gates.world.clock.pass(day + 1);
      return gates.answer();
    }],
    ['PAYLOAD_UNAVAILABLE', async (gates) => {
      gates.forget('facts');
      return gates.answer();
    }],
    ['POLICY_UNREADABLE', async (gates) => {
      gates.forget('bundle');
      return gates.answer();
    }],
    ['INPUT_INVALID', async (gates) => {
      const found = [{ ...log4j, id: 'not an id' }];
      await gates.scan(app, await gates.sbom(app, [log4j.purl]), found);
      return gates.answer();
    }],
    ['EVALUATION_FAILED', async (gates) => {
      await gates.policy('release', policyOf('allow := x if some x in [true, false]'));
      return gates.answer();
    }],
    ['EVALUATION_LIMIT', (gates) => gates.answer({ limits: { steps: 1, outputBytes: 1_000, depth: 500 } })],
    ['EVALUATION_MEMORY', async (gates) => {
      await gates.policy('release', policyOf(greedy));
      return gates.answer();
    }],
    ['EVALUATION_MEMORY', async (gates) => {
      // Small where it stands, and without end once it is written.
      const doubled = Array.from({ length: 40 }, (_, i) => `d${i + 1} := twice(d${i})`).join('\n');
      await gates.policy('release', policyOf(`d0 := ["a"]\n\n${doubled}\n\ntwice(v) := [v, v]\n\nwarn := d40\n\nallow if true`));
      return gates.answer();
    }],
    ['RESULT_UNDEFINED', async (gates) => {
      await gates.policy('release', policyOf('allow if input.nothing'));
      return gates.answer();
    }],
    ['RESULT_MALFORMED', async (gates) => {
      await gates.policy('release', policyOf('allow := "true"'));
      return gates.answer();
    }],
    ['POLICY_DENIED', async (gates) => {
      await gates.policy('release', policyOf('default allow := true\n\nviolation contains "no" if true'));
      return gates.answer();
    }],
  ])('%s', async (codes, act) => {
    expect(await act(await scanned([]))).toBe(`deny ${codes}`);
  });
});

test('a policy had all the memory there was under rego semantics 1: what was decided then stays SAME', async () => {
  const gates = await scanned([]);
  await gates.policy('release', policyOf(greedy));
  const before = await gates.decideUnder({ ...CURRENT, rego: 1 });
  expect((await gates.event(before)).data).toMatchObject({ outcome: 'allow', semantics: { rego: 1 } });
  expect((await replayFromStreams(gates, before)).verdict).toEqual({ is: 'SAME' });
  const { data, decided, appended } = await gates.gate();
  expect(data).toMatchObject({ outcome: 'deny', codes: ['EVALUATION_MEMORY'], semantics: { rego: 2 } });
  expect(decided.shown.results.error).toBe('eval_memory_error: more than 60000000 cells of memory');
  expect((await replayFromStreams(gates, appended.index)).verdict).toEqual({ is: 'SAME' });
});

describe('what moves while a gate evaluates', () => {
  /** A gate during whose evaluation something is appended, as often as it evaluates. */
  function racing(gates: Gates, act: (time: number) => Promise<unknown>, times: number) {
    let done = 0;
    const stateAt = (size: number) => {
      const state = new StreamState(gates.log, gates.payloads, size);
      const payload = state.payload.bind(state);
      // The findings are read after every stream that stands in the artifact's way was pinned.
      state.payload = async (digest) => {
        if (done < times) {
          done += 1;
          await act(done);
        }
        return payload(digest);
      };
      return state;
    };
    // Each attempt reads payloads; what is appended once an attempt is enough.
    return gate({ ...gates.ports, stateAt }, { artifact: app[1], policy: 'release' }, actor('ci'));
  }

  test('is not missed: a waiver revoked meanwhile denies', async () => {
    const gates = await scanned();
    const request = await gates.request('w-1', log4j.id, gates.world.clock.wall + day);
    await gates.act('waiver.approved', 'w-1', log4j.id, request);
    expect(await gates.answer()).toBe('allow');
    const { data } = await racing(gates, () => gates.act('waiver.revoked', 'w-1', log4j.id, request), 1);
    expect([data.outcome, data.codes, data.attempts]).toEqual(['deny', ['POLICY_DENIED'], 2]);
  });

  test('over and over denies with STATE_MOVED, and replays SAME', async () => {
    const gates = await scanned([]);
    const { data, appended } = await racing(gates, () => gates.sbomAndScan(app), 100);
    expect([data.outcome, data.codes, data.attempts]).toEqual(['deny', ['STATE_MOVED'], 3]);
    const { log, payloads } = gates;
    expect((await replayFromStreams({ log, payloads }, appended.index)).verdict).toEqual({ is: 'SAME' });
  });

  test('of what no document reads moves nothing: twenty gates at once', async () => {
    const gates = await scanned([]);
    const made = await Promise.all(Array.from({ length: 20 }, () => gates.gate()));
    expect(new Set(made.map(({ data }) => `${data.outcome} ${data.attempts}`))).toEqual(new Set(['allow 1']));
    expect(new Set(made.map(({ appended }) => appended.index)).size).toBe(20);
    await gates.check();
  });
});
