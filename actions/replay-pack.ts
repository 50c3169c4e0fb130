// Replay from a pack: the state that a decision read, folded from the pack's own entries, with no ledger and no server.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { replayDecision, type DecisionEvent, type Missing, type Replay, type ReplayOptions } from '../policy/gate/replay.ts';
import type { State } from '../policy/gate/source.ts';
import type { PackAnswer, PackCode, VerifiedPack } from '../verify/pack/index.ts';
import { PackStates } from './pack-state.ts';

/** What replaying a decision of a pack came to. */
export interface PackReplay extends Replay {
  /** Index of the decision's entry. */
  readonly decision: number;
  readonly event: DecisionEvent;
}

export interface PackReplayOptions extends ReplayOptions {
  /** Of this very pack: kept by who replays several of its decisions. */
  readonly states?: PackStates;
  /** Also tells what all documents of a full pack come to at the decision's size. */
  readonly full?: boolean;
}

/** Replays one decision of a pack. @param decision - index of its entry */
export type ReplayOfPack = (verified: VerifiedPack, options?: PackReplayOptions, decision?: number) => Promise<PackReplay>;

/**
 * Makes a decision of a pack again.
 *
 * Of a full pack, which begins at the log's first entry, every entry is read as well: the tree's root, all streams and the stream
 * index are recomputed, and nothing of them is believed.
 *
 * @param verified - proven: its entries are the log's, its streams whole, the trees that its decisions read prefixes of the checkpoint's
 * @param decision - the only one when left out
 * @throws {LedgerError} DECISION_UNKNOWN when the pack holds no such decision, or several and none was named
 */
export async function replayPack(verified: VerifiedPack, options: PackReplayOptions = {}, decision?: number): Promise<PackReplay> {
  const { states = new PackStates(verified), full = false, ...rest } = options;
  const index = decision ?? onlyOf(states.decisions);
  const event = states.decisions.includes(index) ? verified.entries.get(index)?.event : undefined;
  if (event?.type !== 'decision.recorded') {
    throw new LedgerError('DECISION_UNKNOWN', `Cannot replay entry ${index} of this pack: it is not about such a decision`, { hint });
  }
  const about = { decision: index, event };
  const fault = states.findingBefore(index, event);
  if (fault !== null) {
    const [member, recorded] = [fault.index === index && fault.code === 'AUDIT_INDEX_WRONG' ? 'index' : 'streams', `${fault.code}: ${fault.message}`];
    const replayed = `entry ${fault.index} follows from those before it`;
    const cause = { kind: 'record', index: fault.index } as const;
    return { ...about, verdict: { is: 'DRIFT', member, pointer: null, recorded, replayed, cause }, decided: null, notes: [] };
  }
  let state: State;
  try {
    state = states.stateOf(index, event);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return withNext({ ...about, verdict: { is: 'CANNOT', missing: 'incomplete', message: error.message }, decided: null, notes: [] }, verified);
  }
  const replay = await replayDecision(index, event, state, rest);
  const { size } = event.data.tree;
  const notes = full && states.isFull ? [`${size} entries read: documents ${formatHex(states.documentsAt(size))}`] : [];
  return withNext({ ...about, ...replay, notes: [...replay.notes, ...notes] }, verified);
}

/** With what to do where a pack of many decisions does not hold what one of them read. */
export function withNext(replay: PackReplay, { manifest: { scope } }: VerifiedPack): PackReplay {
  const { verdict, decision, notes } = replay;
  const lacks = verdict.is === 'CANNOT' && (verdict.missing === 'incomplete' || verdict.missing === 'payload');
  const next = `the pack of this decision alone has what it read: ask for "stella export pack --decision ${decision}"`;
  return lacks && scope.kind !== 'decision' && !notes.includes(next) ? { ...replay, notes: [...notes, next] } : replay;
}

const hint = 'export one with "stella export pack --decision N"';

function onlyOf(decisions: readonly number[]): number {
  const [only, ...more] = decisions;
  if (only !== undefined && more.length === 0) return only;
  throw new LedgerError('DECISION_UNKNOWN', `Cannot replay this pack: it holds ${decisions.length} decisions`, {
    hint: only === undefined ? hint : 'name one of them with --decision',
  });
}

/** What is missing where a pack's proofs do not reach; other codes are no lack but a contradiction. */
const MISSING: { readonly [C in PackCode]?: Missing } = {
  EVIDENCE_NEWER: 'newer', STREAM_INCOMPLETE: 'incomplete', PACK_SCOPE_UNMET: 'incomplete', PACK_PAYLOAD_UNACCOUNTED: 'payload', KEY_RETIRED: 'key-retired',
};

/** What a replay answers to a pack that does not verify: a proof that is missing is CANNOT, and one that does not hold is no evidence. */
export function cannotVerify({ code, message }: Exclude<PackAnswer<VerifiedPack>, { ok: true }>): Replay | null {
  const missing = MISSING[code];
  return missing === undefined ? null : { verdict: { is: 'CANNOT', missing, message: `${code}: ${message}` }, decided: null, notes: [] };
}
