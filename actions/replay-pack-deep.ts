// A deep replay from a pack: its documents read again, and the scan made again from the part of the snapshot that lies in it.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { openPart, Snapshot } from '../scanner/index.ts';
import { openedPayload, payloadId, payloadName, type VerifiedPack } from '../verify/pack/index.ts';
import { partName } from './pack-shards.ts';
import { deepen, type DeepSource } from './replay-deep.ts';
import { replayPack, withNext, type PackReplay, type PackReplayOptions } from './replay-pack.ts';
import { runScan } from './run-scan.ts';
import { listOfScan, readList } from './scan-list.ts';

/**
 * Makes a decision of a pack again, an artifact's or a period's among them, then reads its documents again and scans again, as `replayDeeply`.
 *
 * @returns CANNOT(payload) where a document, the list or the part of the snapshot is not in the pack
 * @throws {LedgerError} DECISION_UNKNOWN as `replayPack`
 */
export async function replayPackDeeply(verified: VerifiedPack, options: PackReplayOptions = {}, decision?: number): Promise<PackReplay> {
  return withNext(await deepen(await replayPack(verified, options, decision), packSource(verified)), verified);
}

function packSource({ pack, entries }: VerifiedPack): DeepSource {
  const payload = (digest: Uint8Array) => need(pack.read(payloadName(`sha256:${formatHex(digest)}`)), `payload ${formatHex(digest)}`);
  return {
    event: async (index) => need(entries.get(index)?.event ?? null, `entry ${index}`),
    async document(reference) {
      const id = payloadId(reference);
      const member = pack.read(payloadName(id));
      return member === null || reference.digest !== undefined ? member : openedPayload(member, id.slice('commitment:'.length));
    },
    async scanAgain(record) {
      const { engine, snapshot: [, digest] } = record.data;
      // What is read of the part is held against the snapshot's digest, which the scan's own entry names.
      const named = pack.read(partName(digest, record.index)) ?? pack.read(partName(digest));
      const part = openPart(need(named, `the part of the snapshot that the scan in entry ${record.index} read`));
      const list = await readList({ payloads: { get: async function* (wanted) { yield payload(wanted); } } }, listOfScan(record));
      return runScan({ engineVersion: engine }, list, new Snapshot(part, `sha256:${formatHex(digest)}`));
    },
  };
}

function need<T>(found: T | null, what: string): T {
  if (found !== null) return found;
  throw new LedgerError('PAYLOAD_MISSING', `Cannot read ${what}: it is not in the pack`, { hint: 'ask for a pack that has it' });
}
