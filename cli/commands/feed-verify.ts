// stella feed verify: is a snapshot exactly what its records make.
import { findSnapshot, withSnapshot } from '../../actions/feeds.ts';
import { checkSnapshot } from '../../actions/import-feed.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { UsageError, type Command } from '../command.ts';
import { workFileIn } from '../feed-ports.ts';
import { feedOf, feedOption, parseWanted, snapshotLine } from '../feeds.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';

export const command: Command = {
  usage: '[DIGEST|DATE] [--feed NAME]',
  help: `Reads the whole snapshot (else the newest), compares its file with the digest on record, and builds it again from its own records:
a record left out of an index, which no scan could notice, is found by this. The exit code is the verdict.`,
  options: { feed: feedOption },
  examples: [['stella feed verify', 'the newest snapshot'], ['stella feed verify 2026-11-01', 'the one of that day']],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError('name at most one snapshot');
    const place = findPlace(call);
    const payloads = openPlacePayloads(place);
    const one = await findSnapshot(await openForReading(place), feedOf(call), text === undefined ? { is: 'newest' } : parseWanted(text));
    const verdict = await (async () => {
      try {
        call.out.progress('comparing the file');
        for await (const _ of payloads.get(one.file.digest));
        call.out.progress('building it again');
        await withSnapshot(payloads, one, () => checkSnapshot({ payloads, workFile: workFileIn(place) }, one.file));
        return null;
      } catch (error) {
        if (error instanceof LedgerError && ['PAYLOAD_CORRUPT', 'SNAPSHOT_DAMAGED', 'INPUT_MALFORMED'].includes(error.code)) return error;
        throw error;
      }
    })();
    call.out.say(`${verdict === null ? 'YES' : `NO   ${verdict.code}: ${verdict.message}\n    `}  ${snapshotLine(one)}`);
    call.out.answer({ snapshot: one.name, index: one.index, verdict: verdict?.code ?? 'OK', ...(verdict === null ? {} : { message: verdict.message }) });
    return verdict === null ? 'yes' : 'no';
  },
};
