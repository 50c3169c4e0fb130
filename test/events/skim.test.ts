// Skimming beyond the golden bytes: heads of every width, keys it does not know, and where it refuses.
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import {
  decodeCbor, encodeCbor, Skim, skimEntry, skimMember, skimMembers, skimmedText, skimPayload, Span, streamsMax, type CborValue,
} from '../../ledger/events/index.ts';

type Pair = readonly [key: string, value: CborValue | { readonly raw: string }];

const isRaw = (value: Pair[1]): value is { readonly raw: string } => typeof value === 'object' && 'raw' in value;
/** A map whose pairs stand as they are given, whatever the profile says of it. */
const mapOf = (pairs: readonly Pair[]): Uint8Array => concatBytes(
  Uint8Array.of(0xa0 | pairs.length), ...pairs.flatMap(([key, value]) => [encodeCbor(key), isRaw(value) ? parseHex(value.raw) : encodeCbor(value)]),
);
const type: Pair = ['type', 'ledger.ended'];
const streams: Pair = ['streams', [{ name: 'ledger', version: 1 }]];
const sixteen = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

/** Skims an entry between other bytes, which would go on where a head or a value is cut. */
function skimmed(entry: Uint8Array, behind: CborValue = 1): Skim & { readonly bytes: Uint8Array } {
  const skim = new Skim();
  const bytes = concatBytes(parseHex('ffffff'), entry, encodeCbor(behind), new Uint8Array(80));
  skimEntry(bytes, 3, 3 + entry.length, skim);
  return Object.assign(skim, { bytes });
}

/** Where a refusal stands, from the entry's first byte. */
function refusedAt(act: () => unknown, from = 3): number {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'INPUT_MALFORMED') return (error.position as number) - from;
    throw error;
  }
  throw new Error('accepted');
}

const integers = [0, 1, 23, 24, 255, 256, 0x0123, 65_535, 65_536, 0x0123_4567, 2 ** 32 - 1, 2 ** 32, 1_767_225_600_000, Number.MAX_SAFE_INTEGER];

describe('what is read', () => {
  test('at first it says that nothing is there', () => {
    const none = -1;
    expect(new Skim()).toMatchObject({
      at: 0, schema: 0, streams: 0, typeStart: none, typeEnd: none, sameAs: none, onceKey: none, onceRequest: none, person: none, byStart: none, byEnd: none,
      dataStart: none, dataEnd: none, claimedStart: none, claimedEnd: none, payloadsStart: none, payloadsEnd: none,
    });
  });

  test.each(integers)('the integer %d, in each place, where the entry ends too', (integer) => {
    const tag = { name: 'ledger', prev: integer, version: integer };
    expect(skimmed(mapOf([type, streams, ['at', integer]]))).toMatchObject({ at: integer });
    expect(skimmed(mapOf([type, streams, ['schema', integer]]))).toMatchObject({ schema: integer });
    const { version, prev } = skimmed(mapOf([type, ['streams', [tag]]]));
    expect([version[0], prev[0]]).toEqual([integer, integer]);
  });

  const values: readonly (readonly [string, CborValue])[] = [
    ...integers.flatMap((integer) => [[`${integer}`, integer], [`-1 - ${integer}`, integer === 2 ** 53 - 1 ? -integer : -1 - integer]] as const),
    ...[0, 1, 23, 24, 255, 256, 0x0123, 0x0203, 65_535, 65_536, 70_000].flatMap((length) => [
      [`text of ${length} bytes`, 'a'.repeat(length)], [`${length} bytes`, new Uint8Array(length).fill(0x61)],
      [`an array of ${length}`, Array.from({ length }, (_, i) => i % 30)],
    ] as const),
    ...[1, 23, 24, 255, 256, 0x0123].map((count) =>
      [`a map of ${count}`, Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, [i, true, { a: 'b' }]]))] as const),
    ['nothing but true', true],
    ['levels', [[[{ a: [false, 'x', { b: [] }] }], {}]]],
  ];

  test.each(values)('%s is passed over, and told where it is', (_, value) => {
    for (const behind of [[['schema', 7]], []] as Pair[][]) {
      const skim = skimmed(mapOf([type, streams, ['data', value], ...behind]), 'claimed');
      expect(skim.bytes.subarray(skim.dataStart, skim.dataEnd)).toEqual(encodeCbor(value));
      expect(skim.schema).toBe(behind.length === 0 ? 0 : 7);
    }
    const map = mapOf([['a', value], ['b', 2]]);
    expect(skimMembers(map, 0, map.length, ['b'])).toEqual({ b: 2 });
  });

  test('keys that the envelope does not have are passed over', () => {
    const known: Pair[] = [
      type, streams, ['at', 5], ['by', { kind: 'person', person: sixteen }], ['schema', 3], ['once', { key: sixteen, request: sixteen }],
    ];
    const plain = skimmed(mapOf(known));
    for (const letter of 'abdknopstz') {
      for (const length of [1, 2, 3, 4, 5, 9, 23]) {
        if (['a2', 'b2', 'o4', 'd4', 't4'].includes(letter + length)) continue;
        for (const value of [9, 'text', sixteen, [], {}]) {
          const { bytes: _bytes, ...skim } = skimmed(mapOf([...known, [letter.repeat(length), value]]));
          expect(skim).toEqual({ ...plain, bytes: undefined });
        }
      }
    }
    expect(skimmed(mapOf([...known, ['', 9]]))).toMatchObject({ at: 5, schema: 3 });
  });

  test('as many streams as an entry may have, and none', () => {
    const tags = Array.from({ length: streamsMax }, (_, i) => ({ name: `waiver:${i}`, version: i + 1, ...(i > 0 ? { prev: 300 * i } : {}) }));
    const { streams: count, nameStart, nameEnd, version, prev, bytes } = skimmed(mapOf([type, ['streams', tags]]));
    expect(count).toBe(streamsMax);
    tags.forEach((tag, i) => {
      expect(skimmedText(bytes, nameStart[i] as number, nameEnd[i] as number)).toBe(tag.name);
      expect([version[i], prev[i]]).toEqual([tag.version, tag.prev ?? -1]);
    });
    expect(skimmed(mapOf([type, ['streams', []]])).streams).toBe(0);
  });
});

describe('what is refused', () => {
  const start = 1 + 5;
  test.each<[string, Pair, number]>([
    ['a time that is text', ['at', '1'], 1 + 3],
    ['an actor that is a list', ['by', []], 1 + 3],
    ['an actor whose pseudonym is text', ['by', { person: 'a'.repeat(16) }], 1 + 3 + 1 + 7],
    ['a key and request that are a list', ['once', []], start],
    ['a key that is text', ['once', { key: 'a'.repeat(16) }], start + 1 + 4],
    ['a request that is text', ['once', { request: 'a'.repeat(16) }], start + 1 + 8],
    ['a type that is bytes', ['type', new Uint8Array(3)], start],
    ['sameAs that is text', ['sameAs', 'a'.repeat(16)], 1 + 7],
    ['a schema that is text', ['schema', '1'], 1 + 7],
    ['streams that are a map', ['streams', {}], 1 + 8],
    ['a stream that is a list', ['streams', [[]]], 1 + 8 + 1],
    ['a name that is bytes', ['streams', [{ name: sixteen }]], 1 + 8 + 1 + 1 + 5],
    ['a prev that is text', ['streams', [{ prev: '' }]], 1 + 8 + 1 + 1 + 5],
    ['a version that is negative', ['streams', [{ version: -1 }]], 1 + 8 + 1 + 1 + 8],
    ['a stream more than there may be', ['streams', Array.from({ length: streamsMax + 1 }, () => ({ name: 'a', version: 1 }))], 1 + 8 + 2],
    ['a reserved head', ['at', { raw: '1c' }], 1 + 3 + 2],
    ['an indefinite length', ['type', { raw: '7f' }], start + 2],
    ['a reserved head, passed over', ['data', { raw: '1c' }], start + 2],
    ['an indefinite length, passed over', ['data', { raw: '9f01ff' }], start + 2],
  ])('%s', (_, pair, position) => {
    expect(refusedAt(() => skimmed(mapOf([pair, type, streams])))).toBe(position);
  });

  test.each<[string, string, number]>([
    ['a list', '80', 0],
    ['no pair', 'a0', 1],
    ['a map cut in its head', 'b8', 1],
    ['a key that is bytes', 'a14161f4', 1],
    ['a key that is a list', 'a180f4', 1],
    ['a key of 24 bytes', `a17818${'61'.repeat(24)}f4`, 1],
    ['no key', 'a1', 1 + 1 + 1],
    ['a time cut behind its head', 'a162617418', 1 + 3 + 1],
    ['a time cut at its last byte', 'a16261741b0000019b7e8a4c', 1 + 3 + 2],
    ['a time cut in two bytes', 'a162617419ff', 1 + 3 + 2],
    ['a time cut in four bytes', 'a16261741affffff', 1 + 3 + 2],
    ['no data', 'a16464617461', 1 + 5],
    ['data cut in a list', 'a164646174618201', 1 + 5],
    ['data cut in a map', 'a16464617461a26161016162', 1 + 5],
    ['data cut in a long head', 'a164646174615b0000', 1 + 5 + 2],
    ['data cut behind a long head\'s first byte', 'a164646174615a', 1 + 5 + 1],
  ])('%s', (_, hex, position) => {
    // Behind the entry a key of one byte goes on, or what would fill a head that is cut.
    expect(refusedAt(() => skimmed(parseHex(hex), 'f'))).toBe(position);
  });

  test.each<[string, readonly Pair[]]>([['no type', [streams]], ['no streams', [type]]])('%s, after an entry that had it', (_, pairs) => {
    const skim = new Skim();
    const [good, bad] = [mapOf([type, streams]), mapOf(pairs)];
    skimEntry(good, 0, good.length, skim);
    expect(refusedAt(() => skimEntry(bad, 0, bad.length, skim), 0)).toBe(bad.length);
  });

  test('an entry that ends earlier, or later', () => {
    const entry = mapOf([type, streams]);
    const bytes = concatBytes(entry, entry);
    for (const end of [entry.length - 1, entry.length + 1, 2 * entry.length]) {
      expect(refusedAt(() => skimEntry(bytes, 0, end, new Skim()), 0)).toBe(entry.length);
    }
    skimEntry(bytes, entry.length, 2 * entry.length, new Skim());
  });
});

describe('members', () => {
  const data = { a: [1, 2], ab: 'two', abc: { x: true }, b: new Uint8Array(3), once: 4 };
  const bytes = concatBytes(Uint8Array.of(0xff), encodeCbor(data), encodeCbor('c'), encodeCbor(9), encodeCbor('b'), encodeCbor(10));
  const end = 1 + encodeCbor(data).length;

  test.each<[string, readonly string[], object]>([
    ['none', [], {}],
    ['one', ['ab'], { ab: data.ab }],
    ['one whose name begins another', ['a'], { a: data.a }],
    ['one that another begins with', ['abcd', 'onc', 'onces'], {}],
    ['one with another letter', ['bb', 'ac', 'abd', 'Once'], {}],
    ['what stands behind the map', ['c'], {}],
    ['one that stands behind the map again', ['b'], { b: data.b }],
    ['all', Object.keys(data), data],
  ])('%s', (_, names, members) => {
    expect(skimMembers(bytes, 1, end, names)).toEqual(members);
    expect(Object.keys(skimMembers(bytes, 1, end, names))).toHaveLength(Object.keys(members).length);
  });

  test('a long name, and what is no map', () => {
    const name = 'n'.repeat(40);
    const long = encodeCbor({ [name]: 1 });
    expect(skimMembers(long, 0, long.length, [name])).toEqual({ [name]: 1 });
    for (const hex of ['80', '61', '01', '41']) expect(refusedAt(() => skimMembers(parseHex(hex), 0, 1, ['a']), 0)).toBe(0);
    expect(refusedAt(() => skimMembers(parseHex('a14161'), 0, 3, ['a']), 0)).toBe(1);
    expect(refusedAt(() => skimMembers(encodeUtf8('\x7f'), 0, 0, []), 0)).toBe(0);
  });
});

describe('a value that is to be copied', () => {
  const span = new Span();
  const value = (bytes: Uint8Array) => decodeCbor(bytes.slice(span.start, span.end));

  test('is found in a map by its name', () => {
    const members = { a: 1, ab: 'x'.repeat(40), b: [1, { a: 3 }], name: new Uint8Array(300), nama: 5 };
    const map = encodeCbor(members);
    const bytes = concatBytes(parseHex('a1ff'), map, parseHex('ff'));
    for (const [name, expected] of Object.entries(members)) {
      expect(skimMember(bytes, 2, 2 + map.length, name, span)).toBe(true);
      expect(value(bytes)).toEqual(expected);
    }
    for (const absent of ['c', 'aa', 'abc', 'nam', '']) expect(skimMember(bytes, 2, 2 + map.length, absent, span)).toBe(false);
    expect(refusedAt(() => skimMember(parseHex('80'), 0, 1, 'a', span), 0)).toBe(0);
    expect(refusedAt(() => skimMember(parseHex('a14161'), 0, 3, 'a', span), 0)).toBe(1);
  });

  test('is the digest of the first payload of a role', () => {
    const digest = (byte: number): CborValue => ['sha256', new Uint8Array(32).fill(byte)];
    const reference = (role: string, more: Record<string, CborValue>) => ({ role, size: 70_000, media: 'application/json', ...more });
    const references = encodeCbor([
      reference('document', { commitment: digest(1) }), reference('facts', { digest: digest(2) }), reference('facts', { digest: digest(3) }),
      reference('document', { digest: digest(4) }), { ...reference('list', { digest: digest(5) }), sole: 'results', agents: 7 },
    ]);
    const bytes = concatBytes(parseHex('82'), references, parseHex('ff'));
    const find = (role: string) => skimPayload(bytes, 1, 1 + references.length, role, span);
    expect(find('facts')).toBe(true);
    expect(value(bytes)).toEqual(new Uint8Array(32).fill(2));
    expect(find('list')).toBe(true);
    expect(value(bytes)).toEqual(new Uint8Array(32).fill(5));
    // One that is sealed is there, and has no digest.
    for (const role of ['document', 'fact', 'acts', 'factss', 'results', '']) expect(find(role)).toBe(false);
    // Members of a later time are told from `role` and `digest`, and what has no role is nobody's.
    const later = encodeCbor([
      { size: 1, digest: digest(6) },
      reference('facts', { digest: digest(7), reach: 'list', origin: digest(8), described: digest(9), date: digest(10), sources: digest(11) }),
    ]);
    expect(skimPayload(later, 0, later.length, 'facts', span)).toBe(true);
    expect(value(later)).toEqual(new Uint8Array(32).fill(7));
    expect(refusedAt(() => skimPayload(parseHex('a0'), 0, 1, 'facts', span), 0)).toBe(0);
    expect(refusedAt(() => skimPayload(parseHex('8180'), 0, 2, 'facts', span), 0)).toBe(1);
    expect(refusedAt(() => skimPayload(parseHex('81a14161'), 0, 4, 'facts', span), 0)).toBe(2);
  });
});
