// stella log consistency: that the log only grew since a kept checkpoint.
import { readFileSync, writeFileSync } from 'node:fs';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { formatAddCheckpoint, parseCheckpoint } from '../../ledger/note/index.ts';
import { formatReceipt, trustKeys, verifyGrowth } from '../../verify/index.ts';
import { checkpointName, formatUpdate, openPack } from '../../verify/pack/index.ts';
import { UsageError, type Command } from '../command.ts';
import { findPlace, openForReading } from '../place.ts';
import { openSource } from '../programs/arguments.ts';
import { receiptOf } from '../receipt.ts';
import { isPack } from '../verify-pack.ts';
import { allVkeys } from '../vkeys.ts';

export const command: Command = {
  usage: '--since FILE [--out FILE]',
  takesWords: false,
  help: `Proves that the checkpoint in FILE is of a prefix of the log as it is now, and checks that proof. With --out the proof and the
newest checkpoint go to a file, for somebody who keeps the old one: "stella verify OLD --update FILE". For a pack, the receipts of the
keys' rotations go along, so that whoever trusts the log's present key can verify it.`,
  options: {
    since: { type: 'string', takes: 'FILE', help: 'a checkpoint that was kept, or a pack' },
    out: { type: 'string', takes: 'FILE', help: 'write the proof with the newest checkpoint to a file' },
  },
  examples: [
    ['stella log consistency --since 2026-10.checkpoint', 'nothing before October\'s head was changed'],
    ['stella log consistency --since decision-41.zip --out now.update', 'for a pack from before a key was rotated'],
  ],

  async run(call) {
    const file = call.value('since');
    if (file === undefined) throw new UsageError('give --since FILE');
    const fromPack = isPack(file);
    const kept = fromPack ? checkpointIn(file) : new Uint8Array(readFileSync(file));
    const old = parseCheckpoint(kept);
    const log = await openForReading(findPlace(call));
    const { size, note } = log.published;
    // A larger old size cannot be proven: an empty proof lets the verifier say which of the two shrank.
    const proof = old.size <= size ? await log.proveConsistency(old.size, size) : [];
    const update = formatAddCheckpoint({ oldSize: old.size, proof, checkpoint: parseCheckpoint(note) });
    const answer = verifyGrowth(kept, update, trustKeys(old.origin, await allVkeys(log)));
    if (!answer.ok) {
      call.out.say(`${answer.code}: ${answer.message}`);
      const notes = answer.notes === undefined ? {} : { notes: answer.notes };
      call.out.answer({ verdict: answer.code, message: answer.message, oldSize: old.size, size, ...notes });
      return 'no';
    }
    const out = call.value('out');
    if (out !== undefined) writeFileSync(out, fromPack ? formatUpdate({ growth: encodeUtf8(update), rotations: await rotationsOf(log) }) : update);
    call.out.say(`the first ${old.size} of ${size} entries are what they were: ${proof.length} hashes prove it`);
    call.out.answer({ verdict: 'OK', oldSize: old.size, size, update });
    return 'yes';
  },
};

/** The checkpoint in a pack, as text: what it is worth, the verifier says. */
function checkpointIn(file: string): Uint8Array {
  const source = openSource(file);
  try {
    const opened = openPack(source);
    if (opened.ok) return opened.pack.read(checkpointName) ?? new Uint8Array(0);
    throw new LedgerError('INPUT_MALFORMED', `Cannot read the pack: ${opened.message}`);
  } finally {
    source.close();
  }
}

async function rotationsOf(log: LogView): Promise<Uint8Array[]> {
  const receipts: Uint8Array[] = [];
  for await (const { index, event } of log.stream('ledger')) {
    if (event.type === 'key.rotated') receipts.push(encodeUtf8(formatReceipt(await receiptOf(log, index))));
  }
  return receipts;
}
