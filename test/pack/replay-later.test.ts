// Replay of a pack in a later world: what was sealed has been erased, or another engine than this release made the decision.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { erasePayload } from '../../actions/erase.ts';
import { exportPack } from '../../actions/export-pack.ts';
import { actingWith, addPerson, type Acting } from '../../actions/person.ts';
import { replayFromStreams, replayFully } from '../../actions/replay.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { packageOf, productOf, stateVex } from '../../actions/vex.ts';
import { decideWaiver, requestWaiver } from '../../actions/waiver.ts';
import { parseHex } from '../../ledger/bytes.ts';
import { decodeEvent, personOf, type DataOf } from '../../ledger/events/index.ts';
import type { ReplayVerdict } from '../../policy/gate/replay.ts';
import { program, PROGRAMS } from '../../tools/bundle.ts';
import { memorySource, reportPack, verifyPack } from '../../verify/pack/index.ts';
import { Bench, newKey } from '../actions/kit.ts';
import { app, day, Gates, noCriticals } from '../gate/kit.ts';
import { by, sha256 } from '../log/kit.ts';
import { author, bytesOf, packSigner, trust, vkeys } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };
const spring = { id: 'CVE-2022-22965', purl: 'pkg:maven/org.springframework/spring-beans@5.3.17' };
const words = { vex: 'the reviewer at extension 4711 found no call', waiver: 'the colleague who could upgrade it is on sick leave' };

const folder = mkdtempSync(join(tmpdir(), 'stella-replay-later-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A release that only a sealed VEX statement and a waiver with a sealed justification let through. */
async function history() {
  const gates = await Gates.begin();
  const { log, world, payloads } = gates;
  const bench = new Bench(log, world, { payloads });
  const ports = { ...bench.stores, documents: bench.documents, now: world.clock.now };
  const person = async (name: string): Promise<Acting> => {
    const { author: { key }, author: own } = newKey();
    await addPerson(log, personOf(sha256, bench.pepper, 'local', name), key, by);
    return actingWith(log, own);
  };
  await addAttestationKey(log, author.key, by);
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, [log4j.purl, spring.purl]), [log4j, spring]);
  const [ann, bob] = [await person('ann'), await person('bob')];
  const { key } = ann.author;
  await gates.append({ type: 'trust.added', by, data: { key: { id: parseHex(key.id), public: key.spki } } });
  const vex = await stateVex(ports, {
    subjects: [app], seal: true, statements: [{
      vulnerability: log4j.id, aliases: [], status: 'not_affected', justification: 'vulnerable_code_not_in_execute_path',
      words: { status: '', justification: null }, product: productOf(app), parts: [packageOf(log4j.purl)],
      stated: null, impact: words.vex, action: null, notes: null,
    }],
  }, ann);
  expect((await gates.gate()).data.outcome).toBe('deny');
  const waiver = await requestWaiver(ports, {
    waiver: 'w-1', vulnerabilities: [spring.id], subjects: [app], components: [], owner: ann.by.person as Uint8Array, breakGlass: false,
    expires: world.clock.now() + 30 * day, responses: ['will_not_fix'], justification: words.waiver,
  }, ann);
  await decideWaiver(ports, 'w-1', { type: 'waiver.approved' }, bob);
  const { appended, data } = await gates.gate();
  expect(data.outcome).toBe('allow');
  const packOf = async (decision: number) => bytesOf(await exportPack({ ...bench.stores, signer: packSigner, vkeys }, { kind: 'decision', decision }, by));
  return { gates, bench, ports, decision: appended.index, vex: vex.index, waiver: waiver.index, packOf };
}

const { gates, bench, ports, decision, vex, waiver, packOf } = await history();
const before = await packOf(decision);

async function replayed(pack: Uint8Array): Promise<ReplayVerdict> {
  const answer = verifyPack(memorySource(pack), trust);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return (await replayPack(answer)).verdict;
}

beforeAll(async () => {
  writeFileSync(join(folder, 'replay.mjs'), await program(PROGRAMS['replay.mjs']));
  writeFileSync(join(folder, 'log.vkey'), `${vkeys[0]}\n`);
}, 60_000);

type Said = Record<string, unknown>;

/** What the program in the pack and "stella replay" say of a pack, which is the same, and their exit codes. */
function told(pack: Uint8Array, trusted: readonly string[] = ['--key', 'log.vkey']): { readonly said: Said; readonly status: readonly (number | null)[] } {
  writeFileSync(join(folder, 'pack.zip'), pack);
  const cli = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
  const runs = [['replay.mjs'], [cli, 'replay']].map((begin) =>
    spawnSync(process.execPath, [...begin, 'pack.zip', ...trusted, '--json'], { cwd: folder, encoding: 'utf8', env: {} }));
  const [{ program: _own, ...theirs }, { exit: _exit, ...mine }] = runs.map(({ stdout }) => JSON.parse(stdout)) as [Said, Said];
  expect(mine).toEqual(theirs);
  return { said: theirs, status: runs.map(({ status }) => status) };
}

describe('after an erasure', () => {
  beforeAll(async () => {
    const erasing = { ...ports, retention: 'standard' as const };
    await erasePayload(erasing, vex, 'document', 'consent-withdrawn', by);
    await erasePayload(erasing, waiver, 'justification', 'objected', by);
    expect([...bench.secrets.held]).toEqual([]);
  });

  test('the decision is the SAME from its streams and from every entry', async () => {
    expect((await replayFromStreams(bench.stores, decision)).verdict).toEqual({ is: 'SAME' });
    expect((await replayFully(bench.stores, decision)).verdict).toEqual({ is: 'SAME' });
  });

  test('a pack from before is the SAME, and one from after, which says what was erased and by which entry', async () => {
    expect(await replayed(before)).toEqual({ is: 'SAME' });
    const pack = await packOf(decision);
    const { said, status } = told(pack);
    expect(status).toEqual([0, 0]);
    expect(said).toMatchObject({ verdict: 'SAME', decision, outcome: 'allow', notProven: expect.arrayContaining([expect.stringContaining('2 erased')]) });

    const answer = verifyPack(memorySource(pack), trust);
    if (!answer.ok) throw new Error(answer.message);
    const gone = [[vex, 'document', 'consent-withdrawn'], [waiver, 'justification', 'objected']];
    expect(answer.payloads.withheld.filter(({ why }) => why === 'erased').map(({ entry, role }) => [entry, role])).toEqual(gone.map((one) => one.slice(0, 2)));
    const events = [...answer.entries.values()].flatMap(({ event }) => (event?.type === 'payload.erased' ? [event.data] : []));
    expect(events.map(({ entry, role, basis }) => [entry, role, basis])).toEqual(gone);
    const { lines } = reportPack(answer, '');
    for (const [entry, role] of gone) expect(lines).toContain(`     erased: the ${role} of entry ${entry}`);
    // Neither pack has ever held the words themselves.
    const texts = [before, pack].map((bytes) => new TextDecoder('latin1').decode(bytes));
    for (const text of texts) for (const word of Object.values(words)) expect(text).not.toContain(word);
  });
});

describe('a decision that another engine made', () => {
  /** The decision, once more on record, as an engine with other rules would have written it. */
  async function again(semantics: Readonly<Record<string, number>>, other: Partial<DataOf<'decision.recorded'>> = {}): Promise<number> {
    const event = decodeEvent(await gates.log.entry(decision));
    if (event.type !== 'decision.recorded') throw new TypeError(event.type);
    const { type, data, payloads = [] } = event;
    return gates.append({ type, by: event.by, data: { ...data, ...other, semantics: { ...data.semantics, ...semantics } }, payloads });
  }

  test('under numbers that this release knows it is the SAME: nothing else keeps it from being replayed', async () => {
    expect(await replayed(await packOf(await again({})))).toEqual({ is: 'SAME' });
  });

  test.each(['rego', 'input', 'vex', 'waiver', 'trust', 'facts', 'coverage', 'gate'])('under another number of %s: CANNOT(semantics)', async (name) => {
    const verdict = await replayed(await packOf(await again({ [name]: 99 })));
    expect(verdict).toMatchObject({ is: 'CANNOT', missing: 'semantics', message: expect.stringContaining(`semantics 99 of ${name}`) });
  });

  test('one whose outcome does not follow is a DRIFT: no with the log\'s key, and without one nobody knows whose', async () => {
    const pack = await packOf(await again({}, { outcome: 'deny', codes: ['POLICY_DENIED'] }));
    for (const [trusted, status, more] of [[['--key', 'log.vkey'], 1, { trusted: 'reader' }], [[], 5, { trusted: 'pack', code: 'TRUST_EMPTY' }]] as const) {
      const answer = told(pack, trusted);
      expect(answer.status).toEqual([status, status]);
      expect(answer.said).toMatchObject({ ok: false, verdict: 'DRIFT', member: 'codes', recorded: '["POLICY_DENIED"]', replayed: 'absent', ...more });
    }
  });

  test('both programs say so, with the status of what cannot be told', async () => {
    const index = await again({ vex: 99 });
    const { said, status } = told(await packOf(index));
    expect(status).toEqual([5, 5]);
    expect(said).toMatchObject({ ok: false, verdict: 'CANNOT', missing: 'semantics', decision: index, outcome: 'allow', trusted: 'reader', level: 'HEAD' });
    expect(said).not.toHaveProperty('code');
  });
});
