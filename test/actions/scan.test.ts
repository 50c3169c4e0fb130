// Feeds and scans on record: what an event pins is what its payloads hold, and what did not happen is on record as such.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { payloadOrNull } from '../../actions/catch-up.ts';
import { affectedBy, explainArtifact } from '../../actions/explain-finding.ts';
import { findSnapshot, importsOf } from '../../actions/feeds.ts';
import { checkSnapshot, importFeed, importSnapshot, type FeedPorts } from '../../actions/import-feed.ts';
import { gate } from '../../actions/gate.ts';
import { publishPolicy } from '../../actions/publish-policy.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { rescan } from '../../actions/rescan.ts';
import { scanArtifact, type ScanPorts, type ScanRequest } from '../../actions/scan-artifact.ts';
import { readPayload } from '../../actions/sealed-payload.ts';
import { mayNameBy } from '../../actions/where-used.ts';
import { decodeUtf8, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { prepareDraft, type Event } from '../../ledger/events/index.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { parseFacts } from '../../evidence/facts.ts';
import {
  encodeFindings, inputOfFacts, openPart, scan, shardsUsed, Snapshot, type FindingsDocument, type Imported, type Observation,
} from '../../scanner/index.ts';
import { readFindings } from '../../policy/gate/findings.ts';
import { RegoObject } from '../../policy/index.ts';
import { catchUp } from '../../projections/catch-up/catch-up.ts';
import { by, sha256 } from '../log/kit.ts';
import { observationOf, workFile } from '../scanner/snapshot/memory.ts';
import { openTables } from '../projections/catching-up.ts';
import { freshDirectory } from '../store/place.ts';
import { Bench, cyclonedx, imageDigest, image, other, otherDigest } from './kit.ts';

const fixed = (id: string, name: string, version: string, more: object = {}) => observationOf('osv', {
  id, affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: version }] }] }],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }], ...more,
} as JcsValue);
const first = [fixed('GHSA-1', 'a', '1.0.1', { aliases: ['CVE-2026-1'] }), fixed('GHSA-2', 'b', '2.0.0'), fixed('GHSA-3', 'c', '9.0.0')];
const withdrawn = [...first.slice(0, 2), fixed('GHSA-3', 'c', '9.0.0', { withdrawn: '2026-01-01T00:00:00Z' })];

const library = (name: string, version = '1.0.0') => ({ type: 'library', name, version, purl: `pkg:npm/${name}@${version}`, 'bom-ref': name });
const sbom = (...names: string[]) => cyclonedx({ components: names.map((name) => library(name)) });
const about = (digest: string, ...names: string[]) => sbom(...names).replaceAll(image, digest);

class ScanBench {
  readonly bench: Bench;

  constructor(bench: Bench) {
    this.bench = bench;
  }

  static begin = async () => new ScanBench(await Bench.begin());

  get feedPorts(): FeedPorts {
    const { log, payloads, pepper } = this.bench.stores;
    return { log, payloads, pepper, workFile };
  }

  get ports(): ScanPorts {
    const { log, payloads } = this.bench.stores;
    return { log, payloads, engineVersion: '1.2.3' };
  }

  import = (observations: readonly Observation[], more: readonly Imported[] = [], fetchedMs = 1_795_000_000_000) => importFeed(this.feedPorts, {
    feed: 'f', sources: () => [{ name: 'osv', sha256: 'ab'.repeat(32), fetchedMs }],
    observations: [...observations.map((observation): Imported => ({ is: 'observation', observation })), ...more],
  }, by);

  scan = (more: Partial<ScanRequest> = {}, ports: Partial<ScanPorts> = {}) =>
    scanArtifact({ ...this.ports, ...ports }, { subject: imageDigest, feed: 'f', snapshot: { is: 'newest' }, ...more }, by);

  event = async <T extends Event['type']>(index: number, type: T): Promise<Event & { type: T }> => {
    const event = await this.bench.event(index);
    expect(event.type).toBe(type);
    return event as Event & { type: T };
  };

  payload = async (event: Event, role: string) => readPayload(this.bench.payloads, event.payloads?.find((one) => one.role === role)?.digest?.[1] as Uint8Array);
}

/** Three artifacts scanned by the first snapshot: entries 1 (feed), 2 to 4 (bills), 5 to 7 (scans). */
async function three(): Promise<ScanBench> {
  const one = await ScanBench.begin();
  await one.import(first);
  const digests = [image, other, 'c3'.repeat(32)];
  const lists = [['a', 'b'], ['c'], ['d']];
  for (const [i, digest] of digests.entries()) await one.bench.addOne(about(digest, ...(lists[i] as string[])));
  for (const digest of digests) await one.scan({ subject: ['sha256', Uint8Array.from(digest.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))] });
  expect(await one.bench.types(5)).toEqual(['scan.completed', 'scan.completed', 'scan.completed']);
  return one;
}

describe('importing', () => {
  test('the event says what the file is', async () => {
    const one = await ScanBench.begin();
    const refused: Imported = { is: 'refused', where: 'x.json', code: 'INPUT_MALFORMED', why: 'a sentence of nobody’s business' };
    const { index, name, file } = await one.import(first, [refused]);
    const event = await one.event(index, 'feed.imported');
    expect(event.data).toEqual({
      feed: 'f', snapshot: event.data.snapshot, records: 3, refused: 1,
      sources: [{ name: 'osv', sha256: ['sha256', new Uint8Array(32).fill(0xab)], fetched: 1_795_000_000_000 }],
    });
    expect(name).toBe(`sha256:${formatHex(event.data.snapshot[1])}`);
    const bytes = await one.payload(event, 'snapshot');
    expect(sha256(bytes)).toEqual(file.digest);
    expect(new Snapshot({ size: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length) }).digest).toBe(name);
    expect(decodeUtf8(await one.payload(event, 'refused'))).toBe('[{"code":"INPUT_MALFORMED","where":"x.json"}]');
    expect(event.streams).toEqual([{ name: 'feed:f', version: 1 }]);
    await one.bench.check();
  });

  test('any order of the same records is one snapshot, and importing it again is another event', async () => {
    const names = new Set<string>();
    await fc.assert(fc.asyncProperty(fc.shuffledSubarray(first, { minLength: 3 }), async (records) => {
      names.add((await (await ScanBench.begin()).import(records)).name);
    }), { numRuns: 6 });
    expect(names.size).toBe(1);
    const one = await ScanBench.begin();
    await one.import(first);
    await one.import(first);
    expect(await one.bench.types()).toEqual(['feed.imported', 'feed.imported']);
  });

  test('nothing that can be read is nothing on record', async () => {
    const one = await ScanBench.begin();
    const refused: Imported = { is: 'refused', where: 'x.json', code: 'INPUT_MALFORMED', why: '' };
    await expect(one.import([], [refused])).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    await expect(one.import([])).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    expect(await one.bench.types()).toEqual([]);
  });

  test('a snapshot made elsewhere is built again before it counts', async () => {
    const one = await ScanBench.begin();
    const { file } = await one.import(first);
    const bytes = one.bench.payloads.held.get(formatHex(file.digest)) as Uint8Array;
    const give = async function* (of: Uint8Array) {
      yield of;
    };
    const again = await ScanBench.begin();
    expect((await importSnapshot(again.feedPorts, { feed: 'f', bytes: give(bytes) }, by)).manifest.records).toBe(3);
    // A bit of a record's text: opening reads none of it, a scan neither.
    const broken = bytes.slice();
    (broken[20] as number) ^= 1;
    await expect(importSnapshot(again.feedPorts, { feed: 'f', bytes: give(broken) }, by)).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' });
    await expect(importSnapshot(again.feedPorts, { feed: 'f', bytes: give(encodeUtf8('hello')) }, by)).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    expect(await again.bench.types()).toEqual(['feed.imported']);
    await checkSnapshot(one.feedPorts, file);
  });

  test('is found by name and by date', async () => {
    const one = await ScanBench.begin();
    const times: number[] = [];
    const names: string[] = [];
    for (const records of [first, withdrawn]) {
      names.push((await one.import(records)).name);
      times.push(one.bench.world.clock.wall);
      one.bench.world.clock.pass(86_400_000);
    }
    const of = async (wanted: Parameters<typeof findSnapshot>[2]) => (await findSnapshot(one.bench.log, 'f', wanted)).name;
    expect(await of({ is: 'newest' })).toBe(names[1]);
    expect(await of({ is: 'name', name: names[0] as string })).toBe(names[0]);
    expect(await of({ is: 'at', at: times[1] as number })).toBe(names[1]);
    expect(await of({ is: 'at', at: (times[1] as number) - 1 })).toBe(names[0]);
    await expect(of({ is: 'at', at: (times[0] as number) - 1 })).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
    await expect(of({ is: 'name', name: `sha256:${image}` })).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
    const all = [];
    for await (const { index } of importsOf(one.bench.log, 'f')) all.push(index);
    expect(all).toEqual([2, 1]);
  });
});

describe('scanning', () => {
  test('the event pins all that the findings depend on, and the findings follow from it again', async () => {
    const one = await ScanBench.begin();
    const { name } = await one.import(first);
    await one.bench.addOne(sbom('a', 'b', 'c', 'd'));
    const scanned = await one.scan();
    expect(scanned).toMatchObject({ is: 'completed', index: 3 });
    const event = await one.event(3, 'scan.completed');
    const bill = await one.event(2, 'sbom.ingested');
    const facts = await one.payload(bill, 'facts');
    expect(event.data).toMatchObject({
      subject: imageDigest, feed: 'f', sbom: { entry: 2, facts: ['sha256', sha256(facts)] }, engine: '1.2.3', semantics: 1, components: 5, unmatched: 1,
      outcomes: { affected: 3, indeterminate: 0, unsupported: 0, unversioned: 0 },
      severities: { critical: 3, high: 0, low: 0, medium: 0, none: 0, unknown: 0 },
    });
    expect(`sha256:${formatHex(event.data.snapshot[1])}`).toBe(name);
    expect(event.payloads?.map(({ role }) => role)).toEqual(['findings']);
    const findings = await one.payload(event, 'findings');
    // As gates read it fastest.
    expect(readFindings(findings).findings?.written).not.toBe(null);
    const { file } = await findSnapshot(one.bench.log, 'f', { is: 'newest' });
    const whole = await one.bench.payloads.openAt(file.digest);
    const [input, options] = [inputOfFacts(parseFacts(facts)), { engineVersion: '1.2.3' }];
    expect(encodeFindings(scan(input, new Snapshot(whole, name), options) as FindingsDocument)).toEqual(findings);
    // And from a decision pack, which carries a part of the snapshot.
    const part = shardsUsed(whole, name, input, options);
    expect(encodeFindings(scan(input, new Snapshot(openPart(part.bytes), name), options) as FindingsDocument)).toEqual(findings);
    await one.bench.check();
  });

  test('does not depend on the order of the bill of materials, nor on its format', async () => {
    const digests = new Set<string>();
    const spdx = JSON.stringify({
      spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: 'x', documentNamespace: 'https://example.org/x',
      creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: x'] },
      packages: ['c', 'a', 'b'].map((name) => ({
        SPDXID: `SPDXRef-${name}`, name, versionInfo: '1.0.0', downloadLocation: 'NOASSERTION', primaryPackagePurpose: 'LIBRARY',
        externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: `pkg:npm/${name}@1.0.0` }],
      })),
    });
    for (const text of [sbom('a', 'b', 'c'), sbom('c', 'b', 'a'), spdx]) {
      const one = await ScanBench.begin();
      await one.import(first);
      await one.bench.addOne(text, { subjects: [imageDigest] });
      const scanned = await one.scan();
      if (scanned.is !== 'completed') throw new Error(scanned.reason);
      // The root is a component of the one format only, so that places in the facts differ by it.
      digests.add(JSON.stringify(scanned.document.findings.map(({ component, ...finding }) => ({ ...finding, purl: component.purl }))));
      expect(scanned.document.findings).toHaveLength(3);
    }
    expect(digests.size).toBe(1);
  });

  test('an inventory goes on record with its scan', async () => {
    const one = await ScanBench.begin();
    await one.import(first);
    const components = [
      { ref: '2', name: 'a', version: '1.0.0', purl: 'pkg:npm/a@1.0.0', layers: ['sha256:1'], entryTrace: { state: 'reached' as const } },
      { ref: '1', name: 'b', version: '1.0.0', purl: 'pkg:npm/b@1.0.0' },
    ];
    const list = { is: 'inventory', inventory: { components, unreadable: [{ path: '/x.jar', why: 'damaged' }] } } as const;
    const scanned = await one.scan({ list });
    const event = await one.event(scanned.index, 'scan.completed');
    expect(event.data.sbom).toBeUndefined();
    expect(JSON.parse(decodeUtf8(await one.payload(event, 'inventory')))).toEqual({
      format: 'stella-inventory/1', components: components.toReversed(), unreadable: list.inventory.unreadable,
    });
    const { findings } = JSON.parse(decodeUtf8(await one.payload(event, 'findings'))) as FindingsDocument;
    expect(findings.map(({ id, component }) => [id, component.entryTrace, component.layers])).toEqual([
      ['CVE-2026-1', { state: 'reached' }, ['sha256:1']], ['GHSA-2', { state: 'unknown', reason: 'not_traced' }, []],
    ]);
    // Without a bill of materials, the artifact on record is what was looked at.
    expect(await one.scan()).toMatchObject({ is: 'completed', document: { findings } });
  });

  test('the newest bill of materials counts, unless it was superseded', async () => {
    const one = await ScanBench.begin();
    await one.import(first);
    await one.bench.addOne(sbom('a'));
    await one.bench.addOne(sbom('b'));
    const idsOf = async () => {
      const scanned = await one.scan();
      return scanned.is === 'completed' ? scanned.document.findings.map(({ id }) => id) : [];
    };
    expect(await idsOf()).toEqual(['GHSA-2']);
    const data = { entry: 3, subjects: [imageDigest], reason: 'mistaken' } as const;
    await one.bench.log.appendOne({ drafts: [prepareDraft({ type: 'evidence.superseded', by, data }, sha256)] });
    expect(await idsOf()).toEqual(['CVE-2026-1']);
  });

  test.each([
    ['no snapshot', 'SNAPSHOT_UNKNOWN', async (one: ScanBench) => void (await one.bench.addOne(sbom('a')))],
    ['no bill of materials', 'SBOM_UNKNOWN', async (one: ScanBench) => void (await one.import(first))],
  ])('with %s nothing is on record', async (_, code, prepare) => {
    const one = await ScanBench.begin();
    await prepare(one);
    const before = one.bench.log.published.size;
    await expect(one.scan()).rejects.toMatchObject({ code });
    expect(one.bench.log.published.size).toBe(before);
  });

  describe('what did not come to an end is on record as failed, with the same pins', () => {
    const flip = (one: ScanBench, digest: Uint8Array) => {
      const bytes = one.bench.payloads.held.get(formatHex(digest)) as Uint8Array;
      for (let i = 0; i < bytes.length - 128; i += 1) (bytes[i] as number) ^= 1;
    };
    test.each<[string, string, Partial<ScanPorts>, (one: ScanBench) => Promise<unknown>]>([
      ['time', 'time', { stop: () => 'time' }, async () => undefined],
      ['memory', 'memory', { stop: () => 'memory' }, async () => undefined],
      ['a damaged snapshot', 'snapshot', {}, async (one) => flip(one, (await findSnapshot(one.bench.log, 'f', { is: 'newest' })).file.digest)],
      ['a snapshot that is not here', 'snapshot', {}, async (one) =>
        one.bench.payloads.remove((await findSnapshot(one.bench.log, 'f', { is: 'newest' })).file.digest)],
      ['facts that are not here', 'input', {}, async (one) => one.bench.payloads.remove(
        (await one.bench.event(2)).payloads?.find(({ role }) => role === 'facts')?.digest?.[1] as Uint8Array)],
    ])('%s', async (_, reason, ports, spoil) => {
      const one = await ScanBench.begin();
      await one.import(first);
      await one.bench.addOne(sbom('a'));
      await spoil(one);
      expect(await one.scan({}, ports)).toMatchObject({ is: 'failed', index: 3, reason });
      const { data, payloads } = await one.event(3, 'scan.failed');
      expect(data).toMatchObject({ subject: imageDigest, feed: 'f', sbom: { entry: 2 }, semantics: 1, reason });
      expect(payloads).toBeUndefined();
    });
  });
});

describe('rescanning', () => {
  test('appends only what changed, says which scans hold, and has nothing to add when asked again', async () => {
    const one = await three();
    await one.import(withdrawn);
    const result = await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    expect(result.answers.map(({ is, scanned, appeared, disappeared }) => [is, scanned, appeared, disappeared])).toEqual([
      ['holding', false, undefined, undefined], ['holding', false, undefined, undefined], ['changed', true, [], ['GHSA-3 pkg:npm/c@1.0.0']],
    ]);
    expect(await one.bench.types(8)).toEqual(['feed.imported', 'scan.completed', 'feed.rescanned']);
    const fresh = await one.event(9, 'scan.completed');
    expect(fresh.data).toMatchObject({ subject: otherDigest, replaces: 6, outcomes: { affected: 0 } });
    const said = await one.event(10, 'feed.rescanned');
    expect(said.data).toMatchObject({ holding: 2, changed: 1, failed: 0, snapshot: fresh.data.snapshot });
    expect(JSON.parse(decodeUtf8(await one.payload(said, 'holding')))).toEqual([
      { scan: 5, subject: `sha256:${image}` }, { scan: 7, subject: `sha256:${'c3'.repeat(32)}` },
    ]);
    const again = await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    expect([again.index, again.answers.every(({ is, scanned }) => is === 'holding' && !scanned)]).toEqual([null, true]);
    expect(one.bench.log.published.size).toBe(11);
    await one.bench.check();
  });

  test('gives what a full scan of each gives', async () => {
    const one = await three();
    const changed = [fixed('GHSA-1', 'a', '1.0.0', { aliases: ['CVE-2026-1'] }), first[1] as Observation, fixed('GHSA-9', 'd', '3.0.0')];
    await one.import(changed);
    await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    for (const [i, digest] of [imageDigest, otherDigest, ['sha256', new Uint8Array(32).fill(0xc3)] as const].entries()) {
      let newest: FindingsDocument | null = null;
      for await (const { event } of one.bench.log.stream(`artifact:sha256:${formatHex(digest[1])}`)) {
        if (event.type === 'scan.completed') newest ??= JSON.parse(decodeUtf8(await one.payload(event, 'findings'))) as FindingsDocument;
      }
      const full = await one.scan({ subject: digest });
      if (full.is !== 'completed') throw new Error(full.reason);
      expect([i, newest?.findings]).toEqual([i, full.document.findings]);
    }
  });

  test('scans a bill of materials that came since, and an artifact whose old snapshot is gone', async () => {
    const one = await three();
    const { file } = await findSnapshot(one.bench.log, 'f', { is: 'newest' });
    await one.bench.addOne(about(other, 'a', 'c'));
    const since = await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    expect(since.answers.map(({ is, appeared }) => [is, appeared])).toEqual([
      ['holding', undefined], ['holding', undefined], ['changed', ['CVE-2026-1 pkg:npm/a@1.0.0']],
    ]);
    await one.import(withdrawn);
    await one.bench.payloads.remove(file.digest);
    const gone = await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    expect(gone.answers.map(({ is, scanned }) => [is, scanned])).toEqual([['holding', true], ['holding', true], ['changed', true]]);
  });

  test('keeps what holds from being stale to a gate, and nothing else', async () => {
    const one = await three();
    const { log, payloads, pepper } = one.bench.stores;
    const { clock } = one.bench.world;
    const modules = [{ file: 'p.rego', text: 'package p\n\nallow := true\n' }];
    const bundle = { modules, data: new RegoObject(new Map()), revision: '', regoVersion: 1 as const };
    await publishPolicy({ log, payloads, pepper }, { name: 'p', bundle, entrypoints: ['data.p.allow'] }, by);
    const answers = async () => {
      const given: string[] = [];
      for (const artifact of [imageDigest[1], otherDigest[1], new Uint8Array(32).fill(0xc3)]) {
        const { data, appended } = await gate({ log, payloads, pepper, now: clock.now }, { artifact, policy: 'p' }, by);
        expect((await replayFromStreams({ log, payloads }, appended.index)).verdict).toEqual({ is: 'SAME' });
        given.push([data.outcome, ...(data.codes ?? [])].join(' '));
      }
      return given;
    };
    clock.pass(40 * 86_400_000);
    await one.import(withdrawn, [], clock.wall);
    const stale = 'deny SNAPSHOT_STALE';
    expect(await answers()).toEqual([stale, stale, stale]);
    await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    // Two hold; the third changed, and was scanned anew.
    expect(await answers()).toEqual(['allow', 'allow', 'allow']);
    // The same again, with newer advisories that concern nobody: the scan made 31 days ago holds too.
    clock.pass(31 * 86_400_000);
    await one.import([...withdrawn, fixed('GHSA-4', 'e', '9.0.0')], [], clock.wall);
    expect(await answers()).toEqual([stale, stale, stale]);
    await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    expect(await answers()).toEqual(['allow', 'allow', 'allow']);
  });

  test('says which could not be scanned', async () => {
    const one = await three();
    await one.import(withdrawn);
    await one.bench.payloads.remove((await one.bench.event(3)).payloads?.find(({ role }) => role === 'facts')?.digest?.[1] as Uint8Array);
    const { answers, index } = await rescan(one.ports, { feed: 'f', snapshot: { is: 'newest' } }, by);
    expect(answers.map(({ is }) => is)).toEqual(['holding', 'holding', 'failed']);
    expect((await one.event(index as number, 'feed.rescanned')).data).toMatchObject({ holding: 2, failed: 1 });
    expect((await one.event(9, 'scan.failed')).data.reason).toBe('input');
  });
});

describe('explaining', () => {
  test.each([
    ['GHSA-1', 'affected', ['in_range']],
    ['CVE-2026-1', 'affected', ['in_range']],
    ['GHSA-3', 'not_in_list', []],
    ['CVE-1999-1', 'not_in_snapshot', []],
  ])('%s is %s', async (id, is, rules) => {
    const one = await three();
    const ports = { log: one.bench.log, payloads: one.bench.payloads };
    const found = await explainArtifact(ports, { id, subject: imageDigest, feed: 'f', snapshot: null });
    expect([found.is, found.explanation.answers.map(({ reasons }) => reasons[0]?.rule), found.scan]).toEqual([is, rules, 5]);
    expect(found.checked.every((one_) => one_ === 'same')).toBe(true);
  });

  test('answers by the scan’s own snapshot, or by another', async () => {
    const one = await three();
    await one.import(withdrawn);
    const ports = { log: one.bench.log, payloads: one.bench.payloads };
    const of = async (snapshot: Parameters<typeof explainArtifact>[1]['snapshot']) =>
      (await explainArtifact(ports, { id: 'GHSA-3', subject: otherDigest, feed: 'f', snapshot })).explanation.answers.map(({ reasons }) => reasons[0]?.rule);
    expect(await of(null)).toEqual(['in_range']);
    expect(await of({ is: 'newest' })).toEqual(['withdrawn']);
  });

  test('what came since the scan, and what was never scanned, is looked through as well', async () => {
    const one = await three();
    const [fresh, unlisted] = ['d4'.repeat(32), 'e5'.repeat(32)];
    await one.bench.addOne(about(fresh, 'c'));
    await one.bench.addOne('words\n', { subjects: [['sha256', parseHex(unlisted)]], media: 'text/plain' });
    // What is made of `a` and `b` when it is scanned is made of `c` by now.
    await one.bench.addOne(about(image, 'a', 'b', 'c'));
    const ports = { log: one.bench.log, payloads: one.bench.payloads, documents: one.bench.documents };
    const { artifacts, looked } = await affectedBy(ports, { id: 'GHSA-3', feed: 'f', snapshot: { is: 'newest' } });
    expect(artifacts.map(({ subject, is, scan: at, isCurrent, isNewestList }) => [subject, is, at, isCurrent, isNewestList])).toEqual([
      [image, 'affected', 5, true, false], [other, 'affected', 6, true, true], [fresh, 'affected', null, false, false],
    ]);
    expect(looked).toBe(4);
  });

  test('a new advisory is answered for all artifacts without a rescan', async () => {
    const one = await three();
    await one.import([...first, fixed('GHSA-9', 'd', '3.0.0'), fixed('GHSA-8', 'a', '0.1.0')]);
    const ports = { log: one.bench.log, payloads: one.bench.payloads, documents: one.bench.documents };
    const of = async (id: string) => {
      const { artifacts, records, looked } = await affectedBy(ports, { id, feed: 'f', snapshot: { is: 'newest' } });
      return [records, looked, artifacts.map(({ subject, is, isCurrent }) => [subject, is, isCurrent])];
    };
    expect(await of('GHSA-9')).toEqual([1, 3, [['c3'.repeat(32), 'affected', false]]]);
    expect(await of('GHSA-8')).toEqual([1, 3, [[image, 'not_affected', false]]]);
    expect(await of('CVE-1999-1')).toEqual([0, 3, []]);
    // With the inventory the answers are the same, and only the lists that name the package are opened.
    const db = openTables(freshDirectory());
    await catchUp({ db, log: one.bench.log, payload: (digest) => payloadOrNull(one.bench.payloads, digest) });
    const read: string[] = [];
    const payloads = { ...one.bench.payloads, get: (digest: Uint8Array) => (read.push(formatHex(digest)), one.bench.payloads.get(digest)) };
    const fast = { ...ports, payloads, mayName: mayNameBy(db) };
    for (const id of ['GHSA-9', 'GHSA-8', 'GHSA-1', 'GHSA-3', 'CVE-1999-1']) {
      const asked = { id, feed: 'f', snapshot: { is: 'newest' } } as const;
      read.length = 0;
      const answer = await affectedBy(fast, asked);
      expect(answer).toEqual(await affectedBy(ports, asked));
      expect(read.length, id).toBe(answer.artifacts.length);
    }
    await db.destroy();
  });
});
