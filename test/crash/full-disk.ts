// Fills the database's disk in the middle of appending: the ledger must refuse, keep what it acknowledged, and go on later.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import { documentDraft, faultsIn, makePlace, openPlace } from './place.ts';

export interface FullDiskFigures {
  rounds: number;
  refused: number;
  acknowledged: number;
}

/** @param rounds - each with another size of disk, in pages of 16 KiB */
export async function fullDiskRounds(random: () => number, rounds: number): Promise<{ figures: FullDiskFigures; violations: string[] }> {
  const figures: FullDiskFigures = { rounds: 0, refused: 0, acknowledged: 0 };
  const violations: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const base = mkdtempSync(join(tmpdir(), 'stella-full-'));
    const [directory, anchor] = [join(base, 'ledger'), join(base, 'anchor')];
    try {
      await makePlace(directory, anchor);
      const pagesMax = 12 + Math.floor(random() * 60);
      const leaves = new Map<number, string>();
      const full = await openPlace(directory, anchor, undefined, { pagesMax });
      let refusal: unknown = null;
      for (let call = 0; call < 200 && refusal === null; call++) {
        const drafts = await Promise.all(Array.from({ length: 20 }, (_, i) => documentDraft(full.payloads, `${round}/${call}/${i}`)));
        try {
          const outcomes = await full.log.append(drafts.map((draft) => ({ drafts: [draft] })));
          for (const outcome of outcomes) if (outcome.ok) leaves.set(outcome.index, formatHex(leafHash(await full.log.entry(outcome.index))));
        } catch (error) {
          refusal = error;
        }
      }
      await full.log.close().catch(() => {});
      if (refusal !== null) {
        figures.refused += 1;
        const isRight = refusal instanceof LedgerError && refusal.code === 'STORE_FULL';
        if (!isRight) violations.push(`round ${round}: a full disk was answered with ${String(refusal)}`);
      }
      // With room again, everything acknowledged is there, and it goes on.
      const { log, payloads } = await openPlace(directory, anchor);
      for (const [index, leaf] of leaves) {
        if (index >= log.published.size || formatHex(leafHash(await log.entry(index))) !== leaf) violations.push(`round ${round}: entry ${index} is lost`);
      }
      await log.appendOne({ drafts: [await documentDraft(payloads, `${round}/after`)] });
      await log.close();
      const { faults } = await faultsIn(directory, anchor);
      violations.push(...faults.map(({ where, what }) => `round ${round}: fsck: ${where}: ${what}`));
      figures.rounds += 1;
      figures.acknowledged += leaves.size;
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  }
  return { figures, violations };
}
