// stella key list: which keys sign, which signed, and which files are here.
import { readKeys } from '../../actions/rotate-key.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { LogView } from '../../ledger/log/view.ts';
import type { Command } from '../command.ts';
import { listKeys } from '../keys.ts';
import { findPlace, openForReading, type Place } from '../place.ts';

export const command: Command = {
  usage: '',
  takesWords: false,
  help: `Lists the keys of this ledger: the one that signs now, the one for Rekor's clients, the one for attestations, those that are retired with
the last size each may have signed, and files not in use.`,
  options: {},
  examples: [['stella key list --json', 'the verifier keys, for a program']],

  async run(call) {
    const place = findPlace(call);
    const log = await openForReading(place);
    const { key: current, retired, genesis } = await log.readControl();
    const checkpoint = listKeys(place).map(({ id, vkey }) => {
      const past = retired.find((old) => formatHex(old.id) === id);
      const isRekor = genesis.keys.some((key) => key.use === 'rekor' && formatHex(key.id) === id);
      const state = isRekor ? 'rekor' : id === formatHex(current.id) ? 'signing' : past === undefined ? 'unused' : 'retired';
      return { id, use: isRekor ? 'rekor' : 'checkpoint', vkey, state, lastSize: past?.lastSize ?? null, hasFile: true };
    });
    const rows: Row[] = [...checkpoint, ...(await attestationRows(place, log))];
    rows.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    for (const { id, use, vkey, state, lastSize, hasFile } of rows) {
      const what = vkey ?? `for attestations${hasFile ? '' : ', its file is not here'}`;
      call.out.say(`${state.padEnd(11)} ${id.slice(0, 16)}…  ${what}${lastSize === null ? '' : `  up to size ${lastSize}`}`);
      if (use === 'attestation' && state === 'attestation' && !hasFile) call.out.warn(`the file of the attestation key ${id.slice(0, 16)}… is not here`);
    }
    if (!rows.some(({ state }) => state === 'signing')) call.out.warn(`the file of the signing key ${formatHex(current.id).slice(0, 16)}… is not here`);
    call.out.answer({ keys: rows });
    return 'yes';
  },
};

interface Row {
  readonly id: string;
  readonly use: string;
  /** Null for what signs no checkpoint, so that nobody trusts it for one. */
  readonly vkey: string | null;
  readonly state: string;
  readonly lastSize: number | null;
  readonly hasFile: boolean;
}

/** Those on record, the newest first, then files that no entry names. */
async function attestationRows(place: Place, log: LogView): Promise<Row[]> {
  const files = listKeys(place, 'attestation').map(({ id }) => id);
  const known = (await readKeys(log)).filter(({ use }) => use === 'attestation');
  const row = (id: string, state: string, lastSize: number | null): Row => {
    return { id, use: 'attestation', vkey: null, state, lastSize, hasFile: files.includes(id) };
  };
  return [
    ...known.map(({ id, ended }) => row(id, ended === null ? 'attestation' : 'retired', ended?.lastSize ?? null)),
    ...files.filter((id) => known.every((key) => key.id !== id)).map((id) => row(id, 'unused', null)),
  ];
}

const ORDER = ['signing', 'rekor', 'attestation', 'unused', 'retired'];
