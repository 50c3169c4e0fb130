// stella clock accept: put on record that the clock as it is now is right.
import { LedgerError } from '../../ledger/errors.ts';
import type { Command } from '../command.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

export const command: Command = {
  usage: '',
  takesWords: false,
  help: `When the clock was set while the ledger ran, is behind the newest entry, or is a day from any time known from outside, the
ledger appends nothing. If the clock is right now, this begins a new clock epoch, on record as ledger.clock_set. If it is wrong,
set the clock instead.`,
  options: {},
  examples: [['stella clock accept', 'after checking the clock against another one']],

  async run(call) {
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const doubt = log.clockDoubt();
      const accepted = await log.acceptClock(localActor(call, place));
      if (accepted === null) call.out.say('nothing to accept: the clock is believed');
      else call.out.say(`accepted: the clock says ${new Date(doubt?.to ?? call.now()).toISOString()}, on record as entry ${accepted.index}`);
      call.out.answer({ accepted: accepted !== null, index: accepted?.index ?? null, doubt });
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'CLOCK_DOUBTED') call.out.warn('the clock moved again while this ran');
      throw error;
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
