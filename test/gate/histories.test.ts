// Decisions made all along random histories replay SAME from the ledger, whatever came after; each history flips each way.
import { expect, test } from 'vitest';
import { replayFromStreams } from '../../actions/replay.ts';
import { effort } from '../effort.ts';
import { FLIPS, RandomHistory } from './histories.ts';

/** `STELLA_DECISIONS=1000` for the longer run of .ci/run; a seed of its own with STELLA_SEED. */
const wanted = Number(process.env['STELLA_DECISIONS'] ?? effort(100, 20));
const first = Number(process.env['STELLA_SEED'] ?? Date.now() % 1_000_000);

test(`${wanted} decisions replay SAME (STELLA_SEED=${first})`, { timeout: 20_000 + 300 * wanted }, async () => {
  const counts = { allow: 0, deny: 0, histories: 0 };
  for (let seed = first; counts.allow + counts.deny < wanted; seed++) {
    const history = await RandomHistory.make(seed);
    counts.histories += 1;
    expect([seed, ...[...history.flipped].sort()]).toEqual([seed, ...[...FLIPS].sort()]);
    const { log, payloads } = history.gates;
    for (const { index, outcome } of history.decisions) {
      const { verdict } = await replayFromStreams({ log, payloads }, index);
      expect([seed, index, verdict]).toEqual([seed, index, { is: 'SAME' }]);
      counts[outcome] += 1;
    }
  }
  const all = counts.allow + counts.deny;
  // Neither answer may be rare: a gate that always denies would replay well.
  expect([counts, Math.min(counts.allow, counts.deny) / all >= 0.3]).toEqual([counts, true]);
});
