// A stream's events: complete, or exactly what is wrong with them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyStreamHistory, type StreamEvent } from '../../ledger/streams/index.ts';

const history: readonly StreamEvent[] = [
  { index: 3, version: 1 },
  { index: 7, version: 2, prev: 3 },
  { index: 8, version: 3, prev: 7 },
  { index: 20, version: 4, prev: 8 },
];
const change = (at: number, to: Partial<StreamEvent>) => history.map((event, i) => (i === at ? { ...event, ...to } : event));

describe('the history of a stream', () => {
  test('is complete in any order', () => {
    fc.assert(fc.property(fc.shuffledSubarray([...history], { minLength: 4 }), (events) => {
      expect(verifyStreamHistory('trust', events, 4)).toEqual({ ok: true });
    }));
    expect(verifyStreamHistory('trust', [])).toEqual({ ok: true });
    expect(verifyStreamHistory('trust', [], 0)).toEqual({ ok: true });
  });

  test.each<[string, readonly StreamEvent[], number | undefined, string, string]>([
    ['the first left out', history.slice(1), 4, 'STREAM_INCOMPLETE', 'trust has no version 1, but a version 2'],
    ['one left out', history.toSpliced(1, 1), 4, 'STREAM_INCOMPLETE', 'trust has no version 2, but a version 3'],
    ['the last left out', history.slice(0, 3), 4, 'STREAM_INCOMPLETE', 'trust ends at version 3, expected 4'],
    ['all left out', [], 1, 'STREAM_INCOMPLETE', 'trust ends at version 0, expected 1'],
    ['more than the last', history, 3, 'STREAM_FORKED', 'trust has a version 4 after its last, 3'],
    ['one twice', [...history, { index: 9, version: 3, prev: 7 }], 4, 'STREAM_FORKED', 'trust has two events of version 3'],
    ['out of the order of the log', change(2, { index: 7 }), 4, 'STREAM_FORKED', 'trust has version 3 before version 2'],
    ['another one before', change(2, { prev: 3 }), undefined, 'STREAM_PREV_WRONG', 'version 3 of trust names another event before it'],
    ['none before', change(2, { prev: undefined }), undefined, 'STREAM_PREV_WRONG', 'version 3 of trust names another event before it'],
    ['one before the first', change(0, { prev: 0 }), undefined, 'STREAM_PREV_WRONG', 'version 1 of trust names another event before it'],
  ])('%s', (_, events, last, code, message) => {
    expect(verifyStreamHistory('trust', events, last)).toEqual({ ok: false, code, message });
  });
});
