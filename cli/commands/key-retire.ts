// stella key retire: a key that signs statements ends without a successor.
import { readKeys, retireKey } from '../../actions/rotate-key.ts';
import { UsageError, type Command } from '../command.ts';
import { RETIRE_REASONS, retireReasonOf } from '../keys.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

export const command: Command = {
  usage: 'KEY --reason REASON',
  help: `Ends a key that signs statements: a person's, or this ledger's for attestations, which "stella key rotate" replaces in one step. What
it signed up to then stays good; nothing that it signs from here on counts, and it never serves again. Its file is not needed, and
not removed. A checkpoint key is never retired, only rotated.`,
  options: { reason: { type: 'string', takes: 'REASON', help: `why: ${RETIRE_REASONS.join(', ')}` } },
  examples: [['stella key retire 51c0de77a2f4b913 --reason compromised', 'a key of "stella person list" or "stella key list", by its first digits']],

  async run(call) {
    const [wanted, ...others] = call.positionals;
    if (wanted === undefined || others.length > 0) throw new UsageError('name one key by its id, or the first digits of it');
    const reason = retireReasonOf(call);
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const matches = [...new Set((await readKeys(log)).map(({ id }) => id))].filter((id) => id.startsWith(wanted));
      const [id] = matches;
      if (id === undefined || matches.length > 1) throw new UsageError(`"${wanted}" names ${matches.length} keys: see "stella key list", "stella person list"`);
      const { index, lastSize } = await retireKey(log, id, reason, localActor(call, place));
      call.out.say(`entry ${index}: ${id.slice(0, 16)}… signs no more, ${reason}; what it signed up to size ${lastSize} stays good`);
      call.out.answer({ index, key: id, reason, lastSize, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
