// Evidence on record: each kind as its event, with its facts; refusals that leave nothing; the same thing twice.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { claimedTime } from '../../actions/plan-evidence.ts';
import { openSealed } from '../../actions/sealed-payload.ts';
import { parseFacts } from '../../evidence/index.ts';
import { jsonBytesMax } from '../../ledger/json.ts';
import { openPayloads } from '../../ledger/store/payloads.ts';
import { openSecrets } from '../../ledger/store/secrets.ts';
import { Bench, attestation, cyclonedx, image, imageDigest, newKey, other, otherDigest } from './kit.ts';
import { sha256 } from '../log/kit.ts';
import { freshDirectory } from '../store/place.ts';

const openvex = (ids: readonly string[], products: readonly string[] = [image]) => JSON.stringify({
  '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'https://example.org/vex-1', author: 'Ann Example <ann@example.org>',
  timestamp: '2026-01-01T00:00:00Z', version: 1,
  statements: ids.map((name) => ({
    vulnerability: { name }, status: 'fixed', products: products.map((hex) => ({ '@id': `pkg:oci/app@sha256%3A${hex}`, hashes: { 'sha-256': hex } })),
  })),
});

const sarif = JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'lint' } }, results: [{ ruleId: 'R1', message: { text: 'no' } }] }] });

const bare = (digest: object) =>
  JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject: [{ digest }], predicateType: 'https://example.org/v1', predicate: {} });

describe('each kind is its event', () => {
  test('a bill of materials: subjects from the document, counts from the facts', async () => {
    const bench = await Bench.begin();
    const text = cyclonedx();
    const { events, digest } = await bench.addOne(text);
    expect(events).toMatchObject([{ type: 'sbom.ingested', outcome: { ok: true, index: 1, repeated: false } }]);
    expect(digest).toEqual(sha256(encodeUtf8(text)));
    const event = await bench.event(1);
    expect(event.data).toEqual({ subjects: [imageDigest], format: 'cyclonedx', semantics: 1, components: 2, deviations: 0 });
    const [facts, document] = event.payloads ?? [];
    expect([facts?.role, document?.role, document?.digest?.[1]]).toEqual(['facts', 'document', digest]);
    expect(parseFacts(bench.payloads.held.get(formatHex(facts?.digest?.[1] as Uint8Array)) as Uint8Array).components).toHaveLength(2);
    await bench.check();
  });

  test.each<[string | undefined, object | undefined]>([
    ['2026-01-02T03:04:05Z', { at: Date.UTC(2026, 0, 2, 3, 4, 5), text: '2026-01-02T03:04:05Z' }],
    ['2026-01-02T03:04:05.678+02:00', { at: Date.UTC(2026, 0, 2, 1, 4, 5, 678), text: '2026-01-02T03:04:05.678+02:00' }],
    [undefined, undefined],
  ])('a bill of materials made at %s, as it says', async (timestamp, claimed) => {
    const bench = await Bench.begin();
    const { metadata } = JSON.parse(cyclonedx()) as { metadata: object };
    await bench.addOne(cyclonedx({ metadata: { ...metadata, ...(timestamp === undefined ? {} : { timestamp }) } }));
    expect((await bench.event(1)).claimed).toEqual(claimed);
    await bench.check();
  });

  test.each(['2026-01-02T03:04:05', '2026-01-02', '2026-06-31T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-02T03:04:60Z', 'yesterday', '', null])(
    'a time that cannot be told is none: %s', (text) => expect(claimedTime(text)).toBeNull(),
  );

  test('one that is VEX as well: two events over the same payloads', async () => {
    const bench = await Bench.begin();
    const vulnerabilities = [{ id: 'CVE-2026-1', analysis: { state: 'not_affected', justification: 'code_not_reachable' }, affects: [{ ref: 'z' }] }];
    const { events } = await bench.addOne(cyclonedx({ vulnerabilities }));
    expect(events.map(({ type }) => type)).toEqual(['sbom.ingested', 'vex.stated']);
    const stated = { vulnerabilities: ['CVE-2026-1'], format: 'cyclonedx', semantics: 1, statements: 1, deviations: 0 };
    expect((await bench.event(2)).data).toEqual({ subjects: [imageDigest], ...stated });
    expect((await bench.event(1)).payloads).toEqual((await bench.event(2)).payloads);
    // The bill of materials is recognised; the statement is made again.
    const again = await bench.addOne(cyclonedx({ vulnerabilities }));
    expect(again.events.map(({ outcome }) => outcome.ok && outcome.repeated)).toEqual([true, false]);
  });

  test('VEX about products by name, with more vulnerabilities than one entry has streams', async () => {
    const bench = await Bench.begin();
    const ids = Array.from({ length: 150 }, (_, i) => `CVE-2026-${1000 + i}`);
    await bench.addOne(openvex(ids));
    expect(await bench.types()).toEqual(['vex.stated', 'vex.linked', 'vex.linked']);
    const streams = new Set<string>();
    for (let i = 1; i < 4; i++) for (const { name } of (await bench.event(i)).streams) streams.add(name);
    expect([...streams].filter((name) => name.startsWith('vuln:')).sort()).toEqual(ids.map((id) => `vuln:${id}`));
    expect([(await bench.event(2)).data, (await bench.event(3)).data]).toMatchObject([{ back: 1 }, { back: 2 }]);
    await bench.check();
  });

  test('a report, whose subject the caller names', async () => {
    const bench = await Bench.begin();
    await bench.addOne(sarif, { subjects: [otherDigest, imageDigest] });
    expect((await bench.event(1)).data).toEqual({ subjects: [imageDigest, otherDigest], format: 'sarif', semantics: 1, results: 1, deviations: 0 });
  });

  test.each([
    ['text', 'hello\n'],
    ['JSON of no known format', '{"name":"app"}'],
    ['an empty file', ''],
  ])('%s is a plain document, its own subject', async (_, text) => {
    const bench = await Bench.begin();
    const { events } = await bench.addOne(text);
    expect(events).toMatchObject([{ type: 'document.stored' }]);
    expect((await bench.event(1)).data).toEqual({ subjects: [['sha256', sha256(encodeUtf8(text))]] });
  });

  test('bytes that are no text are a plain document too', async () => {
    const bench = await Bench.begin();
    const [one] = await bench.add([{ text: '', bytes: [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff)] }]);
    expect(one?.events).toMatchObject([{ type: 'document.stored' }]);
  });

  test('a mended document: stored as it came, with each deviation', async () => {
    const bench = await Bench.begin();
    const text = `\ufeff${cyclonedx()}`;
    const { read } = await bench.addOne(text);
    expect(read).toMatchObject({ verdict: 'valid_with_deviations', deviations: [{ code: 'ENCODING_UNUSUAL' }] });
    expect((await bench.event(1)).data).toMatchObject({ deviations: 1 });
    expect(bench.payloads.held.has(formatHex(sha256(encodeUtf8(text))))).toBe(true);
  });
});

test.each([0, 1_200_000, 2_000_000, 3_000_000])('a size of %i said beforehand takes memory, and changes nothing', async (size) => {
  const bench = await Bench.begin();
  const bytes = new Uint8Array(2_000_000).map((_, i) => i % 251);
  const pieces = [bytes.subarray(0, 1_100_000), bytes.subarray(1_100_000, 1_500_000), bytes.subarray(1_500_000)];
  const { digest, size: found, events } = await bench.addOne('', { bytes: pieces, size });
  expect([digest, found, events[0]?.type]).toEqual([sha256(bytes), bytes.length, 'document.stored']);
  expect(bench.payloads.held.get(formatHex(sha256(bytes)))).toEqual(bytes);
});

describe('refused, and nothing on record', () => {
  test.each([
    ['a tag alone', cyclonedx({ metadata: { component: { type: 'container', name: 'app', version: 'latest' } } }), 'SUBJECT_UNKNOWN'],
    ['no subject at all', sarif, 'SUBJECT_UNKNOWN'],
    ['a schema that does not hold', cyclonedx({ components: [{ name: 'zlib' }] }), 'EVIDENCE_INVALID'],
    ['a version of tomorrow', cyclonedx({ specVersion: '9.9' }), 'EVIDENCE_VERSION_UNKNOWN'],
    ['broken JSON', cyclonedx().slice(0, -1), 'INPUT_MALFORMED'],
    ['a key twice', '{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}', 'INPUT_DUPLICATE_KEY'],
    ['a document type', '<!DOCTYPE a><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', 'INPUT_DOCTYPE'],
    ['VEX about no vulnerability id', openvex(['the one from last week?']), 'EVIDENCE_INVALID'],
  ])('%s', async (_, text, code) => {
    const bench = await Bench.begin();
    const good = cyclonedx();
    const call = [{ text: good }, { text: 'minutes', seal: true, subjects: [imageDigest] }, { text }, { text: 'hello' }];
    await expect(bench.add(call)).rejects.toMatchObject({ code, hint: expect.stringMatching(/--subject|--as-document/) });
    // Nothing on record, and nothing left behind.
    expect([bench.log.published.size, bench.payloads.held.size, bench.secrets.held.size]).toEqual([1, 0, 0]);
  });

  test.each([cyclonedx({ components: [{ name: 'zlib' }] }), cyclonedx().slice(0, -1)])('unless it is to be a plain document: %#', async (text) => {
    const bench = await Bench.begin();
    expect((await bench.addOne(text, { asDocument: true })).events).toMatchObject([{ type: 'document.stored' }]);
  });

  test('and a folder of payloads is as it was', async () => {
    const [directory, vault] = [freshDirectory(), freshDirectory()];
    const bench = await Bench.begin();
    const stores = { payloads: openPayloads(directory) as Bench['payloads'], secrets: openSecrets(vault) as Bench['secrets'] };
    const disk = new Bench(bench.log, bench.world, stores);
    const files = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
    await disk.addOne(cyclonedx());
    const before = files(directory);
    const minutes = { text: 'minutes', seal: true, subjects: [imageDigest] };
    await expect(disk.add([{ text: 'hello' }, { text: cyclonedx() }, minutes, { text: cyclonedx({ specVersion: '9.9' }) }])).rejects.toThrow();
    expect([files(directory), files(vault)]).toEqual([before, 0]);
    await disk.add([{ text: 'hello' }, minutes]);
    expect([files(directory), files(vault)]).toEqual([before + 3, 1]);
  });

  test('what is too large to be read, and begins as evidence does', async () => {
    const bench = await Bench.begin();
    const piece = new Uint8Array(1 << 24).fill(0x20);
    piece[0] = 0x7b;
    const bytes = Array.from({ length: jsonBytesMax / piece.length + 1 }, () => piece);
    await expect(bench.add([{ text: '', bytes }])).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' });
  });
});

describe('the same thing twice', () => {
  test('evidence is recognised by type, subject and bytes', async () => {
    const bench = await Bench.begin();
    await bench.addOne(cyclonedx());
    expect((await bench.addOne(cyclonedx())).events).toMatchObject([{ outcome: { index: 1, repeated: true } }]);
    expect((await bench.addOne(cyclonedx(), { subjects: [otherDigest] })).events).toMatchObject([{ outcome: { index: 2, repeated: false } }]);
  });

  test('a key: the same call gives the original receipts, another call conflicts', async () => {
    const bench = await Bench.begin();
    const call = [{ text: openvex(['CVE-2026-1']) }, { text: 'note' }];
    const first = await bench.add(call, 'run-7');
    const again = await bench.add(call, 'run-7');
    expect(again.flatMap(({ events }) => events.map(({ outcome }) => outcome))).toMatchObject([{ index: 1, repeated: true }, { index: 2, repeated: true }]);
    expect(first).toHaveLength(2);
    const [changed] = await bench.add([{ text: openvex(['CVE-2026-2']) }, { text: 'note' }], 'run-7');
    expect(changed?.events[0]?.outcome).toMatchObject({ ok: false, error: { code: 'IDEMPOTENCY_CONFLICT' } });
  });
});

describe('sealed', () => {
  test('the document is sealed, its digest appears nowhere, its facts stay', async () => {
    const bench = await Bench.begin();
    const text = cyclonedx();
    const { commitment, digest } = await bench.addOne(text, { seal: true });
    const event = await bench.event(1);
    expect(digest).toBeNull();
    const reference = { role: 'document', size: 1024, media: 'application/json', commitment: ['sha256', commitment] };
    expect(event.payloads?.find(({ role }) => role === 'document')).toEqual(reference);
    const plain = sha256(encodeUtf8(text));
    expect(formatHex(await bench.log.entry(1))).not.toContain(formatHex(plain));
    expect(bench.payloads.held.has(formatHex(plain))).toBe(false);
    expect(await openSealed(bench.stores, commitment as Uint8Array)).toEqual(encodeUtf8(text));
    await bench.secrets.destroy(commitment as Uint8Array);
    expect(await openSealed(bench.stores, commitment as Uint8Array)).toBeNull();
  });

  test('about nothing else it is refused', async () => {
    const bench = await Bench.begin();
    await expect(bench.addOne('hello', { seal: true })).rejects.toMatchObject({ code: 'SUBJECT_UNKNOWN' });
    expect(bench.secrets.held.size).toBe(0);
  });

  test('sent again it is the original: recognised beside the log, and the second sealing is taken back', async () => {
    const bench = await Bench.begin();
    const text = cyclonedx();
    const first = await bench.addOne(text, { seal: true });
    const held = () => [bench.payloads.held.size, bench.secrets.held.size];
    const before = held();
    const again = await bench.addOne(text, { seal: true });
    expect(again.events).toMatchObject([{ outcome: { index: 1, repeated: true } }]);
    expect(again.commitment).toEqual(first.commitment);
    expect(held()).toEqual(before);
    // About another artifact, or not sealed, it is other evidence.
    expect((await bench.addOne(text, { seal: true, subjects: [otherDigest] })).events).toMatchObject([{ outcome: { index: 2, repeated: false } }]);
    expect((await bench.addOne(text)).events).toMatchObject([{ outcome: { index: 3, repeated: false } }]);
    // Nothing that anybody without the pepper can make recognises it.
    const [mark] = bench.world.state.marks.keys();
    expect(mark).not.toBe(formatHex(sha256(encodeUtf8(text)).slice(0, 16)));
    for (let i = 1; i < 3; i++) expect((await bench.event(i)).sameAs).toBeUndefined();
    await bench.check();
  });

  test('sent again under its key, the second sealing is taken back', async () => {
    const bench = await Bench.begin();
    const call = [{ text: 'minutes', seal: true, subjects: [imageDigest] }];
    await bench.add(call, 'k');
    const before = bench.payloads.held.size;
    const [again] = await bench.add(call, 'k');
    expect(again?.events[0]?.outcome).toMatchObject({ index: 1, repeated: true });
    expect([bench.secrets.held.size, bench.payloads.held.size]).toEqual([1, before]);
  });
});

describe('attestations', () => {
  test('about more artifacts than an entry has streams', async () => {
    const bench = await Bench.begin();
    const many = Array.from({ length: 130 }, (_, i) => formatHex(sha256(encodeUtf8(String(i)))));
    await bench.addOne(await attestation(newKey().author, {}, many));
    expect(await bench.types()).toEqual(['attestation.recorded', 'attestation.linked', 'attestation.linked']);
    const named = [];
    for (let i = 1; i < 4; i++) named.push(...(await bench.event(i)).streams.map(({ name }) => name));
    expect(named.sort()).toEqual(many.map((hex) => `artifact:sha256:${hex}`).sort());
  });

  test('a subject that was not signed is refused', async () => {
    const bench = await Bench.begin();
    await expect(bench.addOne(await attestation(newKey().author), { subjects: [otherDigest] })).rejects.toMatchObject({ code: 'SUBJECT_MISMATCH' });
    await bench.addOne(await attestation(newKey().author, {}, [image, other]), { subjects: [otherDigest] });
    expect((await bench.event(1)).data).toMatchObject({ subjects: [imageDigest, otherDigest] });
  });

  test('a subject by another algorithm alone is refused, whatever the caller says', async () => {
    const bench = await Bench.begin();
    const text = bare({ gitCommit: 'a'.repeat(40) });
    await expect(bench.addOne(text, { subjects: [imageDigest] })).rejects.toMatchObject({ code: 'SUBJECT_UNKNOWN' });
  });

  test('a bare statement has no signatures', async () => {
    const bench = await Bench.begin();
    await bench.addOne(bare({ sha256: image }));
    expect((await bench.event(1)).data).toMatchObject({ envelope: 'none', signatures: [] });
  });
});
