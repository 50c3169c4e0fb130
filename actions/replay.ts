// Replay: finds a decision in the log, reads its state again, and compares.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import { startSha256 } from '../ledger/log/engine.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { replayDecision, type DecisionEvent, type Replay } from '../policy/gate/replay.ts';
import type { State } from '../policy/gate/source.ts';
import { whatIf, type Change, type WhatIf } from '../policy/gate/what-if.ts';
import { StreamState } from './stream-state.ts';
import { readRange, type RangeOptions } from './verified-range.ts';

export interface ReplayPorts {
  readonly log: LogView;
  readonly payloads: PayloadStore;
}

/** A decision on record. @throws {LedgerError} ENTRY_MISSING; DECISION_UNKNOWN where the entry is something else */
export async function findDecision(log: Pick<LogView, 'entry'>, index: number): Promise<DecisionEvent> {
  const event = decodeEvent(await log.entry(index));
  if (event.type === 'decision.recorded') return event;
  throw new LedgerError('DECISION_UNKNOWN', `Cannot read entry ${index} as a decision: it is ${event.type}`, { hint: '"stella decision list" names them' });
}

/** Replays a decision from the events of the streams that it read. @param index - of its entry */
export async function replayFromStreams({ log, payloads }: ReplayPorts, index: number): Promise<Replay> {
  const event = await findDecision(log, index);
  return replayDecision(index, event, await stateAt({ log, payloads }, event.data.tree.size), { hashing: startSha256 });
}

/** The state of a log's first `size` entries. */
export async function stateAt({ log, payloads }: Pick<ReplayPorts, 'log' | 'payloads'>, size: number): Promise<State> {
  const { genesis } = await log.readControl();
  return { size, root: await log.rootAt(size), origin: genesis.origin, source: new StreamState(log, payloads, size) };
}

export interface WhatIfChange extends Change {
  /** The size of the state to decide on; the decision's own when left out. */
  readonly size?: number;
}

/** Decides again with something changed. It is not on record, and no answer that a gate could give. @param index - of a decision */
export async function whatIfFromStreams({ log, payloads }: ReplayPorts, index: number, change: WhatIfChange): Promise<WhatIf> {
  const { data } = await findDecision(log, index);
  const before = await stateAt({ log, payloads }, data.tree.size);
  const after = change.size === undefined ? before : await stateAt({ log, payloads }, change.size);
  return whatIf(index, data, before, after, change, { hashing: startSha256 });
}

export interface FullOptions extends RangeOptions {
  /** Also tells what all documents come to at that size: a full pack's replay says the same. */
  readonly documents?: boolean;
}

/**
 * Replays a decision from every entry up to it: the tree's root, the stream index, all streams and documents are recomputed.
 *
 * @param index - of its entry
 */
export async function replayFully({ log, payloads }: ReplayPorts, index: number, options: FullOptions = {}): Promise<Replay> {
  const event = await findDecision(log, index);
  const { tree: { size }, index: stated } = event.data;
  const { genesis } = await log.readControl();
  const range = await readRange(log, payloads, size, options);
  try {
    const [fault] = range.faults;
    const drift = (member: string, recorded: string, replayed: string, at: number): Replay =>
      ({ verdict: { is: 'DRIFT', member, pointer: null, recorded, replayed, cause: { kind: 'record', index: at } }, decided: null, notes: [] });
    if (fault !== undefined) return drift('streams', fault.what, `entry ${fault.index} follows from those before it`, fault.index);
    if (!equalBytes(range.index, stated[1])) return drift('index', formatHex(stated[1]), formatHex(range.index), index);
    const replay = await replayDecision(index, event, { size, root: range.root, origin: genesis.origin, source: range.source }, { hashing: startSha256 });
    const told = options.documents === true ? [`${size} entries read: documents ${formatHex(range.documents())}`] : [];
    return { ...replay, notes: [...replay.notes, ...told] };
  } finally {
    await range.close();
  }
}
