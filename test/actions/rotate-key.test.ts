// The key that signs what the ledger asserts: another takes its place in one append, what was signed before stays good, and no more.
import { describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack, repack } from '../../actions/export-pack.ts';
import { addPerson, personOfKey } from '../../actions/person.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { readKeys, retireKey, rotateAttestationKey, servingKeys } from '../../actions/rotate-key.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { Log } from '../../ledger/log/log.ts';
import { STEPS } from '../../ledger/log/steps.ts';
import { keyRecordOf } from '../../ledger/log/control.ts';
import { memorySource, verifyPack, type PackSigner } from '../../verify/pack/index.ts';
import { authorKeyOfSeed } from '../../verify/sigstore/index.ts';
import { actor, app, day, Gates, noCriticals, person, personKey } from '../gate/kit.ts';
import { by, checkLog, signerOf, World } from '../log/kit.ts';
import { author, bytesOf, packSigner, trust, vkeys } from '../pack/kit.ts';
import { memorySecrets } from './kit.ts';

const next = authorKeyOfSeed(new Uint8Array(32).fill(78));
const nextSigner: PackSigner = { id: next.key.id, sign: (message) => next.sign(message) };
const rotate = (log: Log, to = next.key) => rotateAttestationKey(log, to, 'superseded', by);
const codeOf = (work: Promise<unknown>) => work.then(() => 'done', ({ code }: { code: string }) => code);
const ids = (keys: readonly { id: string }[]) => keys.map(({ id }) => id);

describe('a stop at every step', () => {
  test.each(STEPS.filter((step) => step.startsWith('append')))('%s: the old key serves or the new one, and never none or both', async (step) => {
    const world = new World();
    const first = await world.create();
    await addAttestationKey(first, author.key, by);
    await first.close();
    const dying = await world.open({ at: (now) => (now === step ? Promise.reject(new Error('killed')) : undefined) });
    await expect(rotate(dying)).rejects.toThrow('killed');
    const log = await world.open();
    const isDone = step !== 'append 0: batch ready';
    expect(ids(await servingKeys(log))).toEqual([isDone ? next.key.id : author.key.id]);
    const old = (await readKeys(log)).find(({ id }) => id === author.key.id);
    expect(old?.ended).toEqual(isDone ? { entry: 3, lastSize: 2, reason: 'superseded' } : null);
    // The call again, as whoever saw it killed makes it.
    expect(await codeOf(rotate(log))).toBe(isDone ? 'KEY_TAKEN' : 'done');
    expect(ids(await servingKeys(log))).toEqual([next.key.id]);
    await checkLog(log);
  });

  test.each(STEPS.filter((step) => step.startsWith('start')))('%s: nothing was said yet', async (step) => {
    const world = new World();
    const first = await world.create();
    await addAttestationKey(first, author.key, by);
    await first.close();
    await expect(world.open({ at: (now) => (now === step ? Promise.reject(new Error('killed')) : undefined) })).rejects.toThrow('killed');
    const log = await world.open();
    expect(ids(await servingKeys(log))).toEqual([author.key.id]);
    expect(await rotate(log)).toMatchObject({ count: 2, retired: [author.key.id], lastSize: 2 });
  });
});

test('what was signed before stays good: waivers, decisions and packs; what the old key signs later is refused', async () => {
  const gates = await Gates.begin();
  const { log, payloads } = gates;
  const bad = { id: 'CVE-2026-1', purl: 'pkg:npm/bad@1' };
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [bad.purl]), [bad]);
  const expires = gates.world.clock.wall + 30 * day;
  const request = await gates.request('w-1', bad.id, expires);
  await gates.act('waiver.approved', 'w-1', bad.id, request);
  const { appended: { index: decision }, data } = await gates.gate();
  expect(data.outcome).toBe('allow');
  const ports = { log, payloads, secrets: memorySecrets(), vkeys };
  const exporting = (signer: PackSigner) => exportPack({ ...ports, signer }, { kind: 'decision', decision }, by);
  const before = await exporting(packSigner);
  const pack = await bytesOf(before);

  const { lastSize, index } = await rotate(log);
  expect(lastSize).toBe(index);
  const verdictOf = (bytes: Uint8Array) => {
    const answer = verifyPack(memorySource(bytes), trust);
    return answer.ok ? 'OK' : answer.code;
  };
  expect(verdictOf(pack)).toBe('OK');
  expect(await bytesOf(await repack(ports, before.index))).toEqual(pack);
  expect((await replayFromStreams({ log, payloads }, decision)).verdict).toEqual({ is: 'SAME' });
  expect(await gates.answer()).toBe('allow');
  expect(verdictOf(await bytesOf(await exporting(nextSigner)))).toBe('OK');
  expect(verdictOf(await bytesOf(await exporting(packSigner)))).toBe('PACK_SIGNER_UNKNOWN');

  // Whoever still asserts with the old key asserts nothing.
  await gates.act('waiver.revoked', 'w-1', bad.id, request);
  const again = await gates.request('w-2', bad.id, expires);
  await gates.act('waiver.approved', 'w-2', bad.id, again);
  const { decided } = await gates.gate();
  expect(decided.shown.results.waivers.map(({ id, why }) => [id, why])).toEqual([['w-1', 'WAIVER_REVOKED'], ['w-2', 'WAIVER_KEY_WRONG']]);
  expect((await replayFromStreams({ log, payloads }, decision)).verdict).toEqual({ is: 'SAME' });
  await gates.check();
});

describe('refused', () => {
  test('a key that is on record for anything; of two rotations at once one', async () => {
    const world = new World();
    const log = await world.create();
    await addPerson(log, person('ann'), personKey('ann').key, actor('ci'));
    await rotate(log, author.key);
    expect(await codeOf(rotate(log, personKey('ann').key))).toBe('KEY_TAKEN');
    const others = [79, 80].map((seed) => authorKeyOfSeed(new Uint8Array(32).fill(seed)).key);
    expect(await Promise.all(others.map((key) => codeOf(rotate(log, key))))).toEqual(['done', 'VERSION_CONFLICT']);
    // What was retired never serves again.
    expect(await codeOf(rotate(log, author.key))).toBe('KEY_TAKEN');
    expect(ids(await servingKeys(log))).toEqual([others[0]?.id]);
    await checkLog(log);
  });

  test('to retire a key of another use, one that is not there, and one that was retired', async () => {
    const world = new World();
    const log = await world.create();
    const ann = personKey('ann').key;
    await addPerson(log, person('ann'), ann, actor('ci'));
    await addAttestationKey(log, author.key, by);
    const retire = (id: string) => retireKey(log, id, 'lost', by);
    expect(await codeOf(retire(formatHex(keyRecordOf(signerOf(1)).id)))).toBe('KEY_UNKNOWN');
    expect(await codeOf(retire(next.key.id))).toBe('KEY_UNKNOWN');
    expect(await personOfKey(log, ann.id)).toEqual(person('ann'));
    expect(await retire(ann.id)).toMatchObject({ index: 3, lastSize: 3 });
    expect(await codeOf(personOfKey(log, ann.id))).toBe('PERSON_UNKNOWN');
    await expect(retire(ann.id)).rejects.toThrow(`Cannot retire the key ${ann.id.slice(0, 16)}…: entry 3 did so before`);
    expect(await retire(author.key.id)).toMatchObject({ index: 4, lastSize: 4 });
    expect(await servingKeys(log)).toEqual([]);
    expect(await Promise.all([codeOf(retire(author.key.id)), codeOf(rotate(log))])).toEqual(['KEY_UNKNOWN', 'done']);
    await checkLog(log);
  });
});
