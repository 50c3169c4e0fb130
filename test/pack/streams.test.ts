// The streams of a pack: what is read from their bytes is what a reader of JSON makes of them, and all else is left to that reader.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8, formatBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { StreamProof } from '../../ledger/streams/proof.ts';
import { encodeManifest, parseManifest } from '../../verify/pack/manifest.ts';
import { readWrittenStreams } from '../../verify/pack/streams-written.ts';
import { encodePackStreams, parseAnyStreams, parsePackStreams, type PackStreams } from '../../verify/pack/streams.ts';
import { effort } from '../effort.ts';

const count = fc.oneof(fc.nat(20), fc.maxSafeNat());
/** Few, so that most stand in many proofs; some begin alike, for the reader knows a hash by its first characters. */
const hash = fc.oneof(
  fc.nat(5).map((i) => new Uint8Array(32).fill(i)),
  fc.nat(5).map((i) => new Uint8Array(32).fill(i, 31)),
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
);
const siblings = fc.array(hash, { maxLength: 4 });
/** Of each a few, for what stood before is not read again. */
const known = fc.tuple(fc.nat(1), fc.boolean()).map(([i, isLeaf]): StreamProof => {
  const siblingsOfIt = [1, 2].map((at) => new Uint8Array(32).fill(i + at));
  return { claim: 'absent', siblings: siblingsOfIt, ...(isLeaf ? { leaf: { key: new Uint8Array(32).fill(i), version: 1, index: 10 + i } } : {}) };
});
const proof: fc.Arbitrary<StreamProof> = fc.oneof(
  known,
  fc.record({ claim: fc.constant('present' as const), siblings, version: count, index: count }),
  fc.record({ claim: fc.constant('absent' as const), siblings }),
  fc.record({ claim: fc.constant('absent' as const), siblings, leaf: fc.record({ key: hash, version: count, index: count }) }),
);
const name = fc.stringMatching(/^[a-z]{1,6}:[A-Za-z0-9.:_-]{1,20}$/);
const streams: fc.Arbitrary<PackStreams> = fc.record({
  stated: count,
  growth: siblings,
  trees: fc.uniqueArray(fc.record({ decision: fc.nat(1000), growth: siblings }), { maxLength: 3, selector: ({ decision }) => decision })
    .map((trees) => trees.sort((a, b) => a.decision - b.decision)),
  streams: fc.uniqueArray(fc.record({ name, version: count, head: proof }), { minLength: 1, maxLength: 6, selector: (one) => one.name })
    .map((all) => all.sort((a, b) => (a.name < b.name ? -1 : 1))),
});

/** What a reader gives, or how it refuses. */
function told(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): unknown {
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return [error.code, error.position, error.message];
  }
}

const numRuns = effort(300, 30);

test('what grows in memory beyond what its form can say is refused unread', () => {
  const many = (item: string, count: number) => Array.from({ length: count }, () => item).join(',');
  const code = (act: () => unknown) => {
    try {
      return act();
    } catch (error) {
      return error instanceof LedgerError ? error.code : error;
    }
  };
  const manifest = (members: string) => encodeUtf8(`{"format":"stella-pack/1","members":[${members}]}`);
  expect(code(() => parseManifest(manifest(many('[]', 1000))))).toBe('INPUT_TOO_LARGE');
  expect(code(() => parseManifest(manifest(many('[]', 3))))).toBe('INPUT_MALFORMED');
  const small = { name: 'a', role: 'keys' as const, sha256: '0'.repeat(64), size: 0 };
  const withheld = { entry: 0, role: 'a', payload: `sha256:${'0'.repeat(64)}`, why: 'sealed' as const };
  const smallest = {
    origin: 'a', scope: { kind: 'artifact', artifact: `sha256:${'0'.repeat(64)}` } as const, size: 0, root: '0'.repeat(64),
    members: Array.from({ length: 400 }, (_, i) => ({ ...small, name: (i + 1296).toString(36) })),
    withheld: Array.from({ length: 400 }, (_, entry) => ({ ...withheld, entry })),
  };
  expect(parseManifest(encodeManifest(smallest))).toEqual(smallest);
  for (const end of ['', '"streams":[\n{"name":"a","version":0,"head":{"claim":"absent","siblings":[],"leaf":null}}\n]}\n']) {
    const bytes = encodeUtf8(`{"format":"stella-pack-streams/1","stated":0,"growth":[${many('""', 1000)}],${end}`);
    expect(code(() => parsePackStreams(bytes))).toBe('INPUT_TOO_LARGE');
  }
  const absent = { claim: 'absent' as const, siblings: [] };
  const names = Array.from({ length: 800 }, (_, i) => ({ name: (i + 1296).toString(36), version: 0, head: absent }));
  expect(parseAnyStreams(encodePackStreams({ stated: 0, growth: [], trees: [], streams: names })).streams.length).toBe(800);
});

describe('streams of a pack', () => {
  test('as they are written they are read from their bytes, and give what was written', () => {
    fc.assert(fc.property(streams, (all) => {
      const bytes = encodePackStreams(all);
      const isShort = all.streams.every(({ version, head }) => [version, ...numbersOf(head)].every((number) => number < 1e15));
      expect(readWrittenStreams(bytes) !== null).toBe(isShort);
      for (const names of [[], all.streams.map((one) => one.name), ['a:b', ...all.streams.slice(1).map((one) => one.name), 'z:"']]) {
        expect(parsePackStreams(bytes, names)).toEqual(all);
      }
    }), { numRuns });
  });

  test('they are written as JSON is, a stream to a line', () => {
    const text = (bytes: Uint8Array) => formatBase64(bytes);
    const json = (head: StreamProof) => {
      const siblingTexts = head.siblings.map(text);
      if (head.claim === 'present') return { claim: 'present', siblings: siblingTexts, version: head.version, index: head.index };
      return { claim: 'absent', siblings: siblingTexts, leaf: head.leaf === undefined ? null : { ...head.leaf, key: text(head.leaf.key) } };
    };
    fc.assert(fc.property(streams, ({ stated, growth, trees, streams: all }) => {
      const lines = all.map(({ name: called, version, head }) => JSON.stringify({ name: called, version, head: json(head) }));
      const grown = trees.map((tree) => JSON.stringify({ decision: tree.decision, growth: tree.growth.map(text) }));
      const before = JSON.stringify({ format: 'stella-pack-streams/1', stated, growth: growth.map(text) }).slice(0, -1);
      const between = trees.length === 0 ? '' : `,"trees":[\n${grown.join(',\n')}\n]`;
      expect(decodeUtf8(encodePackStreams({ stated, growth, trees, streams: all }))).toBe(`${before}${between},"streams":[\n${lines.join(',\n')}\n]}\n`);
    }), { numRuns });
  });

  test('any byte changed, left out, doubled or put in: the same value as by the reader of JSON, or the same refusal', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...encodeUtf8('"\\,:[]{}09=AB /+ \n')));
    const change = fc.record({ at: fc.nat(), how: fc.constantFrom('set', 'out', 'in', 'twice'), byte });
    fc.assert(fc.property(streams, fc.array(change, { minLength: 1, maxLength: 2 }), (all, changes) => {
      const bytes = changes.reduce((before, { at, how, byte: put }) => {
        const place = at % before.length;
        const old = before[place] as number;
        const there = { out: [], twice: [old, old], set: [put], in: [put, old] }[how as 'in' | 'out' | 'set' | 'twice'];
        return concatBytes(before.subarray(0, place), Uint8Array.from(there), before.subarray(place + 1));
      }, encodePackStreams(all));
      expect(told(parsePackStreams, bytes)).toEqual(told(parseAnyStreams, bytes));
    }), { numRuns: 10 * numRuns });
  });

  const written = decodeUtf8(encodePackStreams({
    stated: 3, growth: [], trees: [], streams: [
      { name: 'a:b', version: 1, head: { claim: 'present', siblings: [new Uint8Array(32).fill(7)], version: 1, index: 2 } },
      { name: 'trust', version: 0, head: { claim: 'absent', siblings: [], leaf: { key: new Uint8Array(32).fill(9), version: 1, index: 2 } } },
    ],
  }));
  const key = formatBase64(new Uint8Array(32).fill(9));
  test.each<readonly [string, (text: string) => string]>([
    ['a hash whose last bits are not zero', (text) => text.replace(key, `${key.slice(0, -2)}l=`)],
    ['a hash without padding', (text) => text.replace(key, `${key.slice(0, -1)}A`)],
    ['a hash of 33 bytes', (text) => text.replace(key, formatBase64(new Uint8Array(33)))],
    ['a hash of 31 bytes', (text) => text.replace(key, formatBase64(new Uint8Array(31)))],
    ['a hash with another alphabet', (text) => text.replace(key, `-${key.slice(1)}`)],
    ['a number with a leading zero', (text) => text.replace('"version":1', '"version":01')],
    ['a number with a fraction', (text) => text.replace('"version":1', '"version":1.0')],
    ['a number beyond 2^53', (text) => text.replace('"version":1', '"version":9007199254740993')],
    ['a negative number', (text) => text.replace('"version":1', '"version":-1')],
    ['an escape in a name', (text) => text.replace('"a:b"', '"a\\u003ab"')],
    ['another letter in a name', (text) => text.replace('"a:b"', '"a:ß"')],
    ['a control character in a name', (text) => text.replace('"a:b"', '"a:\u0001"')],
    ['a name twice', (text) => text.replace('"trust"', '"a:b"')],
    ['names out of order', (text) => text.replace('"trust"', '"a:a"')],
    ['members in another order', (text) => text.replace('"name":"a:b","version":1', '"version":1,"name":"a:b"')],
    ['a member twice', (text) => text.replace('"name":"a:b"', '"name":"a:b","name":"a:b"')],
    ['a member more', (text) => text.replace('"name":"a:b"', '"name":"a:b","more":1')],
    ['a member more at the end', (text) => text.replace(/\]\}\n$/, '],"more":1}\n')],
    ['no line feed at the end', (text) => text.slice(0, -1)],
    ['something after the end', (text) => `${text}x`],
    ['white space', (text) => text.replaceAll(',', ', ')],
    ['another format', (text) => text.replace('streams/1', 'streams/2')],
    ['the list of streams twice', (text) => text.replace('"growth"', '"streams":[],"growth"')],
    ['the list of streams in another member', (text) => text.replace('"streams":[', '"trees":[{"streams":[')],
    ['no stream', (text) => text.replace(/\[\n.*\]\}\n$/s, '[\n\n]}\n')],
    ['a byte order mark', (text) => `\uFEFF${text}`],
    ['a claim of neither', (text) => text.replace('"present"', '"perhaps"')],
    ['absence with the members of presence', (text) => text.replace('"present"', '"absent"')],
    ['cut in the middle', (text) => text.slice(0, text.length / 2)],
  ])('%s: read or refused as by the reader of JSON', (_, edit) => {
    const text = edit(written);
    expect(text).not.toBe(written);
    const bytes = encodeUtf8(text);
    expect(told(parsePackStreams, bytes)).toEqual(told(parseAnyStreams, bytes));
  });

  const absent = { claim: 'absent', siblings: [1, 2].map((i) => new Uint8Array(32).fill(i)) } as const;
  const three = ['a', 'b', 'c'].map((one) => ({ name: one, version: 0, head: absent }));
  const twice = decodeUtf8(encodePackStreams({ stated: 0, growth: [], trees: [], streams: three }));

  test('one claim of absence is one value, wherever it stands', () => {
    const { streams: [first, second, third] } = parsePackStreams(encodeUtf8(twice));
    expect(first?.head).toEqual(absent);
    expect(second?.head).toBe(first?.head);
    expect(third?.head).toBe(first?.head);
  });

  test.each<readonly [string, (text: string) => string]>([
    ['no line feed after a claim that stood before', (text) => text.replace('}},\n{"name":"c"', '}},{"name":"c"')],
    ['a brace too few', (text) => text.replace('}},\n{"name":"c"', '},\n{"name":"c"')],
    ['a member more behind it', (text) => text.replace('}},\n{"name":"c"', ',"more":1}},\n{"name":"c"')],
    ['another hash in the middle of it', (text) => text.replace(/(.*)AQEB/s, '$1AQEC')],
    ['another number of streams than lines', (text) => text.replace('}}\n]', '}}]')],
  ])('%s: read or refused as by the reader of JSON', (_, edit) => {
    const text = edit(twice);
    expect(text).not.toBe(twice);
    expect(told(parsePackStreams, encodeUtf8(text))).toEqual(told(parseAnyStreams, encodeUtf8(text)));
  });

  test('a brace more behind a claim is none of it, where both are looked up by the same bits too', () => {
    // At 80 and 40 bytes before its end, and before the end of what is longer by one, stand the same bits but for those of the length.
    const bits = `${'A'.repeat(25)}BBBBC${'A'.repeat(13)}=`;
    const text = twice.replaceAll(formatBase64(new Uint8Array(32).fill(1)), bits)
      .replaceAll(formatBase64(new Uint8Array(32).fill(2)), formatBase64(new Uint8Array(32)));
    expect(told(parsePackStreams, encodeUtf8(text))).toMatchObject({ streams: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
    const more = encodeUtf8(text.replace('null}},\n{"name":"c"', 'null}}},\n{"name":"c"'));
    expect(told(parsePackStreams, more)).toEqual(told(parseAnyStreams, more));
  });

  test('claims that begin alike are each read to their end', () => {
    const leaf = { key: new Uint8Array(32).fill(3), version: 1, index: 2 };
    const heads = [absent, { ...absent, leaf }, absent, { ...absent, leaf: { ...leaf, index: 21 } }, { ...absent, leaf }];
    const all = { stated: 0, growth: [], trees: [], streams: heads.map((head, i) => ({ name: `n:${i}`, version: 0, head })) };
    expect(parsePackStreams(encodePackStreams(all))).toEqual(all);
  });

  test('one hash is one array, wherever it stands', () => {
    const { streams: [first, second] } = parsePackStreams(encodePackStreams({
      stated: 0, growth: [], trees: [],
      streams: ['a', 'b'].map((one) => ({ name: one, version: 0, head: { claim: 'absent', siblings: [new Uint8Array(32).fill(5)] } })),
    }));
    expect(first?.head.siblings[0]).toBe(second?.head.siblings[0]);
  });
});

function numbersOf(head: StreamProof): number[] {
  if (head.claim === 'present') return [head.version, head.index];
  return head.leaf === undefined ? [] : [head.leaf.version, head.leaf.index];
}
