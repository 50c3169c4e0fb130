// Replay: what was decided is decided again from the log, whatever came since; and what does not follow from it is found.
import { describe, expect, test } from 'vitest';
import { replayFromStreams, stateAt, whatIfFromStreams } from '../../actions/replay.ts';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { decodeEvent } from '../../ledger/events/index.ts';
import { LIMITS_MOST } from '../../policy/index.ts';
import { replayDecision, type DecisionEvent, type ReplayVerdict } from '../../policy/gate/replay.ts';
import { replayDeeply } from '../../actions/replay-deep.ts';
import { memorySecrets } from '../actions/kit.ts';
import { signerOf } from '../log/kit.ts';
import { actor, app, day, Gates, noCriticals } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };

async function decidedLedger(): Promise<{ gates: Gates; index: number }> {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j]);
  await gates.trust('vendor');
  await gates.vex(app, [{ vulnerability: log4j.id }], 'vendor');
  const { appended, data } = await gates.gate();
  expect(data.outcome).toBe('allow');
  return { gates, index: appended.index };
}

async function replayed({ log, payloads }: Gates, index: number): Promise<ReplayVerdict> {
  return (await replayFromStreams({ log, payloads }, index)).verdict;
}

/** The verdict about a decision that says something else than the one on record. */
async function verdictOf(gates: Gates, index: number, change: (data: Record<string, unknown>) => void): Promise<ReplayVerdict> {
  const event = decodeEvent(await gates.log.entry(index)) as DecisionEvent;
  const data = structuredClone(event.data) as unknown as Record<string, unknown>;
  change(data);
  const { size } = event.data.tree;
  return (await replayDecision(index, { ...event, data: data as never }, await stateAt(gates.ports, size))).verdict;
}

describe('what if it were decided now', () => {
  test('names what came since, and no event of before in a stream that is read only now', async () => {
    const gates = await Gates.begin();
    await gates.policy('release', noCriticals);
    await gates.feed('osv', 'snapshot 1');
    await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j]);
    const expires = gates.world.clock.wall + 10 * day;
    // The ledger's own key comes on record before the decision, which does not read it.
    await gates.request('w-0', 'CVE-2026-0', expires);
    const request = await gates.request('w-1', log4j.id, expires, 'ann', app, { signed: true });
    await gates.act('waiver.approved', 'w-1', log4j.id, request, 'bob', { signed: true });
    const { appended, data } = await gates.gate();
    expect(data.outcome).toBe('allow');
    const revoked = await gates.act('waiver.revoked', 'w-1', log4j.id, request, 'bob', { signed: true });
    await gates.request('w-2', log4j.id, expires);
    const { decided, cause, difference } = await whatIfFromStreams(gates, appended.index, { size: gates.log.published.size });
    expect([decided.data.outcome, difference?.pointer]).toEqual(['deny', '/findings/0/waived']);
    expect(cause).toMatchObject({ kind: 'event', index: revoked, type: 'waiver.revoked' });
  });

  test('by another policy: its publication, however old', async () => {
    const gates = await Gates.begin();
    const strict = await gates.policy('strict', { 'gate.rego': 'package gate\n\nimport rego.v1\n\ndefault allow := false\n' });
    await gates.policy('release', noCriticals);
    await gates.feed('osv', 'snapshot 1');
    await gates.scan(app, await gates.sbom(app, [log4j.purl]), []);
    const { appended } = await gates.gate();
    const { cause } = await whatIfFromStreams(gates, appended.index, { policy: 'strict' });
    expect(cause).toMatchObject({ kind: 'event', index: strict, type: 'policy.published', stream: 'policy:strict' });
  });
});

describe('a replay', () => {
  test('says SAME, and still after new feeds, scans, VEX, policies, trust and time', async () => {
    const { gates, index } = await decidedLedger();
    expect(await replayed(gates, index)).toEqual({ is: 'SAME' });
    await gates.feed('osv', 'snapshot 2');
    await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j, { ...log4j, id: 'CVE-2026-9' }], 'snapshot 2');
    await gates.vex(app, [{ vulnerability: log4j.id, status: 'affected' }], 'vendor');
    await gates.policy('release', { 'gate.rego': 'package gate\n\nimport rego.v1\n\ndefault allow := false\n' });
    await gates.distrust(5);
    await gates.log.rotate(signerOf(2), actor('ci'));
    gates.forget('document');
    gates.world.clock.pass(400 * day);
    expect(await replayed(gates, index)).toEqual({ is: 'SAME' });
    expect(await gates.answer()).toMatch(/^deny/);
  });

  test('that goes deep wants the documents, and finds facts that are not theirs', async () => {
    const { gates, index } = await decidedLedger();
    const ports = { log: gates.log, payloads: gates.payloads, secrets: memorySecrets() };
    // What the kit stores as documents are words, from which no facts come.
    expect((await replayDeeply(ports, index)).verdict).toMatchObject({ is: 'DRIFT', member: 'facts', cause: { kind: 'record', index: 3 } });
    gates.forget('document');
    expect((await replayDeeply(ports, index)).verdict).toMatchObject({ is: 'CANNOT', missing: 'payload' });
    expect(await replayed(gates, index)).toEqual({ is: 'SAME' });
  });

  test('of a denial says SAME too, whatever its code', async () => {
    const gates = await Gates.begin();
    for (const asked of [{}, { policy: 'nothing' }, { contracts: ['none'] }, { feed: 'other' }]) {
      const { appended, data } = await gates.gate(asked);
      expect(data.outcome).toBe('deny');
      expect(await replayed(gates, appended.index)).toEqual({ is: 'SAME' });
    }
  });

  test.each<[string, (data: Record<string, unknown>) => void, string]>([
    ['the outcome', (data) => Object.assign(data, { outcome: 'deny', codes: ['POLICY_DENIED'] }), 'codes'],
    ['the root', (data) => Object.assign(data, { tree: { size: (data['tree'] as { size: number }).size, root: ['sha256', new Uint8Array(32)] } }), 'tree'],
    ['the effective time', (data) => (data['effective'] = (data['effective'] as number) + 1), 'input/effective_time'],
    ['a count', (data) => Object.assign(data['counts'] as object, { findings: 2 }), 'counts'],
    ['the result', (data) => (data['result'] = ['sha256', new Uint8Array(32)]), 'result'],
    ['the policy', (data) => Object.assign(data['published'] as object, { data: ['sha256', new Uint8Array(32)] }), 'published'],
    ['the scan', (data) => Object.assign(data['findings'] as object, { scan: 1 }), 'findings'],
    ['the facts', (data) => (data['facts'] = { count: 1, digest: ['sha256', new Uint8Array(32)] }), 'facts'],
    ['the pins', (data) => (data['pins'] = 1), 'pins'],
  ])('names what a forged decision lies about: %s', async (_, change, member) => {
    const { gates, index } = await decidedLedger();
    const verdict = await verdictOf(gates, index, change);
    expect(verdict.is === 'DRIFT' ? verdict.member : verdict.is).toBe(member);
  });

  test('points into the input', async () => {
    const { gates, index } = await decidedLedger();
    const event = decodeEvent(await gates.log.entry(index)) as DecisionEvent;
    const digest = event.payloads?.find(({ role }) => role === 'input')?.digest?.[1] as Uint8Array;
    const text = new TextDecoder().decode(gates.payloads.held.get(formatHex(digest)));
    const forged = new TextEncoder().encode(text.replace('"severity":"CRITICAL"', '"severity":"LOW"'));
    expect(forged.length).toBeLessThan(text.length);
    const stored = await gates.put('input', forged);
    const payloads = event.payloads?.map((one) => (one.role === 'input' ? stored : one)) ?? [];
    const state = await stateAt(gates.ports, event.data.tree.size);
    const other = ['sha256', new Uint8Array(32)] as const;
    const members = event.data.input?.members.map((one) => (one.name === 'findings' ? { ...one, digest: other } : one)) ?? [];
    const data = { ...event.data, input: { digest: stored.digest as never, members } };
    const { verdict } = await replayDecision(index, { ...event, data, payloads }, state);
    expect(verdict).toEqual({
      is: 'DRIFT', member: 'input/findings', pointer: '/findings/0/severity', recorded: '"LOW"', replayed: '"CRITICAL"', cause: { kind: 'record', index },
    });
  });

  test.each([['facts', 'payload'], ['findings', 'payload'], ['bundle', 'payload'], ['pins', 'payload']])('without %s: CANNOT(%s)', async (role, missing) => {
    const { gates, index } = await decidedLedger();
    for (let i = 1; i < gates.log.published.size; i++) {
      const event = decodeEvent(await gates.log.entry(i));
      const named = (event.payloads ?? []).filter((payload) => payload.role === role);
      for (const { digest } of named) gates.payloads.held.delete(formatHex(digest?.[1] as Uint8Array));
    }
    expect(await replayed(gates, index)).toMatchObject({ is: 'CANNOT', missing });
  });

  test('under rules of a later time says CANNOT(semantics)', async () => {
    const { gates, index } = await decidedLedger();
    for (const part of ['rego', 'input', 'vex', 'waiver', 'trust', 'facts', 'coverage', 'gate']) {
      const verdict = await verdictOf(gates, index, (data) => Object.assign(data['semantics'] as object, { [part]: 99 }));
      expect(verdict).toMatchObject({ is: 'CANNOT', missing: 'semantics' });
    }
  });

  test('grants a policy no more than anybody may, whatever the decision names: CANNOT(limits) where it needs more', async () => {
    const gates = await Gates.begin();
    const more = { steps: LIMITS_MOST.steps, outputBytes: 2 ** 50, depth: 5_000 };
    await gates.policy('flat', noCriticals);
    const chain = Array.from({ length: LIMITS_MOST.depth + 10 }, (_, i) => `r${i} if r${i + 1}`).join('\n');
    await gates.policy('deep', { 'gate.rego': `package gate\n\nimport rego.v1\n\nallow if r0\n${chain}\nr${LIMITS_MOST.depth + 10} := true\n` });
    await gates.feed('osv', 'snapshot 1');
    await gates.scan(app, await gates.sbom(app, [log4j.purl]), []);
    const [flat, deep] = [await gates.gate({ policy: 'flat', limits: more }), await gates.gate({ policy: 'deep', limits: more })];
    expect([flat.data.outcome, deep.data.outcome]).toEqual(['allow', 'allow']);
    expect(await replayed(gates, flat.appended.index)).toEqual({ is: 'SAME' });
    expect(await replayed(gates, deep.appended.index)).toMatchObject({ is: 'CANNOT', missing: 'limits' });
    await expect(gates.gate({ policy: 'flat', limits: { ...more, steps: more.steps + 1 } })).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' });
  });

  test('without the input payload knows the member, and no place in it', async () => {
    const { gates, index } = await decidedLedger();
    const verdict = await verdictOf(gates, index, (data) => {
      const input = data['input'] as { digest: unknown; members: { name: string; digest: unknown }[] };
      input.digest = ['sha256', new Uint8Array(32)];
      for (const member of input.members) if (member.name === 'vex') member.digest = ['sha256', parseHex('00'.repeat(32))];
    });
    expect(verdict).toMatchObject({ is: 'DRIFT', member: 'input/vex' });
  });
});
