// stella contract assign: artifacts that have to meet a contract, or have to no more.
import { assignContract, unassignContract } from '../../actions/contract.ts';
import { formatDigest } from '../../ledger/events/index.ts';
import { UsageError, type Command } from '../command.ts';
import { parseName } from '../names.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';
import { parseSubject } from '../subjects.ts';

const REASONS = ['mistaken', 'retired', 'superseded'] as const;

export const command: Command = {
  usage: 'NAME --subject sha256:HEX… [--end REASON]',
  help: 'The artifacts have to meet the contract from here on, beside those they had to meet before; with --end, they have to no more.',
  options: {
    subject: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'an artifact; may be repeated' },
    end: { type: 'string', takes: 'REASON', help: `they have to meet it no more: ${REASONS.join(', ')}` },
  },
  examples: [['stella contract assign release --subject sha256:4f2c…9a', 'this image needs what "release" asks for']],

  async run(call) {
    const [name, ...others] = call.positionals;
    const subjects = call.values('subject').map(parseSubject);
    if (name === undefined || others.length > 0 || subjects.length === 0) throw new UsageError('give a contract and at least one --subject');
    parseName(name, 'a contract');
    const given = call.value('end');
    const end = REASONS.find((one) => one === given);
    if (given !== undefined && end === undefined) throw new UsageError(`--end is one of ${REASONS.join(', ')}`);
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const by = localActor(call, place);
      const { index } = await (end === undefined ? assignContract({ log }, name, subjects, by) : unassignContract({ log }, name, subjects, end, by));
      call.out.say(`entry ${index}: contract ${name} ${end === undefined ? 'binds' : 'binds no more'} ${subjects.map(formatDigest).join(', ')}`);
      call.out.answer({ index, name, subjects: subjects.map(formatDigest), binds: end === undefined, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
