// Decisions made all along random histories replay SAME from the ledger and from packs, whatever came after; each history flips each way.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exportPack } from '../../actions/export-pack.ts';
import { replayFromStreams } from '../../actions/replay.ts';
import { nodeEngines } from '../../cli/programs/arguments.ts';
import { replayFile } from '../../cli/programs/replay-file.ts';
import { effort } from '../effort.ts';
import { memorySecrets } from '../actions/kit.ts';
import { by } from '../log/kit.ts';
import { bytesOf, packSigner, trust, vkeys } from '../pack/kit.ts';
import { FLIPS, RandomHistory } from './histories.ts';

/** `STELLA_DECISIONS=1000` for the longer run of .ci/run; a seed of its own with STELLA_SEED. */
const wanted = Number(process.env['STELLA_DECISIONS'] ?? effort(100, 20));
const first = Number(process.env['STELLA_SEED'] ?? Date.now() % 1_000_000);

const folder = mkdtempSync(join(tmpdir(), 'stella-histories-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'pack.zip');

/** What `replay.mjs` answers to a decision's pack, exported now: its verdict, and the decision and outcome that it is about. */
async function fromPack({ log, payloads }: RandomHistory['gates'], decision: number): Promise<unknown[]> {
  const exported = await exportPack({ log, payloads, secrets: memorySecrets(), signer: packSigner, vkeys }, { kind: 'decision', decision }, by);
  writeFileSync(file, await bytesOf(exported));
  const { ends, members } = await replayFile(file, trust, nodeEngines);
  return [ends, members['verdict'], members['decision'], members['outcome'], members['level']];
}

test(`${wanted} decisions replay SAME, from the ledger and from packs (STELLA_SEED=${first})`, { timeout: 60_000 + 2_000 * wanted }, async () => {
  const counts = { allow: 0, deny: 0, histories: 0 };
  for (let seed = first; counts.allow + counts.deny < wanted; seed++) {
    const history = await RandomHistory.make(seed);
    counts.histories += 1;
    expect([seed, ...[...history.flipped].sort()]).toEqual([seed, ...[...FLIPS].sort()]);
    const { log, payloads } = history.gates;
    for (const { index, outcome } of history.decisions) {
      const { verdict } = await replayFromStreams({ log, payloads }, index);
      expect([seed, index, verdict]).toEqual([seed, index, { is: 'SAME' }]);
      expect([seed, ...(await fromPack(history.gates, index))]).toEqual([seed, 'yes', 'SAME', index, outcome, 'HEAD']);
      counts[outcome] += 1;
    }
  }
  const all = counts.allow + counts.deny;
  // Neither answer may be rare: a gate that always denies would replay well.
  expect([counts, Math.min(counts.allow, counts.deny) / all >= 0.3]).toEqual([counts, true]);
});
