// The part of a snapshot that a decision's scan read: with it, and the list that was scanned, anybody can scan again.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, type Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { shardsUsed } from '../scanner/index.ts';
import { findSnapshot, scanOf, withSnapshot } from './feeds.ts';
import { listOfScan, readList } from './scan-list.ts';

/** A part, and the name of its member. */
export interface PackedPart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The member of a scan's part: named by the snapshot, and by the scan that read it. */
export function partName(snapshot: Uint8Array, scan: number): string {
  return `shards/${formatHex(snapshot)}-${scan}.part`;
}

/**
 * Takes from the snapshot of a decision's scan what that scan read.
 *
 * @returns null where the decision saw no scan, or where the snapshot or the list is not here any more: the findings prove as much without
 */
export async function partOfDecision(
  { log, payloads }: { readonly log: LogView; readonly payloads: PayloadStore }, { data }: Event & { type: 'decision.recorded' },
): Promise<PackedPart | null> {
  if (data.findings === undefined) return null;
  const event = decodeEvent(await log.entry(data.findings.scan));
  if (event.type !== 'scan.completed') return null;
  const scan = scanOf(data.findings.scan, event);
  try {
    const name = `sha256:${formatHex(scan.data.snapshot[1])}`;
    const imported = await findSnapshot(log, scan.data.feed, { is: 'name', name });
    const list = await readList({ payloads }, listOfScan(scan));
    const part = await withSnapshot(payloads, imported, (_, file) => shardsUsed(file, name, list, { engineVersion: scan.data.engine }));
    return { name: partName(scan.data.snapshot[1], scan.index), bytes: part.bytes };
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
