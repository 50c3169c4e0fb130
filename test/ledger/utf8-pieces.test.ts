// Text written in pieces: the same bytes as of the whole.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { Utf8Pieces } from '../../ledger/utf8-pieces.ts';

const written = (write: (out: Utf8Pieces) => void): readonly Uint8Array[] => {
  const out = new Utf8Pieces();
  write(out);
  return out.done();
};
const textOf = (pieces: readonly Uint8Array[]) => decodeUtf8(concatBytes(...pieces));

test('pieces are the bytes of all that was written', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '名', '😀', '\n'), maxLength: 40 });
  fc.assert(fc.property(fc.array(text, { maxLength: 30 }), fc.integer({ min: 1, max: 3_000 }), (texts, times) => {
    const all = texts.map((one) => one.repeat(times));
    expect(concatBytes(...written((out) => all.forEach((one) => out.write(one))))).toEqual(encodeUtf8(all.join('')));
  }), { numRuns: 200 });
  expect(written(() => {})).toEqual([]);
  expect(written((out) => out.write('x'.repeat(100_000).slice(0, 30_000))).map(({ length }) => length)).toEqual([30_000]);
});

test('items stand as JSON writes them, none too many and none lost', () => {
  for (const count of [0, 1, 63, 64, 65, 128, 1_000]) {
    const items = Array.from({ length: count }, (_, i) => ({ a: i, b: ['é', null] }));
    expect(`[${textOf(written((out) => out.writeItems(items)))}]`).toBe(JSON.stringify(items));
  }
});

test('a lone surrogate is refused', () => {
  expect(() => written((out) => out.write('\ud800'))).toThrow(expect.objectContaining({ code: 'INPUT_NOT_UTF8' }));
});
