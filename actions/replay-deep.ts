// A deep replay: beside the decision, the extraction of every fact it read and the scan it stands on are made again.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, type Event, type PayloadReference } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import type { Cause, Missing, Replay } from '../policy/gate/replay.ts';
import { encodeFindings, matchSemantics } from '../scanner/index.ts';
import { findSnapshot, scanOf, withSnapshot, type ScanRecord } from './feeds.ts';
import { readEvidence } from './read-evidence.ts';
import { replayFromStreams } from './replay.ts';
import { runScan } from './run-scan.ts';
import { listOfScan, readList } from './scan-list.ts';
import { openSealed, readPayload } from './sealed-payload.ts';

export interface DeepPorts {
  readonly log: LogView;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
}

/** What a deep replay reads beside the state: from a ledger, or from a pack. */
export interface DeepSource {
  event(index: number): Promise<Event>;
  /** What a payload says, opened where it is sealed; null where it was erased, or is not here. */
  document(reference: PayloadReference): Promise<Uint8Array | null>;
  /** The list that a scan on record looked at, on the snapshot that it names. @throws {LedgerError} where either is not here */
  scanAgain(record: ScanRecord): Promise<ReturnType<typeof runScan>>;
}

/**
 * Replays a decision, then reads every document again that it drew facts from, and scans again.
 *
 * A decision replays from facts alone; this shows that the facts are what the documents say, and the findings what the snapshot says.
 *
 * @returns the replay's verdict unless it is SAME; else DRIFT in `facts` or `findings`, or CANNOT where a document was erased
 */
export async function replayDeeply(ports: DeepPorts, index: number): Promise<Replay> {
  return deepen(await replayFromStreams(ports, index), ledgerSource(ports));
}

/** Goes on from a replay that says SAME, as `replayDeeply` does. */
export async function deepen<R extends Replay>(replay: R, source: DeepSource): Promise<R> {
  if (replay.verdict.is !== 'SAME' || replay.decided === null) return replay;
  const { sbom, attestations, vex, scan } = replay.decided.shown.gathered;
  const notes = [...replay.notes];
  try {
    for (const { entry, facts } of [...(sbom === null ? [] : [sbom]), ...attestations, ...vex]) {
      const again = await factsAgain(source, entry);
      if (again === null) return cannot(replay, 'payload', `the document of entry ${entry} was erased, or is not here`);
      if (!equalBytes(again, facts)) return drift(replay, 'facts', facts, again, { kind: 'record', index: entry });
    }
    const read = (sbom === null ? 0 : 1) + attestations.length + vex.length;
    notes.push(`${read} document${read === 1 ? '' : 's'} read again`);
    if (scan !== null) {
      if (scan.semantics !== matchSemantics) return cannot(replay, 'semantics', `it was scanned under semantics ${scan.semantics}`);
      const again = await findingsAgain(source, scan.entry);
      if (!equalBytes(again, scan.findings)) return drift(replay, 'findings', scan.findings, again, { kind: 'record', index: scan.entry });
      notes.push('scanned again');
    }
    return { ...replay, notes };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return cannot(replay, 'payload', error.message);
  }
}

/** The digest of the facts that a document gives now; null where it is not here any more. */
async function factsAgain(source: DeepSource, entry: number): Promise<Uint8Array | null> {
  const document = (await source.event(entry)).payloads?.find(({ role }) => role === 'document');
  const bytes = document === undefined ? null : await source.document(document);
  if (bytes === null) return null;
  const { facts } = await readEvidence(bytes);
  return facts === null ? new Uint8Array() : sha256(facts);
}

/** The digest of what a scan on record finds now: the same list, the same snapshot, the same engine. */
async function findingsAgain(source: DeepSource, entry: number): Promise<Uint8Array> {
  const document = await source.scanAgain(scanOf(entry, (await source.event(entry)) as Event & { readonly type: 'scan.completed' }));
  return typeof document === 'string' ? new Uint8Array() : sha256(encodeFindings(document));
}

function ledgerSource({ log, payloads, secrets }: DeepPorts): DeepSource {
  return {
    event: async (index) => decodeEvent(await log.entry(index)),
    async document({ digest, commitment }) {
      if (digest === undefined) return openSealed({ payloads, secrets }, commitment?.[1] as Uint8Array);
      return (await payloads.has(digest[1])) ? readPayload(payloads, digest[1]) : null;
    },
    async scanAgain(record) {
      const { engine, feed, snapshot: [, digest] } = record.data;
      const input = await readList({ payloads }, listOfScan(record));
      const imported = await findSnapshot(log, feed, { is: 'name', name: `sha256:${formatHex(digest)}` });
      return withSnapshot(payloads, imported, (snapshot) => runScan({ engineVersion: engine }, input, snapshot));
    },
  };
}

function cannot<R extends Replay>(replay: R, missing: Missing, message: string): R {
  return { ...replay, verdict: { is: 'CANNOT', missing, message } };
}

function drift<R extends Replay>(replay: R, member: string, recorded: Uint8Array, replayed: Uint8Array, cause: Cause): R {
  return { ...replay, verdict: { is: 'DRIFT', member, pointer: null, recorded: formatHex(recorded), replayed: formatHex(replayed), cause } };
}
