// What acts on waivers are worth: a gate asks for their signatures, and so does every replay; what was decided without stays as it was.
import { describe, expect, test } from 'vitest';
import { exportPack } from '../../actions/export-pack.ts';
import { replayFromStreams, replayFully } from '../../actions/replay.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { addAttestationKey } from '../../actions/add-key.ts';
import { decodeUtf8, encodeUtf8, parseHex } from '../../ledger/bytes.ts';
import { CURRENT } from '../../policy/gate/decide.ts';
import type { WaiverCode } from '../../projections/active-waivers.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { memorySecrets } from '../actions/kit.ts';
import { by } from '../log/kit.ts';
import { author, bytesOf, packSigner, trust, vkeys } from '../pack/kit.ts';
import { actor, app, day, Gates, noCriticals, personKey, type Signing } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };

/** A ledger with one critical finding, and a waiver that ann asked for and bob approved, each in some way. */
async function waived(requested: Signing, approved: Signing, ...more: Signing[]): Promise<{ gates: Gates; request: number }> {
  const gates = await Gates.begin();
  await addAttestationKey(gates.log, author.key, by);
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [log4j.purl]), [log4j]);
  const request = await gates.request('w-1', log4j.id, gates.world.clock.wall + day, 'ann', app, requested);
  for (const signing of [approved, ...more]) await gates.act('waiver.approved', 'w-1', log4j.id, request, 'bob', signing);
  return { gates, request };
}

async function fromPack({ log, payloads }: Gates, decision: number) {
  const exported = await exportPack({ log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, { kind: 'decision', decision }, by);
  const answer = verifyPack(memorySource(await bytesOf(exported)), trust);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return replayPack(answer);
}

/** The outcome, why the waiver counts or not, and each act as the decision shows it; all replays agree. */
async function told(gates: Gates) {
  const { data, appended, decided } = await gates.gate();
  const [waiver] = decided.shown.results.waivers;
  const { log, payloads } = gates;
  const replays = [
    await replayFromStreams({ log, payloads }, appended.index), await replayFully({ log, payloads }, appended.index), await fromPack(gates, appended.index),
  ];
  for (const { verdict, decided: again } of replays) {
    expect(verdict).toEqual({ is: 'SAME' });
    expect(again?.shown.results.waivers).toEqual(decided.shown.results.waivers);
  }
  expect(decided.shown.input?.waivers[0]?.state).toBe(waiver?.why.slice('WAIVER_'.length).toLowerCase());
  return [data.outcome, waiver?.why, ...(waiver?.acts ?? []).map(({ act, assurance, holds }) => `${act} ${assurance} ${holds}`)];
}

const signed: Signing = { signed: true };
const eve = personKey('eve');
/** A valid envelope whose payload says something else than the event: the bytes that were signed, moved on by one in a number. */
const altered = (envelope: Uint8Array) => {
  const { payload, ...rest } = JSON.parse(decodeUtf8(envelope)) as Record<string, string>;
  const statement = atob(payload as string).replace('"breakGlass":false', '"breakGlass":true').replace('"act":"approved"', '"act":"requested"');
  return encodeUtf8(JSON.stringify({ ...rest, payload: btoa(statement) }));
};

describe('a gate asks for the signature of each act', () => {
  test.each<[string, Signing, Signing, string[]]>([
    ['both asserted', {}, {}, ['allow', 'WAIVER_ACTIVE', 'requested asserted true', 'approved asserted true']],
    ['both signed', signed, signed, ['allow', 'WAIVER_ACTIVE', 'requested signed true', 'approved signed true']],
    ['one of each', {}, signed, ['allow', 'WAIVER_ACTIVE', 'requested asserted true', 'approved signed true']],
    ['an approval by another\'s key in bob\'s name', signed, { signed: true, signer: eve },
      ['deny', 'WAIVER_SIGNATURE_WRONG', 'requested signed true', 'approved signed false']],
    ['a request by another\'s key in ann\'s name', { signed: true, signer: eve }, signed,
      ['deny', 'WAIVER_SIGNATURE_WRONG', 'requested signed false', 'approved signed true']],
    ['an approval that was changed', signed, { signed: true, edit: altered },
      ['deny', 'WAIVER_SIGNATURE_WRONG', 'requested signed true', 'approved signed false']],
    ['a request that was changed', { signed: true, edit: altered }, signed,
      ['deny', 'WAIVER_SIGNATURE_WRONG', 'requested signed false', 'approved signed true']],
    ['an assertion that the ledger did not sign', signed, { signer: eve },
      ['deny', 'WAIVER_SIGNATURE_WRONG', 'requested signed true', 'approved asserted false']],
    ['what is no envelope', signed, { signed: true, edit: () => encodeUtf8('approved!') },
      ['deny', 'WAIVER_SIGNATURE_WRONG', 'requested signed true', 'approved signed false']],
  ])('%s', async (_, requested, approved, expected) => {
    expect(await told((await waived(requested, approved)).gates)).toEqual(expected);
  });

  test('one approval that holds is enough beside one that does not', async () => {
    const { gates } = await waived(signed, { signed: true, signer: eve }, signed);
    expect(await told(gates)).toEqual(['allow', 'WAIVER_ACTIVE', 'requested signed true', 'approved signed false', 'approved signed true']);
  });

  test('the statement of one act is none of another', async () => {
    const { gates, request } = await waived(signed, signed);
    const other = await gates.request('w-2', log4j.id, gates.world.clock.wall + day, 'ann', app, signed);
    await gates.act('waiver.revoked', 'w-1', log4j.id, request, 'bob', signed);
    const statement = [...gates.payloads.held.values()].find((bytes) => {
      const text = decodeUtf8(bytes);
      return text.includes('"payloadType"') && atob((JSON.parse(text) as { payload: string }).payload).includes('"act":"approved"');
    }) as Uint8Array;
    await gates.act('waiver.approved', 'w-2', log4j.id, other, 'bob', { signed: true, edit: () => statement });
    const { decided } = await gates.gate();
    expect(decided.shown.results.waivers.map(({ id, why }) => [id, why])).toEqual([['w-1', 'WAIVER_REVOKED'], ['w-2', 'WAIVER_SIGNATURE_WRONG']]);
  });

  test('a rejection or revocation closes whatever its signature is worth, and is shown as it is', async () => {
    for (const [type, why] of [['waiver.rejected', 'WAIVER_REJECTED'], ['waiver.revoked', 'WAIVER_REVOKED']] as const) {
      const { gates, request } = await waived(signed, signed);
      await gates.act(type, 'w-1', log4j.id, request, 'bob', { signed: true, signer: eve });
      const act = type.slice('waiver.'.length);
      expect(await told(gates)).toEqual(['deny', why satisfies WaiverCode, 'requested signed true', 'approved signed true', `${act} signed false`]);
    }
  });

  test('without a statement there is no input to ask with, and no replay', async () => {
    const { gates } = await waived(signed, signed);
    const { data, appended } = await gates.gate();
    expect(data.outcome).toBe('allow');
    gates.forget('statement');
    expect(await gates.answer()).toBe('deny PAYLOAD_UNAVAILABLE');
    const { log, payloads } = gates;
    expect((await replayFromStreams({ log, payloads }, appended.index)).verdict).toMatchObject({ is: 'CANNOT', missing: 'payload' });
    expect((await fromPack(gates, appended.index)).verdict).toMatchObject({ is: 'CANNOT', missing: 'payload' });
  });

  test('at its place in the log: a key that was retired before signs no more, one that is retired later did', async () => {
    const { gates, request } = await waived(signed, signed);
    const retire = async () => {
      const lastSize = gates.log.published.size;
      await gates.append({ type: 'key.retired', by: actor('ci'), data: { key: parseHex(personKey('bob').key.id), lastSize, reason: 'superseded' } });
    };
    await retire();
    expect(await told(gates)).toMatchObject(['allow', 'WAIVER_ACTIVE', expect.anything(), 'approved signed true']);
    await gates.act('waiver.revoked', 'w-1', log4j.id, request, 'bob');
    const again = await gates.request('w-2', log4j.id, gates.world.clock.wall + day, 'ann', app, signed);
    await gates.act('waiver.approved', 'w-2', log4j.id, again, 'bob', signed);
    const { decided } = await gates.gate();
    expect(decided.shown.results.waivers.map(({ id, why }) => [id, why])).toEqual([['w-1', 'WAIVER_REVOKED'], ['w-2', 'WAIVER_KEY_WRONG']]);
  });
});

describe('a decision of before (waiver semantics 1)', () => {
  test('stays SAME whatever the signatures were worth, and today\'s gate says otherwise', async () => {
    const { gates } = await waived({ signed: true, signer: eve }, {});
    const decision = await gates.decideUnder({ ...CURRENT, waiver: 1 });
    expect((await gates.event(decision)).data).toMatchObject({ outcome: 'allow' });
    const { log, payloads } = gates;
    expect((await replayFromStreams({ log, payloads }, decision)).verdict).toEqual({ is: 'SAME' });
    expect((await fromPack(gates, decision)).verdict).toEqual({ is: 'SAME' });
    expect(await gates.answer()).toBe('deny POLICY_DENIED');
    // No statement is read under them.
    gates.forget('statement');
    expect((await replayFromStreams({ log, payloads }, decision)).verdict).toEqual({ is: 'SAME' });
    expect((await fromPack(gates, decision)).verdict).toEqual({ is: 'SAME' });
  });
});
