// stella key list: which keys sign, which signed, and which files are here.
import { formatHex } from '../../ledger/bytes.ts';
import type { Command } from '../command.ts';
import { listKeys } from '../keys.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '',
  help: `Lists the keys of this ledger: the one that signs now, the one for Rekor's clients, those that are retired with the last size each may
have signed, and files not in use.`,
  options: {},
  examples: [['stella key list --json', 'the verifier keys, for a program']],

  async run(call) {
    const place = findPlace(call);
    const { key: current, retired, genesis } = await (await openForReading(place)).readControl();
    const rows = listKeys(place).map(({ id, vkey }) => {
      const past = retired.find((old) => formatHex(old.id) === id);
      const isRekor = genesis.keys.some((key) => key.use === 'rekor' && formatHex(key.id) === id);
      const state = isRekor ? 'rekor' : id === formatHex(current.id) ? 'signing' : past === undefined ? 'unused' : 'retired';
      return { id, vkey, state, lastSize: past?.lastSize ?? null };
    });
    rows.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    for (const { id, vkey, state, lastSize } of rows) {
      call.out.say(`${state.padEnd(8)} ${id.slice(0, 16)}…  ${vkey}${lastSize === null ? '' : `  up to size ${lastSize}`}`);
    }
    if (!rows.some(({ state }) => state === 'signing')) call.out.warn(`the file of the signing key ${formatHex(current.id).slice(0, 16)}… is not here`);
    call.out.answer({ keys: rows });
    return 'yes';
  },
};

const ORDER = ['signing', 'rekor', 'unused', 'retired'];
