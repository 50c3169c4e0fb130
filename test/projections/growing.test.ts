// Documents kept as what events did to them: of any projection, and whatever came before, they are what its handlers make of its events.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import {
  asSet, decodeCbor, decodeEvent, encodeCbor, prepareDraft, streamsOfDraft, writeEntry, type CborMap, type Event, type NewEvent,
} from '../../ledger/events/index.ts';
import { packEntries } from '../../ledger/store/packed.ts';
import { encodeDocument } from '../../projections/digest.ts';
import { eventAt, SkimmedEvent, type EventAt } from '../../projections/event-at.ts';
import type { ProjectionName } from '../../projections/gate-critical.ts';
import { GrowingDocuments } from '../../projections/growing.ts';
import { at, by, claimed, encodedItem, entry, itemOf, payload } from '../../projections/items.ts';
import { MemoryFold } from '../../projections/memory.ts';
import { adds, addsOnce, counts, deedOf, defineProjection, evolve, isStreamOf, type Document, type Projection } from '../../projections/projection.ts';
import { StreamTable, Tags } from '../../projections/stream-table.ts';
import type { Follower, ShownEvent } from '../../projections/walk.ts';
import { effort } from '../effort.ts';
import { person, sha256 } from '../log/kit.ts';

type Counted = { count: number; newest?: number };
type Item = CborMap & { name: string };
type Tried = Document & {
  reports: CborMap[]; attestations: CborMap[]; contracts: Item[]; unassigned: Item[]; relations: CborMap[]; documents: Counted; sboms: Counted;
};

/** Two lists with keys, two counters, items copied and items made: each kind of deed twice, so that one can be taken for the other. */
const tried = defineProjection<Tried>({
  name: 'tried', version: 1, streams: 'artifact:', ignores: [],
  begin: () => ({ reports: [], attestations: [], contracts: [], unassigned: [], relations: [], documents: { count: 0 }, sboms: { count: 0 } }),
  on: {
    'report.ingested': adds('reports', itemOf<'report.ingested', CborMap>((data) =>
      ({ entry, at, by, claimed, facts: payload('facts'), document: payload('document'), results: data('results'), subjects: data('subjects') }))),
    'attestation.recorded': adds('attestations', ({ index, data, claimed: said }: EventAt<'attestation.recorded'>): CborMap =>
      ({ index, deviations: data.deviations, ...(said === undefined ? {} : { said: said.at }) })),
    'contract.assigned': addsOnce('contracts', 'name', itemOf<'contract.assigned', Item>((data) => ({ name: data('name'), entry, at }))),
    'contract.unassigned': addsOnce('unassigned', 'name', ({ index, data }: EventAt<'contract.unassigned'>): Item => ({ name: data.name, index })),
    'document.stored': counts('documents'),
    'sbom.ingested': counts('sboms'),
    // It does more than add: from here on the document is one of objects.
    'artifact.related'(document, { index, data }) {
      document.relations = [{ index, digests: data.digests ?? [] }, ...document.relations.slice(0, 2)];
      document.documents.count += 100;
      if (document.contracts.length > 1) document.contracts.shift();
    },
  },
  reads: { 'document.stored': [], 'contract.assigned': ['name'] },
});

/** The same events in other streams, by other deeds; how its documents begin depends on the stream. */
const named = defineProjection<Document & { stream: string; names: CborMap[]; count: Counted }>({
  name: 'named', version: 1, streams: 'contract:', ignores: [],
  begin: (stream) => ({ stream, names: [], count: { count: 0 } }),
  on: {
    'contract.assigned': adds('names', itemOf<'contract.assigned', CborMap>((data) => ({ entry, by, subjects: data('subjects') }))),
    'contract.unassigned': counts('count'),
  },
});
/** It reads nothing that happens here: none of its streams has a document, though they are met. */
const still = defineProjection<Document & { vex: CborMap[] }>({
  name: 'still', version: 1, streams: 'vuln:', ignores: [], begin: () => ({ vex: [] }),
  on: { 'vex.stated': adds('vex', itemOf<'vex.stated', CborMap>((data) => ({ entry, statements: data('statements') }))) },
});
const tables = [tried, named, still] as unknown as readonly Projection[];
/** With one, a fold meets all streams. */
const follower: Follower = { tags: () => {}, stated: () => {} };

const digestOf = (number: number) => ['sha256', sha256(Uint8Array.of(number, number >>> 8))] as const;
const names = ['a', 'ab', 'b', 'release/prod', `c${'d'.repeat(120)}`];

interface Act {
  readonly type: 'report' | 'attestation' | 'assigned' | 'unassigned' | 'stored' | 'sbom' | 'related' | 'linked';
  readonly subjects: readonly number[];
  readonly name: number;
  /** Decides what may be absent, and what numbers there are. */
  readonly luck: number;
}

function eventsOf({ type, subjects: numbers, name, luck }: Act): NewEvent[] {
  const actor = luck % 3 === 0 ? { kind: 'ledger', auth: 'self' } : { kind: 'person', auth: 'token', person };
  const subjects = asSet(numbers.map(digestOf));
  const first = digestOf(numbers[0] as number);
  const document = luck % 5 === 0 ? { commitment: digestOf(luck) } : { digest: digestOf(luck) };
  const payloads = [{ role: 'document', ...document }, { role: 'facts', digest: digestOf(luck + 7) }].map((one) =>
    ({ ...one, size: 65_536, media: 'text/plain' }));
  const claimed = luck % 2 === 0 ? {} : { claimed: { at: 1_700_000_000_000 + luck, text: '2023-11-14T22:13:20Z' } };
  const eventOf = (of: string, data: object, roles = 0) => ({
    type: of, by: actor, data, ...(roles === 0 ? {} : { payloads: payloads.slice(0, roles), ...claimed }),
  }) as unknown as NewEvent;
  const assignment = { name: names[name % names.length], subjects };
  const evidence = { subjects, semantics: 1, deviations: luck };
  switch (type) {
    case 'report':
      return [eventOf('report.ingested', { ...evidence, format: 'sarif', results: luck * luck }, 2)];
    case 'linked':
      return [
        eventOf('report.ingested', { ...evidence, subjects: [first], format: 'sarif', results: 0 }, 2),
        eventOf('report.linked', { back: 1, subjects, vulnerabilities: ['CVE-2026-0001'] }),
      ];
    case 'attestation':
      return [eventOf('attestation.recorded', { ...evidence, envelope: 'dsse', signatures: [] }, 2)];
    case 'sbom':
      return [eventOf('sbom.ingested', { ...evidence, format: 'cyclonedx', components: 1 }, 2)];
    case 'stored':
      return [eventOf('document.stored', { subjects }, 1)];
    case 'assigned':
      return [eventOf('contract.assigned', assignment)];
    case 'unassigned':
      return [eventOf('contract.unassigned', { ...assignment, reason: 'retired' })];
    case 'related':
      return [eventOf('artifact.related', { artifact: first, digests: [['sha512', new Uint8Array(64).fill(luck)]] })];
  }
}

/** Entries of acts, and the documents that handlers make of them, event by event. */
class History {
  readonly entries: Uint8Array[] = [];
  readonly documents = new Map<string, Document>();
  #main: { readonly index: number; readonly event: Event } | null = null;

  add(act: Act): void {
    for (const one of eventsOf(act)) this.#append(one);
  }

  #append(one: NewEvent): void {
    const index = this.entries.length;
    const draft = prepareDraft(one, sha256);
    const bytes = new Uint8Array(draft.entryBytesMax);
    const versions = streamsOfDraft(draft).map(() => 1);
    this.entries.push(bytes.subarray(0, writeEntry(draft, 1_795_267_127_000 + index, versions, [], 0, bytes, 0)));
    const event = decodeEvent(this.entries[index] as Uint8Array);
    const shown = event.type === 'report.linked' ? (this.#main as { index: number; event: Event }) : { index, event };
    if (event.type === 'report.ingested') this.#main = shown;
    for (const { name } of event.streams) {
      const projection = tables.find((candidate) => isStreamOf(candidate, name));
      if (projection?.on[shown.event.type] === undefined) continue;
      this.documents.set(name, evolve(projection, name, this.documents.get(name) ?? null, eventAt(shown.index, shown.event), index));
    }
  }

  /** The documents of all streams, encoded. */
  expected(): Map<string, string> {
    return new Map([...this.documents].map(([name, document]) => [name, formatHex(encodeDocument(document))]));
  }
}

/** The same as a fold has them: encoded, or as objects. */
const encoded = (fold: MemoryFold) =>
  new Map(tables.flatMap(({ name }) => [...fold.encoded(name)]).map(({ key, document }) => [key, formatHex(document)]));
const decoded = (fold: MemoryFold) => {
  const all = tables.flatMap(({ name }) => [...fold.all(name as ProjectionName)] as unknown as [string, Document][]);
  return new Map(all.map(([key, document]) => [key, formatHex(encodeDocument(document))]));
};

const kinds = ['report', 'attestation', 'assigned', 'unassigned', 'stored', 'sbom', 'linked'] as const;
const actOf = (types: readonly Act['type'][]): fc.Arbitrary<Act> => fc.record({
  type: fc.constantFrom(...types), subjects: fc.uniqueArray(fc.nat({ max: 4 }), { minLength: 1, maxLength: 3 }),
  name: fc.nat({ max: 4 }), luck: fc.nat({ max: 40 }),
});

describe('a document is what its handlers make of its events', () => {
  test.each([['while it only grows', kinds], ['when others change it, too', [...kinds, ...kinds, 'related']]] as const)('%s', (_, types) => {
    fc.assert(fc.property(fc.array(fc.array(actOf(types), { maxLength: 9 }), { maxLength: 8 }), (steps) => {
      const [history, fold, runs] = [new History(), new MemoryFold(tables), new MemoryFold(tables, follower)];
      for (const acts of steps) {
        const start = history.entries.length;
        for (const act of acts) history.add(act);
        const some = history.entries.slice(start);
        for (const one of some) fold.add(one);
        runs.addRun({ start, count: some.length, packed: packEntries(some) });
        // Asked for at each step, encoded or not: asking changes nothing.
        expect(encoded(fold)).toEqual(history.expected());
        expect(decoded(runs)).toEqual(history.expected());
      }
      expect(encoded(runs)).toEqual(history.expected());
    }), { numRuns: 150 });
  });

  test('where there are thousands of them, and more to keep than there is room for at first', () => {
    const [history, fold, runs] = [new History(), new MemoryFold(tables), new MemoryFold(tables, follower)];
    const count = effort(3_000, 1_400);
    for (let i = 0; i < count; i++) {
      history.add({ type: kinds[i % kinds.length] as Act['type'], subjects: [i, (i * 7) % count], name: i, luck: i % 40 });
      history.add({ type: i % 11 === 0 ? 'related' : 'report', subjects: [(i * 13) % count, i % 5], name: 0, luck: i % 37 });
    }
    for (const one of history.entries) fold.add(one);
    runs.addRun({ start: 0, count: history.entries.length, packed: packEntries(history.entries) });
    const expected = history.expected();
    expect(expected.size).toBeGreaterThan(1_100);
    expect(encoded(fold)).toEqual(expected);
    expect(decoded(runs)).toEqual(expected);
  });
});

test('an item holds what its event says, whether it is copied or made', () => {
  const history = new History();
  for (const luck of [3, 10]) history.add({ type: 'report', subjects: [1], name: 0, luck });
  const expected = [
    {
      entry: 0, at: 1_795_267_127_000, by: { kind: 'ledger', auth: 'self' }, claimed: 1_700_000_000_003, facts: digestOf(10)[1], document: digestOf(3)[1],
      results: 9, subjects: [digestOf(1)],
    },
    // Without a time of its own, and with a document that is sealed.
    { entry: 1, at: 1_795_267_127_001, by: { kind: 'person', auth: 'token', person }, facts: digestOf(17)[1], results: 100, subjects: [digestOf(1)] },
  ];
  const fold = new MemoryFold(tables);
  for (const one of history.entries) fold.add(one);
  for (const document of [fold.get('tried' as ProjectionName, `artifact:sha256:${formatHex(digestOf(1)[1])}`), ...history.documents.values()]) {
    expect(document).toEqual({ ...tried.begin(''), reports: expected, last: 1 });
  }
});

test('no document is shown that no event has begun, in a stream that was met too', () => {
  const [history, fold] = [new History(), new MemoryFold(tables, follower)];
  history.add({ type: 'assigned', subjects: [1], name: 0, luck: 1 });
  history.add({ type: 'linked', subjects: [1, 2], name: 0, luck: 1 });
  const get = (name: string, stream: string) => fold.get(name as ProjectionName, stream);
  expect(get('named', 'contract:a')).toBeNull();
  for (const one of history.entries) fold.add(one);
  expect(get('named', 'contract:a')).toEqual({
    stream: 'contract:a', names: [{ entry: 0, by: { kind: 'person', auth: 'token', person }, subjects: [digestOf(1)] }], count: { count: 0 }, last: 0,
  });
  expect(get('tried', 'contract:a')).toBeNull();
  expect(get('named', 'contract:b')).toBeNull();
  expect(get('still', 'vuln:CVE-2026-0001')).toBeNull();
  expect([...fold.encoded('still'), ...fold.all('still' as ProjectionName)]).toEqual([]);
});

describe('data of an older version', () => {
  // As a newer program will meet it: what is in the bytes is not what handlers are shown.
  const bytes = encodeCbor({ name: 'in the bytes' });

  test('is compared as it was lifted', () => {
    const streams = new StreamTable(tables);
    const kept = new GrowingDocuments(streams);
    const tags = Object.assign(new Tags(), { count: 1 });
    const name = encodeUtf8('artifact:a');
    tags.nameEnd[0] = name.length;
    streams.findAll(name, tags);
    kept.near(tags);
    const reader = { projection: tables[0] as Projection, deed: deedOf(tried.on['contract.assigned']), number: 0 };
    const names = ['lifted', 'lifted', 'other', 'lifte', 'lifted'];
    for (const [index, lifted] of names.entries()) {
      const event = { index, type: 'contract.assigned', at: 5, by: {}, data: { name: lifted }, bytes, memberAt: () => null } as unknown as ShownEvent;
      kept.move(0, reader, event, index);
    }
    expect(kept.documentAt(0, reader.projection)).toMatchObject({ last: 4, contracts: [
      { name: 'lifted', entry: 0, at: 5 }, { name: 'other', entry: 2, at: 5 }, { name: 'lifte', entry: 3, at: 5 },
    ] });
  });

  test('is taken into an item as it was lifted', () => {
    const history = new History();
    history.add({ type: 'assigned', subjects: [1], name: 3, luck: 1 });
    const [entryBytes] = history.entries as [Uint8Array];
    const item = itemOf<'contract.assigned', Item>((data) => ({ name: data('name'), entry, at }));
    const both = concatBytes(bytes, entryBytes);
    const event = new SkimmedEvent();
    for (const [schema, expected] of [[1, 'in the bytes'], [0, 'release/prod']] as const) {
      // Of version 0, which this program would have to lift; of the newest the data stands where it is said to stand.
      const places = Int32Array.from([0, 0, 0, bytes.length, -1, -1, -1, -1, bytes.length, both.length, schema]);
      event.move(7, 'contract.assigned', 9, both, places, 0, null);
      expect(decodeCbor(encodedItem(item as never, event as unknown as EventAt).slice())).toEqual({ name: expected, entry: 7, at: 9 });
    }
  });
});
