// The gate: what allows, what denies, each with its code; and that nothing which moves meanwhile is missed.
import { describe, expect, test } from 'vitest';
import { decodeEvent } from '../../ledger/events/index.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { app, day, Gates, noCriticals } from './kit.ts';

const log4j = { id: 'CVE-2021-44228', purl: 'pkg:maven/org.apache/log4j@2.14.0' };

/** An artifact with a bill of materials, a scan, and a policy. */
async function scanned(found: Parameters<Gates['scan']>[2] = [log4j]): Promise<Gates> {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  await gates.scan(app, await gates.sbom(app, found.map(({ purl }) => purl)), found);
  return gates;
}

describe('a gate', () => {
  test('denies what is critical, and allows what is not', async () => {
    expect(await (await scanned()).answer()).toBe('deny POLICY_DENIED');
    expect(await (await scanned([])).answer()).toBe('allow');
    expect(await (await scanned([{ ...log4j, severity: 'HIGH' }])).answer()).toBe('allow');
    expect(await (await scanned([{ ...log4j, outcome: 'indeterminate' }])).answer()).toBe('deny POLICY_DENIED');
  });

  test('writes its input in canonical form', async () => {
    const gates = await scanned([log4j, { ...log4j, id: 'GHSA-1', aliases: ['CVE-2026-7'], epss: '0.97' }]);
    await gates.trust('vendor');
    await gates.vex(app, [{ vulnerability: 'CVE-2021-44228' }], 'vendor');
    await gates.vex(app, [{ vulnerability: 'CVE-2026-7', status: 'affected' }], null);
    await gates.act('waiver.approved', 'w-1', 'CVE-2026-7', await gates.request('w-1', 'CVE-2026-7', gates.world.clock.wall + day));
    const { decided } = await gates.gate();
    const text = decodeUtf8(decided.input as Uint8Array);
    expect(formatJcs(JSON.parse(text) as JcsValue)).toBe(text);
    expect(decided.shown.input).toMatchObject({ waivers: [{ id: 'w-1', active: true }], vex: [{ trusted: true }], vex_rejected: [{ reason: 'untrusted' }] });
  });

  test('is on record whatever it says', async () => {
    const gates = await scanned();
    const { appended, data } = await gates.gate();
    expect(decodeEvent(await gates.log.entry(appended.index)).data).toEqual(data);
  });
});
