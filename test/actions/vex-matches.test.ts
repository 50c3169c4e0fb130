// Statements held against findings: which match, and for each that matches none the mismatch that came nearest.
import { expect, test } from 'vitest';
import { payloadOrNull } from '../../actions/catch-up.ts';
import { productText, vexMatches } from '../../actions/vex-matches.ts';
import { digestOf } from '../log/kit.ts';
import { catchUp } from '../../projections/catch-up/catch-up.ts';
import { findings } from '../../projections/catch-up/findings.ts';
import { timeline } from '../../projections/catch-up/timeline.ts';
import type { Documents, ProjectionName } from '../../projections/gate-critical.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { app, day, Gates } from '../gate/kit.ts';
import { openTables } from '../projections/catching-up.ts';
import { freshDirectory } from '../store/place.ts';

async function matchesOf(gates: Gates, only?: readonly number[], t = gates.world.clock.now()) {
  const db = openTables(freshDirectory());
  await catchUp({ db, log: gates.log, payload: (digest) => payloadOrNull(gates.payloads, digest) });
  const documents = new DocumentReader(gates.log.published.size, gates.log, null);
  const found = await vexMatches({ db, documents, payloads: gates.payloads, log: gates.log }, t, only);
  await db.destroy();
  expect(found?.size).toBe(gates.log.published.size);
  const lines = found?.statements.map(({ claim, matched, why }) => `${claim.pointer.entry}.${claim.place} ${claim.statement.vulnerability} ${matched} ${why}`);
  return { ...found, lines };
}

test('a statement matches by any name, whoever made it, also what is not there any more; what matches nothing says how near it came', async () => {
  const gates = await Gates.begin();
  const other = digestOf('other');
  const sbom = await gates.sbom(app, ['pkg:npm/left@1.0.0', 'pkg:npm/right@1.0.0']);
  const left = { id: 'CVE-1', purl: 'pkg:npm/left@1.0.0', aliases: ['GHSA-0000-0000-0001'] };
  await gates.scan(app, sbom, [left, { id: 'CVE-1', purl: 'pkg:npm/right@1.0.0', aliases: ['GHSA-0000-0000-0001'] }]);
  const first = await gates.vex(app, [
    { vulnerability: 'CVE-1' }, { vulnerability: 'GHSA-0000-0000-0001', part: 'pkg:npm/left' }, { vulnerability: 'CVE-1', part: 'pkg:npm/left@2.0.0' },
    { vulnerability: 'CVE-2' }, { vulnerability: 'CVE-1', status: 'thinking' }, { vulnerability: 'CVE-1', stated: gates.world.clock.now() - day },
  ], 'vendor');
  const elsewhere = await gates.vex(other, [{ vulnerability: 'CVE-1' }], null);
  expect((await matchesOf(gates)).lines).toEqual([
    `${first}.0 CVE-1 2 null`, `${first}.1 GHSA-0000-0000-0001 1 null`, `${first}.2 CVE-1 0 part`, `${first}.3 CVE-2 0 vulnerability`,
    `${first}.4 CVE-1 0 no_status`, `${first}.5 CVE-1 2 null`, `${elsewhere}.0 CVE-1 0 product`,
  ]);
  expect((await matchesOf(gates, [elsewhere])).lines).toEqual([`${elsewhere}.0 CVE-1 0 product`]);
  // The finding goes: what was said of it still matches it. A scan of the other artifact brings what the other statement is about.
  await gates.scan(app, sbom, []);
  await gates.scan(other, await gates.sbom(other, ['pkg:npm/left@2.0.0']), [{ ...left, purl: 'pkg:npm/left@2.0.0' }]);
  const { statements, lines } = await matchesOf(gates);
  expect([lines?.[0], lines?.[2], lines?.[6]]).toEqual([`${first}.0 CVE-1 2 null`, `${first}.2 CVE-1 0 part`, `${elsewhere}.0 CVE-1 1 null`]);
  expect(statements?.map(({ claim }) => claim.trusted)).toEqual(Array.from({ length: 7 }, () => false));
  expect(productText(statements?.[1]?.claim as never)).toMatch(/^pkg:npm\/left in sha256:[0-9a-f]{64}$/);
});

test('one that was superseded, is stated for later, or whose words are gone', async () => {
  const gates = await Gates.begin();
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/left@1.0.0']), [{ id: 'CVE-1', purl: 'pkg:npm/left@1.0.0' }]);
  const first = await gates.vex(app, [{ vulnerability: 'CVE-1' }], 'vendor');
  await gates.append({
    type: 'evidence.superseded', by: { kind: 'service', auth: 'token', person: new Uint8Array(16) },
    data: { entry: first, reason: 'withdrawn', subjects: [app], vulnerabilities: ['CVE-1'] },
  });
  const second = await gates.vex(app, [{ vulnerability: 'CVE-1' }], 'vendor');
  expect((await matchesOf(gates)).lines).toEqual([`${first}.0 CVE-1 0 superseded`, `${second}.0 CVE-1 1 null`]);
  expect((await matchesOf(gates, [second], 0)).lines).toEqual([`${second}.0 CVE-1 0 later`]);
  const db = openTables(freshDirectory());
  await catchUp({ db, log: gates.log, payload: (digest) => payloadOrNull(gates.payloads, digest) });
  gates.forget('facts');
  const documents = new DocumentReader(gates.log.published.size, gates.log, null);
  const found = await vexMatches({ db, documents, payloads: gates.payloads, log: gates.log }, gates.world.clock.now());
  expect([found?.statements.length, found?.unreadable]).toEqual([0, [first, second]]);
  await db.destroy();
});

test('of all statements only the documents of streams that they are in are read, as the timeline tells, and the log tells what that lacks', async () => {
  const gates = await Gates.begin();
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/left@1.0.0']), [{ id: 'CVE-1', purl: 'pkg:npm/left@1.0.0' }]);
  const many = Array.from({ length: 60 }, (_, i) => ({ vulnerability: `CVE-${i}` }));
  const first = await gates.vex(app, [{ vulnerability: 'CVE-1' }], 'vendor');
  const wide = await gates.vex(app, many, 'vendor');
  const service = { kind: 'service', auth: 'token', person: new Uint8Array(16) } as const;
  // As one does that names more than an event has room for.
  await gates.append({ type: 'vex.linked', by: service, data: { back: 1, vulnerabilities: ['GHSA-2222-2222-2222'] } });
  const other = await gates.vex(digestOf('other'), [{ vulnerability: 'CVE-1' }], 'vendor');
  const supersede = (entry: number, of: { subjects?: (typeof app)[]; vulnerabilities?: string[] }) => gates.append({
    type: 'evidence.superseded', by: service, data: { entry, reason: 'withdrawn', ...of },
  });
  // Said of the artifact alone, of a name that was brought later, and of a name that the statement does not have: the last says nothing.
  await supersede(first, { subjects: [app] });
  await supersede(wide, { vulnerabilities: ['GHSA-2222-2222-2222'] });
  await supersede(other, { vulnerabilities: ['CVE-2'] });
  const { size } = gates.log.published;
  const read: string[] = [];
  class Watched extends DocumentReader {
    override async documents<N extends ProjectionName>(name: N, streams: readonly string[]): Promise<ReadonlyMap<string, Documents[N]>> {
      read.push(...streams);
      return super.documents(name, streams);
    }
    override all(): never {
      throw new TypeError('every document was asked for');
    }
  }
  const ports = (documents: DocumentReader) => ({ documents, payloads: gates.payloads, log: gates.log });
  const payload = (digest: Uint8Array) => payloadOrNull(gates.payloads, digest);
  const linesOf = (found: Awaited<ReturnType<typeof vexMatches>>) =>
    found?.statements.map(({ claim, matched, why }) => `${claim.pointer.entry}.${claim.place} ${matched} ${why}`);
  // Without a timeline everything is looked through; with one that has come anywhere, the answer is the same.
  const plain = openTables(freshDirectory());
  await catchUp({ db: plain, log: gates.log, payload }, {}, [findings]);
  const all = linesOf(await vexMatches({ ...ports(new DocumentReader(size, gates.log, null)), db: plain }, gates.world.clock.now()));
  expect(all?.length).toBe(62);
  expect(all?.[0]).toBe(`${first}.0 0 superseded`);
  expect(all?.filter((line) => line.startsWith(`${wide}.`)).every((line) => / (superseded|vulnerability)$/.test(line))).toBe(true);
  expect(all?.at(-1)).toBe(`${other}.0 0 product`);
  for (const taken of [1, wide, wide + 1, size]) {
    const db = openTables(freshDirectory());
    await catchUp({ db, log: gates.log, payload }, {}, [findings]);
    const upTo = { published: { size: taken }, entry: (index: number) => gates.log.entry(index), rootAt: (at: number) => gates.log.rootAt(at) };
    await catchUp({ db, log: { ...upTo, entryRuns: (from, to) => gates.log.entryRuns(from, to) }, payload }, {}, [timeline]);
    read.length = 0;
    const found = await vexMatches({ ...ports(new Watched(size, gates.log, null)), db }, gates.world.clock.now());
    expect([taken, linesOf(found)]).toEqual([taken, all]);
    expect(read.filter((stream) => stream.startsWith('vuln:')).length).toBe(61);
    // One entry's statements are those of all of them.
    for (const entry of [first, wide, other]) {
      const one = linesOf(await vexMatches({ ...ports(new Watched(size, gates.log, null)), db }, gates.world.clock.now(), [entry]));
      expect(one).toEqual(all?.filter((line) => line.startsWith(`${entry}.`)));
    }
    await db.destroy();
  }
  await plain.destroy();
});

test('one that was recorded last and says an older time counts for nothing, and that is said', async () => {
  const gates = await Gates.begin();
  await gates.trust('vendor');
  const sbom = await gates.sbom(app, ['pkg:npm/left@1.0.0', 'pkg:npm/right@1.0.0']);
  await gates.scan(app, sbom, ['left', 'right'].map((name) => ({ id: 'CVE-1', purl: `pkg:npm/${name}@1.0.0` })));
  const now = gates.world.clock.now();
  await gates.vex(app, [{ vulnerability: 'CVE-1', part: 'pkg:npm/left', stated: now }], 'vendor');
  const late = await gates.vex(app, [
    { vulnerability: 'CVE-1', part: 'pkg:npm/left', status: 'affected', stated: now - day }, { vulnerability: 'CVE-1', status: 'affected', stated: now - day },
  ], 'vendor');
  const stranger = await gates.vex(app, [{ vulnerability: 'CVE-1', status: 'affected', stated: now - day }], 'stranger');
  const isOvertaken = async (only?: readonly number[]) => (await matchesOf(gates, only)).statements?.map((one) => one.isOvertaken);
  // Of the part another counts, of what else is there this one does; and of a stranger nothing counts in the first place.
  expect(await isOvertaken()).toEqual([false, true, false, false]);
  expect([await isOvertaken([late]), await isOvertaken([stranger])]).toEqual([[true, false], [false]]);
});
