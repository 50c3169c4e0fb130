// stella trust remove: whose signatures count no more.
import { removeTrust } from '../../actions/trust.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

const REASONS = ['compromised', 'mistaken', 'superseded', 'unused'] as const;

export const command: Command = {
  usage: 'ENTRY --reason REASON',
  help: `Ends what the entry added to trust, from here on. What was decided before stays as it was decided: a decision follows the trust
of its own size.`,
  options: { reason: { type: 'string', takes: 'REASON', help: `why: ${REASONS.join(', ')}` } },
  examples: [['stella trust remove 12 --reason compromised', 'the key that entry 12 added has leaked']],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one entry of "stella trust list"');
    const entry = parseCount(text, 'an index');
    const reason = REASONS.find((one) => one === call.value('reason'));
    if (reason === undefined) throw new UsageError(`say why with --reason: ${REASONS.join(', ')}`);
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const { index } = await removeTrust({ log, ...payloadsOf(call, place) }, entry, reason, localActor(call, place));
      call.out.say(`entry ${index}: what entry ${entry} added is trusted no more, ${reason}`);
      call.out.answer({ index, removed: entry, reason, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
