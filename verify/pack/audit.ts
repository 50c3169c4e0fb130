// A pack that holds every entry is read as a full reader does: nothing that the log says of its streams, its index or its trees is believed.
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import type { Event, Sha256 } from '../../ledger/events/index.ts';
import { Frontier } from '../../ledger/merkle/frontier.ts';
import { leafHash, sha256 } from '../../ledger/merkle/hash.ts';
import { Audit, type AuditFinding } from '../../ledger/streams/audit.ts';
import { rememberKeys, type StreamKeys } from '../../ledger/streams/index-hash.ts';
import { readEvidence } from '../evidence.ts';
import type { PackFault } from './codes.ts';
import { pinsDiffer, readPins } from './pins.ts';
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
 * @param payload - of a digest; null where it is not there: then pins are not looked at
 */
export function auditEntries(
  entries: ReadonlyMap<number, PackEntry>, end: number, payload: (digest: Uint8Array) => Uint8Array | null, digest: Sha256 = sha256,
  keyOf: StreamKeys = rememberKeys(digest),
): PackAudit {
  const wanted = new Set<number>();
  for (const { event } of entries.values()) if (event !== null && isReading(event)) wanted.add(event.data.tree.size);
  const audit = new Audit(digest, undefined, keyOf);
  const tree = new Frontier();
  const roots = new Map<number, Uint8Array>(wanted.has(0) ? [[0, tree.root()]] : []);
  const findings: AuditFinding[] = [];
  const readings: PackFault[] = [];
  const passed: number[] = [];
  for (let at = 0; at < end; at++) {
    const { entry, event } = entries.get(at) as PackEntry;
    // Before the entry's own tags move the streams on.
    if (event !== null && isReading(event)) readings.push(...wrongReadings(at, event, audit, roots, payload));
    if (event?.type === 'decision.recorded' && isPassed(at, event, audit, payload)) passed.push(at);
    findings.push(...audit.add(entry));
    tree.append(leafHash(entry));
    if (wanted.has(tree.size)) roots.set(tree.size, tree.root());
  }
  return { roots, findings, readings, passed };
}

type Reading = Event & { type: 'decision.recorded' | 'export.packed' | 'export.period_packed' };

function isReading(event: Event): event is Reading {
  return event.type === 'decision.recorded' || event.type === 'export.packed' || event.type === 'export.period_packed';
}

function* wrongReadings(
  index: number, event: Reading, audit: Audit, roots: ReadonlyMap<number, Uint8Array>, payload: (digest: Uint8Array) => Uint8Array | null,
): Generator<PackFault> {
  const { size, root } = event.data.tree;
  const found = roots.get(size);
  const what = found === undefined ? `it names a tree of ${size} entries, and there are ${index} before it`
    : equalBytes(found, root[1]) ? null : `the tree of ${size} entries has the root ${formatHex(found)}, and it names another`;
  if (what !== null) yield { index, code: 'TREE_ROOT_WRONG', message: what };
  const pin = event.type === 'decision.recorded' ? wrongPin(event, audit, payload) : null;
  if (pin !== null) yield { index, code: 'DECISION_PIN_WRONG', message: pin };
}

type Decision = Event & { readonly type: 'decision.recorded' };

/** Why a decision's pins are not the heads that the streams had at the size it read, or null. */
function wrongPin(event: Decision, audit: Audit, payload: (digest: Uint8Array) => Uint8Array | null): string | null {
  const bytes = pinsIn(event, payload);
  if (bytes === null) return null;
  const read = readEvidence('the pins', () => readPins(bytes));
  return read.ok ? pinsDiffer(event, read.value, audit) : read.message;
}

/** Whether a stream that a decision read has gone on since, and the decision does not say that it kept moving. */
function isPassed(index: number, event: Decision, audit: Audit, payload: (digest: Uint8Array) => Uint8Array | null): boolean {
  const { tree: { size }, codes = [] } = event.data;
  const bytes = size < index && !codes.includes('STATE_MOVED') ? pinsIn(event, payload) : null;
  const read = bytes === null ? null : readEvidence('the pins', () => readPins(bytes).streams);
  if (read === null || !read.ok) return false;
  const heads = audit.headsAt(index, read.value.map(({ name }) => name)) ?? [];
  return read.value.some(({ version }, i) => (heads[i]?.version ?? 0) !== version);
}

function pinsIn({ payloads }: Decision, payload: (digest: Uint8Array) => Uint8Array | null): Uint8Array | null {
  const digest = payloads?.find(({ role }) => role === 'pins')?.digest;
  return digest === undefined ? null : payload(digest[1]);
}
