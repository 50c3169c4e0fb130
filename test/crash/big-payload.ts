// A payload of 100 MB: stored in bounded memory, and killed in the middle, it leaves no entry and nothing that counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPayloads } from '../../ledger/store/payloads.ts';
import { faultsIn, makePlace, openPlace } from './place.ts';

export interface BigPayloadFigures {
  rounds: number;
  killed: number;
  /** Largest resident memory of a writer, MB. */
  memoryMb: number;
}

/** What one writer may take above an idle one: the pieces under way, never the file. */
export const memoryMbMax = 200;
export const payloadMb = 100;

export async function bigPayloadRounds(random: () => number, rounds: number): Promise<{ figures: BigPayloadFigures; violations: string[] }> {
  const figures: BigPayloadFigures = { rounds: 0, killed: 0, memoryMb: 0 };
  const violations: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const base = mkdtempSync(join(tmpdir(), 'stella-big-'));
    const [directory, anchor] = [join(base, 'ledger'), join(base, 'anchor')];
    try {
      await makePlace(directory, anchor);
      // The last round is left alone: it shows the memory that a whole payload takes, and its entry.
      const isLast = round === rounds - 1;
      const { memoryMb, killed } = await runWriter(directory, anchor, isLast ? null : 20 + random() * 300);
      figures.memoryMb = Math.max(figures.memoryMb, memoryMb);
      figures.killed += killed ? 1 : 0;
      const { log } = await openPlace(directory, anchor);
      const { size } = log.published;
      await log.close();
      const payloads = openPayloads(join(directory, 'payloads'));
      await payloads.tidy(Number.POSITIVE_INFINITY);
      let stored = 0;
      for await (const _ of payloads.list()) stored += 1;
      if (size === 2 && stored === 0) violations.push(`round ${round}: an entry names a payload that is not there`);
      if (isLast && size !== 2) violations.push('a payload that nobody killed has no entry');
      const { faults } = await faultsIn(directory, anchor);
      violations.push(...faults.map(({ where, what }) => `round ${round}: fsck: ${where}: ${what}`));
      figures.rounds += 1;
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  }
  if (figures.memoryMb > memoryMbMax) violations.push(`storing ${payloadMb} MB took ${figures.memoryMb} MB of memory, expected at most ${memoryMbMax}`);
  return { figures, violations };
}

function runWriter(directory: string, anchor: string, killMs: number | null): Promise<{ memoryMb: number; killed: boolean }> {
  const script = fileURLToPath(new URL('./big-payload-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory, anchor, String(payloadMb)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '' && killMs !== null) setTimeout(() => child.kill('SIGKILL'), killMs);
    output += text;
  });
  return new Promise((resolve) => {
    child.once('close', (_, signal) => resolve({ memoryMb: Number(/memory (\d+)/.exec(output)?.[1] ?? 0), killed: signal === 'SIGKILL' }));
  });
}
