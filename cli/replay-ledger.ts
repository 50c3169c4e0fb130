// "stella replay" of a decision of the ledger; apart from that of a pack, which needs no store.
import { findDecision, replayFromStreams, replayFully, whatIfFromStreams } from '../actions/replay.ts';
import { replayDeeply } from '../actions/replay-deep.ts';
import { formatHex } from '../ledger/bytes.ts';
import { clip } from '../ledger/errors.ts';
import type { Replay } from '../policy/gate/replay.ts';
import type { WhatIf } from '../policy/gate/what-if.ts';
import { UsageError, type Call } from './command.ts';
import type { ExitName } from './exit.ts';
import { parseName } from './names.ts';
import { parseCount } from './numbers.ts';
import { findPlace, openForReading, openPlacePayloads, openPlaceSecrets } from './place.ts';
import { causeText, reportReplay } from './replay-lines.ts';
import { parseTime } from './times.ts';

/** @param decision - digits */
export async function sayDecision(call: Call, decision: string): Promise<ExitName> {
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
}

function changeOf(call: Call, published: number) {
  const [at, policy, size] = ['at', 'policy', 'size'].map((name) => call.value(name));
  const now = call.flag('now');
  if (now && (at !== undefined || size !== undefined)) throw new UsageError('--now says both the time and the size');
  if (at === undefined && policy === undefined && size === undefined && !now) return null;
  return {
    ...(at === undefined ? {} : { effective: parseTime(at, 'end') }), ...(policy === undefined ? {} : { policy: parseName(policy, 'a policy') }),
    ...(size === undefined ? {} : { size: parseCount(size, 'a size', 1) }), ...(now ? { effective: call.now(), size: published } : {}),
  };
}

const EXITS: Readonly<Record<Replay['verdict']['is'], ExitName>> = { SAME: 'yes', DRIFT: 'no', CANNOT: 'cannot' };

function sayReplay(call: Call, index: number, replay: Replay): ExitName {
  const { lines, members } = reportReplay(index, replay);
  for (const line of lines) call.out.say(line);
  call.out.answer(members);
  return EXITS[replay.verdict.is];
}

function sayWhatIf(call: Call, index: number, { label, decided, difference, cause }: WhatIf): ExitName {
  const { outcome, codes = [], policy, tree, effective } = decided.data;
  call.out.say(`${label}: decision ${index} would be ${outcome}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`);
  call.out.say(`  by policy ${policy}, on the first ${tree.size} entries, as of ${new Date(effective).toISOString()}`);
  for (const { text } of decided.shown.results.denials) call.out.say(`  deny: ${clip(text, 400)}`);
  if (difference !== null) {
    call.out.say(`  the input differs first at ${clip(difference.pointer)}: ${shown(difference.before)}, now ${shown(difference.after)}`);
  }
  if (cause !== null) call.out.say(`  ${causeText(cause)}`);
  call.out.say('  this is on no record, and no pass');
  call.out.answer({ decision: index, whatIf: { outcome, codes, policy, size: tree.size, effective: new Date(effective).toISOString(), difference, cause } });
  return 'hypothetical';
}

const shown = (value: unknown) => (value === undefined ? 'absent' : clip(JSON.stringify(value)));
