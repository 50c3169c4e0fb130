// Pins: one spelling, whatever names hold.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../ledger/bytes.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { encodePins, parsePins } from '../../policy/gate/decision.ts';
import type { Pin } from '../../policy/gate/source.ts';
import { textOf } from './kit.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ':', '"', '\\', '\n', '\u001f', '\u007f', '\u2028', 'é', '😀'), minLength: 1, maxLength: 12 });
const pins = fc.uniqueArray(fc.tuple(name, fc.nat(3), fc.nat(9)), { selector: ([text]) => text, maxLength: 40 }).map((all) => {
  const made = all.map(([text, version, index]): Pin => (version === 0 ? { name: text, version } : { name: text, version, index }));
  return made.sort((a, b) => (a.name < b.name ? -1 : 1));
});
const listOf = (streams: readonly Pin[]) => streams.map(({ name: text, version, index }) => (index === undefined ? [text, version] : [text, version, index]));

test('are canonical JSON, and read back as they were', () => {
  fc.assert(fc.property(pins, (streams) => {
    const written = encodePins({ streams, facts: [new Uint8Array(32).fill(7)] });
    expect(textOf(written)).toBe(formatJcs({ facts: ['07'.repeat(32)], format: 'stella-pins/1', streams: listOf(streams) } satisfies JcsValue));
    expect(parsePins(concatBytes(...written)).streams).toEqual(streams);
  }), { numRuns: 500 });
});

test('however many stand without an event between those that have one', () => {
  for (const count of [0, 1, 255, 256, 257, 513]) {
    const absent = (from: string) => Array.from({ length: count }, (_, i): Pin => ({ name: `${from}${String(i).padStart(4, '0')}`, version: 0 }));
    const streams = [...absent('a'), { name: 'b', version: 1, index: 0 }, ...absent('c')];
    const written = encodePins({ streams, facts: [] });
    expect(JSON.parse(textOf(written)).streams).toEqual(listOf(streams));
    expect(parsePins(concatBytes(...written)).streams).toEqual(streams);
  }
});

test('in another spelling are refused', () => {
  for (const text of ['{"facts":[],"format":"stella-pins/1","streams":[["\\u0061",0]]}', '{"facts":[],"format":"stella-pins/1","streams":[["b",0],["a",0]]}']) {
    expect(() => parsePins(encodeUtf8(text))).toThrow(expect.objectContaining({ code: 'INPUT_NOT_CANONICAL' }));
  }
});
