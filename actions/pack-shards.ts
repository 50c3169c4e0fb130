// The parts of snapshots that decisions' scans read: with them, and the lists that were scanned, anybody can scan again.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { PartTaking } from '../scanner/index.ts';
import type { Scope } from '../verify/pack/index.ts';
import { findSnapshot, scanOf, withSnapshot, type ScanRecord } from './feeds.ts';
import type { PackedDecisions } from './pack-decisions.ts';
import { listOfScan, readList } from './scan-list.ts';

/** A part, and the name of its member. */
export interface PackedPart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The member of a part: named by the snapshot, and, in a decision's pack, by the scan that read it; of many scans all that they read is one part. */
export function partName(snapshot: Uint8Array, scan?: number): string {
  return scan === undefined ? `shards/${formatHex(snapshot)}.part` : `shards/${formatHex(snapshot)}-${scan}.part`;
}

interface PartPorts {
  readonly log: LogView;
  readonly payloads: PayloadStore;
}

/**
 * Takes from the snapshots of decisions' scans what those scans read: one part for each snapshot.
 *
 * What is not here any more is left out, a snapshot or a list that was scanned: the findings prove as much without.
 *
 * @param scope - a decision's pack has one scan, and its part the name of it
 */
export async function partsOf(ports: PartPorts, decisions: PackedDecisions, scope: Scope['kind']): Promise<PackedPart[]> {
  // Whatever the feed: several may have imported the same snapshot.
  const bySnapshot = Map.groupBy(await scansOf(ports.log, decisions), ({ data }) => formatHex(data.snapshot[1]));
  const parts: PackedPart[] = [];
  for (const scans of bySnapshot.values()) {
    const { index, data: { snapshot: [, digest] } } = scans[0] as ScanRecord;
    const part = await partOf(ports, scans);
    if (part !== null && part.length <= partBytesMax) parts.push({ name: partName(digest, scope === 'decision' ? index : undefined), bytes: part });
  }
  return parts;
}

/** A part is read whole: of more it is the snapshot that somebody wants. */
const partBytesMax = 256 * 1024 * 1024;

async function scansOf(log: LogView, { made }: PackedDecisions): Promise<ScanRecord[]> {
  const indexes = new Set(made.flatMap(({ event: { data: { findings } } }) => (findings === undefined ? [] : [findings.scan])));
  const scans: ScanRecord[] = [];
  for (const index of indexes) {
    const event = decodeEvent(await log.entry(index));
    if (event.type === 'scan.completed') scans.push(scanOf(index, event));
  }
  return scans;
}

/** What scans of one snapshot read; null where nothing of it is here. */
async function partOf({ log, payloads }: PartPorts, scans: readonly ScanRecord[]): Promise<Uint8Array | null> {
  const { data: { snapshot: [, digest], feed } } = scans[0] as ScanRecord;
  const name = `sha256:${formatHex(digest)}`;
  return orNull(async () => withSnapshot(payloads, await findSnapshot(log, feed, { is: 'name', name }), async (_, file) => {
    const taking = new PartTaking(file, name);
    let taken = 0;
    for (const scan of scans) {
      const list = await orNull(() => readList({ payloads }, listOfScan(scan)));
      if (list === null) continue;
      taking.add(list, { engineVersion: scan.data.engine });
      taken += 1;
    }
    return taken === 0 ? null : taking.bytes();
  }));
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
