// Drafts, skimming and lifting: any event that a schema admits, and what is refused on the way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { prepareDraft, writeEntry, type NewEvent } from '../../ledger/events/draft.ts';
import { readEvent } from '../../ledger/events/entry.ts';
import { EVENTS, makeRegistry } from '../../ledger/events/families.ts';
import { version, type EventVersion } from '../../ledger/events/family.ts';
import {
  asSet, decodeEnvelope, decodeEvent, encodeCbor, expectedSameAs, Skim, skimEntry, streamsMax, streamsOfDraft, type CborMap, type CborValue,
} from '../../ledger/events/index.ts';
import { digestBytes, integer, map, sha256 as sha256Digest, type Shape } from '../../ledger/events/schema.ts';
import { sha256 } from '../../ledger/merkle/index.ts';
import { codeOf, families } from './vectors.ts';

const hex = (length: number) => fc.uint8Array({ minLength: length / 2, maxLength: length / 2 }).map(formatHex);

/** Values of each grammar; a grammar that is missing here fails the test. */
const TOKENS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'a host name': fc.constantFrom('a', 'log.example.org', 'xn--bcher-kva.example', `${'a'.repeat(63)}.b`, '1.example'),
  'a stream name': fc.oneof(
    fc.constantFrom('ledger', 'trust', 'waiver:1', 'disclosure:a-b', 'policy:release/prod', 'feed:osv', 'vuln:CVE-2026-0001', `contract:${'c'.repeat(127)}`),
    hex(64).map((digits) => `artifact:sha256:${digits}`),
    hex(64).map((digits) => `key:${digits}`),
  ),
  'a vulnerability id': fc.constantFrom('CVE-2026-0001', 'GHSA-f82v-jwr5-mffw', 'RHSA-2026:1234', 'openSUSE-SU-2026:0001-1', 'a'.repeat(127)),
  'a payload role': fc.constantFrom('document', 'facts', 'rule-results'),
  'a platform name': fc.constantFrom('linux', 'arm64', 'v8', 'x'.repeat(32)),
  'a lower-case name': fc.constantFrom('a', 'release/prod', 'osv', 'c'.repeat(127)),
  'an id': fc.constantFrom('w', 'w-0001', '1', 'i'.repeat(63)),
  'a purl without version': fc.constantFrom('pkg:npm/%40scope/name', 'pkg:deb/debian/openssl?arch=amd64', `pkg:maven/${'g'.repeat(127)}/a`),
  'a version range': fc.constantFrom('vers:npm/*', 'vers:pypi/>=1.0|!=1.2|<2', 'vers:deb/<1%3A2.0-1'),
  'an entrypoint': fc.constantFrom('data.gate.deny', 'data.a["b/c.d"].e'),
  'a source name': fc.constantFrom('ghsa', 'ruby-advisory-db', 'a'.repeat(63)),
  'a version': fc.constantFrom('0.1.0', '1.0.0-rc.1', '999999.0.0'),
  'an input member': fc.constantFrom('findings', 'effective_time'),
  'a verdict code': fc.constantFrom('SIGNATURE_INVALID', 'SCT_MISSING'),
};

function valueOf(shape: Shape): fc.Arbitrary<CborValue> {
  switch (shape.kind) {
    case 'integer':
      return fc.oneof(fc.constantFrom(shape.min, shape.max), fc.integer({ min: Math.max(shape.min, -(2 ** 31)), max: Math.min(shape.max, 2 ** 31 - 1) }));
    case 'boolean':
      return fc.boolean();
    case 'bytes':
      return fc.uint8Array({ minLength: shape.min, maxLength: shape.max });
    case 'oneOf':
      return fc.constantFrom(...shape.values);
    case 'token':
      if (TOKENS[shape.grammar] === undefined) throw new TypeError(`add values of ${shape.grammar} here`);
      return TOKENS[shape.grammar] as fc.Arbitrary<string>;
    case 'digest':
      return fc.constantFrom(...shape.algorithms).chain((algorithm) =>
        fc.uint8Array({ minLength: digestBytes[algorithm], maxLength: digestBytes[algorithm] }).map((bytes): CborValue => [algorithm, bytes]));
    case 'array': {
      const items = fc.array(valueOf(shape.of), { minLength: shape.min, maxLength: Math.min(shape.max, 5) });
      return shape.isSet ? items.map((all): CborValue => asSet(all)) : items;
    }
    case 'data':
      return fc.constant({});
    case 'map': {
      const fields = Object.entries(shape.fields);
      const required = fields.filter(([, field]) => !field.optional).map(([key]) => key);
      return fc
        .record(Object.fromEntries(fields.map(([key, field]) => [key, valueOf(field.shape)])), { requiredKeys: required })
        .map((value) => Object.fromEntries(Object.entries(value)) as CborMap)
        .filter((value) => shape.rules.every((rule) => rule.holds(value)));
    }
  }
}

// Keys are too particular to be made at random: their rules want prefixes and hashes.
const random = Object.entries(EVENTS).filter(([type]) => !type.startsWith('key.') && type !== 'ledger.created') as [string, readonly EventVersion<unknown>[]][];
const actors = fc.constantFrom<NewEvent['by']>(
  { kind: 'ledger', auth: 'self' },
  { kind: 'public', auth: 'none' },
  { kind: 'person', auth: 'oidc', person: new Uint8Array(16).fill(1) },
);

function entryOf(event: NewEvent, first = 1): Uint8Array {
  const draft = prepareDraft(event, sha256);
  const arena = new Uint8Array(draft.entryBytesMax);
  const count = streamsOfDraft(draft).length;
  const [versions, prevs] = [new Float64Array(count).fill(first), new Float64Array(count).fill(7)];
  return arena.slice(0, writeEntry(draft, 1_795_267_127_000, versions, prevs, 0, arena, 0));
}

describe('any event that its schema admits', () => {
  test.each(random)('%s', (type, versions) => {
    const newest = versions[versions.length - 1] as EventVersion<unknown>;
    const payloads = Object.entries(newest.payloads ?? {}).map(([role, { sealed }]) =>
      ({ role, size: 1024, media: 'text/plain', [sealed === 'always' ? 'commitment' : 'digest']: ['sha256', new Uint8Array(32).fill(3)] }));
    fc.assert(
      fc.property(valueOf(newest.data.shape), actors, fc.integer({ min: 1, max: 2 }), (data, by, first) => {
        const entry = entryOf({ type, by, data, payloads } as unknown as NewEvent, first);
        const event = decodeEvent(entry);
        expect(event).toMatchObject({ type, by, data, schema: versions.length });
        expect(encodeCbor(event as unknown as CborValue)).toEqual(entry);
        expect(expectedSameAs(decodeEnvelope(entry), sha256) ?? undefined).toEqual(event.sameAs);
        const names = event.streams.map(({ name }) => name);
        expect(names).toEqual(asSet(names));
        // One key more is one key too many, wherever it stands.
        const more = { type, by, data: { ...(data as CborMap), more: 1 }, payloads } as unknown as NewEvent;
        expect(codeOf(() => prepareDraft(more, sha256))).toBe('EVENT_INVALID');
      }),
      { numRuns: 40 },
    );
  });
});

describe('a draft is refused', () => {
  const digest = (byte: number) => ['sha256', new Uint8Array(32).fill(byte)] as const;
  const by = { kind: 'public', auth: 'none' } as const;
  const document = { role: 'document', size: 1, media: 'text/plain', digest: digest(1) } as const;
  const good: NewEvent<'document.stored'> = { type: 'document.stored', by, data: { subjects: [digest(1)] }, payloads: [document] };
  test.each<[string, object, string]>([
    ['good', good, 'accepted'],
    ['of an unknown type', { ...good, type: 'document.dreamt' }, 'EVENT_UNKNOWN'],
    ['without an actor', { ...good, by: undefined }, 'EVENT_INVALID'],
    ['with a pseudonym for the public', { ...good, by: { ...by, person: new Uint8Array(16) } }, 'EVENT_INVALID'],
    ['without its payload', { ...good, payloads: [] }, 'EVENT_INVALID'],
    ['with a media type that has parameters', { ...good, payloads: [{ ...document, media: 'text/plain; name=x' }] }, 'EVENT_INVALID'],
    ['with a short correlation', { ...good, corr: new Uint8Array(15) }, 'EVENT_INVALID'],
    ['with a short idempotency key', { ...good, once: { key: new Uint8Array(8), request: new Uint8Array(16) } }, 'EVENT_INVALID'],
    ['with causes out of order', { ...good, cause: [2, 1] }, 'EVENT_INVALID'],
    ['with a claimed time that is none', { ...good, claimed: { at: 0, text: 'never' } }, 'EVENT_INVALID'],
    ['with 65 subjects', { ...good, data: { subjects: Array.from({ length: 65 }, (_, i) => digest(i)) } }, 'EVENT_INVALID'],
    ['with too many streams', {
      type: 'document.linked', by,
      data: { back: 1, subjects: Array.from({ length: 64 }, (_, i) => digest(i)), vulnerabilities: ['CVE-2026-0001'] },
    }, 'EVENT_INVALID'],
  ])('%s', (_, event, code) => {
    expect(codeOf(() => prepareDraft(event as NewEvent, sha256))).toBe(code);
  });

  test('64 streams are not too many', () => {
    const subjects = Array.from({ length: streamsMax }, (_, i) => digest(i));
    expect(streamsOfDraft(prepareDraft({ ...good, data: { subjects } }, sha256))).toHaveLength(64);
  });

  test('what its writer gets wrong is a bug, not an entry', () => {
    const draft = prepareDraft(good, sha256);
    const arena = new Uint8Array(draft.entryBytesMax);
    const write = (at: number, version: number, prev: number, offset = 0) => () => writeEntry(draft, at, [version], [prev], 0, arena, offset);
    const times = [write(-1, 1, 0), write(0.5, 1, 0), write(253_402_300_800_000, 1, 0)];
    for (const bug of [...times, write(0, 0, 0), write(0, 1.5, 0), write(0, 2, -1), write(0, 2, Number.NaN)]) expect(bug).toThrow(RangeError);
    expect(write(0, 1, 0, 1)).toThrow(RangeError);
    expect(write(0, 1, 0)()).toBeGreaterThan(0);
    expect(write(253_402_300_799_999, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)()).toBe(draft.entryBytesMax);
  });

  test('a draft says by what it is recognised', () => {
    const once = { key: new Uint8Array(16).fill(2), request: new Uint8Array(16).fill(3) };
    const person = new Uint8Array(16).fill(4);
    expect(prepareDraft({ ...good, once, by: { kind: 'person', auth: 'oidc', person } }, sha256)).toMatchObject({ once, person });
    expect(prepareDraft(good, sha256)).toMatchObject({ once: null, person: null });
  });

  test('drafts do not share what they hold', () => {
    const drafts = Array.from({ length: 2_000 }, (_, i) => prepareDraft({ ...good, data: { subjects: [digest(i % 256)] } }, sha256));
    drafts.forEach((draft, i) => expect(streamsOfDraft(draft)).toEqual([`artifact:sha256:${formatHex(digest(i % 256)[1])}`]));
  });
});

describe('skimming', () => {
  test('every cut and every flipped byte is read or refused, at once', () => {
    const skim = new Skim();
    for (const { golden } of families.values()) {
      for (const { event } of golden.slice(0, 2)) {
        const entry = encodeCbor(event);
        for (let end = 0; end < entry.length; end++) {
          expect(codeOf(() => skimEntry(entry.slice(0, end), 0, end, skim))).toBe('INPUT_MALFORMED');
          const flipped = entry.with(end, (entry[end] as number) ^ 0xff);
          expect(['accepted', 'INPUT_MALFORMED']).toContain(codeOf(() => skimEntry(flipped, 0, flipped.length, skim)));
        }
      }
    }
  });

  test('an entry among others is read to its own end only', () => {
    const entry = encodeCbor(families.get('document')?.golden[0]?.event as CborMap);
    const both = new Uint8Array(2 * entry.length);
    both.set(entry);
    both.set(entry, entry.length);
    const skim = new Skim();
    expect(codeOf(() => skimEntry(both, 0, entry.length, skim))).toBe('accepted');
    for (const end of [entry.length - 1, entry.length + 1]) expect(codeOf(() => skimEntry(both, 0, end, skim))).toBe('INPUT_MALFORMED');
  });
});

describe('lifting', () => {
  const first = version({ data: map({ artifact: sha256Digest }), streams: ['artifact:{artifact}'] });
  const second = version({
    data: map({ artifact: sha256Digest, count: integer() }),
    streams: ['artifact:{artifact}', 'ledger'],
    lift: (older: CborMap) => ({ artifact: older.artifact as ['sha256', Uint8Array], count: 1 }),
  });
  const third = version({ data: map({ count: integer() }), streams: ['ledger'], lift: (older: CborMap) => ({ count: 10 * (older.count as number) }) });
  const events = makeRegistry({ 'artifact.counted': [first, second, third] as readonly EventVersion<unknown>[] });
  const artifact = ['sha256', new Uint8Array(32)] as const;
  const name = `artifact:sha256:${'00'.repeat(32)}`;
  const stored = (schema: number, data: CborMap, streams: readonly string[]) =>
    decodeEnvelope(encodeCbor({
      v: 1, at: 0, by: { kind: 'public', auth: 'none' }, type: 'artifact.counted', schema, data, streams: streams.map((one) => ({ name: one, version: 1 })),
    }));

  test.each([
    [1, { artifact }, [name], 10],
    [2, { artifact, count: 2 }, ['ledger', name], 20],
    [3, { count: 3 }, ['ledger'], 3],
  ])('version %i is read as the newest', (schema, data, streams, count) => {
    const decoded = stored(schema, data as CborMap, streams);
    expect(readEvent(decoded, events)).toMatchObject({ schema: 3, data: { count } });
    // What is stored stays as it is.
    expect(decoded).toMatchObject({ schema, data });
  });

  test('each version is held to its own shape and streams', () => {
    expect(codeOf(() => readEvent(stored(1, { artifact, count: 2 }, [name]), events))).toBe('EVENT_INVALID');
    expect(codeOf(() => readEvent(stored(1, { artifact }, ['ledger', name]), events))).toBe('EVENT_STREAMS_WRONG');
    expect(codeOf(() => readEvent(stored(4, { count: 1 }, ['ledger']), events))).toBe('EVENT_VERSION_UNKNOWN');
  });
});
