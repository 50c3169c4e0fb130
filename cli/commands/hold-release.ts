// stella hold release: a hold ends.
import { releaseHold } from '../../actions/hold.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

export const command: Command = {
  usage: 'ENTRY [--justification TEXT]',
  help: 'Ends the hold that the entry placed. Nothing is erased by it; from here on it may be.',
  options: { justification: { type: 'string', takes: 'TEXT', help: 'why, in your words; kept sealed' } },
  examples: [['stella hold release 31', 'the case that entry 31 was about is closed']],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one entry of "stella hold list"');
    const placed = parseCount(text, 'an index');
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const { index } = await releaseHold({ log, ...payloadsOf(call, place) }, placed, localActor(call, place), call.value('justification'));
      call.out.say(`entry ${index}: the hold of entry ${placed} is released`);
      call.out.answer({ index, released: placed, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
