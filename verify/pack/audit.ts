// A pack that holds every entry is read as a full reader does: nothing that the log says of its streams, its index or its trees is believed.
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import type { Event, Sha256 } from '../../ledger/events/index.ts';
import { Frontier } from '../../ledger/merkle/frontier.ts';
import { hasherOf, sha256 } from '../../ledger/merkle/hash.ts';
import { Audit, type AuditFinding } from '../../ledger/streams/audit.ts';
import { rememberKeys, type StreamKeys } from '../../ledger/streams/index-hash.ts';
import type { PackFault } from './codes.ts';
import { pinsDiffer, type PinsOf } from './pins.ts';
import type { PackEntry } from './receipts.ts';

/** What the entries of a log come to, from the first on. */
export interface PackAudit {
  /** Roots of the tree at the sizes that entries say they read, as far as they were read. */
  readonly roots: ReadonlyMap<number, Uint8Array>;
  /** What of entries, streams and the stream index does not follow from the entries before. */
  readonly findings: readonly AuditFinding[];
  /** Decisions and exports that name another tree than there was, and decisions that pin another head. */
  readonly readings: readonly PackFault[];
  /** Decisions to whose streams something came between the size that they read and themselves: whether it moved what they read is not told here. */
  readonly passed: readonly number[];
}

/**
 * Reads the first `end` entries, all of which have to be there.
 *
 * @param pins - of a decision; null where they are not there: then they are not looked at
 */
export function auditEntries(
  entries: ReadonlyMap<number, PackEntry>, end: number, pins: PinsOf, digest: Sha256 = sha256,
  keyOf: StreamKeys = rememberKeys(digest),
): PackAudit {
  const wanted = new Set<number>();
  for (const { event } of entries.values()) if (event !== null && isReading(event)) wanted.add(event.data.tree.size);
  const audit = new Audit(digest, undefined, keyOf);
  const hasher = hasherOf(digest);
  const tree = new Frontier(hasher);
  const roots = new Map<number, Uint8Array>(wanted.has(0) ? [[0, tree.root()]] : []);
  const findings: AuditFinding[] = [];
  const readings: PackFault[] = [];
  const passed: number[] = [];
  for (let at = 0; at < end; at++) {
    const { entry, event } = entries.get(at) as PackEntry;
    // Before the entry's own tags move the streams on.
    if (event !== null && isReading(event)) readings.push(...wrongReadings(at, event, audit, roots, pins));
    if (event?.type === 'decision.recorded' && isPassed(at, event, audit, pins)) passed.push(at);
    findings.push(...audit.add(entry));
    tree.append(hasher.leaf(entry));
    if (wanted.has(tree.size)) roots.set(tree.size, tree.root());
  }
  return { roots, findings, readings, passed };
}

type Reading = Event & { type: 'decision.recorded' | 'export.packed' | 'export.period_packed' };

function isReading(event: Event): event is Reading {
  return event.type === 'decision.recorded' || event.type === 'export.packed' || event.type === 'export.period_packed';
}

function* wrongReadings(
  index: number, event: Reading, audit: Audit, roots: ReadonlyMap<number, Uint8Array>, pins: PinsOf,
): Generator<PackFault> {
  const { size, root } = event.data.tree;
  const found = roots.get(size);
  const what = found === undefined ? `it names a tree of ${size} entries, and there are ${index} before it`
    : equalBytes(found, root[1]) ? null : `the tree of ${size} entries has the root ${formatHex(found)}, and it names another`;
  if (what !== null) yield { index, code: 'TREE_ROOT_WRONG', message: what };
  const pin = event.type === 'decision.recorded' ? wrongPin(event, audit, pins) : null;
  if (pin !== null) yield { index, code: 'DECISION_PIN_WRONG', message: pin };
}

type Decision = Event & { readonly type: 'decision.recorded' };

/** Why a decision's pins are not the heads that the streams had at the size it read, or null. */
function wrongPin(event: Decision, audit: Audit, pins: PinsOf): string | null {
  const read = pins(event);
  if (read === null) return null;
  return read.ok ? pinsDiffer(event, read.value, audit) : read.message;
}

/** Whether a stream that a decision read has gone on since, and the decision does not say that it kept moving. */
function isPassed(index: number, event: Decision, audit: Audit, pins: PinsOf): boolean {
  const { tree: { size }, codes = [] } = event.data;
  const read = size < index && !codes.includes('STATE_MOVED') ? pins(event) : null;
  if (read === null || !read.ok) return false;
  const { streams } = read.value;
  const heads = audit.headsAt(index, streams.map(({ name }) => name)) ?? [];
  return streams.some(({ version }, i) => (heads[i]?.version ?? 0) !== version);
}
