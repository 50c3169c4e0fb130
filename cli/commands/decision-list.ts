// stella decision list: what gates answered, newest first.
import { inOrder } from '../../actions/gate-report.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { decodeEvent, type Event } from '../../ledger/events/index.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { UsageError, type Command } from '../command.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openForReading } from '../place.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '[--artifact sha256:HEX] [--policy NAME] [--last N]',
  help: 'Lists decisions, newest first: of an artifact, under a policy, or all of them.',
  options: {
    artifact: { type: 'string', takes: 'sha256:HEX', help: 'about this artifact' },
    policy: { type: 'string', takes: 'NAME', help: 'under this policy' },
    last: { type: 'string', takes: 'N', help: 'at most so many (20)' },
  },
  examples: [['stella decision list --policy release', 'what this policy let through']],

  async run(call) {
    if (call.positionals.length > 0) throw new UsageError('this command takes no words');
    const [artifact, policy, last] = ['artifact', 'policy', 'last'].map((name) => call.value(name));
    const wanted = artifact === undefined ? null : `sha256:${formatHex(parseSubject(artifact)[1])}`;
    const most = last === undefined ? 20 : parseCount(last, 'a count');
    const log = await openForReading(findPlace(call));
    const found: object[] = [];
    for await (const { index, event } of wanted === null ? newestFirst(log) : log.stream(`artifact:${wanted}`)) {
      if (found.length === most) break;
      if (event.type !== 'decision.recorded' || (policy !== undefined && event.data.policy !== policy)) continue;
      const about = `sha256:${formatHex(event.data.artifact[1])}`;
      const { outcome, policy: name } = event.data;
      const codes = inOrder(event.data.codes);
      const why = codes.length === 0 ? '' : `  ${codes.join(', ')}`;
      call.out.say(`${String(index).padStart(8)}  ${new Date(event.at).toISOString()}  ${outcome.padEnd(5)}  ${about.slice(0, 19)}…  ${name}${why}`);
      found.push({ decision: index, recorded: new Date(event.at).toISOString(), outcome, codes, artifact: about, policy: name });
    }
    if (found.length === 0) call.out.say('no decisions');
    call.out.answer({ decisions: found });
    return 'yes';
  },
};

/** Every event from the newest back. */
async function* newestFirst(log: LogView): AsyncIterable<{ index: number; event: Event }> {
  for (let index = log.published.size - 1; index > 0; index--) {
    const entry = await log.entry(index);
    if (entry[0] !== 0x7b) yield { index, event: decodeEvent(entry) };
  }
}
