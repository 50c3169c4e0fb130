// A range read in full: what it comes to is what the log says, and whatever does not follow is found at its place.
import { describe, expect, test } from 'vitest';
import { replayFully } from '../../actions/replay.ts';
import { readRange } from '../../actions/verified-range.ts';
import { decodeCbor, encodeCbor } from '../../ledger/events/index.ts';
import { RangeReading } from '../../actions/range-reading.ts';
import { RangeIndex } from '../../ledger/log/range-index.ts';
import { packEntries } from '../../ledger/store/packed.ts';
import { RandomHistory } from './histories.ts';

const history = await RandomHistory.make(7);
const { log, payloads } = history.gates;
const entries: Uint8Array[] = [];
for await (const entry of log.entries()) entries.push(entry);

type Changed = Record<string, unknown> & { data: Record<string, never>; streams: { version: number; prev?: number }[]; type: string };

/** The first fault of a log in which one entry says something else. */
function faultOf(at: number, change: (event: Changed) => void): number | undefined {
  const changed = entries.map((entry, i) => {
    if (i !== at) return entry;
    const event = decodeCbor(entry) as unknown as Changed;
    change(event);
    return encodeCbor(event as never);
  });
  const reading = new RangeReading();
  reading.take({ start: 0, count: changed.length, packed: packEntries(changed) });
  const faults = [...new RangeIndex().take(reading.part()), ...reading.faults];
  expect(faults.length).toBeLessThan(at < 0 ? 1 : 100);
  return faults.sort((a, b) => a.index - b.index)[0]?.index;
}

describe.each([['in this thread', false], ['in another', true]])('a range, its streams checked %s', (_, thread) => {
  test('has the root of every size, and every decision on it replays SAME', async () => {
    for (const size of [1, Math.floor(entries.length / 2), entries.length]) {
      const range = await readRange(log, payloads, size, { thread });
      expect(range.faults).toEqual([]);
      expect(range.root).toEqual(await log.rootAt(size));
      if (size === entries.length) expect(range.index).toEqual((await log.readStreamIndex()).root);
      await range.close();
    }
    for (const { index } of thread ? history.decisions.slice(-1) : history.decisions) {
      expect((await replayFully({ log, payloads }, index, { thread })).verdict).toEqual({ is: 'SAME' });
    }
  });
});

describe('what does not follow is found', () => {
  const decision = history.decisions[3]?.index as number;

  test('nothing, in an honest log', () => expect(faultOf(-1, () => {})).toBeUndefined());

  test.each<[string, number, (event: Changed) => void]>([
    ['a version left out', decision, ({ streams }) => (streams[0]!.version += 1)],
    ['an old head', decision, ({ streams }) => (streams[0]!.prev = 0)],
    ['a false root of the index', decision, ({ data }) => ((data['index'] as unknown as [string, Uint8Array])[1][0]! ^= 1)],
    ['a size that is not reached', decision, ({ data }) => ((data['tree'] as unknown as { size: number }).size = decision + 1)],
    ['the index of another size', decision, ({ data }) => ((data['tree'] as unknown as { size: number }).size -= 1)],
  ])('%s', (_, at, change) => expect(faultOf(at, change)).toBe(at));
});
