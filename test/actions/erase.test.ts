// Erasing and holding: what is refused, what a crash leaves, and what proofs, packs and the log say afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { erasePayload, finishErasures } from '../../actions/erase.ts';
import { listHolds, placeHold, releaseHold } from '../../actions/hold.ts';
import { readPayloadOf } from '../../actions/read-payload.ts';
import { changeRetention, retainedUntil, retentionOf, setRetention } from '../../actions/retention.ts';
import { addAttestationKey } from '../../actions/add-key.ts';
import { secretsBack } from '../../actions/restore-sealed.ts';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { openSecrets } from '../../ledger/store/secrets.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { by } from '../log/kit.ts';
import { artifactRequest, author, busyBench, exporting, packed, repacked, trust } from '../pack/kit.ts';
import { Bench, cyclonedx, image, imageDigest } from './kit.ts';

const stream = `artifact:sha256:${image}`;
const day = 86_400_000;

/** A ledger whose entry 4 names a sealed document, and the others plain ones. */
async function sealedBench() {
  const bench = await busyBench();
  const ports = { ...bench.stores, now: bench.world.clock.now, retention: 'standard' as const };
  return { bench, ports, erase: (basis: Parameters<typeof erasePayload>[3] = 'consent-withdrawn', entry = 4) => erasePayload(ports, entry, null, basis, by) };
}

const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'done', (error: { code: string }) => error.code);

describe('erasing', () => {
  test('the secret and the ciphertext are gone, the log says so, every proof holds, and a pack tells', async () => {
    const { bench, erase } = await sealedBench();
    const before = verifyPack(memorySource(await packed(bench)), trust);
    expect(before.ok && before.manifest.withheld.map(({ why }) => why)).toContain('sealed');
    const payloads = bench.payloads.held.size;
    const erased = await erase();
    expect([bench.secrets.held.size, bench.payloads.held.size, erased.repeated]).toEqual([0, payloads - 1, false]);
    const data = { entry: 4, role: 'document', basis: 'consent-withdrawn', streams: [stream] };
    expect(await bench.event(erased.index)).toMatchObject({ type: 'payload.erased', data });
    expect(await bench.secrets.notedErasures()).toEqual([]);
    await bench.check();
    const answer = verifyPack(memorySource(await packed(bench)), trust);
    if (!answer.ok) throw new Error(answer.message);
    expect(answer.manifest.withheld.filter(({ why }) => why === 'erased').map(({ entry, role }) => [entry, role])).toEqual([[4, 'document']]);
    expect(answer.entries.has(erased.index)).toBe(true);
    expect(answer.notProven).toContainEqual(expect.stringContaining('1 erased'));
  });

  test('the same bytes added without a seal are still here, and that is said', async () => {
    const { bench, erase } = await sealedBench();
    await bench.addOne('what the reviewer wrote\n', { subjects: [imageDigest], media: 'text/plain' });
    expect(await erase()).toMatchObject({ isPlainToo: true });
    expect(await (await sealedBench()).erase()).toMatchObject({ isPlainToo: false });
  });

  test('again: what the log said before, and nothing new', async () => {
    const { bench, erase } = await sealedBench();
    const { index } = await erase();
    const { size } = bench.log.published;
    expect(await erase('court-order')).toMatchObject({ index, repeated: true });
    expect(bench.log.published.size).toBe(size);
  });

  test('sealed evidence that was erased is new when it is sent again', async () => {
    const { bench, erase } = await sealedBench();
    const send = async () => (await bench.addOne('what the reviewer wrote\n', { subjects: [imageDigest], media: 'text/plain', seal: true })).events[0]?.outcome;
    expect(await send()).toMatchObject({ repeated: true, index: 4 });
    await erase();
    expect(await send()).toMatchObject({ repeated: false });
  });

  test('what cannot be: a payload that is not sealed, a role there is not, an entry there is not', async () => {
    const { ports, erase } = await sealedBench();
    expect(await codeOf(erase('objected', 5))).toBe('PAYLOAD_NOT_SEALED');
    expect(await codeOf(erasePayload(ports, 4, 'facts', 'objected', by))).toBe('PAYLOAD_MISSING');
    expect(await codeOf(erasePayload(ports, 0, null, 'objected', by))).toBe('PAYLOAD_MISSING');
    expect(await codeOf(erase('objected', 99))).toBe('ENTRY_MISSING');
  });

  test.each(['not-needed', 'retention-ended'] as const)('%s waits for the end of retention; a duty does not', async (basis) => {
    const { bench, ports, erase } = await sealedBench();
    const until = retainedUntil('document.stored', (await bench.event(4)).at, 'standard');
    bench.world.clock.pass(until - bench.world.clock.now() - 1);
    expect(await codeOf(erase(basis))).toBe('RETENTION_RUNS');
    expect(await codeOf(erasePayload({ ...ports, retention: 'ten-years' }, 4, null, basis, by))).toBe('RETENTION_RUNS');
    bench.world.clock.pass(1);
    expect(await codeOf(erasePayload({ ...ports, retention: 'ten-years' }, 4, null, basis, by))).toBe('RETENTION_RUNS');
    expect(await codeOf(erase(basis))).toBe('done');
    const other = await sealedBench();
    expect(await codeOf(other.erase('court-order'))).toBe('done');
  });

  test('a shorter profile says what could go earlier, and waits until that is meant', async () => {
    const { bench, erase } = await sealedBench();
    const { now } = bench.world.clock;
    const change = (profile: 'standard' | 'ten-years', isMeant = false) => changeRetention(bench.log, profile, { now: now(), isMeant }, by);
    for (const profile of ['standard', 'ten-years', 'ten-years'] as const) expect((await change(profile)).shortened).toBeNull();
    const { at } = await bench.event(4);
    const end = retainedUntil('document.stored', at, 'standard');
    const size = bench.log.published.size;
    await expect(change('standard')).rejects.toMatchObject({
      code: 'RETENTION_RUNS', hint: 'where that is meant: "stella retention standard --shorten"',
      message: `Cannot keep for less than "ten-years": 1 sealed on record could go earlier, 0 of them at once, the first from ${new Date(end).toISOString()}`,
    });
    bench.world.clock.pass(end - now() - 1);
    await expect(change('standard')).rejects.toMatchObject({ message: expect.stringContaining(', 0 of them at once, the first from') });
    bench.world.clock.pass(1);
    await expect(change('standard')).rejects.toMatchObject({ message: expect.stringMatching(/could go earlier, 1 of them at once$/) });
    expect([bench.log.published.size, (await retentionOf(bench.log)).profile]).toEqual([size, 'ten-years']);
    expect((await change('standard', true)).shortened).toEqual({ payloads: 1, atOnce: 1, next: null });
    expect((await retentionOf(bench.log)).profile).toBe('standard');
    await change('ten-years');
    // What is erased was promised nothing any more.
    await erase('court-order');
    expect((await change('standard')).shortened).toBeNull();
  });

  test('the profile is what the newest event says, and whoever erases can keep to a longer one, and to no shorter', async () => {
    const { bench, ports } = await sealedBench();
    const { retention: _said, ...plain } = ports;
    expect(await retentionOf(bench.log)).toEqual({ profile: 'standard', entry: null });
    const { index } = await setRetention(bench.log, 'ten-years', by);
    expect(await retentionOf(bench.log)).toEqual({ profile: 'ten-years', entry: index });
    const { at } = await bench.event(4);
    const [short, long] = (['standard', 'ten-years'] as const).map((profile) => retainedUntil('document.stored', at, profile)) as [number, number];
    bench.world.clock.pass(short - bench.world.clock.now());
    for (const asked of [plain, ports]) expect(await codeOf(erasePayload(asked, 4, null, 'not-needed', by))).toBe('RETENTION_RUNS');
    await setRetention(bench.log, 'standard', by);
    expect(await codeOf(erasePayload({ ...plain, retention: 'ten-years' }, 4, null, 'not-needed', by))).toBe('RETENTION_RUNS');
    const back = await setRetention(bench.log, 'ten-years', by);
    bench.world.clock.pass(long - bench.world.clock.now() - 1);
    expect(await codeOf(erasePayload(plain, 4, null, 'retention-ended', by))).toBe('RETENTION_RUNS');
    bench.world.clock.pass(1);
    expect(await codeOf(erasePayload(plain, 4, null, 'retention-ended', by))).toBe('done');
    expect((await bench.event(back.index)).streams.map(({ name }) => name)).toEqual(['ledger']);
  });

  test('months are those of the calendar, and never shorter', () => {
    const at = (text: string) => Date.parse(text);
    expect(retainedUntil('sbom.ingested', at('2026-01-15T12:00:00Z'), 'standard')).toBe(at('2027-07-15T12:00:00Z'));
    expect(retainedUntil('waiver.requested', at('2026-01-15T12:00:00Z'), 'standard')).toBe(at('2029-01-15T12:00:00Z'));
    expect(retainedUntil('vex.stated', at('2026-02-28T00:00:00Z'), 'ten-years')).toBe(at('2036-02-28T00:00:00Z'));
    expect(retainedUntil('sbom.ingested', at('2026-08-31T00:00:00Z'), 'standard')).toBe(at('2028-03-02T00:00:00Z'));
  });
});

describe('a crash', () => {
  test('between the event and the secret is finished at the next start', async () => {
    const { bench, ports } = await sealedBench();
    const stopping = { ...bench.secrets, destroy: () => Promise.reject(new Error('stopped here')) };
    await expect(erasePayload({ ...ports, secrets: stopping }, 4, null, 'unlawful', by)).rejects.toThrow('stopped here');
    expect([bench.secrets.held.size, (await bench.secrets.notedErasures()).length]).toEqual([1, 1]);
    expect(await finishErasures(ports)).toBe(1);
    expect([bench.secrets.held.size, (await bench.secrets.notedErasures()).length]).toEqual([0, 0]);
    expect(await finishErasures(ports)).toBe(0);
    expect((await bench.types()).filter((type) => type === 'payload.erased')).toHaveLength(1);
  });

  test('between the secret and the note, too', async () => {
    const { bench, ports } = await sealedBench();
    const stopping = { ...bench.secrets, forgetErasure: () => Promise.reject(new Error('stopped here')) };
    await expect(erasePayload({ ...ports, secrets: stopping }, 4, null, 'unlawful', by)).rejects.toThrow('stopped here');
    expect([await finishErasures(ports), bench.secrets.held.size]).toEqual([1, 0]);
  });

  test('before the event erases nothing', async () => {
    const { bench, ports } = await sealedBench();
    vi.spyOn(bench.log, 'append').mockRejectedValueOnce(new Error('stopped here'));
    await expect(erasePayload(ports, 4, null, 'unlawful', by)).rejects.toThrow('stopped here');
    expect([await finishErasures(ports), bench.secrets.held.size]).toEqual([0, 1]);
    expect(await bench.secrets.notedErasures()).toEqual([]);
  });

  test('notes of erasures on a disk: kept, listed, forgotten, and no secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stella-notes-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const secrets = openSecrets(join(folder, 'secrets'));
    const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    expect(await secrets.notedErasures()).toEqual([]);
    await secrets.put(one, new Uint8Array(32).fill(9));
    await secrets.noteErasure(one, 12);
    await secrets.noteErasure(other, 0);
    expect(await openSecrets(join(folder, 'secrets')).notedErasures()).toEqual([{ commitment: one, entry: 12 }, { commitment: other, entry: 0 }]);
    const listed = [];
    for await (const commitment of secrets.list()) listed.push(formatHex(commitment));
    expect(listed).toEqual([formatHex(one)]);
    await secrets.forgetErasure(one);
    await secrets.forgetErasure(one);
    expect(await secrets.notedErasures()).toEqual([{ commitment: other, entry: 0 }]);
  });
});

describe('holds', () => {
  test('a held payload is not erased, whatever the basis; released, it is', async () => {
    const { bench, erase } = await sealedBench();
    const { index } = await placeHold(bench.stores, { basis: 'litigation', streams: [stream], justification: 'case 7' }, by);
    for (const basis of ['court-order', 'consent-withdrawn', 'unlawful'] as const) expect(await codeOf(erase(basis))).toBe('PAYLOAD_HELD');
    expect(bench.secrets.held.size).toBe(2);
    expect((await listHolds(bench.log)).map((hold) => [hold.index, hold.released])).toEqual([[index, null]]);
    const released = await releaseHold(bench.stores, index, by);
    expect((await listHolds(bench.log)).map((hold) => [hold.index, hold.released])).toEqual([[index, released.index]]);
    expect(await codeOf(erase())).toBe('done');
    expect(await codeOf(releaseHold(bench.stores, index, by))).toBe('HOLD_UNKNOWN');
    expect(await codeOf(releaseHold(bench.stores, 2, by))).toBe('HOLD_UNKNOWN');
    await bench.check();
  });

  test('a hold on one entry holds that one, and one that is over holds nothing', async () => {
    const { bench, erase } = await sealedBench();
    await bench.addOne('other words\n', { subjects: [imageDigest], media: 'text/plain', seal: true });
    await placeHold(bench.stores, { basis: 'audit', entry: 4, until: bench.world.clock.now() + day }, by);
    expect(await codeOf(erase('objected', 4))).toBe('PAYLOAD_HELD');
    expect(await codeOf(erase('objected', 6))).toBe('done');
    bench.world.clock.pass(day);
    expect(await codeOf(erase('objected', 4))).toBe('PAYLOAD_HELD');
    bench.world.clock.pass(1);
    expect(await codeOf(erase('objected', 4))).toBe('done');
  });

  test('two holds: both have to end', async () => {
    const { bench, erase } = await sealedBench();
    const first = await placeHold(bench.stores, { basis: 'audit', streams: [stream] }, by);
    const second = await placeHold(bench.stores, { basis: 'regulator', entry: 4 }, by);
    await releaseHold(bench.stores, first.index, by);
    expect(await codeOf(erase())).toBe('PAYLOAD_HELD');
    await releaseHold(bench.stores, second.index, by);
    expect(await codeOf(erase())).toBe('done');
  });

  test('one that is placed while it is erased is seen', async () => {
    const { bench, ports } = await sealedBench();
    const append = bench.log.append.bind(bench.log);
    vi.spyOn(bench.log, 'append').mockImplementationOnce(async (commands) => {
      await placeHold(bench.stores, { basis: 'investigation', streams: [stream] }, by);
      return append(commands);
    });
    expect(await codeOf(erasePayload(ports, 4, null, 'objected', by))).toBe('PAYLOAD_HELD');
    expect((await bench.types()).includes('payload.erased')).toBe(false);
  });
});

describe('one payload, several entries', () => {
  const analysis = { state: 'not_affected', justification: 'code_not_present', detail: 'words' };
  const vulnerabilities = [{ id: 'CVE-2026-1', analysis, affects: [{ ref: 'z' }] }];

  /** A bill of materials that is VEX as well, sealed once: entries 1 and 2. */
  async function twice() {
    const bench = await Bench.begin();
    const { events } = await bench.addOne(cyclonedx({ vulnerabilities }), { subjects: [imageDigest], seal: true });
    expect(events.map(({ type, outcome }) => [type, outcome.ok && outcome.index])).toEqual([['sbom.ingested', 1], ['vex.stated', 2]]);
    expect(bench.secrets.held.size).toBe(1);
    return { bench, erase: (entry: number) => erasePayload({ ...bench.stores, now: bench.world.clock.now }, entry, null, 'court-order', by) };
  }

  test.each([
    ['a stream of the other entry', { streams: ['vuln:CVE-2026-1'] }],
    ['the other entry', { entry: 2 }],
  ])('a hold on %s holds it', async (_, held) => {
    const { bench, erase } = await twice();
    const { index } = await placeHold(bench.stores, { basis: 'litigation', ...held }, by);
    expect(await codeOf(erase(1))).toBe('PAYLOAD_HELD');
    expect(bench.secrets.held.size).toBe(1);
    await releaseHold(bench.stores, index, by);
    expect(await codeOf(erase(1))).toBe('done');
    expect(bench.secrets.held.size).toBe(0);
  });

  test('both are said to be erased, and neither twice', async () => {
    const { bench, erase } = await twice();
    const { index } = await erase(2);
    const said = [await bench.event(index), await bench.event(index + 1)];
    expect(said).toMatchObject([{ type: 'payload.erased', data: { entry: 2 } }, { type: 'payload.erased', data: { entry: 1 } }]);
    expect(await erase(1)).toMatchObject({ index: index + 1, repeated: true });
    expect(await codeOf(readPayloadOf(bench.stores, 1, 'document', 'audit', by))).toBe('PAYLOAD_MISSING');
    await bench.check();
    await addAttestationKey(bench.log, author.key, by);
    const answer = verifyPack(memorySource(await packed(bench)), trust);
    if (!answer.ok) throw new Error(answer.message);
    expect(answer.manifest.withheld.map(({ entry, why }) => [entry, why])).toEqual([[1, 'erased'], [2, 'erased']]);
  });

  test('a hold on a subject that only a linked event names holds it', async () => {
    const bench = await Bench.begin();
    const subjects = Array.from({ length: 70 }, (_, i) => ['sha256', new Uint8Array(32).fill(i + 1)] as const);
    await bench.addOne('about many\n', { subjects: subjects.slice(0, 64), media: 'text/plain', seal: true });
    await bench.addOne(cyclonedx(), { subjects, seal: true });
    expect(await bench.types()).toEqual(['document.stored', 'sbom.ingested', 'sbom.linked']);
    const last = (await bench.event(3)).streams.at(-1)?.name as string;
    const { index } = await placeHold(bench.stores, { basis: 'litigation', streams: [last] }, by);
    const erase = (entry: number) => codeOf(erasePayload({ ...bench.stores, now: bench.world.clock.now }, entry, null, 'unlawful', by));
    expect(await erase(2)).toBe('PAYLOAD_HELD');
    expect(await erase(1)).toBe('done');
    await releaseHold(bench.stores, index, by);
    expect(await erase(2)).toBe('done');
  });
});

describe('a backup that brings back what was erased', () => {
  /** Entry 4 is erased, and then all files are what they were before. */
  async function restored() {
    const all = await sealedBench();
    const { bench } = all;
    const [pack] = [await exporting(bench, artifactRequest, { open: true })];
    const opened = pack.manifest.members.filter(({ role }) => role === 'opened').length;
    const [secrets, payloads] = [bench.secrets, bench.payloads].map(({ held }) => new Map(held)) as [Map<string, Uint8Array>, Map<string, Uint8Array>];
    const [commitment] = [...secrets.keys()].map((hex) => parseHex(hex)) as [Uint8Array];
    const ciphertext = await bench.payloads.findSealed(commitment) as Uint8Array;
    await all.erase();
    for (const [name, bytes] of secrets) bench.secrets.held.set(name, bytes);
    for (const [name, bytes] of payloads) bench.payloads.held.set(name, bytes);
    await bench.payloads.nameSealed(commitment, ciphertext);
    return { ...all, pack, opened, commitment };
  }

  test('it is not read, and goes into no pack, old or new', async () => {
    const { bench, pack, opened } = await restored();
    expect(opened).toBe(1);
    expect(await codeOf(readPayloadOf(bench.stores, 4, 'document', 'audit', by))).toBe('PAYLOAD_MISSING');
    const anew = await exporting(bench, artifactRequest, { open: true });
    expect(anew.manifest.members.filter(({ role }) => role === 'opened')).toEqual([]);
    expect(anew.manifest.withheld.filter(({ entry }) => entry === 4)).toMatchObject([{ role: 'document', why: 'erased' }]);
    expect(await codeOf(repacked(bench, pack.index))).toBe('PAYLOAD_MISSING');
  });

  test('a full check names it, and erasing again destroys it', async () => {
    const { bench, erase, commitment } = await restored();
    expect(await secretsBack(bench.log, bench.secrets)).toEqual([{ entry: 4, commitment }]);
    expect(await erase()).toMatchObject({ repeated: true });
    expect(await secretsBack(bench.log, bench.secrets)).toEqual([]);
    expect(bench.secrets.held.size).toBe(0);
  });
});

describe('an append of which nobody knows whether it went through', () => {
  const unknown = new LedgerError('ANCHOR_UNREACHABLE', 'Cannot anchor the checkpoint');

  test('leaves the words of a hold: the entry may be there after the next start, and name them', async () => {
    const { bench } = await sealedBench();
    const append = bench.log.append.bind(bench.log);
    vi.spyOn(bench.log, 'append').mockImplementationOnce((commands) => append(commands).then(() => Promise.reject(unknown)));
    const request = { basis: 'litigation', streams: [stream], justification: 'case 7' } as const;
    expect(await codeOf(placeHold(bench.stores, request, by))).toBe('ANCHOR_UNREACHABLE');
    const entry = bench.log.published.size - 1;
    expect(await bench.event(entry)).toMatchObject({ type: 'payload.hold_placed' });
    expect(new TextDecoder().decode((await readPayloadOf(bench.stores, entry, 'justification', 'audit', by)).bytes)).toBe('case 7');
  });

  test('a refusal leaves nothing', async () => {
    const { bench } = await sealedBench();
    expect(await codeOf(placeHold(bench.stores, { basis: 'litigation', streams: ['no such'], justification: 'case 7' }, by))).toBe('EVENT_INVALID');
    vi.spyOn(bench.log, 'append').mockImplementationOnce(async () => [{ ok: false, error: new LedgerError('VERSION_CONFLICT', 'Cannot append') }]);
    expect(await codeOf(placeHold(bench.stores, { basis: 'litigation', streams: [stream], justification: 'case 7' }, by))).toBe('VERSION_CONFLICT');
    expect(bench.secrets.held.size).toBe(1);
  });
});

describe('reading a payload out of the ledger', () => {
  test('is on record, a sealed one by its commitment; an erased one cannot be read', async () => {
    const { bench, erase } = await sealedBench();
    const plain = await readPayloadOf(bench.stores, 5, 'document', 'audit', by);
    expect([new TextDecoder().decode(plain.bytes), plain.sealed]).toEqual(['plain words about it\n', false]);
    expect(await bench.event(plain.index)).toMatchObject({ type: 'audit.payload_read', data: { entry: 5, role: 'document', purpose: 'audit' } });
    const sealed = await readPayloadOf(bench.stores, 4, 'document', 'incident', by);
    expect([new TextDecoder().decode(sealed.bytes), sealed.sealed]).toEqual(['what the reviewer wrote\n', true]);
    expect(await bench.event(sealed.index)).toMatchObject({ data: { commitment: ['sha256', expect.any(Uint8Array)] }, streams: [{ name: stream }] });
    const { size } = bench.log.published;
    expect(await codeOf(readPayloadOf(bench.stores, 5, 'facts', 'audit', by))).toBe('PAYLOAD_MISSING');
    expect(bench.log.published.size).toBe(size);
    await erase();
    expect(await codeOf(readPayloadOf(bench.stores, 4, 'document', 'audit', by))).toBe('PAYLOAD_MISSING');
  });
});
