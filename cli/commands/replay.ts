// stella replay: make a decision again from the log, and say whether it comes out the same.
import { replayPack } from '../../actions/replay-pack.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import type { ExitName } from '../exit.ts';
import { parseCount } from '../numbers.ts';
import { replayFile } from '../programs/replay-file.ts';
import { packOptions, readerTrust, trustOptions } from '../verify-pack.ts';

export const command: Command = {
  usage: 'DECISION [--full | --deep] [--at TIME] [--policy NAME] [--size N | --now] | PACK.zip [--key VKEY…] [--decision N] [--full | --deep] [OPTIONS]',
  help: `Makes a decision again from the state that it names, and compares: SAME (status 0), DRIFT with the first thing that differs and
the event behind it (1), or CANNOT with what is missing (5).

A pack is verified first, and its decision made again from what is in it, or, of an artifact's or a period's pack, each decision that it
holds: with no ledger, no server, and the same answer as the program inside. Whose log it is, the key says that you bring: without one
the verdict is shown, and the status is 5.

With --at, --policy, --size or --now it says what would be decided otherwise: a WHAT-IF, which is on no record, is never a pass,
and always ends with status 7.`,
  options: {
    ...trustOptions,
    'trust-policy': { type: 'string', takes: 'FILE', help: 'of a pack: a C2SP trust policy: logs, witnesses and their quorum' },
    decision: { type: 'string', takes: 'N', help: 'of a pack: only the decision in this entry' },
    at: { type: 'string', takes: 'TIME', help: 'what if it were this time' },
    policy: { type: 'string', takes: 'NAME', help: 'what if this policy decided' },
    size: { type: 'string', takes: 'N', help: 'what if it were decided on the first N entries' },
    full: { type: 'boolean', help: 'read every entry up to it: root, stream index, streams and documents are recomputed; also of a pack of all entries' },
    deep: { type: 'boolean', help: 'read every document again that it drew facts from, and scan again' },
    now: { type: 'boolean', help: 'what if it were decided on all entries there are, now' },
  },
  examples: [
    ['stella replay 41', 'does decision 41 follow from the log?'],
    ['stella replay decision-41.zip --key log.vkey', 'the same from a pack, anywhere'],
    ['stella replay 41 --now', 'what would the gate say today, and what made the difference?'],
  ],

  async run(call) {
    const [decision, ...others] = call.positionals;
    if (decision === undefined || others.length > 0) throw new UsageError('name one decision by its index, or a pack; "stella decision list" has them');
    if (!/^[0-9]+$/.test(decision)) return sayPack(call, decision);
    if (call.value('decision') !== undefined) throw new UsageError('--decision names one of a pack');
    return (await import('../replay-ledger.ts')).sayDecision(call, decision);
  },
};

async function sayPack(call: Call, file: string): Promise<ExitName> {
  const changed = ['at', 'policy', 'size'].some((name) => call.value(name) !== undefined) || call.flag('now');
  if (changed) throw new UsageError('what if is asked of a ledger; a pack is replayed as it is');
  const trust = readerTrust(call, call.value('trust-policy'));
  const named = call.value('decision');
  const { ends, lines, members } = await replayFile(file, trust, packOptions(call, file), {
    decision: named === undefined ? undefined : parseCount(named, 'an index'), full: call.flag('full'), digest: call.out.json,
    replay: call.flag('deep') ? (await import('../../actions/replay-pack-deep.ts')).replayPackDeeply : replayPack,
  });
  for (const line of lines) call.out.say(line);
  call.out.answer(members);
  return ends;
}
