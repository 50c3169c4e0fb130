// Reading a whole log as an auditor does: every entry held against the rules, the tree against its checkpoint, decisions against what they read.
import { equalBytes } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, kindOf, type Event } from '../ledger/events/index.ts';
import { indexLanes, nativeHasher, sha256 } from '../ledger/log/engine.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { Audit, type AuditCode } from '../ledger/streams/index.ts';
import { pinsDiffer, readPins } from '../verify/pack/index.ts';
import { RecentRoots } from './recent-roots.ts';
import { readPayload } from './sealed-payload.ts';

/** What a full reader finds beside what `Audit` does: one code for each thing he would do differently (spec/streams.md). */
export type FullAuditCode = AuditCode | 'DECISION_PIN_WRONG' | 'TREE_ROOT_WRONG' | 'LOG_CUT' | 'LOG_DIFFERS';

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
  const tree = new RecentRoots(nativeHasher);
  for await (const entry of entries) {
    if (tree.size === head.size) break;
    const index = tree.size;
    // Before the entry's own tags move the streams on.
    const event = readingIn(entry);
    const wrongPin = payloads === null || event?.type !== 'decision.recorded' ? null : await pinWrong(event, audit, payloads);
    const wrongTree = event === null ? null : treeWrong(event, tree);
    yield* audit.add(entry);
    if (wrongTree !== null) yield { index, code: 'TREE_ROOT_WRONG', message: wrongTree };
    if (wrongPin !== null) yield { index, code: 'DECISION_PIN_WRONG', message: wrongPin };
    tree.append(nativeHasher.leaf(entry));
  }
  if (tree.size < head.size) yield { index: tree.size, code: 'LOG_CUT', message: `there are ${tree.size} entries, the checkpoint is of ${head.size}` };
  else if (!equalBytes(tree.root(), head.root)) {
    yield { index: head.size - 1, code: 'LOG_DIFFERS', message: 'these entries are not those that the checkpoint is of' };
  }
}

/** What `fsck` asks of a log beside what it finds by itself: that decisions and exports read what was there. */
export async function* auditReadings(entries: AsyncIterable<Uint8Array>, head: Head, payloads: PayloadStore | null): AsyncGenerator<FullFinding> {
  for await (const finding of auditLog(entries, head, payloads)) {
    if (finding.code === 'DECISION_PIN_WRONG' || finding.code === 'TREE_ROOT_WRONG') yield finding;
  }
}

type Reading = Event & { type: 'decision.recorded' | 'export.packed' | 'export.period_packed' };
type Decision = Event & { type: 'decision.recorded' };

/** Why the tree that a decision or an export names is not the one that the log had at its size, or null. */
function treeWrong({ data: { tree: { size, root } } }: Reading, tree: RecentRoots): string | null {
  if (size > tree.size) return `it names a tree of ${size} entries, and there are ${tree.size} before it`;
  const found = tree.rootAt(size);
  // Further back than anybody looks: the audit says so of the index that it states for the same size.
  return found === null || equalBytes(found, root[1]) ? null : `the tree of ${size} entries has another root than it names`;
}

/**
 * Why a decision's pins are not the heads that the streams had at the size it read, or null.
 */
async function pinWrong(event: Decision, audit: Audit, payloads: PayloadStore): Promise<string | null> {
  const digest = event.payloads?.find(({ role }) => role === 'pins')?.digest;
  if (digest === undefined) return null;
  try {
    return pinsDiffer(event, readPins(await readPayload(payloads, digest[1])), audit);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return error.code === 'PAYLOAD_MISSING' ? null : error.message;
  }
}

/** An event that names a tree which it read. */
function readingIn(entry: Uint8Array): Reading | null {
  if (kindOf(entry) !== 'event') return null;
  try {
    const event = decodeEvent(entry);
    return event.type === 'decision.recorded' || event.type === 'export.packed' || event.type === 'export.period_packed' ? (event as Reading) : null;
  } catch (error) {
    // The audit says so.
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
