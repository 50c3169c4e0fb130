// stella person list: who can act here.
import { formatHex } from '../../ledger/bytes.ts';
import type { Command } from '../command.ts';
import { listPersons, pseudonymOf } from '../persons.ts';
import { findPlace } from '../place.ts';

export const command: Command = {
  usage: '',
  takesWords: false,
  help: 'Lists the persons whose names this machine knows, with the pseudonyms that stand in the log.',
  options: {},
  examples: [['stella person list --json', 'to put names to the pseudonyms of a report']],

  async run(call) {
    const place = findPlace(call);
    const persons = listPersons(place).map((one) => ({ ...one, person: formatHex(pseudonymOf(call, place, one.name)) }));
    for (const { name, person, keyId, keyFile } of persons) {
      call.out.say(`${name.padEnd(16)} ${person}  key ${keyId.slice(0, 16)}…${keyFile === null ? '  (private key elsewhere)' : ''}`);
    }
    if (persons.length === 0) call.out.say('nobody: "stella person add NAME" adds somebody');
    call.out.answer({ persons: persons.map(({ name, person, keyId, keyFile }) => ({ name, person, key: keyId, hasKeyFile: keyFile !== null })) });
    return 'yes';
  },
};
