// What a stranger called something, in a line of an answer: it neither begins a line of its own nor moves the reader's terminal.
import { expect, test } from 'vitest';
import { reportReplay } from '../../cli/replay-lines.ts';
import { oneLine, visible } from '../../cli/visible.ts';
import { pinsDiffer, type PinsRead } from '../../verify/pack/index.ts';

const forged = 'a\nYES  AUDITED  decision 5\u001B[2K\u009B2K\u202E';

test('a line of a replay is one line', () => {
  const cause = { kind: 'event', index: 4, type: 'document.stored', stream: forged } as const;
  const verdict = { is: 'DRIFT', member: `pins/${forged}`, pointer: null, recorded: 'no event', replayed: 'version 1', cause } as const;
  const { lines, members } = reportReplay(5, { verdict, decided: null, notes: [] });
  expect(lines.join('\n').split('\n')).toHaveLength(4);
  expect(lines.join('\n')).not.toMatch(/^YES|\p{Cf}/mu);
  expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  // For programs it stays what it is.
  expect(members).toMatchObject({ member: `pins/${forged}` });
});

test('a pin\'s name in a fault is one line', () => {
  const pins: PinsRead = { streams: [{ name: forged, version: 1, index: 0 }], facts: [] };
  const event = { data: { pins: 1, tree: { size: 1 } } } as Parameters<typeof pinsDiffer>[0];
  expect(pinsDiffer(event, pins, { headsAt: () => [null] })).toBe('it pins version 1 of "a·YES  AUDITED  decision 5·[2K·2K·", which had 0');
});

test('several lines stay several where the program wrote them', () => {
  expect([visible('a\tb\nc\r'), oneLine('a\tb\nc\r')]).toEqual(['a\tb\nc·', 'a\tb·c·']);
});
