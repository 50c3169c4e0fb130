// stella evidence supersede: what an entry recorded counts no more.
import { supersedeEvidence } from '../../actions/supersede.ts';
import { UsageError, type Command } from '../command.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openDocuments, openForWriting } from '../place.ts';

const REASONS = ['corrected', 'mistaken', 'newer', 'withdrawn'] as const;

export const command: Command = {
  usage: 'ENTRY --reason REASON [--by ENTRY]',
  help: `Ends what a bill of materials, an attestation, a report or VEX on record counts for, from here on: in gates, scans, contracts and
exports. Decisions made before stay as they were made. It stays on record, and there is no way back: sent again, it is the same
evidence, and superseded. A file that was recorded in two entries, such as a signed bill of materials, is two pieces of evidence.`,
  options: {
    reason: { type: 'string', takes: 'REASON', help: `why: ${REASONS.join(', ')}` },
    by: { type: 'string', takes: 'ENTRY', help: 'the evidence that takes its place: of the same kind, about the same' },
  },
  examples: [
    ['stella evidence supersede 12 --reason mistaken', 'entry 12 was recorded by mistake'],
    ['stella evidence supersede 12 --reason corrected --by 31', 'its time was wrong, and entry 31 has the right one'],
  ],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one entry: "stella timeline" lists them');
    const entry = parseCount(text, 'an index');
    const reason = REASONS.find((one) => one === call.value('reason'));
    if (reason === undefined) throw new UsageError(`say why with --reason: ${REASONS.join(', ')}`);
    const said = call.value('by');
    const by = said === undefined ? {} : { by: parseCount(said, 'an index') };
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const { documents, close } = await openDocuments(place, log);
      const done = await supersedeEvidence({ log, documents }, { entry, reason, ...by }, localActor(call, place)).finally(close);
      const { index, count, type, alike } = done;
      const entries = count === 1 ? `entry ${index}` : `entries ${index} to ${index + count - 1}`;
      call.out.say(`${entries}: the ${type} of entry ${entry} counts no more, ${reason}${by.by === undefined ? '' : `; entry ${by.by} takes its place`}`);
      for (const other of alike) call.out.warn(`entry ${other} says the same, and counts as it did`);
      call.out.answer({ index, count, superseded: entry, type, reason, ...by, alike, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
