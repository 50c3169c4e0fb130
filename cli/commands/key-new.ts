// stella key new: a key file beside the ledger's others, not in use yet.
import { openKey, sealKey } from '../../ledger/log/key-file.ts';
import { authorOf, pemOf } from '../author-key.ts';
import { UsageError, type Command } from '../command.ts';
import { addKey } from '../keys.ts';
import { findPlace, passphraseOf } from '../place.ts';

export const command: Command = {
  usage: '[--use checkpoint|attestation]',
  takesWords: false,
  help: `Makes an Ed25519 key for this ledger's origin and stores it encrypted (Argon2id, AES-256-GCM) under the passphrase. It signs
nothing before "stella key rotate" puts it on record: checkpoints or, with --use attestation, what this ledger asserts, attests and packs.`,
  options: { use: { type: 'string', takes: 'WORD', help: 'what it is for: checkpoint (else this), attestation' } },
  examples: [
    ['stella key new', 'then back the key file up, then "stella key rotate"'],
    ['stella key new --use attestation', 'and give its public key to those who trust the one before it'],
  ],

  async run(call) {
    const use = call.value('use') ?? 'checkpoint';
    if (use !== 'checkpoint' && use !== 'attestation') throw new UsageError('--use is checkpoint or attestation');
    const place = findPlace(call);
    const passphrase = await passphraseOf(call);
    const { id, vkey, file, bytes } = addKey(place, sealKey(place.origin, call.random(32), passphrase, call.random(28)), use);
    // A verifier key of what signs statements would be taken for one that may sign checkpoints.
    const shown = use === 'checkpoint' ? { vkey } : { publicKey: pemOf(authorOf(openKey(bytes, passphrase))) };
    const text = shown.vkey ?? shown.publicKey.trimEnd().replaceAll('\n', '\n  ');
    call.out.say(`key ${id}\n  ${text}\n  in ${file}\nIt is not in use before "stella key rotate ${id.slice(0, 16)}".`);
    call.out.answer({ id, use, ...shown, file });
    return 'yes';
  },
};
