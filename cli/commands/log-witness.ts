// stella log witness: show the newest checkpoint to the witnesses of a trust policy and keep their cosignatures.
import { readFileSync } from 'node:fs';
import { addSignatures, formatNote, meetsQuorum, parseCheckpoint, parsePolicy } from '../../ledger/note/index.ts';
import { askWitness } from '../../ledger/log/witness.ts';
import { UsageError, type Command } from '../command.ts';
import { findPlace, openForReading, openPlaceStore } from '../place.ts';
import { sendTo } from '../send.ts';

export const command: Command = {
  usage: '--policy FILE',
  help: `Sends the newest checkpoint with a consistency proof to every witness that the C2SP trust policy names with a URL, checks what
comes back, and keeps the cosignatures with the checkpoint: receipts made from then on carry them.
Exit code 1 when the policy's quorum is not met.`,
  options: {
    policy: { type: 'string', takes: 'FILE', help: 'a C2SP trust policy with witness URLs' },
    timeout: { type: 'string', takes: 'SECONDS', help: 'how long to wait for each witness (else 10)' },
  },
  examples: [['stella log witness --policy policy.txt', 'after each release, or every hour']],

  async run(call) {
    const file = call.value('policy');
    if (file === undefined) throw new UsageError('give --policy FILE');
    const { witnesses, quorum } = parsePolicy(new Uint8Array(readFileSync(file)));
    const timeoutMs = Number(call.value('timeout') ?? '10') * 1000;
    const place = findPlace(call);
    const log = await openForReading(place);
    const store = openPlaceStore(place);
    try {
      let checkpoint = parseCheckpoint(log.published.note);
      const cosigned: { name: string; signedAt: string }[] = [];
      const failed: { name: string; is: string; message: string }[] = [];
      for (const witness of witnesses) {
        if (witness.url === null) continue;
        const answer = await askWitness(log, checkpoint, witness, sendTo(witness.url, timeoutMs));
        if (answer.is !== 'cosigned') {
          const message = answer.is === 'elsewhere' ? `it has seen size ${answer.size}, which this log does not have` : answer.message;
          call.out.say(`no   ${witness.key.name}: ${message}`);
          failed.push({ name: witness.key.name, is: answer.is, message });
          continue;
        }
        checkpoint = addSignatures(checkpoint, answer.signatures);
        const signedAt = new Date((answer.witnesses[0]?.time ?? 0) * 1000).toISOString();
        call.out.say(`yes  ${witness.key.name} cosigned size ${checkpoint.size} at ${signedAt}`);
        cosigned.push({ name: witness.key.name, signedAt });
      }
      // Of one size the newest text is kept: a crash before this loses cosignatures, which the witnesses give again.
      if (cosigned.length > 0) await store.saveCheckpoint(checkpoint.size, formatNote(checkpoint.note));
      const met = quorum === null || meetsQuorum(quorum, (witness) => cosigned.some(({ name }) => name === witness.key.name));
      call.out.say(quorum === null ? 'the policy asks for no quorum' : met ? 'the quorum is met' : 'the quorum is NOT met');
      const verdict = quorum === null ? 'none' : met ? 'met' : 'unmet';
      call.out.answer({ size: checkpoint.size, cosigned, failed, quorum: verdict, checkpoint: formatNote(checkpoint.note) });
      return met ? 'yes' : 'no';
    } finally {
      await store.close();
    }
  },
};
