// stella key new: a key file beside the ledger's others, not in use yet.
import { sealKey } from '../../ledger/log/key-file.ts';
import type { Command } from '../command.ts';
import { addKey } from '../keys.ts';
import { findPlace, passphraseOf } from '../place.ts';

export const command: Command = {
  usage: '',
  help: `Makes an Ed25519 key for this ledger's origin and stores it encrypted (Argon2id, AES-256-GCM) under the passphrase. It signs
nothing before "stella key rotate" puts it on record.`,
  options: {},
  examples: [['stella key new', 'then back the key file up, then "stella key rotate"']],

  async run(call) {
    const place = findPlace(call);
    const { id, vkey, file } = addKey(place, sealKey(place.origin, call.random(32), await passphraseOf(call), call.random(28)));
    call.out.say(`key ${id}\n  ${vkey}\n  in ${file}\nIt is not in use before "stella key rotate ${id.slice(0, 16)}".`);
    call.out.answer({ id, vkey, file });
    return 'yes';
  },
};
