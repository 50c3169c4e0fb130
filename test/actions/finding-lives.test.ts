// A finding's life, to the entry and the millisecond: scans, VEX and whose it is, waivers and what ends them.
import { expect, test } from 'vitest';
import { payloadOrNull } from '../../actions/catch-up.ts';
import { changesBetween, findingLives, type LifeChange } from '../../actions/finding-lives.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { catchUp } from '../../projections/catch-up/catch-up.ts';
import { findFindings } from '../../projections/catch-up/queries.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { app, day, Gates } from '../gate/kit.ts';
import { openTables } from '../projections/catching-up.ts';
import { freshDirectory } from '../store/place.ts';

const left = { id: 'CVE-2026-1', purl: 'pkg:npm/left@1.0.0', aliases: ['GHSA-0000-0000-0001'] };

/** `id state: change entry, …` of each finding of the artifact, at a time. */
async function livesOf(gates: Gates, t = gates.world.clock.now()): Promise<string[]> {
  const db = openTables(freshDirectory());
  await catchUp({ db, log: gates.log, payload: (digest) => payloadOrNull(gates.payloads, digest) });
  const { log, payloads } = gates;
  const documents = new DocumentReader(log.published.size, log, null);
  const lives = await findingLives({ log, payloads, documents }, await findFindings(db, { artifact: formatHex(app[1]) }), t);
  await db.destroy();
  const word = (change: LifeChange) => {
    const where = change.entry === undefined ? `at ${change.at - t}` : String(change.entry);
    if (change.is === 'resolved') return `resolved by ${change.by} ${where} seen ${change.seen}`;
    if (change.is === 'vex') return `vex ${change.status} ${where}`;
    return change.is === 'waived' || change.is === 'waiver ended' ? `${change.is} ${change.waiver} ${where}` : `${change.is} ${where}`;
  };
  return lives.map(({ finding, state, changes }) => `${finding.id} ${state}: ${changes.map(word).join(', ')}`);
}

test('opened, resolved by other components, by other advisories, by another engine, and reopened', async () => {
  const gates = await Gates.begin();
  const first = await gates.scan(app, await gates.sbom(app, [left.purl]), [left]);
  const sbom = await gates.sbom(app, ['pkg:npm/left@2.0.0']);
  const gone = await gates.scan(app, sbom, []);
  const again = await gates.scan(app, sbom, [left], 'snapshot 2');
  const later = await gates.scan(app, sbom, [left], 'snapshot 3');
  const withdrawn = await gates.scan(app, sbom, [], 'snapshot 4');
  const back = await gates.scan(app, sbom, [{ ...left, severity: 'LOW' }], 'snapshot 4');
  const engine = await gates.scan(app, sbom, [], 'snapshot 4');
  expect(await livesOf(gates)).toEqual([
    `CVE-2026-1 resolved: opened ${first}, resolved by sbom ${gone} seen ${first}, reopened ${again}, resolved by advisories ${withdrawn} seen ${later}, `
      + `reopened ${back}, resolved by engine ${engine} seen ${back}`,
  ]);
});

test('what VEX comes to, by whom it is trusted, until trust is taken back or the statement is superseded', async () => {
  const gates = await Gates.begin();
  const scan = await gates.scan(app, await gates.sbom(app, [left.purl, 'pkg:npm/right@1.0.0']), [left, { id: 'CVE-2026-2', purl: 'pkg:npm/right@1.0.0' }]);
  const stated = await gates.vex(app, [{ vulnerability: 'GHSA-0000-0000-0001' }], 'vendor');
  expect(await livesOf(gates)).toEqual([`CVE-2026-1 open: opened ${scan}`, `CVE-2026-2 open: opened ${scan}`]);
  const trusted = await gates.trust('vendor');
  expect((await livesOf(gates))[0]).toBe(`CVE-2026-1 not_affected: opened ${scan}, vex not_affected ${trusted}`);
  gates.world.clock.pass(1000);
  const worse = await gates.vex(app, [{ vulnerability: 'CVE-2026-1', status: 'affected' }], 'vendor');
  expect((await livesOf(gates))[0]).toBe(`CVE-2026-1 affected: opened ${scan}, vex not_affected ${trusted}, vex affected ${worse}`);
  const superseded = await gates.append({
    type: 'evidence.superseded', by: { kind: 'service', auth: 'token', person: new Uint8Array(16) },
    data: { entry: worse, reason: 'mistaken', subjects: [app], vulnerabilities: ['CVE-2026-1'] },
  });
  const life = `CVE-2026-1 not_affected: opened ${scan}, vex not_affected ${trusted}, vex affected ${worse}, vex not_affected ${superseded}`;
  expect((await livesOf(gates))[0]).toBe(life);
  const removed = await gates.distrust(trusted);
  expect((await livesOf(gates))[0]).toBe(`${life.replace(' not_affected:', ' open:')}, vex null ${removed}`);
  expect(stated).toBeLessThan(trusted);
});

test('waived from the approval on, until it is revoked or is over; what is gone stays waived or not as it was', async () => {
  const gates = await Gates.begin();
  const sbom = await gates.sbom(app, [left.purl]);
  const scan = await gates.scan(app, sbom, [left]);
  const { clock } = gates.world;
  const expires = clock.now() + 10 * day;
  const request = await gates.request('w-1', 'GHSA-0000-0000-0001', expires);
  expect(await livesOf(gates)).toEqual([`CVE-2026-1 open: opened ${scan}`]);
  const approved = await gates.act('waiver.approved', 'w-1', 'GHSA-0000-0000-0001', request);
  const life = `opened ${scan}, waived w-1 ${approved}`;
  expect(await livesOf(gates)).toEqual([`CVE-2026-1 waived: ${life}`]);
  expect(await livesOf(gates, expires - 1)).toEqual([`CVE-2026-1 waived: ${life}`]);
  expect(await livesOf(gates, expires)).toEqual([`CVE-2026-1 open: ${life}, waiver ended w-1 at 0`]);
  expect(await livesOf(gates, expires + 5)).toEqual([`CVE-2026-1 open: ${life}, waiver ended w-1 at -5`]);
  const revoked = await gates.act('waiver.revoked', 'w-1', 'GHSA-0000-0000-0001', request);
  expect(await livesOf(gates, expires)).toEqual([`CVE-2026-1 open: ${life}, waiver ended w-1 ${revoked}`]);
  const gone = await gates.scan(app, sbom, [], 'snapshot 2');
  expect(await livesOf(gates)).toEqual([`CVE-2026-1 resolved: ${life}, waiver ended w-1 ${revoked}, resolved by advisories ${gone} seen ${scan}`]);
});

test('between two states stands what entries changed between their sizes, and time alone between their times', () => {
  const changes: LifeChange[] = [
    { is: 'opened', entry: 3, at: 100 }, { is: 'waived', waiver: 'w', entry: 5, at: 200 }, { is: 'waiver ended', waiver: 'w', at: 300 },
    { is: 'vex', status: 'fixed', entry: 7, at: 400 },
  ];
  const between = (from: [number, number], to: [number, number]) =>
    changesBetween({ changes }, { size: from[0], effective: from[1] }, { size: to[0], effective: to[1] }).map(({ is }) => is);
  expect(between([0, 0], [8, 400])).toEqual(['opened', 'waived', 'waiver ended', 'vex']);
  expect(between([4, 100], [5, 200])).toEqual([]);
  expect(between([4, 100], [6, 200])).toEqual(['waived']);
  expect(between([3, 100], [4, 100])).toEqual(['opened']);
  expect([between([6, 299], [6, 300]), between([6, 300], [6, 399]), between([6, 200], [6, 299])]).toEqual([['waiver ended'], [], []]);
  expect(between([7, 300], [7, 500])).toEqual([]);
});
