// stella replay: make a decision again from the log, and say whether it comes out the same.
import { findDecision, replayFromStreams, whatIfFromStreams } from '../../actions/replay.ts';
import { clip } from '../../ledger/errors.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { Cause, Replay } from '../../policy/gate/replay.ts';
import type { WhatIf } from '../../policy/gate/what-if.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import type { ExitName } from '../exit.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';
import { parseTime } from '../times.ts';

export const command: Command = {
  usage: 'DECISION [--at TIME] [--policy NAME] [--size N | --now]',
  help: `Makes a decision again from the state that it names, and compares: SAME (status 0), DRIFT with the first thing that differs and
the event behind it (1), or CANNOT with what is missing (5).

With --at, --policy, --size or --now it says what would be decided otherwise: a WHAT-IF, which is on no record, is never a pass,
and always ends with status 7.`,
  options: {
    at: { type: 'string', takes: 'TIME', help: 'what if it were this time' },
    policy: { type: 'string', takes: 'NAME', help: 'what if this policy decided' },
    size: { type: 'string', takes: 'N', help: 'what if it were decided on the first N entries' },
    now: { type: 'boolean', help: 'what if it were decided on all entries there are, now' },
  },
  examples: [
    ['stella replay 41', 'does decision 41 follow from the log?'],
    ['stella replay 41 --now', 'what would the gate say today, and what made the difference?'],
  ],

  async run(call) {
    const [decision, ...others] = call.positionals;
    if (decision === undefined || others.length > 0) throw new UsageError('name one decision by its index; "stella decision list" has them');
    const index = parseCount(decision, 'an index');
    const place = findPlace(call);
    const log = await openForReading(place);
    const ports = { log, payloads: openPlacePayloads(place) };
    const change = changeOf(call, log.published.size);
    if (change !== null) return sayWhatIf(call, index, await whatIfFromStreams(ports, index, change));
    const { data } = await findDecision(log, index);
    const replay = await replayFromStreams(ports, index);
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

function sayReplay(call: Call, index: number, { verdict, notes }: Replay): ExitName {
  if (verdict.is === 'SAME') call.out.say('SAME');
  if (verdict.is === 'CANNOT') call.out.say(`CANNOT(${verdict.missing}): ${clip(verdict.message)}`);
  if (verdict.is === 'DRIFT') {
    call.out.say(`DRIFT in ${verdict.member}${verdict.pointer === null ? '' : ` at ${clip(verdict.pointer)}`}`);
    call.out.say(`  recorded ${verdict.recorded}`);
    call.out.say(`  replayed ${verdict.replayed}`);
    call.out.say(`  ${causeText(verdict.cause)}`);
  }
  for (const note of notes) call.out.say(`  note: ${note}`);
  const { is, ...rest } = verdict;
  call.out.answer({ decision: index, verdict: is, ...rest, notes });
  return EXITS[is];
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

function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'event':
      return `because of entry ${cause.index}, ${cause.type}, in ${cause.stream}`;
    case 'time':
      return `because time has passed: ${new Date(cause.from).toISOString()} to ${new Date(cause.to).toISOString()}`;
    case 'record':
      return `no event explains it: entry ${cause.index} itself says otherwise`;
    default:
      return cause satisfies never;
  }
}
