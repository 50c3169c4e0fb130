// Every event family: golden bytes of every shape, refused examples with their codes, and nothing secret to say it in.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { prepareDraft, writeEntry, streamsOfDraft, type NewEvent } from '../../ledger/events/draft.ts';
import { envelope, type Envelope } from '../../ledger/events/envelope.ts';
import { EVENTS } from '../../ledger/events/families.ts';
import {
  decodeCbor, decodeEvent, encodeCbor, kindOf, sameAsOf, Skim, skimEntry, skimMembers, skimmedText, type Digest,
} from '../../ledger/events/index.ts';
import type { Shape } from '../../ledger/events/schema.ts';
import { codeOf, families } from './vectors.ts';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

const golden = [...families.values()].flatMap((family) => family.golden.map((one) => [one.name, one] as const));
const refused = [...families].flatMap(([family, { refused }]) => refused.map((one) => [family, one.name, one] as const));

/** Every path of a shape, optional ones too: `data.keys[].use`. */
function pathsOf(shape: Shape, path: string): string[] {
  if (shape.kind === 'array') return pathsOf(shape.of, `${path}[]`);
  if (shape.kind !== 'map') return [path];
  return Object.entries(shape.fields).flatMap(([key, field]) => pathsOf(field.shape, `${path}.${key}`));
}

/** The paths a value fills. */
function pathsIn(value: unknown, path: string, shape: Shape): string[] {
  if (shape.kind === 'array') return (value as unknown[]).flatMap((item) => pathsIn(item, `${path}[]`, shape.of));
  if (shape.kind !== 'map') return [path];
  const map = value as Record<string, unknown>;
  return Object.entries(shape.fields).flatMap(([key, field]) => (key in map ? pathsIn(map[key], `${path}.${key}`, field.shape) : []));
}

describe('golden bytes', () => {
  test.each(golden)('%s', (_, { hex, event }) => {
    const entry = parseHex(hex);
    expect(kindOf(entry)).toBe('event');
    expect(decodeEvent(entry)).toEqual(event);
    expect(formatHex(encodeCbor(event))).toBe(hex);
  });

  test.each(golden)('a draft becomes them: %s', (_, { hex, event }) => {
    const { at, streams, v: _v, schema: _schema, sameAs, ...stated } = event as unknown as Envelope;
    const draft = prepareDraft({ ...stated, payloads: stated.payloads?.toReversed() ?? [] } as unknown as NewEvent, sha256);
    expect(streamsOfDraft(draft)).toEqual(streams.map(({ name }) => name));
    expect(draft.sameAs).toEqual(sameAs ?? null);
    const arena = new Uint8Array(draft.entryBytesMax + 11).fill(0xee);
    const versions = [0, ...streams.map(({ version }) => version)], prevs = [0, ...streams.map(({ prev }) => prev ?? -1)];
    const end = writeEntry(draft, at, versions, prevs, 1, arena, 11);
    expect(formatHex(arena.subarray(11, end))).toBe(hex);
  });

  // One for all, as the log has it: nothing of the entry before may stay.
  const skim = new Skim();
  test.each(golden)('skimmed: %s', (_, { hex, event }) => {
    const { at, by, type, schema, data, streams, sameAs, once, claimed, payloads } = event as unknown as Envelope;
    const bytes = parseHex(`ffffff${hex}00`);
    skimEntry(bytes, 3, bytes.length - 1, skim);
    const decoded = (start: number, end: number) => (start < 0 ? undefined : decodeCbor(bytes.subarray(start, end)));
    expect({
      by: decoded(skim.byStart, skim.byEnd),
      data: decoded(skim.dataStart, skim.dataEnd),
      claimed: decoded(skim.claimedStart, skim.claimedEnd),
      payloads: decoded(skim.payloadsStart, skim.payloadsEnd),
      schema: skim.schema,
    }).toEqual({ by, data, claimed, payloads, schema });
    for (const name of Object.keys(data)) {
      expect(skimMembers(bytes, skim.dataStart, skim.dataEnd, ['absent', name])).toEqual({ [name]: data[name] });
    }
    expect(skimMembers(bytes, skim.dataStart, skim.dataEnd, Object.keys(data))).toEqual(data);
    const sixteen = (place: number) => (place < 0 ? undefined : bytes.slice(place, place + 16));
    expect({
      at: skim.at,
      type: skimmedText(bytes, skim.typeStart, skim.typeEnd),
      person: sixteen(skim.person),
      sameAs: sixteen(skim.sameAs),
      once: skim.onceKey < 0 ? undefined : { key: sixteen(skim.onceKey), request: sixteen(skim.onceRequest) },
      streams: Array.from({ length: skim.streams }, (_, i) => ({
        name: skimmedText(bytes, skim.nameStart[i] as number, skim.nameEnd[i] as number),
        version: skim.version[i],
        ...(skim.prev[i] === -1 ? {} : { prev: skim.prev[i] }),
      })),
    }).toEqual({ at, type, person: by.person, sameAs, once, streams });
  });

  test('sameAs is what it says', () => {
    const stored = golden.map(([, { event }]) => event as unknown as Envelope).filter(({ sameAs }) => sameAs !== undefined);
    expect(stored.length).toBeGreaterThan(1);
    for (const { type, data, payloads, sameAs } of stored) {
      const document = payloads?.find(({ role }) => role === 'document')?.digest as Digest;
      expect(sameAsOf(sha256, type, data.subjects as unknown as Digest[], 'document', document)).toEqual(sameAs);
    }
  });
});

describe('refused', () => {
  test.each(refused)('%s: %s', (_, __, { hex, code }) => {
    expect(codeOf(() => decodeEvent(parseHex(hex)))).toBe(code);
  });

  test.each(['', '00', '80', 'a0', 'b8180102', '7b7d', 'bf', 'c0'])('no event begins with %s', (hex) => {
    expect(codeOf(() => decodeEvent(parseHex(hex)))).toBe('ENTRY_KIND_UNKNOWN');
  });

  test('an entry above 65,535 bytes', () => {
    expect(codeOf(() => decodeEvent(new Uint8Array(65_536).fill(0xa1)))).toBe('INPUT_TOO_LARGE');
  });
});

describe('nothing is forgotten', () => {
  test('every version of every type has golden bytes, and every field of it is filled in some', () => {
    const missing = Object.entries(EVENTS).flatMap(([type, versions]) =>
      versions.flatMap((version, i) => {
        const found = golden.filter(([, { event }]) => event.type === type && event.schema === i + 1).flatMap(([, { event }]) =>
          pathsIn(event.data, type, version.data.shape));
        const all = pathsOf(version.data.shape, type);
        return all.filter((path) => !found.includes(path));
      }),
    );
    expect(missing).toEqual([]);
  });

  test('every field of the envelope is filled in some', () => {
    const found = golden.flatMap(([, { event }]) => pathsIn(event, 'event', envelope.shape));
    expect(pathsOf(envelope.shape, 'event').filter((path) => !found.includes(path))).toEqual([]);
  });

  test('every family has its own file of vectors, with a refused example', () => {
    expect([...families.keys()].sort()).toEqual([...new Set(Object.keys(EVENTS).map((type) => type.split('.')[0]))].sort());
    for (const { refused } of families.values()) expect(refused.length).toBeGreaterThan(0);
  });

  test('the first version is lifted from nothing, every later one from the one before', () => {
    for (const versions of Object.values(EVENTS) as unknown as { lift?: unknown }[][]) {
      expect(versions.map((version) => version.lift !== undefined)).toEqual(versions.map((_, i) => i > 0));
    }
  });

  test('no schema admits free text: a sentence, an address and a path fit no grammar', () => {
    const words = ['Ann Example', 'ann@example.org', 'the customer asked for it', 'C:\\Users\\ann', 'password=hunter2', 'ünï', ''];
    const check = (shape: Shape): void => {
      if (shape.kind === 'token') for (const word of words) expect(shape.pattern.test(word), `${shape.grammar}: ${word}`).toBe(false);
      else if (shape.kind === 'array') check(shape.of);
      else if (shape.kind === 'map') for (const field of Object.values(shape.fields)) check(field.shape);
    };
    check(envelope.shape);
    for (const versions of Object.values(EVENTS)) for (const version of versions) check(version.data.shape);
  });
});
