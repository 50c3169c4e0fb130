// VEX of our own: stated, signed, drafted; what the rules of VEX forbid is never on record.
import { describe, expect, test } from 'vitest';
import { exportVex, VEX_FORMATS } from '../../actions/export-vex.ts';
import { decideWaiver, requestWaiver } from '../../actions/waiver.ts';
import { draftFromSarif } from '../../actions/draft-vex.ts';
import { openSealed } from '../../actions/sealed-payload.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { addTrust } from '../../actions/trust.ts';
import { addPerson, actingWith, type Acting } from '../../actions/person.ts';
import { digestIn, packageOf, productOf, stateVex, type VexToState } from '../../actions/vex.ts';
import { parseFacts, readDocument, type VexStatement } from '../../evidence/index.ts';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { personOf } from '../../ledger/events/index.ts';
import { readTrust, verifyEnvelope } from '../../verify/sigstore/index.ts';
import { by, sha256 } from '../log/kit.ts';
import { Bench, image, imageDigest, newKey, otherDigest } from './kit.ts';

const codeOf = (act: Promise<unknown>) => act.then(() => 'accepted', (error: unknown) => (error instanceof LedgerError ? error.code : String(error)));

async function people() {
  const bench = await Bench.begin();
  const { author, pem } = newKey();
  await addPerson(bench.log, personOf(sha256, bench.pepper, 'local', 'ann'), author.key, by);
  return { bench, ann: await actingWith(bench.log, author), pem, ports: { ...bench.stores, documents: bench.documents, now: bench.world.clock.now } };
}

function statementOf(more: Partial<VexStatement> = {}): VexStatement {
  return {
    vulnerability: 'CVE-2026-0001', aliases: ['GHSA-2222-3333-4444'], status: 'not_affected', justification: 'vulnerable_code_not_present',
    words: { status: '', justification: null }, product: productOf(imageDigest), parts: [packageOf('pkg:npm/left-pad@1.3.0')],
    stated: null, impact: null, action: null, notes: null, ...more,
  };
}

function stated(more: Partial<VexStatement> = {}, rest: Partial<VexToState> = {}): VexToState {
  return { statements: [statementOf(more)], subjects: [imageDigest], ...rest };
}

async function payloadOf(bench: Bench, index: number, role: string): Promise<Uint8Array | null> {
  const reference = (await bench.event(index)).payloads?.find((one) => one.role === role);
  if (reference?.digest === undefined) return openSealed(bench, reference?.commitment?.[1] as Uint8Array);
  return bench.payloads.held.get(formatHex(reference.digest[1])) ?? null;
}

describe('stated', () => {
  test('as OpenVEX in a statement signed by the person, with facts that say the same', async () => {
    const { bench, ann, pem, ports } = await people();
    const { index, format } = await stateVex(ports, stated(), ann);
    expect(format).toBe('openvex');
    const event = await bench.event(index);
    expect(event.data).toMatchObject({
      subjects: [imageDigest], vulnerabilities: ['CVE-2026-0001', 'GHSA-2222-3333-4444'], format: 'openvex', statements: 1, deviations: 0,
      authored: { assurance: 'signed', key: parseHex(ann.author.key.id) },
    });
    expect(event.streams.map(({ name }) => name)).toEqual(['vuln:CVE-2026-0001', 'vuln:GHSA-2222-3333-4444', `artifact:sha256:${image}`]);
    const document = (await payloadOf(bench, index, 'document')) as Uint8Array;
    expect(verifyEnvelope(document, readTrust([{ kind: 'key', publicKey: pem }]))).toMatchObject({ is: 'verified' });
    expect(parseFacts((await payloadOf(bench, index, 'facts')) as Uint8Array).statements).toEqual([{
      aliases: ['GHSA-2222-3333-4444'], justification: 'vulnerable_code_not_present', part: { purls: ['pkg:npm/left-pad@1.3.0'] },
      product: { hashes: [['sha256', image]] }, stated: bench.world.clock.now(), status: 'not_affected', vulnerability: 'CVE-2026-0001',
    }]);
    await bench.check();
  });

  test('the same again is another statement', async () => {
    const { bench, ann, ports } = await people();
    const [first, second] = [await stateVex(ports, stated(), ann), await stateVex(ports, stated(), ann)];
    expect([first.repeated, second.repeated, second.index - first.index]).toEqual([false, false, 1]);
    expect((await bench.log.head('vuln:CVE-2026-0001'))?.version).toBe(2);
  });

  test('about a package in versions: CycloneDX, whose words come back', async () => {
    const { bench, ann, ports } = await people();
    const product = packageOf('pkg:npm/left-pad', ['unaffected vers:npm/>=1.0.0|<1.3.1']);
    const { index, format } = await stateVex(ports, stated({ product, parts: [] }, { subjects: [] }), ann);
    expect(format).toBe('cyclonedx');
    expect((await bench.event(index)).data).not.toHaveProperty('subjects');
    const [fact] = parseFacts((await payloadOf(bench, index, 'facts')) as Uint8Array).statements ?? [];
    expect(fact).toMatchObject({ status: 'not_affected', product: { purls: ['pkg:npm/left-pad'], versions: ['unaffected vers:npm/>=1.0.0|<1.3.1'] } });
  });

  test('sealed: its words can be erased, its facts stay', async () => {
    const { bench, ann, ports } = await people();
    const { index } = await stateVex(ports, stated({ justification: null, impact: 'the customer turned it off' }, { seal: true }), ann);
    const plain = [await bench.log.entry(index), ...bench.payloads.held.values()].map((bytes) => new TextDecoder('latin1').decode(bytes)).join();
    expect(plain).not.toContain('turned it off');
    expect(new TextDecoder().decode((await payloadOf(bench, index, 'document')) as Uint8Array)).toContain('"payload"');
    expect(parseFacts((await payloadOf(bench, index, 'facts')) as Uint8Array).statements).toMatchObject([{ hasImpact: true }]);
  });

  test.each<[string, Partial<VexStatement>, string]>([
    ['not affected, without a reason', { justification: null }, 'INPUT_MALFORMED'],
    ['affected, without an action', { status: 'affected', justification: null }, 'INPUT_MALFORMED'],
    ['fixed, with a justification', { status: 'fixed' }, 'INPUT_MALFORMED'],
    ['without a status', { status: null }, 'INPUT_MALFORMED'],
    ['about a vulnerability without an id', { vulnerability: 'the one of last week', aliases: [] }, 'EVIDENCE_INVALID'],
    ['in a spelling that no advisory has', { vulnerability: 'cve-2026-0001' }, 'EVIDENCE_INVALID'],
    ['with an alias in such a spelling', { aliases: ['ghsa-2222-3333-4444'] }, 'EVIDENCE_INVALID'],
    ['about a part in versions', { parts: [packageOf('pkg:npm/a', ['unaffected vers:npm/*'])] }, 'INPUT_MALFORMED'],
  ])('refused: %s', async (_, more, code) => {
    const { bench, ann, ports } = await people();
    const size = bench.log.published.size;
    expect(await codeOf(stateVex(ports, stated(more), ann))).toBe(code);
    expect(bench.log.published.size).toBe(size);
  });

  test('asserted, where the ledger signs for somebody', async () => {
    const { bench, ports } = await people();
    const acting: Acting = { by, assurance: 'asserted', author: newKey().author };
    const { index } = await stateVex(ports, stated(), acting);
    expect((await bench.event(index)).data).toMatchObject({ authored: { assurance: 'asserted' } });
  });
});

describe('VEX that others signed', () => {
  test('is on record as attestation and as VEX, with the same word on its signature', async () => {
    const { bench, ann, ports } = await people();
    const { index } = await stateVex(ports, stated(), ann);
    const document = new TextDecoder().decode((await payloadOf(bench, index, 'document')) as Uint8Array);
    const { events } = await bench.addOne(document);
    expect(events.map(({ type }) => type)).toEqual(['attestation.recorded', 'vex.stated']);
    const [attestation, vex] = [await bench.event(index + 1), await bench.event(index + 2)];
    expect(vex.data).toMatchObject({ format: 'openvex', statements: 1, subjects: [imageDigest] });
    expect((vex.data as { signatures: unknown }).signatures).toEqual((attestation.data as { signatures: unknown }).signatures);
    expect(vex.data).not.toHaveProperty('authored');
  });
});

describe('exported', () => {
  const day = 86_400_000;
  const { now } = { now: Date.UTC(2026, 10, 21) };
  const seed = new Uint8Array(16).fill(5);

  async function full() {
    const { bench, ann, ports } = await people();
    const { author } = newKey();
    await addPerson(bench.log, personOf(sha256, bench.pepper, 'local', 'bob'), author.key, by);
    const bob = await actingWith(bench.log, author);
    await stateVex(ports, stated({ status: 'under_investigation', justification: null }), ann);
    bench.world.clock.pass(1000);
    await stateVex(ports, stated({ justification: null, impact: 'it is turned off' }), ann);
    await stateVex(ports, stated({ vulnerability: 'CVE-2026-0009', aliases: [] }, { seal: true }), ann);
    const request = (waiver: string, vulnerability: string, subjects = [imageDigest]) => requestWaiver(ports, {
      waiver, vulnerabilities: [vulnerability], subjects, components: [], owner: ann.by.person as Uint8Array, breakGlass: false, expires: now + 30 * day,
      responses: ['workaround_available'], justification: 'why',
    }, ann);
    for (const [id, vulnerability] of [['w-1', 'CVE-2026-0005'], ['w-2', 'CVE-2026-0001'], ['w-3', 'CVE-2026-0006']] as const) await request(id, vulnerability);
    await request('w-4', 'CVE-2026-0007', [otherDigest]);
    for (const id of ['w-1', 'w-2', 'w-4']) await decideWaiver(ports, id, { type: 'waiver.approved' }, bob);
    await addTrust(bench.stores, { kind: 'identity', issuer: 'local', subject: 'ann' }, by);
    return { bench, at: bench.world.clock.now(), ports: { ...bench.stores, documents: new DocumentReader(bench.log.published.size, bench.log, null) } };
  }
  const short = ({ statements }: { statements: readonly VexStatement[] }) => statements.map(({ vulnerability, status, impact, action }) =>
    [vulnerability, status, impact ?? action ?? ''].join(' ')).sort();

  test('the newest of ours, in its own words; a risk that is accepted is affected, unless something newer is said of it', async () => {
    const { at, ports } = await full();
    const exported = await exportVex(ports, imageDigest, 'openvex', at, seed);
    expect(short(exported)).toEqual([
      'CVE-2026-0001 not_affected it is turned off',
      'CVE-2026-0005 affected risk accepted until 2026-12-21T00:00:00.000Z (waiver w-1): workaround available',
      'CVE-2026-0009 not_affected ',
    ]);
    expect(exported.waivers.map(({ id }) => id)).toEqual(['w-1']);
  });

  test('in every dialect, and each reads back as the same', async () => {
    const { at, ports } = await full();
    for (const format of VEX_FORMATS) {
      const { document } = await exportVex(ports, imageDigest, format, at, seed);
      const { view, deviations } = await readDocument(document);
      expect([format, deviations.filter(({ code }) => code !== 'RECOMMENDED')]).toEqual([format, []]);
      const said = view.vex?.statements.map(({ vulnerability, status }) => `${vulnerability} ${status}`).sort();
      expect(said).toEqual(['CVE-2026-0001 not_affected', 'CVE-2026-0005 affected', 'CVE-2026-0009 not_affected']);
    }
  });

  test('an expired waiver says nothing any more; erased words are told of; nothing to say is refused', async () => {
    const { bench, at, ports } = await full();
    const later = await exportVex(ports, imageDigest, 'openvex', at + 31 * day, seed);
    expect(later.statements.map(({ vulnerability }) => vulnerability).sort()).toEqual(['CVE-2026-0001', 'CVE-2026-0009']);
    bench.secrets.held.clear();
    const exported = await exportVex(ports, imageDigest, 'openvex', at, seed);
    expect([exported.unreadable, exported.statements.length]).toEqual([[5], 2]);
    expect(await codeOf(exportVex(ports, ['sha256', new Uint8Array(32)], 'openvex', at, seed))).toBe('EVIDENCE_INVALID');
  });
});

describe('drafts', () => {
  const policy = (rules: unknown[]) => encodeUtf8(JSON.stringify({ format: 'stella-vex-policy/1', reviewed: { by: 'ann', on: '2026-11-21' }, rules }));
  const result = (ruleId: string, properties: object, kind = 'fail') => ({ ruleId, kind, message: { text: '' }, properties });
  const sarif = (results: object[]) => encodeUtf8(JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 't' } }, results }] }));
  const found = sarif([
    result('CVE-2026-0001', { purl: 'pkg:npm/left-pad@1.3.0', outcome: 'affected', entryTrace: { state: 'not_reached' } }),
    result('CVE-2026-0002', { purl: 'pkg:npm/%40a/b@2.0.0' }, 'open'),
    result('CVE-2026-0003', {}),
    result('CVE-2026-0004', { purl: 'pkg:npm/left-pad@1.3.0' }, 'pass'),
    result('CWE-79', {}), result('no-unused-vars', {}),
  ]);
  const draft = (rules: unknown[]) => draftFromSarif(found, policy(rules), productOf(imageDigest));
  const short = (rules: unknown[]) =>
    draft(rules).statements.map(({ vulnerability, status, parts }) => `${vulnerability} ${status} ${parts.map(({ id }) => id).join()}`);
  const notReached = { when: { entryTrace: 'not_reached' }, status: 'not_affected', justification: 'vulnerable_code_not_in_execute_path' };

  test('the first rule that fits decides; what nobody judged is under investigation', () => {
    const never = { when: { packages: ['pkg:npm/left-pad@9.9.9'] }, status: 'fixed' };
    expect(short([never, notReached, { when: { vulnerabilities: ['CVE-2026-0001'] }, status: 'fixed' }])).toEqual([
      'CVE-2026-0001 not_affected pkg:npm/left-pad@1.3.0',
      'CVE-2026-0002 under_investigation pkg:npm/%40a/b@2.0.0',
      'CVE-2026-0003 under_investigation ',
    ]);
    expect(draft([notReached]).decided).toBe(1);
  });

  test.each<[object, number]>([
    [{ outcome: 'indeterminate' }, 1], [{ outcome: 'affected' }, 2], [{ packages: ['pkg:npm/left-pad'] }, 1], [{ packages: ['pkg:NPM/left-pad'] }, 1],
    [{ packages: ['pkg:npm/%40a/b@2.0.0'] }, 1], [{ packages: ['pkg:npm/b'] }, 0], [{ packages: ['pkg:npm/left-pad?x=y'] }, 0],
    [{ vulnerabilities: ['CVE-2026-0003'], entryTrace: 'unknown' }, 1], [{ vulnerabilities: ['CVE-2026-0004'] }, 0],
  ])('%j decides %i', (when, decided) => {
    expect(draft([{ when, status: 'fixed' }]).decided).toBe(decided);
  });

  test('a draft reads back as valid VEX', async () => {
    const { VEX_WRITERS, VEX_FORMATS } = await import('../../evidence/vex/writers.ts');
    const { aboutOf } = await import('../../actions/vex.ts');
    for (const format of VEX_FORMATS) {
      const bytes = VEX_WRITERS[format](draft([notReached]).statements, aboutOf('ledger.example', { by }, Date.UTC(2026, 10, 21), new Uint8Array(16).fill(3)));
      const { deviations, view } = await readDocument(bytes);
      // CSAF recommends what a draft has not got yet: a label, a language, a canonical address.
      expect([format, deviations.filter(({ code }) => code !== 'RECOMMENDED'), view.vex?.statements.length]).toEqual([format, [], 3]);
    }
  });

  test.each<[string, string]>([
    ['{"format":"stella-vex-policy/1","rules":[{"when":{"outcome":"affected"},"status":"fixed"}]}', '/reviewed'],
    ['{"format":"stella-vex-policy/1","reviewed":{"by":"a","on":"last week"},"rules":[]}', '/reviewed/on'],
    ['{"format":"stella-vex-policy/1","reviewed":{"by":"a","on":"2026-02-30"},"rules":[]}', '/reviewed/on'],
    ['{"format":"stella-vex-policy/1","reviewed":{"by":"a","on":"2026-99-99"},"rules":[]}', '/reviewed/on'],
    ['{"format":"stella-vex-policy/1","reviewed":{"by":"a","on":"2026-01-01"},"rules":[]}', '/rules'],
    ['format: stella-vex-policy/1\nreviewed: {by: a, on: "2026-01-01"}\nrules: [{when: {}, status: fixed}]', '/rules/0/when'],
    ['format: stella-vex-policy/1\nreviewed: {by: a, on: "2026-01-01"}\nrules: [{when: {outcome: fixed}, status: fixed}]', '/rules/0/when/outcome'],
    ['format: stella-vex-policy/1\nreviewed: {by: a, on: "2026-01-01"}\nrules: [{when: {outcome: affected}, status: not_affected}]', '/rules/0'],
    ['format: stella-vex-policy/1\nreviewed: {by: a, on: "2026-01-01"}\nrules: [{when: {outcome: affected}, status: fixed, action: x}]', '/rules/0'],
    ['format: stella-vex-policy/1\nreviewed: {by: a, on: "2026-01-01"}\nrules: [{when: {package: [x]}, status: fixed}]', '/rules/0/when/package'],
    ['format: stella-vex-policy/1\nreviewed: {by: a, on: "2026-01-01"}\nrules: [{when: {packages: [x]}, status: fixed}]', '/rules/0/when/packages/0'],
    ['a: b: c', ''],
  ])('refused: %s', (text, pointer) => {
    try {
      draftFromSarif(found, encodeUtf8(text), productOf(imageDigest));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(LedgerError);
      const { code, message } = error as LedgerError;
      expect([code, / at (\/\S*):/.exec(message)?.[1] ?? '']).toEqual(['VEX_POLICY_INVALID', pointer]);
    }
  });

  test('a product\'s digest, or none', () => {
    expect(digestIn(productOf(imageDigest))).toEqual(imageDigest);
    expect(digestIn(packageOf('pkg:npm/a'))).toBe(null);
  });
});
