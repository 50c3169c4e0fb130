// stella retention: how long sealed payloads are kept before they may go for no other reason than that nobody needs them.
import { RETENTION_PROFILES, retentionOf, setRetention, type RetentionProfile } from '../../actions/retention.ts';
import { UsageError, type Command } from '../command.ts';
import { findPlace, localActor, openForReading, openForWriting } from '../place.ts';

const names = Object.keys(RETENTION_PROFILES) as RetentionProfile[];

export const command: Command = {
  usage: '[PROFILE]',
  help: `Says how long sealed payloads are kept before they may be erased because nobody needs them, or puts another profile on record:
standard (18 months for evidence, 36 for what persons wrote) or ten-years (for both). The newest counts, for what is there already too.
What a person or a court demands does not wait.`,
  options: {},
  examples: [['stella retention', 'what counts now'], ['stella retention ten-years', 'for products whose technical documentation has to be kept']],

  async run(call) {
    const [said, ...others] = call.positionals;
    const profile = names.find((name) => name === said);
    if (others.length > 0 || (said !== undefined && profile === undefined)) throw new UsageError(`name one profile: ${names.join(', ')}`);
    const place = findPlace(call);
    const months = (name: RetentionProfile) => `evidence ${RETENTION_PROFILES[name].evidence} months, what persons wrote ${RETENTION_PROFILES[name].acts}`;
    if (profile === undefined) {
      const { profile: now, entry } = await retentionOf(await openForReading(place));
      call.out.say(`${now}${entry === null ? '' : `, entry ${entry}`}: ${months(now)}`);
      call.out.answer({ profile: now, entry, months: RETENTION_PROFILES[now] });
      return 'yes';
    }
    const log = await openForWriting(call, place);
    try {
      const { index } = await setRetention(log, profile, localActor(call, place));
      call.out.say(`entry ${index}: ${profile}: ${months(profile)}`);
      call.out.answer({ profile, entry: index, months: RETENTION_PROFILES[profile], size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
