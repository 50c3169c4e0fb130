// stella contract publish: which evidence has to arrive.
import { readFileSync } from 'node:fs';
import { publishContract } from '../../actions/contract.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseName } from '../names.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

export const command: Command = {
  usage: 'NAME FILE',
  help: `Publishes a contract (spec/contract.md): which kinds of evidence have to arrive for an artifact, from whom, and how fresh. The
newest one of a name counts. It binds the artifacts that it is assigned to.`,
  options: {},
  examples: [['stella contract publish release contract.json', 'then "stella contract assign release --subject sha256:…"']],

  async run(call) {
    const [name, file, ...others] = call.positionals;
    if (name === undefined || file === undefined || others.length > 0) throw new UsageError('give a name and a file');
    parseName(name, 'a contract');
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const { index } = await publishContract({ log, ...payloadsOf(call, place) }, name, new Uint8Array(readFileSync(file)), localActor(call, place));
      call.out.say(`entry ${index}: contract ${name}`);
      call.out.answer({ index, name, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
