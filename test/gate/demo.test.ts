// The demo's own files, end to end in memory: the deny comes from a finding, the allow from VEX and from the waiver, from each of them.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { draftFromSarif } from '../../actions/draft-vex.ts';
import { gate } from '../../actions/gate.ts';
import { importFeed } from '../../actions/import-feed.ts';
import { actingWith, addPerson } from '../../actions/person.ts';
import { publishPolicy } from '../../actions/publish-policy.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { scanArtifact } from '../../actions/scan-artifact.ts';
import { addTrust } from '../../actions/trust.ts';
import { productOf, stateVex } from '../../actions/vex.ts';
import { decideWaiver, requestWaiver } from '../../actions/waiver.ts';
import { decodeUtf8, encodeUtf8, parseHex } from '../../ledger/bytes.ts';
import { personOf, type Digest } from '../../ledger/events/index.ts';
import { parseJson } from '../../policy/index.ts';
import type { RegoObject } from '../../policy/index.ts';
import { importKev, importOsv, sarifOf } from '../../scanner/index.ts';
import { Bench, newKey } from '../actions/kit.ts';
import { by, sha256 } from '../log/kit.ts';
import { workFile } from '../scanner/snapshot/memory.ts';

const file = (path: string) => new Uint8Array(readFileSync(new URL(`../../${path}`, import.meta.url)));
const shop: Digest<'sha256'> = ['sha256', parseHex('5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef')];
const LIBRARY = 'policy/library/';

/** What happens between the scan and the gate. */
interface Story {
  readonly vex: boolean;
  readonly waiver: boolean;
  /** A bill of materials without the components of a purl that begins so. */
  readonly without?: string;
}

async function tell({ vex, waiver, without }: Story) {
  const bench = await Bench.begin();
  const ports = { ...bench.stores, documents: bench.documents, now: bench.world.clock.now };
  const person = async (name: string) => {
    const { author } = newKey();
    await addPerson(bench.log, personOf(sha256, bench.pepper, 'local', name), author.key, by);
    return actingWith(bench.log, author);
  };
  const [ann, bob] = [await person('ann'), await person('bob')];
  await addTrust(ports, { kind: 'identity', issuer: 'local', subject: 'ann' }, by);
  const bom = JSON.parse(decodeUtf8(file('tools/demo/shop.cdx.json'))) as { components: { purl: string }[] };
  await bench.addOne(JSON.stringify({ ...bom, components: bom.components.filter(({ purl }) => without === undefined || !purl.startsWith(without)) }));

  const observations = [
    ...importOsv([{ path: 'osv.jsonl', bytes: file('tools/demo/advisories/osv.jsonl') }], 'osv'),
    ...importKev([{ path: 'kev.json', bytes: file('tools/demo/advisories/kev.json') }], 'kev'),
  ];
  const sources = () => [{ name: 'osv', sha256: 'ab'.repeat(32), fetchedMs: bench.world.clock.now() }];
  await importFeed({ ...ports, workFile }, { feed: 'advisories', sources, observations }, by);
  const scanned = await scanArtifact({ ...ports, engineVersion: '1.0.0' }, { subject: shop, feed: 'advisories', snapshot: { is: 'newest' } }, by);
  if (scanned.is === 'failed') throw new Error(scanned.message);

  const modules = readdirSync(new URL(`../../${LIBRARY}`, import.meta.url)).filter((name) => !name.endsWith('_test.rego'))
    .map((name) => ({ file: name, text: decodeUtf8(file(`${LIBRARY}${name}`)) }));
  const bundle = { modules, data: parseJson('{}') as RegoObject, revision: '', regoVersion: 1 as const };
  await publishPolicy(ports, { name: 'release', bundle, entrypoints: ['data.stella.criticals.allow'] }, by);

  if (vex) {
    const sarif = encodeUtf8(JSON.stringify(sarifOf(scanned.document)));
    const { statements } = draftFromSarif(sarif, file('tools/demo/vex-policy.yaml'), productOf(shop));
    await stateVex(ports, { statements, subjects: [shop] }, ann);
  }
  if (waiver) {
    await requestWaiver(ports, {
      waiver: 'log4j', vulnerabilities: ['CVE-2021-44228', 'CVE-2021-45046'], subjects: [shop], owner: ann.by.person as Uint8Array, breakGlass: false,
      components: [{ purl: 'pkg:maven/org.apache.logging.log4j/log4j-core' }], responses: ['will_not_fix'], justification: 'lookups are off',
      expires: bench.world.clock.now() + 86_400_000,
    }, ann);
    await decideWaiver(ports, 'log4j', { type: 'waiver.approved' }, bob);
  }
  const { data, appended, decided } = await gate(ports, { artifact: shop[1], policy: 'release' }, by);
  const { verdict } = await replayFromStreams(ports, appended.index);
  return { outcome: data.outcome, codes: data.codes ?? [], denials: decided.shown.results.denials.map(({ text }) => text), verdict };
}

test('VEX and the waiver together allow', async () => {
  expect(await tell({ vex: true, waiver: true })).toMatchObject({ outcome: 'allow', codes: [], denials: [], verdict: { is: 'SAME' } });
});

test.each<[string, Story, readonly string[]]>([
  ['neither', { vex: false, waiver: false }, ['CVE-2021-44228', 'CVE-2021-44906', 'CVE-2021-45046', 'DSA-5764-1']],
  ['the waiver alone', { vex: false, waiver: true }, ['CVE-2021-44906', 'DSA-5764-1']],
  ['VEX alone', { vex: true, waiver: false }, ['CVE-2021-44228', 'CVE-2021-45046']],
])('%s: denied for what is left', async (_, story, ids) => {
  const { outcome, codes, denials, verdict } = await tell(story);
  expect([outcome, codes, verdict]).toMatchObject(['deny', ['POLICY_DENIED'], { is: 'SAME' }]);
  expect(denials.map((text) => text.split(' ')[0]).sort()).toEqual(ids);
});

test('without the components that have the findings there is nothing to deny', async () => {
  const { denials } = await tell({ vex: false, waiver: false, without: 'pkg:maven/org.apache.logging.log4j' });
  expect(denials.map((text) => text.split(' ')[0]).sort()).toEqual(['CVE-2021-44906', 'DSA-5764-1']);
});
