// Which waivers were of use: matched is what covered a finding while in force, used is what a decision applied; to the entry.
import { describe, expect, test } from 'vitest';
import { proveActs } from '../../actions/act-statement.ts';
import { payloadOrNull } from '../../actions/catch-up.ts';
import { waiverUses } from '../../actions/waiver-use.ts';
import { digestOf } from '../log/kit.ts';
import { catchUp } from '../../projections/catch-up/catch-up.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { app, day, Gates, noCriticals } from '../gate/kit.ts';
import { openTables } from '../projections/catching-up.ts';
import { freshDirectory } from '../store/place.ts';

const left = { id: 'CVE-2026-1', purl: 'pkg:npm/left@1.0.0' };
/** `waiver: [decisions, matched]` of every waiver on record. */
async function usesOf(gates: Gates): Promise<Record<string, [number, number]>> {
  const db = openTables(freshDirectory());
  await catchUp({ db, log: gates.log, payload: (digest) => payloadOrNull(gates.payloads, digest) });
  const documents = new DocumentReader(gates.log.published.size, gates.log, null);
  const waivers = [...(await documents.all('waiver')).values()].flatMap((document) => document.waivers);
  const proof = await proveActs({ log: gates.log, payloads: gates.payloads, documents }, waivers);
  const uses = await waiverUses(db, waivers, proof);
  await db.destroy();
  expect([uses?.size, uses?.unread]).toEqual([gates.log.published.size, 0]);
  return Object.fromEntries(waivers.map(({ id, entry }) => [id, [uses?.uses.get(entry)?.decisions ?? -1, uses?.uses.get(entry)?.matched ?? -1]]));
}

async function waive(gates: Gates, id: string, vulnerability = 'CVE-2026-1', days = 30, artifact = app): Promise<number> {
  const request = await gates.request(id, vulnerability, gates.world.clock.now() + days * day, 'ann', artifact);
  await gates.act('waiver.approved', id, vulnerability, request, 'bob', {}, artifact);
  return request;
}

describe('matched', () => {
  test('is what covers a finding that is open while the waiver counts, by any of its names', async () => {
    const gates = await Gates.begin();
    const sbom = await gates.sbom(app, [left.purl]);
    await gates.scan(app, sbom, [{ ...left, aliases: ['GHSA-0000-0000-0001'], upstream: ['DSA-1'] }]);
    await waive(gates, 'same');
    await waive(gates, 'alias', 'GHSA-0000-0000-0001');
    await waive(gates, 'one-upstream', 'DSA-1');
    await waive(gates, 'other-vulnerability', 'CVE-2026-2');
    await waive(gates, 'other-artifact', 'CVE-2026-1', 30, digestOf('other'));
    await gates.request('asked-only', 'CVE-2026-1', gates.world.clock.now() + day);
    const own = await gates.request('own', 'CVE-2026-1', gates.world.clock.now() + day);
    await gates.act('waiver.approved', 'own', 'CVE-2026-1', own, 'ann');
    expect(await usesOf(gates)).toEqual({
      same: [0, 1], alias: [0, 1], 'one-upstream': [0, 1], 'other-vulnerability': [0, 0], 'other-artifact': [0, 0], 'asked-only': [0, 0], own: [0, 0],
    });
    // A waiver that came first matches with the scan that comes later, while it counts.
    await gates.scan(digestOf('other'), await gates.sbom(digestOf('other'), [left.purl]), [left]);
    expect((await usesOf(gates))['other-artifact']).toEqual([0, 1]);
  });

  test('ends with the revocation, the rejection and the expiry, to the entry and the millisecond', async () => {
    const gates = await Gates.begin();
    const sbom = await gates.sbom(app, [left.purl]);
    const revoked = await waive(gates, 'revoked');
    await gates.act('waiver.revoked', 'revoked', 'CVE-2026-1', revoked);
    const rejected = await waive(gates, 'rejected');
    await gates.act('waiver.rejected', 'rejected', 'CVE-2026-1', rejected);
    const { clock } = gates.world;
    const expires = clock.now() + 10 * day;
    for (const [id, at] of [['before', expires], ['at', expires + 1], ['after', expires + 2]] as const) {
      const request = await gates.request(id, 'CVE-2026-1', at);
      await gates.act('waiver.approved', id, 'CVE-2026-1', request);
    }
    const kept = await waive(gates, 'kept');
    clock.pass(expires + 1 - clock.now());
    // Recorded one millisecond after `expires`: the first is over, the second at its very end is over too.
    await gates.scan(app, sbom, [left]);
    await gates.act('waiver.revoked', 'kept', 'CVE-2026-1', kept);
    expect(await usesOf(gates)).toEqual({ revoked: [0, 0], rejected: [0, 0], before: [0, 0], at: [0, 0], after: [0, 1], kept: [0, 1] });
  });

  test('is not what came when the finding was gone, nor what covers another version than was there then', async () => {
    const gates = await Gates.begin();
    const first = await gates.sbom(app, [left.purl]);
    await gates.scan(app, first, [left]);
    const range = async (id: string, versions: string) => {
      const request = await gates.request(id, 'CVE-2026-1', gates.world.clock.now() + day, 'ann', app, {}, [{ purl: 'pkg:npm/left', versions }]);
      await gates.act('waiver.approved', id, 'CVE-2026-1', request);
      return request;
    };
    await range('first-version', 'vers:npm/<2.0.0');
    const early = await range('second-version-early', 'vers:npm/>=2.0.0');
    await gates.act('waiver.revoked', 'second-version-early', 'CVE-2026-1', early);
    // The same finding in another version.
    await gates.scan(app, await gates.sbom(app, ['pkg:npm/left@2.0.0']), [{ ...left, purl: 'pkg:npm/left@2.0.0' }]);
    await range('first-version-late', 'vers:npm/<2.0.0');
    await range('second-version', 'vers:npm/>=2.0.0');
    await gates.scan(app, await gates.sbom(app, []), []);
    await waive(gates, 'gone');
    expect(await usesOf(gates)).toEqual({
      'first-version': [0, 1], 'second-version-early': [0, 0], 'first-version-late': [0, 0], 'second-version': [0, 1], gone: [0, 0],
    });
  });
});

test('used is what a decision applied: not one that it looked at, and each decision once', async () => {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  const sbom = await gates.sbom(app, [left.purl, 'pkg:npm/right@1.0.0']);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, sbom, [left, { id: 'CVE-2026-3', purl: 'pkg:npm/right@1.0.0' }]);
  const revoked = await waive(gates, 'revoked');
  await gates.act('waiver.revoked', 'revoked', 'CVE-2026-1', revoked);
  await waive(gates, 'applied');
  await waive(gates, 'elsewhere', 'CVE-2026-1', 30, digestOf('other'));
  await gates.answer();
  await waive(gates, 'later', 'CVE-2026-3');
  expect(await usesOf(gates)).toEqual({ revoked: [0, 1], applied: [1, 1], elsewhere: [0, 0], later: [0, 1] });
  await gates.answer();
  expect(await usesOf(gates)).toEqual({ revoked: [0, 1], applied: [2, 1], elsewhere: [0, 0], later: [1, 1] });
});
