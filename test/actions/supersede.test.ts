// Superseding evidence: what counts again, what counts no more, what is refused, and that nothing decided before moves.
import { describe, expect, test } from 'vitest';
import { addAttestationKey } from '../../actions/add-key.ts';
import { exportPack } from '../../actions/export-pack.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { replayFromStreams, replayFully } from '../../actions/replay.ts';
import { supersedeEvidence, supersededAbout, supersededAt, type Supersession } from '../../actions/supersede.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { DataOf } from '../../ledger/events/index.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { actor, app, Gates, noCriticals } from '../gate/kit.ts';
import { by, digestOf } from '../log/kit.ts';
import { author, bytesOf, packSigner, trust, vkeys } from '../pack/kit.ts';
import { attestation, Bench, cyclonedx, imageDigest, memorySecrets, newKey, otherDigest } from './kit.ts';

type Ledger = Pick<Bench, 'log'>;
const documentsAt = ({ log }: Ledger, size = log.published.size) => new DocumentReader(size, log, null);
const supersede = (ledger: Ledger, entry: number, more: Partial<Supersession> = {}) =>
  supersedeEvidence({ log: ledger.log, documents: documentsAt(ledger) }, { entry, reason: 'mistaken', ...more }, by);
const refusal = (ledger: Ledger, entry: number, more: Partial<Supersession> = {}) =>
  supersede(ledger, entry, more).then(() => 'done', ({ code, message }: { code: string; message: string }) => `${code}: ${message}`);

const bad = { id: 'CVE-2026-1', purl: 'pkg:npm/bad@1' };

describe('the gate', () => {
  test('a newest bill of materials with a wrong time gives way to the one before it; what was decided stays, and its pack verifies', async () => {
    const gates = await Gates.begin();
    await addAttestationKey(gates.log, author.key, by);
    await gates.policy('release', noCriticals);
    await gates.feed('osv', 'snapshot 1');
    await gates.trust('vendor');
    const { wall } = gates.world.clock;
    const signed = async (purl: string, claimed: number) => {
      const facts = {
        attestations: [{
          envelope: 'dsse', predicate: { format: 'cyclonedx', kind: 'document' }, predicateType: 'https://cyclonedx.org/bom', signatures: 1,
          subjects: [{ digests: [['sha256', formatHex(app[1])]] }],
        }],
        components: [{ name: 'x', purl, type: 'library' }], semantics: 1,
      };
      await gates.attestation(app, 'vendor', { kind: 'document' }, undefined, facts as never);
      return gates.sbom(app, [purl], claimed, facts as never);
    };
    // Made by a machine whose clock was ahead: no right one ever looks newer.
    const wrong = await signed('pkg:npm/quiet@1', wall - 1);
    const right = await signed(bad.purl, wall - 86_400_000);
    await gates.scan(app, wrong, []);
    const { data, appended: { index: decision } } = await gates.gate();
    expect([data.outcome, data.warnings]).toEqual(['allow', ['SBOM_OLDER']]);
    const size = gates.log.published.size;
    const before = await documentsAt(gates, size).get('artifact', `artifact:sha256:${formatHex(app[1])}`);

    const done = await supersede(gates, wrong, { reason: 'corrected', by: right });
    expect(done).toMatchObject({ count: 1, type: 'sbom.ingested', alike: [wrong - 1] });
    expect(await gates.answer()).toBe('deny SCAN_OUTDATED');
    await gates.scan(app, right, [bad]);
    expect(await gates.answer()).toBe('deny POLICY_DENIED');

    const { log, payloads } = gates;
    for (const replay of [replayFromStreams, replayFully]) expect((await replay({ log, payloads }, decision)).verdict).toEqual({ is: 'SAME' });
    expect(await documentsAt(gates, size).get('artifact', `artifact:sha256:${formatHex(app[1])}`)).toEqual(before);
    const pack = await exportPack({ log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, { kind: 'decision', decision }, by);
    const verified = verifyPack(memorySource(await bytesOf(pack)), trust);
    if (!verified.ok) throw new Error(`${verified.code}: ${verified.message}`);
    expect((await replayPack(verified)).verdict).toEqual({ is: 'SAME' });
    expect(await supersededAbout(documentsAt(gates), app[1])).toEqual([
      { entry: wrong, type: 'sbom.ingested', superseded: { entry: done.index, reason: 'corrected', by: right } },
    ]);
    expect(await supersededAbout(documentsAt(gates, size), app[1])).toEqual([]);
    await gates.check();
  });

  test('an attestation that a contract asks for counts no more: EVIDENCE_MISSING, and the contract says why', async () => {
    const gates = await Gates.begin();
    await gates.policy('release', { 'gate.rego': 'package gate\n\nimport rego.v1\n\ndefault allow := true\n' });
    await gates.feed('osv', 'snapshot 1');
    await gates.contract('signed', { format: 'stella-contract/1', require: [{ id: 'built', anyOf: [{ kind: 'attestation' }] }] });
    await gates.trust('builder');
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/quiet@1']), []);
    const built = await gates.attestation(app, 'builder', { kind: 'slsa' });
    expect(await gates.answer({ contracts: ['signed'] })).toBe('allow');
    await supersede(gates, built, { reason: 'withdrawn' });
    const { data, decided } = await gates.gate({ contracts: ['signed'] });
    expect([data.outcome, data.codes]).toEqual(['deny', ['EVIDENCE_MISSING']]);
    expect(decided.shown.results.missing).toEqual(['signed#built']);
  });

  test('VEX that closed a finding counts no more', async () => {
    const gates = await Gates.begin();
    await gates.policy('release', noCriticals);
    await gates.feed('osv', 'snapshot 1');
    await gates.trust('vendor');
    await gates.scan(app, await gates.sbom(app, [bad.purl]), [bad]);
    const stated = await gates.vex(app, [{ vulnerability: bad.id }], 'vendor');
    const { data, appended } = await gates.gate();
    expect(data.outcome).toBe('allow');
    await supersede(gates, stated);
    expect(await gates.answer()).toBe('deny POLICY_DENIED');
    const { log, payloads } = gates;
    expect((await replayFromStreams({ log, payloads }, appended.index)).verdict).toEqual({ is: 'SAME' });
    const later = await gates.gate();
    expect(later.decided.shown.input?.vex_rejected).toMatchObject([{ vuln_id: bad.id, reason: 'superseded' }]);
  });
});

describe('one append tells all streams', () => {
  test('33 and more subjects and vulnerabilities are several events, with those of linked entries', async () => {
    const bench = await Bench.begin();
    const subjects = Array.from({ length: 70 }, (_, i) => digestOf(`artifact ${i}`)).sort((a, b) => (formatHex(a[1]) < formatHex(b[1]) ? -1 : 1));
    const [recorded] = await bench.add([{ text: cyclonedx({ metadata: {} }), subjects }]);
    const outcome = recorded?.events[0]?.outcome;
    expect(outcome).toMatchObject({ ok: true, count: 2 });
    const entry = (outcome as { index: number }).index;
    const { size } = bench.log.published;
    expect(await supersede(bench, entry)).toMatchObject({ index: size, count: 3, repeated: false });
    const said = await Promise.all([0, 1, 2].map(async (i) => (await bench.event(size + i)).data as DataOf<'evidence.superseded'>));
    expect(said.map((one) => one.subjects?.length)).toEqual([32, 32, 6]);
    expect(said.flatMap((one) => one.subjects ?? [])).toEqual(subjects);
    expect(said).toEqual(said.map(({ subjects: part }) => ({ entry, reason: 'mistaken', subjects: part })));
    for (const [, digest] of subjects) expect(await supersededAbout(documentsAt(bench), digest)).toMatchObject([{ entry }]);
    expect(await refusal(bench, entry)).toBe(`EVIDENCE_SUPERSEDED: Cannot supersede entry ${entry}: entry ${size} did so before`);
    // The entry that only brings it to more artifacts is no evidence of its own.
    expect(await refusal(bench, entry + 1)).toBe(`EVIDENCE_UNKNOWN: Cannot supersede entry ${entry + 1}: sbom.linked is no evidence that counts`);
    await bench.check();
  });

  test('more vulnerabilities than subjects, and VEX about no artifact at all', async () => {
    const gates = await Gates.begin();
    const names = Array.from({ length: 40 }, (_, i) => ({ vulnerability: `CVE-2026-${1000 + i}` }));
    const wide = await gates.vex(app, names, null);
    expect(await supersede(gates, wide)).toMatchObject({ count: 2 });
    const events = [await gates.event(wide + 1), await gates.event(wide + 2)].map(({ data }) => data as DataOf<'evidence.superseded'>);
    expect(events.map(({ subjects, vulnerabilities }) => [subjects, vulnerabilities?.length])).toEqual([[[app], 32], [undefined, 8]]);
    expect(events.flatMap(({ vulnerabilities }) => vulnerabilities)).toEqual(names.map(({ vulnerability }) => vulnerability));
  });

  test('of two at once, one is refused', async () => {
    const gates = await Gates.begin();
    const entry = await gates.sbom(app, ['pkg:npm/quiet@1']);
    const both = await Promise.all([refusal(gates, entry), refusal(gates, entry)]);
    expect(both.map((text) => text.split(':')[0])).toEqual(['done', 'VERSION_CONFLICT']);
  });

  test('where only some of its streams know, the others are told', async () => {
    const gates = await Gates.begin();
    const entry = await gates.vex(app, [{ vulnerability: 'CVE-1' }], null);
    await gates.append({ type: 'evidence.superseded', by: actor('ci'), data: { entry, reason: 'withdrawn', subjects: [app] } });
    expect(await supersede(gates, entry)).toMatchObject({ count: 1 });
    expect(await refusal(gates, entry)).toBe(`EVIDENCE_SUPERSEDED: Cannot supersede entry ${entry}: entry ${entry + 1} did so before`);
  });
});

describe('refused', () => {
  test('what is no evidence, and what is not there', async () => {
    const bench = await Bench.begin();
    await bench.addOne('a note\n', { subjects: [imageDigest], media: 'text/plain' });
    expect(await refusal(bench, 0)).toBe('EVIDENCE_UNKNOWN: Cannot supersede entry 0: ledger.created is no evidence that counts');
    expect(await refusal(bench, 1)).toBe('EVIDENCE_UNKNOWN: Cannot supersede entry 1: document.stored is no evidence that counts');
    expect(await refusal(bench, 2)).toMatch(/^ENTRY_MISSING: /);
    await bench.addOne(cyclonedx());
    expect(await refusal(bench, 2, { by: 3 })).toMatch(/^ENTRY_MISSING: /);
    expect(bench.log.published.size).toBe(3);
  });

  test('a scan, and what superseded something', async () => {
    const gates = await Gates.begin();
    const [sbom, scan] = [await gates.sbom(app, ['pkg:npm/quiet@1']), await gates.scan(app, 1, [])];
    expect(await refusal(gates, scan)).toBe(`EVIDENCE_UNKNOWN: Cannot supersede entry ${scan}: scan.completed is no evidence that counts`);
    await supersede(gates, sbom);
    expect(await refusal(gates, sbom + 2)).toBe(`EVIDENCE_UNKNOWN: Cannot supersede entry ${sbom + 2}: evidence.superseded is no evidence that counts`);
  });

  test('a successor that is the same, another kind, about something else, or superseded itself', async () => {
    const gates = await Gates.begin();
    const [sbom, second] = [await gates.sbom(app, ['pkg:npm/quiet@1']), await gates.sbom(app, ['pkg:npm/quiet@2'])];
    const elsewhere = await gates.sbom(digestOf('elsewhere'), ['pkg:npm/quiet@1']);
    const scan = await gates.scan(app, sbom, []);
    const vex = await gates.vex(app, [{ vulnerability: 'CVE-1' }], null);
    const [later, unrelated] = [await gates.vex(app, [{ vulnerability: 'CVE-1' }], null), await gates.vex(app, [{ vulnerability: 'CVE-2' }], null)];
    const wrong = (entry: number, of: number) => `SUCCESSOR_WRONG: Cannot put entry ${entry} in the place of entry ${of}: `;
    expect(await refusal(gates, sbom, { by: sbom })).toBe(`${wrong(sbom, sbom)}it is the same entry`);
    expect(await refusal(gates, sbom, { by: scan })).toBe(`${wrong(scan, sbom)}it is scan.completed, expected sbom.ingested`);
    expect(await refusal(gates, sbom, { by: vex })).toBe(`${wrong(vex, sbom)}it is vex.stated, expected sbom.ingested`);
    expect(await refusal(gates, sbom, { by: elsewhere })).toBe(`${wrong(elsewhere, sbom)}it is about none of the same artifacts`);
    expect(await refusal(gates, vex, { by: unrelated })).toBe(`${wrong(unrelated, vex)}it names none of the same vulnerabilities`);
    expect(await supersede(gates, vex, { by: later })).toMatchObject({ type: 'vex.stated' });
    const before = `EVIDENCE_SUPERSEDED: Cannot supersede entry ${vex}: entry ${unrelated + 1} did so before, for entry ${later}`;
    expect(await refusal(gates, later, { by: vex })).toBe(before);
    // The older one may take the newer one's place.
    expect(await supersede(gates, second, { by: sbom, reason: 'corrected' })).toMatchObject({ count: 1 });
    expect(await supersededAt({ log: gates.log, documents: documentsAt(gates) }, second)).toMatchObject({ reason: 'corrected', by: sbom });
  });
});

test('sent again it is recognised, and stays superseded', async () => {
  const bench = await Bench.begin();
  const text = await attestation(newKey().author);
  await bench.addOne(text);
  await supersede(bench, 1);
  expect((await bench.addOne(text)).events).toMatchObject([{ outcome: { index: 1, repeated: true } }]);
  expect(await supersededAt({ log: bench.log, documents: documentsAt(bench) }, 1)).toEqual({ entry: 2, reason: 'mistaken' });
  expect(await supersededAt({ log: bench.log, documents: documentsAt(bench) }, 2)).toBeNull();
  expect(await supersededAbout(documentsAt(bench), otherDigest[1])).toEqual([]);
});
