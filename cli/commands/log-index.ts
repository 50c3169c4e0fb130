// stella log index: state the stream index's root on record now.
import type { Command } from '../command.ts';
import { findPlace, openForWriting } from '../place.ts';

export const command: Command = {
  usage: '',
  takesWords: false,
  help: `Appends ledger.indexed, which holds the root of the stream index over all entries before it. The ledger does so by itself at
least every 65,536 entries; done now, "stella stream NAME --out FILE" can prove that a stream's last event is its last.`,
  options: {},
  examples: [['stella log index && stella stream artifact:sha256:4f2c…9a --out complete.json', 'everything about one artifact, and that it is everything']],

  async run(call) {
    const log = await openForWriting(call, findPlace(call));
    try {
      const { index } = await log.stateIndex();
      call.out.say(`entry ${index} states the stream index over the ${index} entries before it`);
      call.out.answer({ index, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
