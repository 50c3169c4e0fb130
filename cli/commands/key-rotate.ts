// stella key rotate: another key signs from here on, on record and signed by both.
import { formatHex } from '../../ledger/bytes.ts';
import { openKey } from '../../ledger/log/key-file.ts';
import { UsageError, type Command } from '../command.ts';
import { listKeys } from '../keys.ts';
import { findPlace, localActor, openForWriting, passphraseOf } from '../place.ts';

export const command: Command = {
  usage: 'KEY',
  help: `Appends key.rotated, signed by the old and the new key. The old key may have signed checkpoints up to that entry and none
after it: verifiers that know the rotation refuse larger ones. Give the new verifier key to those who verify.`,
  options: {},
  examples: [['stella key rotate 9f3c2a71d04b8e55', 'the key that "stella key new" made, by its first digits']],

  async run(call) {
    const [wanted, ...others] = call.positionals;
    if (wanted === undefined || others.length > 0) throw new UsageError('name one key by its id, or the first digits of it');
    const place = findPlace(call);
    const matches = listKeys(place).filter(({ id }) => id.startsWith(wanted));
    const [key] = matches;
    if (key === undefined || matches.length > 1) throw new UsageError(`"${wanted}" names ${matches.length} keys: see "stella key list"`);
    const to = openKey(key.bytes, await passphraseOf(call));
    const log = await openForWriting(call, place);
    try {
      const { key: from } = await log.readControl();
      if (formatHex(from.id) === key.id) throw new UsageError('this key signs already');
      const { index } = await log.rotate(to, localActor(call, place));
      const { vkey } = key;
      call.out.say(`entry ${index}: ${formatHex(from.id).slice(0, 16)}… signs no more, from now on it is\n  ${vkey}`);
      call.out.answer({ index, from: formatHex(from.id), to: key.id, vkey, lastSize: index + 1 });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
