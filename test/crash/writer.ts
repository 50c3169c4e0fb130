// A process that appends until it is killed: it prints a line for each acknowledgement, and for nothing else.
import { formatHex } from '../../ledger/bytes.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import type { Step } from '../../ledger/log/steps.ts';
import { documentDraft, openPlace, randomOf } from './place.ts';

const [directory, anchor, seed, step, hits] = process.argv.slice(2) as [string, string, string, string, string];
const random = randomOf(Number(seed));
let left = Number(hits);

const { log, payloads } = await openPlace(directory, anchor, (at: Step) => {
  if (at !== step) return;
  left -= 1;
  // No handler, no flush, no goodbye: what a power switch leaves of a process.
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});
process.stdout.write('open\n');

for (let call = 0; ; call++) {
  const contents = Array.from({ length: 1 + Math.floor(random() * 12) }, (_, i) => `${seed}/${call}/${i}/${Math.floor(random() * 1e9)}`);
  const drafts = [];
  for (const content of contents) drafts.push(await documentDraft(payloads, content));
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
