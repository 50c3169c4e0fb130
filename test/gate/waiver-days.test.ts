// How long a policy takes waivers for: one that was asked for longer counts for nothing there, in a gate and in every replay.
import { describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack } from '../../actions/export-pack.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { CURRENT } from '../../policy/gate/decide.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { memorySecrets } from '../actions/kit.ts';
import { by } from '../log/kit.ts';
import { author, bytesOf, packSigner, trust, vkeys } from '../pack/kit.ts';
import { app, day, Gates, noCriticals } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };

/** A critical finding, and a waiver of it that lasts so many milliseconds from its request. */
async function waivedFor(lasts: number, days: string): Promise<Gates> {
  const gates = await Gates.begin();
  await addAttestationKey(gates.log, author.key, by);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j]);
  await gates.policy('release', noCriticals, days === '' ? '{}' : `{"stella": {"config": {"waiver_days": ${days}}}}`);
  const request = await gates.request('w-1', log4j.id, gates.world.clock.wall + lasts);
  await gates.act('waiver.approved', 'w-1', log4j.id, request);
  return gates;
}

async function told(gates: Gates, asked: { effective?: number } = {}) {
  const { data, appended, decided } = await gates.gate(asked);
  const { log, payloads } = gates;
  expect((await replayFromStreams({ log, payloads }, appended.index)).verdict).toEqual({ is: 'SAME' });
  const exported = await exportPack(
    { log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, { kind: 'decision', decision: appended.index }, by,
  );
  const answer = verifyPack(memorySource(await bytesOf(exported)), trust);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  expect((await replayPack(answer)).verdict).toEqual({ is: 'SAME' });
  const { results, input } = decided.shown;
  const [waiver] = input?.waivers ?? [];
  expect(waiver?.state).toBe(results.waivers[0]?.why.slice('WAIVER_'.length).toLowerCase());
  expect(input?.findings.map(({ waived }) => waived)).toEqual([waiver?.active]);
  return [data.outcome, waiver?.state, ...(data.warnings ?? [])];
}

const tooLong = ['deny', 'too_long', 'WAIVER_TOO_LONG'];
const takes = ['allow', 'active'];

describe('a policy that takes waivers for so many days', () => {
  test.each<[string, number, string, readonly string[]]>([
    ['just so long', 90 * day, '90', takes],
    ['a moment longer', 90 * day + 1, '90', tooLong],
    ['for ever', 350_000 * day, '90', tooLong],
    ['for ever, where nothing is said', 350_000 * day, '', takes],
    ['at all, where it takes none', 1, '0', tooLong],
    ['of half a day', day / 2, '0.5', takes],
    ['longer than half a day', day / 2 + 1, '0.5', tooLong],
    ['at all, where the days are a text', day, '"90"', tooLong],
    ['at all, where the days are null', day, 'null', tooLong],
    ['at all, where the days are less than none', day, '-1', tooLong],
  ])('is asked with one %s', async (_, lasts, days, expected) => {
    expect(await told(await waivedFor(lasts, days))).toEqual(expected);
  });

  test('counts from the request to the end: a waiver does not come into force in its last days', async () => {
    const gates = await waivedFor(91 * day, '90');
    const end = gates.world.clock.wall + 91 * day;
    expect(await told(gates, { effective: end - day })).toEqual(tooLong);
    expect(await told(gates, { effective: end })).toEqual(['deny', 'expired', 'WAIVER_EXPIRED']);
  });

  test('says so where its number is none', async () => {
    const { decided } = await (await waivedFor(day, '"90"')).gate();
    expect(decided.shown.results.notes).toEqual(['data.stella.config.waiver_days of the policy is no number of days, so that no waiver counts']);
  });

  test('is another for the next policy: each has its own', async () => {
    const gates = await waivedFor(91 * day, '90');
    await gates.policy('tests', noCriticals);
    expect([await gates.answer(), await gates.answer({ policy: 'tests' })]).toEqual(['deny POLICY_DENIED', 'allow']);
  });

  test('can tell how long by itself: the input says when it was asked for', async () => {
    const gates = await waivedFor(31 * day, '90');
    const rule = `
deny contains "critical findings are waived for 30 days" if {
	some waiver in input.waivers
	time.parse_rfc3339_ns(waiver.expires) - time.parse_rfc3339_ns(waiver.requested_at) > ((30 * 24) * 3600) * 1000000000
}
`;
    await gates.policy('release', { 'gate.rego': `${noCriticals['gate.rego']}${rule}` });
    const { decided } = await gates.gate();
    expect(decided.shown.results.denials.map(({ text }) => text)).toEqual(['critical findings are waived for 30 days']);
  });
});

const older = [[1, 1], [2, 1], [2, 2], [2, 3]] as const;
test.each(older)('took every waiver under waiver semantics %i (input %i): what was decided then stays SAME', async (waiver, input) => {
  const gates = await waivedFor(91 * day, '90');
  const decision = await gates.decideUnder({ ...CURRENT, waiver, input });
  expect((await gates.event(decision)).data).toMatchObject({ outcome: 'allow' });
  const { verdict, decided } = await replayFromStreams(gates, decision);
  expect(verdict).toEqual({ is: 'SAME' });
  expect(decided?.shown.input?.waivers.map((one) => 'requested_at' in one)).toEqual([input >= 2]);
  expect(await gates.answer()).toBe('deny POLICY_DENIED');
});
