// The data of the policy that decided: what "--write-input" puts beside the input.
import { readPayload } from '../actions/sealed-payload.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { payloadOf, type DecisionEvent } from '../policy/gate/replay.ts';
import { formatJson, readPolicy } from '../policy/index.ts';

/** The data of the policy that decided, as JSON. */
export async function dataTextOf(log: Pick<LogView, 'entry'>, payloads: PayloadStore, { data }: DecisionEvent): Promise<string | null> {
  if (data.published === undefined) return null;
  const digest = payloadOf(decodeEvent(await log.entry(data.published.entry)), 'bundle');
  return digest === null ? null : formatJson(readPolicy(await readPayload(payloads, digest)).bundle.data);
}
