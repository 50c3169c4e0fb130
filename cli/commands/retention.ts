// stella retention: how long sealed payloads are kept before they may go for no other reason than that nobody needs them.
import { changeRetention, RETENTION_PROFILES, retentionOf, sayShortened, type RetentionProfile } from '../../actions/retention.ts';
import { UsageError, type Command } from '../command.ts';
import { findPlace, localActor, openForReading, openForWriting } from '../place.ts';

const names = Object.keys(RETENTION_PROFILES) as RetentionProfile[];

export const command: Command = {
  usage: '[PROFILE [--shorten]]',
  help: `Says how long sealed payloads are kept before they may be erased because nobody needs them, or puts another profile on record:
standard (18 months for evidence, 36 for what persons wrote) or ten-years (for both). The newest counts, for what is there already too:
where something on record could go earlier than was said, the call is refused, and tells how much and from when; --shorten does it.
What a person or a court demands does not wait.`,
  options: { shorten: { type: 'boolean', help: 'what is on record may go earlier than was said when it came' } },
  examples: [['stella retention', 'what counts now'], ['stella retention ten-years', 'for products whose technical documentation has to be kept']],

  async run(call) {
    const [said, ...others] = call.positionals;
    const profile = names.find((name) => name === said);
    if (call.flag('shorten') && said === undefined) throw new UsageError('--shorten is of a profile: name one');
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
      const how = { now: call.now(), isMeant: call.flag('shorten') };
      const { index, shortened } = await changeRetention(log, profile, how, localActor(call, place));
      call.out.say(`entry ${index}: ${profile}: ${months(profile)}`);
      if (shortened !== null) call.out.warn(sayShortened(shortened));
      const next = shortened?.next ?? null;
      call.out.answer({
        profile, entry: index, months: RETENTION_PROFILES[profile],
        ...(shortened === null ? {} : { shortened: { ...shortened, next: next === null ? null : new Date(next).toISOString() } }), size: log.published.size,
      });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
