// Folds in memory: the whole log, one stream alone and runs of packed entries come to the same documents; nothing is skipped.
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { decodeEvent, encodeCbor, type CborMap, type CborValue, type Event } from '../../ledger/events/index.ts';
import { packEntries } from '../../ledger/store/packed.ts';
import type { ArtifactDocument } from '../../projections/artifact.ts';
import { digestOf, encodeDocument } from '../../projections/digest.ts';
import { eventAt } from '../../projections/event-at.ts';
import { projectionList, projectionOf, type ProjectionName } from '../../projections/gate-critical.ts';
import { foldStream, MemoryFold, type StreamEvent } from '../../projections/memory.ts';
import { deedOf, evolve, type Document } from '../../projections/projection.ts';
import { mainOf } from '../../projections/walk.ts';
import { effort } from '../effort.ts';
import { codeOf } from '../events/vectors.ts';
import { World } from '../log/kit.ts';
import { History } from './history.ts';

async function entriesOf(seed: number, commands: number): Promise<Uint8Array[]> {
  const log = await new World().create();
  const history = new History(seed);
  for (let i = 0; i < commands; i++) await log.append([{ drafts: history.command(log.published.size) }]);
  const entries: Uint8Array[] = [];
  for await (const entry of log.entries()) entries.push(entry);
  return entries;
}

const seeds = Array.from({ length: effort(6, 2) }, (_, i) => 20_261_121 + i);

describe.each(seeds)('history %i', (seed) => {
  test('each document follows from its stream alone', async () => {
    const entries = await entriesOf(seed, 300);
    const fold = new MemoryFold();
    for (const entry of entries) fold.add(entry);
    const events = entries.map((entry) => decodeEvent(entry));
    const streams = new Map<string, StreamEvent[]>();
    for (const [index, event] of events.entries()) {
      const main = mainOf(event.type) === null ? null : index - (event.data as { back: number }).back;
      const one = { index, event, ...(main === null ? {} : { main: { index: main, event: events[main] as (typeof events)[number] } }) };
      for (const { name } of event.streams) streams.set(name, [...(streams.get(name) ?? []), one]);
    }
    let documents = 0;
    for (const [name, own] of streams) {
      const projection = projectionOf(name);
      if (projection === null) continue;
      const alone = foldStream(projection, name, own);
      const whole = fold.get(projection.name as ProjectionName, name);
      expect(alone === null ? null : formatHex(encodeDocument(alone)), name).toBe(whole === null ? null : formatHex(encodeDocument(whole)));
      if (alone !== null) documents += 1;
    }
    expect(documents).toBe(projectionList.reduce((sum, { name }) => sum + fold.all(name as ProjectionName).size, 0));
    expect(documents).toBeGreaterThan(15);
  });

  test('runs of any length come to what single entries come to', async () => {
    const entries = await entriesOf(seed, 120);
    const [single, runs] = [new MemoryFold(), new MemoryFold()];
    for (const entry of entries) single.add(entry);
    for (let start = 0; start < entries.length; start += 7) {
      const some = entries.slice(start, start + 7);
      runs.addRun({ start, count: some.length, packed: packEntries(some) });
    }
    for (const { name } of projectionList) expect(formatHex(runs.digest(name))).toBe(formatHex(single.digest(name)));
  });
});

describe('a document that only grows', () => {
  const growing = ['contract.assigned', 'document.stored', 'sbom.ingested', 'attestation.recorded', 'report.ingested', 'vex.stated'] as const;
  const changing = ['contract.unassigned', 'evidence.superseded', 'scan.completed', 'artifact.related'] as const;

  test.each([
    ['by what adds and counts', growing], ['until other events change it', [...growing, ...growing, ...changing]],
  ] as const)('%s is at every size what handlers make of it', async (_, types) => {
    const [log, history] = [await new World().create(), new History(20_261_122, types)];
    for (let i = 0; i < effort(250, 120); i++) await log.append([{ drafts: history.command(log.published.size) }]);
    const fold = new MemoryFold();
    const made = new Map<string, Document>();
    const events: Event[] = [];
    const again: string[] = [];
    for await (const entry of log.entries()) {
      const [index, event] = [fold.size, decodeEvent(entry)];
      fold.add(entry);
      events.push(event);
      const shown = mainOf(event.type) === null ? index : index - (event.data as { back: number }).back;
      for (const { name } of event.streams) {
        const projection = projectionOf(name);
        if (projection === null || projection.on[(events[shown] as Event).type] === undefined) continue;
        const document = evolve(projection, name, made.get(name) ?? null, eventAt(shown, events[shown] as Event), index);
        made.set(name, document);
        const { contracts = [] } = document as Partial<ArtifactDocument>;
        if (event.type === 'contract.assigned' && contracts.length > 0 && contracts.at(-1)?.entry !== index) again.push(name);
        const found = fold.get(projection.name as ProjectionName, name);
        expect(found === null ? null : formatHex(encodeDocument(found)), `${name} at ${index}`).toBe(formatHex(encodeDocument(document)));
      }
    }
    for (const projection of projectionList) {
      const own = [...made].filter(([name]) => projectionOf(name) === projection).map(([key, document]) => ({ key, document: encodeDocument(document) }));
      expect(new Set(fold.all(projection.name as ProjectionName).keys())).toEqual(new Set(own.map(({ key }) => key)));
      expect(formatHex(fold.digest(projection.name))).toBe(formatHex(digestOf(projection, own)));
    }
    // A contract assigned twice is no second item: the case is there.
    expect(again.length).toBeGreaterThan(5);
  });

  test('adds to lists and counts in members that begin empty, each list in one way', () => {
    for (const { begin, on, streams } of projectionList) {
      const begun = begin(`${streams}${'0'.repeat(64)}`) as Record<string, unknown>;
      const ways = new Map<string, Set<string>>();
      for (const handler of Object.values(on)) {
        const deed = deedOf(handler);
        if (deed === null) continue;
        const member = deed.is === 'counts' ? deed.in : deed.to;
        expect(begun[member]).toEqual(deed.is === 'counts' ? { count: 0 } : []);
        ways.set(member, (ways.get(member) ?? new Set()).add(deed.is));
      }
      for (const way of ways.values()) expect(way.size).toBe(1);
    }
  });
});

describe('an entry that cannot be read', () => {
  const changed = (entry: Uint8Array, change: (event: Record<string, CborValue>) => object) =>
    encodeCbor({ ...(decodeEvent(entry) as unknown as CborMap), ...change(decodeEvent(entry) as unknown as Record<string, CborValue>) } as CborMap);

  test.each<[string, (entry: Uint8Array) => Uint8Array]>([
    ['of an unknown type', (entry) => changed(entry, () => ({ type: 'document.dreamt' }))],
    ['of a later version', (entry) => changed(entry, () => ({ schema: 9 }))],
    ['of no kind', () => Uint8Array.of(0x00, 0x01)],
    ['cut short', (entry) => entry.subarray(0, -1)],
  ])('%s stops the fold', async (_, change) => {
    const entries = await entriesOf(1, 5);
    const fold = new MemoryFold();
    for (const entry of entries) fold.add(entry);
    expect(codeOf(() => fold.add(change(entries.at(-1) as Uint8Array)))).toBe('PROJECTION_STOPPED');
    expect(fold.size).toBe(entries.length);
  });

  test('a linked entry without what it is linked to stops it', async () => {
    let entries: Uint8Array[] = [];
    let linked = -1;
    for (let seed = 0; linked < 0; seed++) {
      entries = await entriesOf(seed, 80);
      linked = entries.findIndex((entry) => mainOf(decodeEvent(entry).type) !== null);
    }
    const fold = new MemoryFold();
    for (const entry of entries.slice(0, linked - 1)) fold.add(entry);
    expect(codeOf(() => fold.add(entries[linked] as Uint8Array))).toBe('PROJECTION_STOPPED');
    const event = decodeEvent(entries[linked] as Uint8Array);
    const name = event.streams[0]?.name as string;
    const projection = projectionOf(name) as NonNullable<ReturnType<typeof projectionOf>>;
    expect(codeOf(() => foldStream(projection, name, [{ index: linked, event }]))).toBe('PROJECTION_STOPPED');
  });

  test('Rekor bodies and what stands behind entry 0 of a raw ledger are nobody\'s documents', async () => {
    const log = await new World().create({}, ['raw']);
    await log.append([{ drafts: [Uint8Array.of(1, 2, 3)] }]);
    const fold = new MemoryFold();
    for await (const entry of log.entries()) fold.add(entry);
    expect(fold.all('key').size).toBe(1);
    const events = new MemoryFold();
    for (const entry of await entriesOf(1, 1)) events.add(entry);
    events.add(new TextEncoder().encode('{"kind":"hashedrekord"}'));
    expect(events.size).toBe(3);
  });
});

describe('the digest', () => {
  const projection = { name: 'trust', version: 1 };
  const one = { key: 'b', document: encodeCbor({ last: 1 }) };
  const other = { key: 'a', document: encodeCbor({ last: 2 }) };

  test('is that of spec/projections.md', () => {
    // Made with sha256sum over the bytes that the page shows.
    expect(formatHex(digestOf(projection, [one]))).toBe('0f3197914db288c71336db35d0087c0a325eee289ecbeb94e5ad88af612910a8');
    expect(formatHex(digestOf(projection, []))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('does not depend on the order, and does on name, version, key and document', () => {
    const digest = formatHex(digestOf(projection, [one, other]));
    expect(formatHex(digestOf(projection, [other, one]))).toBe(digest);
    for (const changed of [
      digestOf({ ...projection, version: 2 }, [one, other]), digestOf({ ...projection, name: 'key' }, [one, other]), digestOf(projection, [one]),
      digestOf(projection, [one, { ...other, key: 'c' }]), digestOf(projection, [one, { ...other, document: one.document }]),
    ]) expect(formatHex(changed)).not.toBe(digest);
  });
});
