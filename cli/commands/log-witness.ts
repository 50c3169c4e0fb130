// stella log witness: show the newest checkpoint to the witnesses of a trust policy and keep their cosignatures.
import { readFileSync } from 'node:fs';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { witnessRound } from '../../ledger/log/witness.ts';
import { parsePolicy } from '../../ledger/note/index.ts';
import { UsageError, type Command } from '../command.ts';
import { findPlace, openForReading, openPlaceStore } from '../place.ts';
import { sendTo } from '../send.ts';
import { keepWitnessed } from '../witnessed.ts';

export const command: Command = {
  usage: '--policy FILE [--timeout SECONDS]',
  takesWords: false,
  help: `Sends the newest checkpoint with a consistency proof to every witness that the C2SP trust policy names with a URL, checks what
comes back, and keeps the cosignatures with the checkpoint: receipts made from then on carry them, and every later start holds
this machine's clock against the time that the witnesses stated.
Exit code 1 when the policy's quorum is not met.`,
  options: {
    policy: { type: 'string', takes: 'FILE', help: 'a C2SP trust policy with witness URLs' },
    timeout: { type: 'string', takes: 'SECONDS', help: 'how long to wait for each witness (else 10)' },
  },
  examples: [['stella log witness --policy policy.txt', 'after each release, or every hour']],

  async run(call) {
    const file = call.value('policy');
    if (file === undefined) throw new UsageError('give --policy FILE');
    const text = decodeUtf8(new Uint8Array(readFileSync(file)));
    const policy = parsePolicy(text);
    const timeoutMs = Number(call.value('timeout') ?? '10') * 1000;
    const place = findPlace(call);
    const log = await openForReading(place);
    const { note, checkpoint, quorum: met, answers } = await witnessRound(log, policy, (url) => sendTo(url, timeoutMs));
    const cosigned: { name: string; signedAt: string }[] = [];
    const failed: { name: string; is: string; message: string }[] = [];
    for (const { witness, answer } of answers) {
      const { name } = witness.key;
      if (answer.is === 'cosigned') {
        const signedAt = new Date((answer.witnesses[0]?.time ?? 0) * 1000).toISOString();
        call.out.say(`yes  ${name} cosigned size ${checkpoint.size} at ${signedAt}`);
        cosigned.push({ name, signedAt });
        continue;
      }
      const message = answer.is === 'elsewhere' ? `it has seen size ${answer.size}, which this log does not have` : answer.message;
      call.out.say(`no   ${name}: ${message}`);
      failed.push({ name, is: answer.is, message });
    }
    if (cosigned.length > 0) {
      // Of one size the newest text is kept: a crash before this loses cosignatures, which the witnesses give again.
      const store = openPlaceStore(place);
      await store.saveCheckpoint(checkpoint.size, note);
      await store.close();
      keepWitnessed(place, text, note);
    }
    const quorum = policy.quorum === null ? 'none' : met ? 'met' : 'unmet';
    call.out.say({ none: 'the policy asks for no quorum', met: 'the quorum is met', unmet: 'the quorum is NOT met' }[quorum]);
    call.out.answer({ size: checkpoint.size, cosigned, failed, quorum, checkpoint: note });
    return quorum === 'unmet' ? 'no' : 'yes';
  },
};
