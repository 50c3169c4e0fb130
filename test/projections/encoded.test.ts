// Encoded documents added to as they are: byte for byte what encoding the longer document gives, and no byte of a damaged one goes on.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCbor, encodeCbor, type CborMap, type CborValue } from '../../ledger/events/index.ts';
import { additionOf, extendDocument, extendedBytesMax } from '../../projections/encoded.ts';
import type { EventAt } from '../../projections/event-at.ts';
import { addingOf, adds } from '../../projections/projection.ts';
import { projectionList } from '../../projections/gate-critical.ts';

const event = {} as EventAt;
const addition = (to: string, item: CborValue) => additionOf({ to, item: () => item }, event);

function extend(document: CborMap, items: readonly (readonly [string, CborValue])[], last: number): Uint8Array {
  const [bytes, additions] = [encodeCbor(document), items.map(([to, item]) => addition(to, item))];
  const into = new Uint8Array(3 + extendedBytesMax(bytes, additions)).fill(0xee);
  const end = extendDocument(bytes, additions, last, into, 3);
  expect(into[2]).toBe(0xee);
  return into.slice(3, end);
}

const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const value: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, size, fc.string(), fc.boolean(), fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }), fc.dictionary(fc.stringMatching(/^[a-z]{1,12}$/), tie('value'), { maxKeys: 4 })),
})).value.filter((one) => fits(one));
const fits = (one: CborValue) => {
  try {
    return encodeCbor([[one]]).length > 0;
  } catch {
    return false;
  }
};
const lists = ['vex', 'sboms', 'attestations'] as const;

test('an extended document is the longer document, encoded', () => {
  const list = fc.oneof(fc.array(value, { maxLength: 3 }), fc.constantFrom(22, 23, 24, 255, 256).map((length) => Array.from({ length }, (_, i) => i)));
  const items = fc.array(fc.tuple(fc.constantFrom(...lists), value), { minLength: 1, maxLength: 300, size: 'large' });
  fc.assert(fc.property(list, list, list, value, items, size, size, (vex, sboms, attestations, other, added, before, last) => {
    const document = { vex, sboms, attestations, other, last: before };
    const longer = structuredClone({ ...document, last }) as Record<(typeof lists)[number], CborValue[]> & CborMap;
    for (const [to, item] of added) longer[to].push(item);
    expect(extend(document, added, last)).toEqual(encodeCbor(longer));
  }), { numRuns: 300 });
});

test('an item is refused that would stand too deep in its document', () => {
  let deep: CborValue = 1;
  for (let i = 0; i < 6; i++) deep = [deep];
  expect(extend({ vex: [], last: 0 }, [['vex', deep]], 1)).toEqual(encodeCbor({ vex: [deep], last: 1 }));
  expect(() => addition('vex', [deep])).toThrow(expect.objectContaining({ code: 'INPUT_TOO_DEEP' }));
});

describe('a damaged document is refused', () => {
  const whole = encodeCbor({ vex: [1, 2], last: 5, other: 'text' });
  const extended = (bytes: Uint8Array, to = 'vex') => {
    const additions = [addition(to, 7)];
    return () => extendDocument(bytes, additions, 6, new Uint8Array(100 + bytes.length), 0);
  };
  const corrupt = expect.objectContaining({ code: 'STORE_CORRUPT' });

  test('cut at any byte', () => {
    for (let length = 0; length < whole.length; length++) expect(extended(whole.subarray(0, length)), `${length}`).toThrow(corrupt);
    expect(extended(whole)()).toBe(whole.length + 1);
  });
  test.each<[string, Uint8Array, string?]>([
    ['with more behind it', Uint8Array.of(...whole, 1)],
    ['without the list', whole, 'sboms'],
    ['whose list is none', encodeCbor({ vex: 3, last: 5 })],
    ['without last', encodeCbor({ vex: [] })],
    ['that is a list', encodeCbor([1])],
    ['with a length beyond all memory', Uint8Array.of(0xa1, 0x63, 0x76, 0x65, 0x78, 0x9b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
  ])('%s', (_, bytes, to) => expect(extended(bytes, to)).toThrow(corrupt));
});

test('a handler that adds does to a document what its addition does to the bytes', () => {
  const handler = adds('vex', ({ index }: EventAt<'vex.stated'>) => ({ entry: index }));
  const document = { vex: [] as { entry: number }[] };
  handler(document, { index: 7 } as EventAt<'vex.stated'>);
  expect(document).toEqual({ vex: [{ entry: 7 }] });
  const made = additionOf(addingOf(handler) as never, { index: 7 } as EventAt);
  expect([decodeCbor(made.key), decodeCbor(made.item)]).toEqual(['vex', { entry: 7 }]);
  // What most evidence does needs no decoding; whoever rewrites one of these by hand makes appending slower.
  const adding = projectionList.flatMap(({ name, on }) => Object.entries(on).filter(([, one]) => addingOf(one) !== null).map(([type]) => `${name} ${type}`));
  expect(adding).toEqual(expect.arrayContaining(['artifact sbom.ingested', 'artifact report.ingested', 'artifact vex.stated', 'vulnerability vex.stated']));
});
