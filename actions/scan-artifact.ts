// Scan an artifact: its component list against a snapshot, the findings a payload, and one `scan.completed`, or `scan.failed`.
import { parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { prepareDraft, type Actor, type DataOf, type Digest, type Draft, type NewEvent, type PayloadReference } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import {
  configDigest, encodeFindings, encodeInventory, encodeTrace, matchSemantics, type FindingsDocument, type Inventory, type ScanInput, type TraceDocument,
} from '../scanner/index.ts';
import { findSnapshot, withSnapshot, type ImportedSnapshot, type StoredPayload, type Wanted } from './feeds.ts';
import { countFindings, runScan, type MatchPorts, type StoppedBy } from './run-scan.ts';
import { findList, listInEntry, readList, type ListPlace } from './scan-list.ts';

export type FailedReason = DataOf<'scan.failed'>['reason'];

export interface ScanPorts extends MatchPorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
}

export interface ScanRequest {
  readonly subject: Digest<'sha256'>;
  readonly feed: string;
  readonly snapshot: Wanted;
  /** An image's or a directory's inventory, or the entry of a bill of materials; left out, the newest that counts. */
  readonly list?: LookedAt | { readonly is: 'entry'; readonly entry: number };
}

/** What was found in an image, with its entry trace, or in a directory. */
export interface LookedAt {
  readonly is: 'inventory';
  readonly inventory: Omit<Inventory, 'format'>;
  readonly trace?: TraceDocument;
}

export type Scanned =
  | { readonly is: 'completed'; readonly index: number; readonly document: FindingsDocument; readonly input: ScanInput; readonly snapshot: ImportedSnapshot }
  | { readonly is: 'failed'; readonly index: number; readonly reason: FailedReason; readonly message: string; readonly snapshot: ImportedSnapshot };

/**
 * Scans and records.
 *
 * What a limit ends, and what is damaged, is on record too: a scan that silently did not happen would read as a clean one.
 *
 * @throws {LedgerError} SNAPSHOT_UNKNOWN, SBOM_UNKNOWN: nothing is on record then
 */
export async function scanArtifact(ports: ScanPorts, request: ScanRequest, by: Actor): Promise<Scanned> {
  const { log, payloads } = ports;
  const { subject, feed, list } = request;
  const imported = await findSnapshot(log, feed, request.snapshot);
  const place = list?.is === 'inventory' ? await storeInventory(payloads, list)
    : list?.is === 'entry' ? await listInEntry(ports, list.entry, subject)
    : await findList(ports, subject);
  const pins = pinsOf(ports, subject, imported, place);
  let input: ScanInput | null = null;
  try {
    input = await readList(ports, place);
    const outcome = await withSnapshot(payloads, imported, (snapshot) => runScan(ports, input as ScanInput, snapshot));
    if (typeof outcome === 'string') return await recordFailure(ports, pins, outcome, STOPPED[outcome], imported, by);
    const draft = await completed(ports, pins, outcome, place, by);
    const { index } = await log.appendOne({ drafts: [draft] });
    return { is: 'completed', index, document: outcome, input, snapshot: imported };
  } catch (error) {
    if (!(error instanceof LedgerError) || !DAMAGED.has(error.code)) throw error;
    return recordFailure(ports, pins, input === null ? 'input' : 'snapshot', error.message, imported, by);
  }
}

const STOPPED: Readonly<Record<StoppedBy, string>> = {
  cancelled: 'it was cancelled', memory: 'the limit of memory was reached', time: 'the limit of time was reached',
};
const DAMAGED: ReadonlySet<string> = new Set([
  'INPUT_MALFORMED', 'INPUT_NOT_UTF8', 'INPUT_VERSION_UNKNOWN', 'PAYLOAD_MISSING', 'PAYLOAD_CORRUPT', 'SNAPSHOT_DAMAGED',
]);

export type Pins = Omit<DataOf<'scan.failed'>, 'reason'>;

export function pinsOf({ engineVersion }: Pick<ScanPorts, 'engineVersion'>, subject: Digest<'sha256'>, { data }: ImportedSnapshot, place: ListPlace): Pins {
  return {
    subject,
    feed: data.feed,
    snapshot: data.snapshot,
    ...(place.is === 'sbom' ? { sbom: { entry: place.entry, facts: ['sha256', place.facts] as const } } : {}),
    engine: engineVersion,
    semantics: matchSemantics,
    config: digestFrom(configDigest({})),
  };
}

function digestFrom(text: string): Digest<'sha256'> {
  return ['sha256', parseHex(text.slice(7), 32)];
}

async function storeInventory(payloads: PayloadStore, { inventory, trace }: LookedAt): Promise<ListPlace> {
  const put = async (bytes: Uint8Array): Promise<StoredPayload> => {
    const { digest, size } = await payloads.put([bytes], bytes.length);
    return { digest, size };
  };
  return { is: 'inventory', ...(await put(encodeInventory(inventory))), trace: trace === undefined ? null : await put(encodeTrace(trace)) };
}

/** Stores the findings and prepares the event. @param replaces - the scan that this one brings up to date */
export async function completed(
  { payloads }: Pick<ScanPorts, 'payloads'>, pins: Pins, document: FindingsDocument, place: ListPlace, by: Actor, replaces?: number,
): Promise<Draft> {
  const bytes = encodeFindings(document);
  const stored = await payloads.put([bytes], bytes.length);
  const reference = (role: string, { digest, size }: StoredPayload): PayloadReference =>
    ({ role, size, media: 'application/json', digest: ['sha256', digest] });
  const references = [reference('findings', stored)];
  // A scan of the same list again names what its first one traced: it is about the list, and not about the advisories.
  if (place.is === 'inventory') references.push(reference('inventory', place), ...(place.trace === null ? [] : [reference('trace', place.trace)]));
  const { components, unmatched } = document.counts;
  const data = { ...pins, components, unmatched, ...countFindings(document), ...(replaces === undefined ? {} : { replaces }) };
  const event = { type: 'scan.completed', by, data, payloads: references } as NewEvent;
  return prepareDraft(event, sha256);
}

async function recordFailure(
  { log }: ScanPorts, pins: Pins, reason: FailedReason, message: string, snapshot: ImportedSnapshot, by: Actor,
): Promise<Extract<Scanned, { is: 'failed' }>> {
  const { index } = await log.appendOne({ drafts: [prepareDraft({ type: 'scan.failed', by, data: { ...pins, reason } }, sha256)] });
  return { is: 'failed', index, reason, message, snapshot };
}
