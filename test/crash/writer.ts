// A process that appends until it is killed: it prints a line for each acknowledgement, and for nothing else.
import { formatHex } from '../../ledger/bytes.ts';
import type { Draft } from '../../ledger/events/index.ts';
import type { Log } from '../../ledger/log/log.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import type { Step } from '../../ledger/log/steps.ts';
import { assignedDraft, documentDraft, openBusyPlace, openPlace, randomOf } from './place.ts';

const [directory, anchor, seed, step, hits, kind] = process.argv.slice(2) as [string, string, string, string, string, 'lone' | 'busy'];
const random = randomOf(Number(seed));
let left = Number(hits);

const at = (reached: Step) => {
  if (reached !== step) return;
  left -= 1;
  // No handler, no flush, no goodbye: what a power switch leaves of a process.
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};

if (kind === 'lone') await lone();
else await busy();

/** One call after another, each document with its payload. */
async function lone(): Promise<void> {
  const { log, payloads } = await openPlace(directory, anchor, at);
  process.stdout.write('open\n');
  for (let call = 0; ; call++) {
    const contents = Array.from({ length: 1 + Math.floor(random() * 12) }, (_, i) => `${seed}/${call}/${i}/${Math.floor(random() * 1e9)}`);
    const drafts = [];
    for (const content of contents) drafts.push(await documentDraft(payloads, content));
    await append(log, drafts);
  }
}

/** Twenty callers at once, so that a group is placed while another thread commits the one before, live tables with it. */
async function busy(): Promise<void> {
  const log = await openBusyPlace(directory, anchor, at);
  process.stdout.write('open\n');
  let number = Math.floor(random() * 1e9);
  const caller = async () => {
    for (;;) await append(log, Array.from({ length: 40 + Math.floor(random() * 80) }, () => assignedDraft(number++)));
  };
  await Promise.all(Array.from({ length: 20 }, caller));
}

async function append(log: Log, drafts: readonly Draft[]): Promise<void> {
  const outcomes = await log.append(drafts.map((draft) => ({ drafts: [draft] })));
  const { note } = log.published;
  let lines = '';
  for (const outcome of outcomes) {
    if (!outcome.ok) throw outcome.error;
    lines += `ack ${JSON.stringify({ index: outcome.index, leaf: formatHex(leafHash(await log.entry(outcome.index))), note })}\n`;
  }
  // The line is out before the next append begins: what the parent has read was acknowledged.
  await new Promise<void>((written) => process.stdout.write(lines, () => written()));
}
