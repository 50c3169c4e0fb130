// Deep replay of packs: documents read again and the scan made again, from the pack alone, with the verdict that the ledger has.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { erasePayload } from '../../actions/erase.ts';
import { gate } from '../../actions/gate.ts';
import type { ExportOptions } from '../../actions/export-pack.ts';
import type { PackRequest } from '../../actions/pack-streams.ts';
import { replayDeeply } from '../../actions/replay-deep.ts';
import { replayPackDeeply } from '../../actions/replay-pack-deep.ts';
import { scanArtifact } from '../../actions/scan-artifact.ts';
import { readPayload } from '../../actions/sealed-payload.ts';
import { encodeUtf8, parseHex } from '../../ledger/bytes.ts';
import { decodeEvent, type NewEvent } from '../../ledger/events/index.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import type { Replay } from '../../policy/gate/replay.ts';
import { memorySource, verifyPack } from '../../verify/pack/index.ts';
import { cyclonedx, image, imageDigest, other, type Bench } from '../actions/kit.ts';
import { by } from '../log/kit.ts';
import { bytesOf, draftOf, exporting, gated, importInto, membersOf, packed, repacked, resigned, scanned, trust, vkeys } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'stella-replay-deep-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packOf = (bench: Bench, decision: number, options: ExportOptions = {}) => packed(bench, { kind: 'decision', decision }, options);

async function fromPack(pack: Uint8Array, decision?: number): Promise<Replay> {
  const answer = verifyPack(memorySource(pack), trust);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return replayPackDeeply(answer, {}, decision);
}

const told = ({ verdict, notes }: Replay) => ({ verdict, notes });

describe('SAME', () => {
  test('as the ledger says, documents and scan made again; the command has it as its verdict', async () => {
    const bench = await scanned();
    const decision = await gated(bench);
    const pack = await packOf(bench, decision);
    const live = told(await replayDeeply(bench.stores, decision));
    expect(live).toEqual({ verdict: { is: 'SAME' }, notes: ['1 document read again', 'scanned again'] });
    expect(told(await fromPack(pack))).toEqual(live);

    writeFileSync(join(folder, 'pack.zip'), pack);
    writeFileSync(join(folder, 'log.vkey'), `${vkeys[0]}\n`);
    const cli = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [cli, 'replay', 'pack.zip', '--key', 'log.vkey', ...args, '--json'], { cwd: folder, encoding: 'utf8', env: {} });
    const { status, stdout } = run('--deep');
    expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ verdict: 'SAME', decision, notes: live.notes, trusted: 'reader' })]);
    expect(run('--full').status).toBe(5);
  });

  test('with a sealed document that the pack holds opened, though it was erased in the ledger since', async () => {
    const bench = await scanned({ seal: true });
    const decision = await gated(bench);
    const [opened, closed] = [await packOf(bench, decision, { open: true }), await packOf(bench, decision)];
    expect(told(await fromPack(opened)).verdict).toEqual({ is: 'SAME' });
    expect((await fromPack(closed)).verdict).toMatchObject({ is: 'CANNOT', missing: 'payload' });
    const erasing = { ...bench.stores, now: bench.world.clock.now, retention: 'standard' as const };
    const sbom = await indexOf(bench, 'sbom.ingested');
    await erasePayload(erasing, sbom, 'document', 'court-order', by);
    const live = await replayDeeply(bench.stores, decision);
    expect(live.verdict).toEqual({ is: 'CANNOT', missing: 'payload', message: `the document of entry ${sbom} was erased, or is not here` });
    expect(told(await fromPack(await packOf(bench, decision)))).toEqual(told(live));
    expect((await fromPack(opened)).verdict).toEqual({ is: 'SAME' });
  });
});

/** VEX about an artifact, as its supplier writes it. */
const vexAbout = (digest: string, status: object) => JSON.stringify({
  '@context': 'https://openvex.dev/ns/v0.2.0', '@id': `https://supplier.example/${digest.slice(0, 8)}`, author: 'supplier', timestamp: '2026-11-01T00:00:00Z',
  version: 1,
  statements: [{ vulnerability: { name: 'GHSA-1' }, products: [{ '@id': `pkg:oci/x@sha256%3A${digest}`, hashes: { 'sha-256': digest } }], ...status }],
});

test('with VEX about another artifact in the streams: it is read again too, and its facts are what it says', async () => {
  const bench = await scanned();
  await bench.addOne(vexAbout(other, { status: 'affected', action_statement: 'update' }), { subjects: [['sha256', parseHex(other)]] });
  await bench.addOne(vexAbout(image, { status: 'not_affected', justification: 'component_not_present' }));
  const decision = await gated(bench);
  const pack = await packOf(bench, decision);
  const live = told(await replayDeeply(bench.stores, decision));
  expect(live).toEqual({ verdict: { is: 'SAME' }, notes: ['3 documents read again', 'scanned again'] });
  expect(told(await fromPack(pack))).toEqual(live);
  // The facts that a ledger has of the other artifact's are not what its document says: found from the pack as in the ledger.
  const lying = await scanned();
  const { log, payloads } = lying.stores;
  await lying.addOne(vexAbout(other, { status: 'affected', action_statement: 'update' }), { subjects: [['sha256', parseHex(other)]] });
  const event = decodeEvent(await log.entry(await indexOf(lying, 'vex.stated')));
  const document = encodeUtf8(vexAbout(other, { status: 'fixed' }));
  const { digest, size } = await payloads.put([document], document.length);
  const exchanged = event.payloads?.map((one) => (one.role === 'document' ? { ...one, size, digest: ['sha256', digest] as const } : one)) ?? [];
  const { index } = await log.appendOne({ drafts: [draftOf({ type: event.type, by, data: event.data, payloads: exchanged } as NewEvent)] });
  const decided = await gated(lying);
  const found = told(await replayDeeply(lying.stores, decided));
  expect(found.verdict).toMatchObject({ is: 'DRIFT', member: 'facts', cause: { kind: 'record', index } });
  expect(told(await fromPack(await packOf(lying, decided)))).toEqual(found);
});

async function indexOf(bench: Bench, type: string): Promise<number> {
  return (await bench.types(0)).lastIndexOf(type);
}

describe('CANNOT(payload)', () => {
  test('without the documents; without the part of the snapshot, or with one that is not of its digest', async () => {
    const bench = await scanned();
    const decision = await gated(bench);
    const pack = await packOf(bench, decision);
    expect((await fromPack(await packOf(bench, decision, { withoutDocuments: true }))).verdict).toMatchObject({ is: 'CANNOT', missing: 'payload' });

    const name = [...membersOf(pack).keys()].find((one) => one.startsWith('shards/')) as string;
    const without = membersOf(pack);
    without.delete(name);
    const scan = await indexOf(bench, 'scan.completed');
    expect((await fromPack(await resigned(without))).verdict)
      .toMatchObject({ is: 'CANNOT', missing: 'payload', message: expect.stringContaining(`the part of the snapshot that the scan in entry ${scan} read`) });

    // Whoever can sign manifests can exchange the part; none of its bytes makes another finding, or none.
    const { length } = membersOf(pack).get(name) as Uint8Array;
    const verdicts = new Set<string>();
    for (let at = 0; at < length; at += Math.ceil(length / 12)) {
      const members = membersOf(pack);
      const part = members.get(name) as Uint8Array;
      part[at] = (part[at] as number) ^ 1;
      const { verdict } = await fromPack(await resigned(members));
      verdicts.add(verdict.is === 'CANNOT' ? `CANNOT(${verdict.missing})` : verdict.is);
    }
    verdicts.delete('SAME');
    expect([...verdicts]).toEqual(['CANNOT(payload)']);
  });
});

describe('DRIFT', () => {
  test('in findings, where the scan on record found less than its snapshot and list say', async () => {
    const bench = await scanned();
    const { log, payloads } = bench.stores;
    const event = decodeEvent(await log.entry(await indexOf(bench, 'scan.completed')));
    if (event.type !== 'scan.completed') throw new TypeError(event.type);
    const findings = event.payloads?.find(({ role }) => role === 'findings')?.digest?.[1] as Uint8Array;
    const document = JSON.parse(new TextDecoder().decode(await readPayload(payloads, findings))) as Record<string, JcsValue>;
    const none = encodeJcs({ ...document, findings: [] });
    const { digest, size } = await payloads.put([none], none.length);
    const zero = (counts: object) => Object.fromEntries(Object.keys(counts).map((name) => [name, 0])) as never;
    const data = { ...event.data, outcomes: zero(event.data.outcomes), severities: zero(event.data.severities) };
    const reference = { role: 'findings', size, media: 'application/json', digest: ['sha256', digest] as const };
    const { index } = await log.appendOne({ drafts: [draftOf({ type: 'scan.completed', by, data, payloads: [reference] })] });
    const decision = await gated(bench);
    const live = told(await replayDeeply(bench.stores, decision));
    expect(live.verdict).toMatchObject({ is: 'DRIFT', member: 'findings', cause: { kind: 'record', index } });
    expect(told(await fromPack(await packOf(bench, decision)))).toEqual(live);
  });
});

test('of scans with two feeds that imported the same snapshot: one part has what both read', async () => {
  const bench = await scanned();
  const { log, payloads, pepper } = bench.stores;
  const decided = async (feed: string, serial: number, purl: string) => {
    const components = [{ type: 'library', name: 'a', version: '1.0.0', purl, 'bom-ref': 'a' }];
    await bench.addOne(cyclonedx({ serialNumber: `urn:uuid:3e671687-395b-41f5-a30f-a58921a69b7${serial}`, components }));
    await scanArtifact({ log, payloads, engineVersion: '1.2.3' }, { subject: imageDigest, feed, snapshot: { is: 'newest' } }, by);
    const asked = { artifact: imageDigest[1], policy: 'none', feed };
    return (await gate({ log, payloads, pepper, now: bench.world.clock.now }, asked, by)).appended.index;
  };
  const first = await decided('f', 1, 'pkg:pypi/a@1.0.0');
  await importInto(bench, 'g');
  const second = await decided('g', 2, 'pkg:npm/a@1.0.0');
  const pack = await packed(bench, { kind: 'period', from: 0, to: bench.world.clock.wall });
  expect([...membersOf(pack).keys()].filter((name) => name.startsWith('shards/'))).toHaveLength(1);
  for (const decision of [first, second]) expect(await fromPack(pack, decision)).toMatchObject({ verdict: { is: 'SAME' } });
});

describe('of packs of many decisions', async () => {
  const bench = await scanned();
  const { log, payloads, world: { clock } } = { ...bench.stores, world: bench.world };
  const first = await gated(bench);
  clock.pass(60_000);
  const begun = clock.wall;
  // Another list, another scan on the same snapshot; VEX about another artifact that the decision reads.
  const library = (name: string) => ({ type: 'library', name, version: '1.0.0', purl: `pkg:npm/${name}@1.0.0`, 'bom-ref': name });
  await bench.addOne(cyclonedx({ serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b70', components: [library('a'), library('b')] }));
  await scanArtifact({ log, payloads, engineVersion: '1.2.3' }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' } }, by);
  await bench.addOne(vexAbout(other, { status: 'affected', action_statement: 'update' }), { subjects: [['sha256', parseHex(other)]] });
  const second = await gated(bench);
  clock.pass(60_000);
  const end = clock.wall;
  // What comes later is neither's: it stays out of a period that ends before it.
  await bench.addOne(vexAbout(image, { status: 'fixed' }));

  const requests = {
    artifact: { kind: 'artifact', artifact: `sha256:${image}` },
    'period from the beginning': { kind: 'period', from: 0, to: end },
    'period that begins after the first scan': { kind: 'period', from: begun, to: end },
  } as const satisfies Record<string, PackRequest>;

  test.each(Object.entries(requests))('%s: each as the ledger says, with one part of the snapshot for all its scans', async (name, request) => {
    const pack = await packed(bench, request);
    const parts = [...membersOf(pack).keys()].filter((one) => one.startsWith('shards/'));
    expect(parts).toEqual([expect.stringMatching(/^shards\/[0-9a-f]{64}\.part$/)]);
    for (const decision of name.includes('after') ? [second] : [first, second]) {
      const live = told(await replayDeeply(bench.stores, decision));
      expect(live).toEqual({ verdict: { is: 'SAME' }, notes: [decision === first ? '1 document read again' : '2 documents read again', 'scanned again'] });
      expect(told(await fromPack(pack, decision))).toEqual(live);
    }
    // Made again from its event, it is the same file.
    const exported = await exporting(bench, request);
    expect(await repacked(bench, exported.index)).toEqual(await bytesOf(exported));
  });

  test('what it lacks is named, and what to ask for: a part, a document, the list that was scanned', async () => {
    const next = `the pack of this decision alone has what it read: ask for "stella export pack --decision ${second}"`;
    for (const request of Object.values(requests)) {
      const pack = await packed(bench, request);
      const members = membersOf(pack);
      const part = [...members.keys()].find((one) => one.startsWith('shards/')) as string;
      const scan = (await bench.types(0)).lastIndexOf('scan.completed');
      const without = await fromPack(await resigned(new Map([...members].filter(([name]) => name !== part))), second);
      expect(without.verdict).toEqual({
        is: 'CANNOT', missing: 'payload', message: `Cannot read the part of the snapshot that the scan in entry ${scan} read: it is not in the pack`,
      });
      expect(without.notes.at(-1)).toBe(next);
      const documents = await fromPack(await packed(bench, request, { withoutDocuments: true }), second);
      expect(documents.verdict).toEqual({
        is: 'CANNOT', missing: 'payload', message: expect.stringMatching(/^the document of entry \d+ was erased, or is not here$/),
      });
      expect(documents.notes.at(-1)).toBe(next);
    }
  });

  test('a snapshot that is not in the ledger any more leaves no part: CANNOT(payload), and the decision replays all the same', async () => {
    const gone = { ...bench, stores: { ...bench.stores, payloads: Object.assign(Object.create(payloads) as typeof payloads, {
      openAt: async () => { throw new LedgerError('PAYLOAD_MISSING', 'Cannot read the snapshot: it is not here'); },
    }) } } as unknown as Bench;
    for (const request of Object.values(requests)) {
      const pack = await packed(gone, request);
      expect([...membersOf(pack).keys()].filter((one) => one.startsWith('shards/'))).toEqual([]);
      const { verdict } = await fromPack(pack, second);
      expect(verdict).toMatchObject({ is: 'CANNOT', missing: 'payload', message: expect.stringContaining('the part of the snapshot') });
    }
  });
});
