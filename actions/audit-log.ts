// Reading a whole log as an auditor does: every entry held against the rules, the tree against its checkpoint, decisions against what they read.
import { equalBytes } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEnvelope, decodeEvent, kindOf, type Event, type EventName } from '../ledger/events/index.ts';
import { indexSlots, nativeHasher, sha256 } from '../ledger/log/engine.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { Audit, indexedEveryMax, type AuditCode } from '../ledger/streams/index.ts';
import { moves } from '../projections/gate-critical.ts';
import { pinsDiffer, readPins } from '../verify/pack/index.ts';
import { payloadOrNull } from './catch-up.ts';
import { RecentRoots } from './recent-roots.ts';
import { readPayload } from './sealed-payload.ts';

/** What a full reader finds beside what `Audit` does: one code for each thing he would do differently (spec/streams.md). */
export type FullAuditCode = AuditCode | 'DECISION_PIN_WRONG' | 'DECISION_STATE_OLD' | 'TREE_ROOT_WRONG' | 'LOG_CUT' | 'LOG_DIFFERS';

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
  const audit = new Audit(sha256, indexSlots());
  const tree = new RecentRoots(nativeHasher);
  const recent = new RecentEntries();
  for await (const entry of entries) {
    if (tree.size === head.size) break;
    const index = tree.size;
    // Before the entry's own tags move the streams on.
    const event = readingIn(entry);
    const decision = event?.type === 'decision.recorded' ? event : null;
    const wrongPin = payloads === null || decision === null ? null : await pinWrong(decision, audit, payloads);
    const moved = payloads === null || decision === null || wrongPin !== null ? null : await movedBefore(decision, index, audit, payloads, recent);
    const wrongTree = event === null ? null : treeWrong(event, tree);
    yield* audit.add(entry);
    if (wrongTree !== null) yield { index, code: 'TREE_ROOT_WRONG', message: wrongTree };
    if (wrongPin !== null) yield { index, code: 'DECISION_PIN_WRONG', message: wrongPin };
    if (moved !== null) yield { index, code: 'DECISION_STATE_OLD', message: moved };
    recent.put(index, entry);
    tree.append(nativeHasher.leaf(entry));
  }
  if (tree.size < head.size) yield { index: tree.size, code: 'LOG_CUT', message: `there are ${tree.size} entries, the checkpoint is of ${head.size}` };
  else if (!equalBytes(tree.root(), head.root)) {
    yield { index: head.size - 1, code: 'LOG_DIFFERS', message: 'these entries are not those that the checkpoint is of' };
  }
}

const OF_READINGS: ReadonlySet<FullAuditCode> = new Set(['DECISION_PIN_WRONG', 'DECISION_STATE_OLD', 'TREE_ROOT_WRONG']);

/** What `fsck` asks of a log beside what it finds by itself: that decisions and exports read what was there. */
export async function* auditReadings(entries: AsyncIterable<Uint8Array>, head: Head, payloads: PayloadStore | null): AsyncGenerator<FullFinding> {
  for await (const finding of auditLog(entries, head, payloads)) {
    if (OF_READINGS.has(finding.code)) yield finding;
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

/** Why a decision's pins are not the heads that the streams had at the size it read, or null. */
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

/**
 * What had moved a stream between the size that a decision read and its own entry, or null.
 *
 * A gate appends its decision only where nothing had, or says that it kept moving: else an operator could decide today on the state in
 * which a waiver was not revoked yet, and every proof would hold.
 *
 * @param index - of the decision
 */
async function movedBefore(event: Decision, index: number, audit: Audit, payloads: PayloadStore, recent: RecentEntries): Promise<string | null> {
  const { tree: { size }, codes = [] } = event.data;
  const digest = event.payloads?.find(({ role }) => role === 'pins')?.digest;
  if (size >= index || digest === undefined || codes.includes('STATE_MOVED')) return null;
  const bytes = await payloadOrNull(payloads, digest[1]);
  if (bytes === null) return null;
  const { streams } = readPins(bytes);
  const heads = audit.headsAt(index, streams.map(({ name }) => name)) ?? [];
  for (const [i, { name, version }] of streams.entries()) {
    const head = heads[i] ?? null;
    let at = head === null || head.version === version ? -1 : head.index;
    while (at >= Math.max(size, index - indexedEveryMax)) {
      // As the audit takes it: what is wrong with an entry is said at its own place.
      const { type, streams: tags } = decodeEnvelope(recent.at(at));
      if (moves(name, type as EventName)) return `"${name}" had been moved by entry ${at} (${type}), and it read the first ${size} entries`;
      const before = tags.find((tag) => tag.name === name)?.prev ?? -1;
      // One that says it goes on from a later entry, or from itself, would be followed for ever.
      at = before < at ? before : -1;
    }
  }
  return null;
}

/** The last entries, as far back as a decision may read. */
class RecentEntries {
  readonly #entries: Uint8Array[] = [];

  put(index: number, entry: Uint8Array): void {
    this.#entries[index % indexedEveryMax] = entry;
  }

  at(index: number): Uint8Array {
    return this.#entries[index % indexedEveryMax] as Uint8Array;
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
