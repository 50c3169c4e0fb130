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
 * @param artifact - SHA-256, 32 bytes @param most - milliseconds
 * @see spec/decision.md, "Age of the advisories"
 */
export async function snapshotAge(
  artifact: Uint8Array, { scan, feed }: Gathered, t: number, most: number, source: StateSource, deny: (code: DenialCode, note: string) => void,
): Promise<SnapshotAge> {
  if (scan === null) return { age: null, holding: null };
  const newest = feed?.newest;
  // Of a snapshot that another has replaced no more is known than that it was here before the scan.
  const own = t - (newest !== undefined && equalBytes(newest.snapshot, scan.snapshot) ? vouchedFor(newest) : scan.at);
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

/** The time that a snapshot's advisories are as of: their oldest source says when it was fetched, else the import when it came on record. */
function vouchedFor({ at, sources }: ImportedSnapshot): number {
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
