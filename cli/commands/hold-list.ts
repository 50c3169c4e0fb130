// stella hold list: which holds stand, and which did.
import { listHolds } from '../../actions/hold.ts';
import type { Command } from '../command.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[--all]',
  takesWords: false,
  help: 'Lists the holds that stand, the newest first: what they hold, why, and until when. With --all those that are over, too.',
  options: { all: { type: 'boolean', help: 'released ones and those whose time is over, too' } },
  examples: [['stella hold list', 'what may not be erased now']],

  async run(call) {
    const now = call.now();
    const holds = (await listHolds(await openForReading(findPlace(call)))).map(({ index, event: { at, data }, released }) => {
      const { basis, entry = null, until = null, streams } = data;
      const stands = released === null && (until === null || now <= until);
      return { index, at, basis, entry, until: until === null ? null : new Date(until).toISOString(), streams, released, stands };
    });
    const shown = holds.filter(({ stands }) => stands || call.flag('all'));
    for (const { index, basis, entry, until, streams, released, stands } of shown) {
      const what = entry === null ? streams.join(', ') : `entry ${entry}`;
      const state = released !== null ? `released by entry ${released}` : stands ? `until ${until ?? 'it is released'}` : `over since ${until}`;
      call.out.say(`entry ${index}  ${basis.padEnd(13)} ${what}  ${state}`);
    }
    if (shown.length === 0) call.out.say('no hold stands');
    call.out.answer({ holds: shown });
    return 'yes';
  },
};
