// stella replay: make a decision again from the log, and say whether it comes out the same.
import { findDecision, replayFromStreams, replayFully, whatIfFromStreams } from '../../actions/replay.ts';
import { replayDeeply } from '../../actions/replay-deep.ts';
import { replayPackDeeply } from '../../actions/replay-pack-deep.ts';
import { replayPack } from '../../actions/replay-pack.ts';
import { clip } from '../../ledger/errors.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { Replay } from '../../policy/gate/replay.ts';
import type { WhatIf } from '../../policy/gate/what-if.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import type { ExitName } from '../exit.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openForReading, openPlacePayloads, openPlaceSecrets } from '../place.ts';
import { replayFile } from '../programs/replay-file.ts';
import { causeText, reportReplay } from '../replay-lines.ts';
import { parseTime } from '../times.ts';
import { packOptions, readerTrust, trustOptions } from '../verify-pack.ts';

export const command: Command = {
  usage: 'DECISION [--full | --deep] [--at TIME] [--policy NAME] [--size N | --now] | PACK.zip [--decision N] [--full | --deep] [--key VKEY]',
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
    const index = parseCount(decision, 'an index');
    const place = findPlace(call);
    const log = await openForReading(place);
    const ports = { log, payloads: openPlacePayloads(place) };
    const change = changeOf(call, log.published.size);
    if (change !== null) return sayWhatIf(call, index, await whatIfFromStreams(ports, index, change));
    const { data } = await findDecision(log, index);
    const progress = (size: number) => call.out.progress(`read ${size} of ${data.tree.size} entries`);
    const how = call.flag('deep') ? 'deep' : call.flag('full') ? 'full' : 'streams';
    const fully = { thread: data.tree.size > 50_000, documents: true, progress };
    const replay = how === 'deep' ? await replayDeeply({ ...ports, secrets: openPlaceSecrets(place) }, index)
      : how === 'full' ? await replayFully(ports, index, fully) : await replayFromStreams(ports, index);
    call.out.say(`decision ${index}: ${data.outcome} on the first ${data.tree.size} entries, root ${formatHex(data.tree.root[1]).slice(0, 16)}…`);
    return sayReplay(call, index, replay);
  },
};

function changeOf(call: Call, published: number) {
  const [at, policy, size] = ['at', 'policy', 'size'].map((name) => call.value(name));
  const now = call.flag('now');
  if (now && (at !== undefined || size !== undefined)) throw new UsageError('--now says both the time and the size');
  if (at === undefined && policy === undefined && size === undefined && !now) return null;
  return {
    ...(at === undefined ? {} : { effective: parseTime(at, 'end') }), ...(policy === undefined ? {} : { policy }),
    ...(size === undefined ? {} : { size: parseCount(size, 'a size') }), ...(now ? { effective: call.now(), size: published } : {}),
  };
}

const EXITS: Readonly<Record<Replay['verdict']['is'], ExitName>> = { SAME: 'yes', DRIFT: 'no', CANNOT: 'cannot' };

function sayReplay(call: Call, index: number, replay: Replay): ExitName {
  const { lines, members } = reportReplay(index, replay);
  for (const line of lines) call.out.say(line);
  call.out.answer(members);
  return EXITS[replay.verdict.is];
}

async function sayPack(call: Call, file: string): Promise<ExitName> {
  const changed = ['at', 'policy', 'size'].some((name) => call.value(name) !== undefined) || call.flag('now');
  if (changed) throw new UsageError('what if is asked of a ledger; a pack is replayed as it is');
  const trust = readerTrust(call, call.value('trust-policy'));
  const named = call.value('decision');
  const { ends, lines, members } = await replayFile(file, trust, packOptions(call, file), {
    decision: named === undefined ? undefined : parseCount(named, 'an index'), full: call.flag('full'),
    replay: call.flag('deep') ? replayPackDeeply : replayPack,
  });
  for (const line of lines) call.out.say(line);
  call.out.answer(members);
  return ends;
}

function sayWhatIf(call: Call, index: number, { label, decided, difference, cause }: WhatIf): ExitName {
  const { outcome, codes = [], policy, tree, effective } = decided.data;
  call.out.say(`${label}: decision ${index} would be ${outcome}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`);
  call.out.say(`  by policy ${policy}, on the first ${tree.size} entries, as of ${new Date(effective).toISOString()}`);
  for (const { text } of decided.shown.results.denials) call.out.say(`  deny: ${clip(text)}`);
  if (difference !== null) {
    call.out.say(`  the input differs first at ${clip(difference.pointer)}: ${shown(difference.before)}, now ${shown(difference.after)}`);
  }
  if (cause !== null) call.out.say(`  ${causeText(cause)}`);
  call.out.say('  this is on no record, and no pass');
  call.out.answer({ decision: index, whatIf: { outcome, codes, policy, size: tree.size, effective: new Date(effective).toISOString(), difference, cause } });
  return 'hypothetical';
}

const shown = (value: unknown) => (value === undefined ? 'absent' : clip(JSON.stringify(value)));
