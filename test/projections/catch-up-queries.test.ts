// What the tables answer is what looking through the whole log answers: packages, findings, decisions, actors and types.
import { describe, expect, test } from 'vitest';
import { whereUsed, whereUsedNow } from '../../actions/where-used.ts';
import { decodeUtf8, equalBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { decodeEvent, kindOf, type Event } from '../../ledger/events/index.ts';
import type { Log } from '../../ledger/log/log.ts';
import type { PayloadStore } from '../../ledger/store/payloads.ts';
import { catchUp } from '../../projections/catch-up/catch-up.ts';
import { isOpen, type FindingDocument } from '../../projections/catch-up/findings.ts';
import { findApplied, findDecisions, findEntries, findFindings, findLists, listNumbers } from '../../projections/catch-up/queries.ts';
import { inventory, type ListDocument, type PackageDocument } from '../../projections/catch-up/inventory.ts';
import { tableIn, type CatchUpDb } from '../../projections/catch-up/tables.ts';
import { actorName } from '../../projections/catch-up/timeline.ts';
import { decodeDocument } from '../../projections/encoded.ts';
import type { Document } from '../../projections/projection.ts';
import { packageName, parseSought, readPurl } from '../../projections/purls.ts';
import { DocumentReader } from '../../projections/reader.ts';
import type { Purl } from '../../scanner/purl/purl.ts';
import { effort } from '../effort.ts';
import { World } from '../log/kit.ts';
import { freshDirectory } from '../store/place.ts';
import { factsOf, openTables } from './catching-up.ts';
import { Dice, History } from './history.ts';

const payloads = {
  async *get(digest: Uint8Array) {
    const bytes = factsOf(digest);
    if (bytes === null) throw new LedgerError('PAYLOAD_MISSING', 'Cannot read payload: it is not here');
    yield bytes;
  },
} as unknown as PayloadStore;

const TYPES = [
  'sbom.ingested', 'scan.completed', 'scan.failed', 'evidence.superseded', 'feed.rescanned', 'feed.imported', 'decision.recorded', 'waiver.requested',
  'artifact.related', 'vex.stated', 'trust.added',
] as const;

async function caughtUp(seed: number, calls: number): Promise<{ log: Log; db: CatchUpDb; events: { index: number; event: Event }[] }> {
  const log = await new World().create();
  const [history, dice] = [new History(seed, TYPES), new Dice(seed)];
  for (let i = 0; i < calls; i++) {
    const { size } = log.published;
    await log.append(Array.from({ length: 1 + dice.roll(4) }, () => ({ drafts: history.command(size) })));
  }
  const db = openTables(freshDirectory());
  await catchUp({ db, log, payload: async (digest) => factsOf(digest) });
  const events = [];
  let index = -1;
  for await (const entry of log.entries(0, log.published.size)) {
    index += 1;
    if (kindOf(entry) === 'event') events.push({ index, event: decodeEvent(entry) });
  }
  return { log, db, events };
}

const facts = (event: Event, role: string) => {
  const digest = event.payloads?.find((one) => one.role === role)?.digest?.[1];
  const bytes = digest === undefined ? null : factsOf(digest);
  return bytes === null ? null : (JSON.parse(decodeUtf8(bytes)) as Record<string, never>);
};

const SOUGHT = [
  'pkg:npm/a', 'pkg:npm/a@1.0', 'pkg:npm/a@9', 'pkg:npm/@scope/b', 'pkg:npm/*', 'pkg:npm/@sc*', 'pkg:npm/a@1*', 'pkg:NPM/%40scope/*', 'pkg:maven/org.x/y',
  'pkg:maven/org.x/*', 'pkg:deb/debian/libssl3?arch=amd64', 'pkg:pypi/B',
];

/** The documents of a table by their keys. */
async function documentsOf(db: CatchUpDb, table: string): Promise<Map<string, Document>> {
  const rows = await db.selectFrom(tableIn(inventory, table)).select(['key', 'document']).orderBy('key').execute();
  return new Map(rows.map(({ key, document }) => [key, decodeDocument(document)]));
}

test('documents of packages hold each purl once with the lists and sources it is in, in their order', async () => {
  const { db, log } = await caughtUp(20_261_122, 120);
  const lists = [...(await documentsOf(db, 'list')) as Map<string, ListDocument>].filter(([, { missing }]) => missing !== true);
  const expected = new Map<string, Map<string, { lists: Set<number>; sources: Set<string> }>>();
  let twice = 0;
  for (const [digest, { number }] of lists.toSorted(([, a], [, b]) => a.number - b.number)) {
    const { components } = JSON.parse(decodeUtf8(factsOf(parseHex(digest)) as Uint8Array)) as { components: { purl?: string; source?: { name: string } }[] };
    for (const { purl, source } of components) {
      if (purl === undefined) continue;
      const key = `${packageName(readPurl(purl) as Purl)} 0`;
      const purls = expected.get(key) ?? new Map<string, { lists: Set<number>; sources: Set<string> }>();
      const one = purls.get(purl) ?? { lists: new Set(), sources: new Set() };
      if (one.lists.has(number)) twice += 1;
      one.lists.add(number);
      if (source !== undefined) one.sources.add(source.name);
      expected.set(key, purls.set(purl, one));
    }
  }
  const sorted = <V>(from: Map<string, V>) => [...from].sort(([a], [b]) => (a < b ? -1 : 1));
  const found = [...(await documentsOf(db, 'package')) as Map<string, PackageDocument>].map(([key, { purls }]) => [key, purls]);
  expect(found).toEqual(sorted(expected).map(([key, purls]) => [key, sorted(purls).map(([purl, one]) => (
    { purl, lists: [...one.lists], ...(one.sources.size === 0 ? {} : { sources: [...one.sources].sort() }) }
  ))]));
  expect(twice).toBeGreaterThan(0);
  await db.destroy();
  await log.close();
});

describe.each(Array.from({ length: effort(3, 1) }, (_, i) => 501 + i))('history %i', (seed) => {
  test('where packages are used', async () => {
    const { log, db } = await caughtUp(seed, 80);
    const documents = new DocumentReader(log.published.size, log, null);
    let found = 0;
    expect(() => parseSought('pkg:*/*')).toThrow('as a purl');
    for (const text of SOUGHT) {
      const sought = parseSought(text);
      const long = await whereUsed(sought, { documents, payloads });
      const isSame = (a: (typeof long.artifacts)[number], b: typeof a) => a.entry === b.entry && equalBytes(a.artifact, b.artifact);
      const once = long.artifacts.filter((one, i, all) => all.findIndex((other) => isSame(one, other)) === i);
      const { size, ...now } = (await whereUsedNow(sought, db, payloads)) ?? { size: -1 };
      expect(now, text).toEqual({ artifacts: once, unreadable: long.unreadable });
      expect(size).toBe(log.published.size);
      found += once.length;
    }
    expect(found).toBeGreaterThan(20);
    await db.destroy();
    await log.close();
  });

  test('which lists name a component, and what lists are called', async () => {
    const { log, db, events } = await caughtUp(seed, 80);
    const first = new Map<string, number>();
    const [meant, named] = [new Set<number>(), new Set<number>()];
    for (const { index, event } of events) {
      const role = event.type === 'sbom.ingested' ? 'facts' : event.type === 'scan.completed' ? 'inventory' : '';
      const digest = event.payloads?.find((one) => one.role === role)?.digest?.[1];
      const list = facts(event, role) as { components: { purl?: string; source?: { name: string } }[] } | null;
      if (digest === undefined || list === null) continue;
      const name = formatHex(digest);
      if (!first.has(name)) first.set(name, index);
      const own = list.components.filter(({ purl }) => purl?.startsWith('pkg:npm/a') === true);
      if (own.length > 0) named.add(first.get(name) as number);
      if (own.some(({ source }) => source?.name === 's1')) meant.add(first.get(name) as number);
    }
    expect(await findLists(db, ({ purl }) => purl.startsWith('pkg:npm/a'))).toEqual(named);
    // What a purl is built from is kept for all lists of a run together: never one too few.
    const found = await findLists(db, ({ purl, source }) => purl.startsWith('pkg:npm/a') && source?.name === 's1');
    expect([[...meant].filter((one) => !found.has(one)), [...found].filter((one) => !named.has(one))]).toEqual([[], []]);
    expect(named.size).toBeGreaterThan(3);
    expect(await listNumbers(db)).toEqual(first);
    await db.destroy();
    await log.close();
  });

  test('what scans found, from first to last', async () => {
    const { log, db, events } = await caughtUp(seed, 120);
    // By artifact, feed and fingerprint: open since the scan that opened it, until one that does not name it.
    const open = new Map<string, { first: number; seen: number; open: boolean; words: string[]; id: string }>();
    const scans = new Map<string, { index: number; pins: string[] }>();
    const aliasedEver = new Set<string>();
    for (const { index, event } of events) {
      if (event.type !== 'scan.completed') continue;
      const { subject, feed, snapshot, sbom } = event.data;
      const found = facts(event, 'findings') as { findings: { fingerprint: string; id: string; aliases: string[] }[] } | null;
      if (found === null) continue;
      const group = `${formatHex(subject[1])} ${feed}`;
      const list = sbom?.facts[1] ?? event.payloads?.find(({ role }) => role === 'inventory')?.digest?.[1];
      const pins = [list === undefined ? '' : formatHex(list), formatHex(snapshot[1])];
      // Of several with one fingerprint the first speaks for all.
      const first = found.findings.filter((one, i, all) => all.findIndex(({ fingerprint }) => fingerprint === one.fingerprint) === i);
      for (const { fingerprint, aliases } of first) if (aliases.length > 0) aliasedEver.add(`${group} ${fingerprint}`);
      const before = scans.get(group);
      const now = new Map(found.findings.map(({ fingerprint, id }) => [`${group} ${fingerprint}`, id]));
      for (const [key, id] of now) {
        const known = open.get(key);
        if (known === undefined) open.set(key, { first: index, seen: index, open: true, words: [`opened ${index}`], id });
        else {
          if (!known.open) known.words.push(`reopened ${index}`);
          Object.assign(known, { open: true, seen: index });
        }
      }
      for (const [key, known] of open) {
        if (!key.startsWith(`${group} `) || now.has(key) || !known.open) continue;
        known.open = false;
        const by = before?.pins[0] !== pins[0] ? 'sbom' : before?.pins[1] !== pins[1] ? 'advisories' : 'engine';
        known.words.push(`resolved ${index} by ${by}, seen ${before?.index}`);
      }
      scans.set(group, { index, pins });
    }
    const words = ({ changes }: FindingDocument) => changes.filter(({ is }) => is !== 'changed').map((change) => {
      const more = change.is === 'resolved' ? ` by ${change.by}, seen ${change.seen.entry}` : '';
      return `${change.is} ${change.entry}${more}`;
    });
    const keyOf = ({ artifact, feed, fingerprint }: FindingDocument) => `${formatHex(artifact)} ${feed} ${fingerprint}`;
    const artifacts = new Set([...open.keys()].map((key) => key.slice(0, 64)));
    const byArtifact = (await Promise.all([...artifacts].map((artifact) => findFindings(db, { artifact })))).flat();
    const expected = new Map([...open].map(([key, { words: said }]) => [key, said]));
    expect(new Map(byArtifact.map((one) => [keyOf(one), words(one)]))).toEqual(expected);
    expect(byArtifact.filter((one) => !isOpen(one)).length).toBeGreaterThan(0);
    for (const name of ['CVE-2026-0001', 'RHSA-2026:1234', 'CVE-1999-0001']) {
      const byName = await findFindings(db, { names: [name] });
      expect(new Set(byName.map(keyOf))).toEqual(new Set([...open].filter(([, { id }]) => id === name).map(([key]) => key)));
    }
    const aliased = await findFindings(db, { names: ['GHSA-0000-0000-0001'] });
    expect(new Set(aliased.map(keyOf))).toEqual(aliasedEver);
    await db.destroy();
    await log.close();
  });

  test('decisions, and what they applied', async () => {
    const { log, db, events } = await caughtUp(seed, 60);
    const all = events.flatMap(({ index, event }) => (event.type === 'decision.recorded' ? [{ index, event }] : [])).reverse();
    expect(all.length).toBeGreaterThan(3);
    expect((await findDecisions(db, { limit: 1000 })).map(({ entry }) => entry)).toEqual(all.map(({ index }) => index));
    expect((await findDecisions(db, { limit: 2 })).map(({ entry }) => entry)).toEqual(all.slice(0, 2).map(({ index }) => index));
    const [{ event }] = all as [(typeof all)[number]];
    const artifact = formatHex(event.data.artifact[1]);
    const own = all.filter((one) => formatHex(one.event.data.artifact[1]) === artifact && one.event.data.policy === event.data.policy);
    expect((await findDecisions(db, { artifact, policy: event.data.policy, limit: 1000 })).map(({ entry }) => entry)).toEqual(own.map(({ index }) => index));
    const applied = new Map<number, number[]>();
    for (const one of all.toReversed()) {
      const waivers = (facts(one.event, 'results') as { waivers: { entry: number; why: string }[] } | null)?.waivers ?? [];
      const counted = new Set(waivers.filter(({ why }) => why === 'WAIVER_ACTIVE').map(({ entry }) => entry));
      for (const entry of counted) applied.set(entry, [...(applied.get(entry) ?? []), one.index]);
    }
    const found = await findApplied(db, Array.from({ length: 60 }, (_, i) => i));
    expect(new Map([...found].map(([entry, { decisions, first, newest }]) => [entry, [decisions, first, newest]]))).toEqual(
      new Map([...applied].map(([entry, list]) => [entry, [list.length, list[0], list.at(-1)]])));
    await db.destroy();
    await log.close();
  });

  test('who did what', async () => {
    const { log, db, events } = await caughtUp(seed, 40);
    for (const actor of new Set(events.map(({ event }) => actorName(event.by)))) {
      const own = events.filter(({ event }) => actorName(event.by) === actor).map(({ index }) => index).reverse();
      expect(await findEntries(db, 'actor', actor)).toEqual(new Map([[actor, own]]));
      if (actor.length === 32) expect(await findEntries(db, 'actor', actor.slice(0, 8))).toEqual(new Map([[actor, own]]));
    }
    for (const type of new Set(events.map(({ event }) => event.type))) {
      const own = events.filter(({ event }) => event.type === type).map(({ index }) => index).reverse();
      expect(await findEntries(db, 'type', type)).toEqual(new Map([[type, own]]));
    }
    expect(await findEntries(db, 'type', 'waiver')).toEqual(new Map());
    await db.destroy();
    await log.close();
  });
});
