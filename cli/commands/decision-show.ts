// stella decision show: what was decided, why, and on what it stands.
import { findDecision } from '../../actions/replay.ts';
import { foreignKey, ledgerKeyIn } from '../author-key.ts';
import { UsageError, type Command } from '../command.ts';
import { decisionJson, makeFolders, readTold, reportOptions, sayDecision, signOptions, wantsSignature, writeReports } from '../decisions.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openDocuments, openForReading, openPlacePayloads } from '../place.ts';
import { dataTextOf } from '../policy-data.ts';
import { sayPassedOver } from '../superseded.ts';

export const command: Command = {
  usage: 'INDEX [OPTIONS]',
  help: 'Shows a decision on record: the answer, its codes, what the policy said, and the state it stands on; and writes it in other forms.',
  options: { ...reportOptions, ...signOptions },
  examples: [
    ['stella decision show 41', 'why it said so'],
    ['stella decision show 41 --vsa vsa.json', 'the same as a SLSA verification summary, signed'],
  ],

  async run(call) {
    const [index, ...others] = call.positionals;
    if (index === undefined || others.length > 0) throw new UsageError('name one decision by its index; "stella decision list" has them');
    makeFolders(call);
    const place = findPlace(call);
    const log = await openForReading(place);
    const payloads = openPlacePayloads(place);
    const at = parseCount(index, 'an index');
    const event = await findDecision(log, at);
    const told = await readTold(payloads, place.origin, at, event);
    const key = foreignKey(call) ?? (wantsSignature(call) ? await ledgerKeyIn(call, place) : null);
    const data = call.value('write-input') === undefined ? null : await dataTextOf(log, payloads, event);
    sayDecision(call, told);
    const { queries, close } = await openDocuments(place, log);
    await sayPassedOver(call, { log, queries }, event.data.artifact[1], event.data.tree.size).finally(close);
    call.out.answer(decisionJson(told));
    await writeReports(call, told, payloads, data, wantsSignature(call) ? key : null);
    return call.value('write-input') !== undefined && told.input === null ? 'cannot' : 'yes';
  },
};
