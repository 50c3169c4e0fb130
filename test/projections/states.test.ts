// Past states: every spelling, the millisecond on each side, clocks that went back, and what names nothing.
import { describe, expect, test } from 'vitest';
import { LedgerError } from '../../ledger/errors.ts';
import { parseRange, parseState, resolveState, type StateLog } from '../../projections/states.ts';
import { codeOf } from '../events/vectors.ts';

const day = (text: string) => Date.parse(text);

describe('a name', () => {
  test.each([
    ['@', { kind: 'head', back: 0 }],
    ['@~10', { kind: 'head', back: 10 }],
    ['@1234', { kind: 'size', size: 1234 }],
    ['@2026-10-01', { kind: 'time', at: day('2026-10-01T23:59:59.999Z') }],
    ['@2026-10-01T12:00:00Z', { kind: 'time', at: day('2026-10-01T12:00:00Z') }],
    ['@2026-10-01T12:00:00.5Z', { kind: 'time', at: day('2026-10-01T12:00:00.500Z') }],
    ['@2024-02-29', { kind: 'time', at: day('2024-02-29T23:59:59.999Z') }],
  ])('%s', (text, name) => expect(parseState(text)).toEqual(name));

  test.each([
    '', '1234', '@~', '@-1', '@ 1', '@2026-10', '@2026-10-1', '@2026-06-31', '@2025-02-29', '@2026-10-01T12:00:00', '@2026-10-01 12:00', '@1e3', '@~1.5', '@@',
  ])('"%s" is none', (text) => expect(codeOf(() => parseState(text))).toBe('INPUT_MALFORMED'));

  test('two with dots between, either of them left out', () => {
    expect(parseRange('@~10..@')).toEqual([{ kind: 'head', back: 10 }, { kind: 'head', back: 0 }]);
    expect(parseRange('..@5')).toEqual([{ kind: 'size', size: 1 }, { kind: 'size', size: 5 }]);
    expect(parseRange('@5..')).toEqual([{ kind: 'size', size: 5 }, { kind: 'head', back: 0 }]);
    for (const text of ['@', '..', '@1..@2..@3', '@1.@2']) expect(codeOf(() => parseRange(text))).toBe('INPUT_MALFORMED');
  });
});

/** A log of these recorded times; the clock was accepted at the places named. */
function logOf(times: readonly number[], epochs: readonly number[] = [], isRaw = false): StateLog {
  return { size: times.length, isRaw, timeOf: async (index) => times[index] as number, epochs: async () => [0, ...epochs] };
}

async function sizeOf(text: string | number, log: StateLog): Promise<number | string> {
  try {
    return (await resolveState(typeof text === 'number' ? { kind: 'time', at: text } : parseState(text), log)).size;
  } catch (error) {
    return error instanceof LedgerError ? error.code : 'a bug';
  }
}

describe('a state', () => {
  const log = logOf([100, 200, 200, 300]);

  test.each<[string | number, number | string]>([
    ['@', 4], ['@~0', 4], ['@~3', 1], ['@~4', 'STATE_UNKNOWN'], ['@1', 1], ['@4', 4], ['@5', 'STATE_UNKNOWN'], ['@0', 'STATE_UNKNOWN'],
    [99, 'STATE_UNKNOWN'], [100, 1], [199, 1], [200, 3], [201, 3], [299, 3], [300, 4], [301, 4],
  ])('%s is of size %s', async (name, size) => expect(await sizeOf(name, log)).toBe(size));

  test('says when it was recorded, and as of when it is asked: the time that was named, else the recorded one, never now', async () => {
    expect(await resolveState({ kind: 'time', at: 250 }, log)).toEqual({ size: 3, recorded: 200, effective: 250 });
    expect(await resolveState(parseState('@2'), log)).toEqual({ size: 2, recorded: 200, effective: 200 });
  });

  test('of a time is looked for in the newest clock epoch that began by then', async () => {
    // The clock ran ahead to 9000 and was put back to 300 at entry 3; entry 3 says so.
    const mended = logOf([100, 200, 9000, 300, 400], [3]);
    const sizes = await Promise.all([150, 250, 299, 300, 399, 400, 9000].map((at) => sizeOf(at, mended)));
    expect(sizes).toEqual([1, 2, 2, 4, 4, 5, 5]);
  });

  test('of a raw ledger has a size and no time', async () => {
    const raw = logOf([100, 0, 0], [], true);
    expect(await resolveState(parseState('@2'), raw)).toEqual({ size: 2, recorded: null, effective: null });
    expect(await sizeOf(200, raw)).toBe('STATE_UNKNOWN');
  });
});
