// Replay: finds a decision in the log, reads its state again, and compares.
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { replayDecision, type DecisionEvent, type Replay } from '../policy/gate/replay.ts';
import type { State } from '../policy/gate/source.ts';
import { whatIf, type Change, type WhatIf } from '../policy/gate/what-if.ts';
import { StreamState } from './stream-state.ts';

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
  return replayDecision(index, event, await stateAt({ log, payloads }, event.data.tree.size), { sha256 });
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
  return whatIf(index, data, before, after, change, { sha256 });
}
