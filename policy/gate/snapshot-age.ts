// How old the advisories are that a scan stands for: those it was made with, or newer ones for which a rescan says that it holds.
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, parseJson, type Json } from '../../ledger/json.ts';
import type { ScanPointer } from '../../projections/artifact.ts';
import type { ImportedSnapshot } from '../../projections/feed.ts';
import type { DenialCode } from './codes.ts';
import type { Gathered } from './gather.ts';
import type { StateSource } from './source.ts';

/** What a look at the age comes to. */
export interface SnapshotAge {
  /** Milliseconds; null without a scan. */
  readonly age: number | null;
  /** The list of scans that was read for it, as facts are: SHA-256; null where none was needed. */
  readonly holding: Uint8Array | null;
}

/**
 * How old the advisories are at `t`.
 *
 * A rescan's list names every artifact that was ever scanned on the feed, so that it is read only where the answer depends on it:
 * where the scan's own advisories are older than `most`, and the rescan's are not.
 *
 * @param artifact - SHA-256, 32 bytes
 * @see spec/decision.md, "Age of the advisories"
 */
export async function snapshotAge(
  artifact: Uint8Array, { scan, feed }: Gathered, { t, most, gate }: Asked, source: StateSource, deny: (code: DenialCode, note: string) => void,
): Promise<SnapshotAge> {
  if (scan === null) return { age: null, holding: null };
  const newest = feed?.newest;
  const isNewest = newest !== undefined && equalBytes(newest.snapshot, scan.snapshot);
  // Under semantics 1 a snapshot that another had replaced was as old as the scan: a scan of today with advisories of last year was fresh.
  const own = t - (isNewest ? vouchedFor(newest) : gate < 2 ? scan.at : await replacedAt(scan, source));
  const rescanned = feed?.rescanned;
  // A rescan looks at the newest scan that stands before it, and only what is matched the same way holds.
  if (own <= most || rescanned === undefined || rescanned.entry < scan.entry || rescanned.semantics !== scan.semantics) return { age: own, holding: null };
  const renewed = t - vouchedFor(rescanned.import);
  if (renewed > most) return { age: own, holding: null };
  const { holding } = rescanned;
  let bytes: Uint8Array;
  try {
    bytes = await source.payload(holding);
  } catch (error) {
    if (!(error instanceof LedgerError) || !error.code.startsWith('PAYLOAD_')) throw error;
    deny('PAYLOAD_UNAVAILABLE', error.message);
    return { age: own, holding: null };
  }
  const holds = isHeld(bytes, artifact, scan);
  if (holds === null) deny('PAYLOAD_NEWER', `the list of scans that hold, of the rescan in entry ${rescanned.entry}, has another form`);
  return { age: holds === true ? renewed : own, holding };
}

interface Asked {
  /** Effective time, and the age at which advisories are too old: milliseconds. */
  readonly t: number;
  readonly most: number;
  /** Semantics of the gate. */
  readonly gate: number;
}

/** The time that the advisories of a replaced snapshot are as of: its newest import says so; -Infinity where it was never imported. */
async function replacedAt({ feed, snapshot }: ScanPointer, source: StateSource): Promise<number> {
  const stream = `feed:${feed}`;
  const { version = 0 } = (await source.heads([stream])).get(stream) ?? {};
  // Nearly always it is one of the last: a feed of ten years is not read for it.
  for (let [back, seen] = [8, version]; seen > 0; back *= 8) {
    const from = Math.max(0, version - back);
    const came = (await source.since(stream, from)).slice(0, seen - from).reverse();
    for (const { index, type } of came) {
      const event = type === 'feed.imported' ? await source.event(index) : null;
      if (event?.type === 'feed.imported' && equalBytes(event.data.snapshot[1], snapshot)) return vouchedFor({ at: event.at, sources: event.data.sources });
    }
    seen = from;
  }
  return Number.NEGATIVE_INFINITY;
}

/** The time that a snapshot's advisories are as of: their oldest source says when it was fetched, else the import when it came on record. */
function vouchedFor({ at, sources }: Pick<ImportedSnapshot, 'at' | 'sources'>): number {
  return Math.min(at, ...sources.flatMap(({ fetched }) => (fetched === undefined ? [] : [fetched])));
}

/** Whether a rescan's list names the scan, and as one of this artifact; null where it is no such list. */
function isHeld(bytes: Uint8Array, artifact: Uint8Array, { entry }: ScanPointer): boolean | null {
  let listed: Json;
  try {
    listed = parseJson(bytes);
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
  if (!Array.isArray(listed)) return null;
  const subject = `sha256:${formatHex(artifact)}`;
  let isNamed = false;
  for (const one of listed) {
    if (!isJsonObject(one) || typeof one['scan'] !== 'number' || typeof one['subject'] !== 'string') return null;
    if (one['scan'] === entry && one['subject'] === subject) isNamed = true;
  }
  return isNamed;
}
