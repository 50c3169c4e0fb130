// Reading a whole log as an auditor does: every entry held against the rules, the tree against its checkpoint, decisions against their pins.
import { equalBytes } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, kindOf, type Event } from '../ledger/events/index.ts';
import { indexLanes, nativeHasher, sha256 } from '../ledger/log/engine.ts';
import { Frontier } from '../ledger/merkle/index.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { Audit, type AuditCode } from '../ledger/streams/index.ts';
import { readPins } from '../verify/pack/index.ts';
import { readPayload } from './sealed-payload.ts';

/** What a full reader finds beside what `Audit` does: one code for each thing he would do differently (spec/streams.md). */
export type FullAuditCode = AuditCode | 'DECISION_PIN_WRONG' | 'LOG_CUT' | 'LOG_DIFFERS';

export interface FullFinding {
  readonly index: number;
  readonly code: FullAuditCode;
  readonly message: string;
}

export interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Reads entries in order and gives away each finding; none at all means that the log is what it says.
 *
 * @param head - of a signed checkpoint: entries beyond it are not read
 * @param payloads - where decisions' pins are; without them pins are not looked at
 */
export async function* auditLog(entries: AsyncIterable<Uint8Array>, head: Head, payloads: PayloadStore | null): AsyncGenerator<FullFinding> {
  const audit = new Audit(sha256, indexLanes());
  const tree = new Frontier(nativeHasher);
  for await (const entry of entries) {
    if (tree.size === head.size) break;
    const index = tree.size;
    // Before the entry's own tags move the streams on.
    const wrongPin = payloads === null ? null : await pinWrong(entry, audit, payloads);
    yield* audit.add(entry);
    if (wrongPin !== null) yield { index, code: 'DECISION_PIN_WRONG', message: wrongPin };
    tree.append(nativeHasher.leaf(entry));
  }
  if (tree.size < head.size) yield { index: tree.size, code: 'LOG_CUT', message: `there are ${tree.size} entries, the checkpoint is of ${head.size}` };
  else if (!equalBytes(tree.root(), head.root)) {
    yield { index: head.size - 1, code: 'LOG_DIFFERS', message: 'these entries are not those that the checkpoint is of' };
  }
}

/**
 * Why a decision's pins are not the heads that the streams had at the size it read, or null.
 */
async function pinWrong(entry: Uint8Array, audit: Audit, payloads: PayloadStore): Promise<string | null> {
  const event = decisionIn(entry);
  const digest = event?.payloads?.find(({ role }) => role === 'pins')?.digest;
  if (event === null || digest === undefined) return null;
  try {
    const { streams } = readPins(await readPayload(payloads, digest[1]));
    if (streams.length !== event.data.pins) return `it read ${event.data.pins} streams, and its pins name ${streams.length}`;
    const heads = audit.headsAt(event.data.tree.size, streams.map(({ name }) => name));
    for (const [i, { name, version, index }] of streams.entries()) {
      const head = heads?.[i] ?? null;
      if (heads === null) break;
      if (version === (head?.version ?? 0) && index === (head?.index ?? null)) continue;
      return `it pins version ${version} of "${name}", which had ${head?.version ?? 0}`;
    }
    return null;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return error.code === 'PAYLOAD_MISSING' ? null : error.message;
  }
}

function decisionIn(entry: Uint8Array): (Event & { type: 'decision.recorded' }) | null {
  if (kindOf(entry) !== 'event') return null;
  try {
    const event = decodeEvent(entry);
    return event.type === 'decision.recorded' ? event : null;
  } catch (error) {
    // The audit says so.
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
