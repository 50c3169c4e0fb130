// A deep replay: beside the decision, the extraction of every fact it read and the scan it stands on are made again.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, type Event } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import type { Cause, Missing, Replay } from '../policy/gate/replay.ts';
import { encodeFindings, matchSemantics } from '../scanner/index.ts';
import { findSnapshot, scanOf, withSnapshot } from './feeds.ts';
import { readEvidence } from './read-evidence.ts';
import { replayFromStreams } from './replay.ts';
import { runScan } from './scan-artifact.ts';
import { listOfScan, readList } from './scan-list.ts';
import { openSealed, readPayload } from './sealed-payload.ts';

export interface DeepPorts {
  readonly log: LogView;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
}

/**
 * Replays a decision, then reads every document again that it drew facts from, and scans again.
 *
 * A decision replays from facts alone; this shows that the facts are what the documents say, and the findings what the snapshot says.
 *
 * @returns the replay's verdict unless it is SAME; else DRIFT in `facts` or `findings`, or CANNOT where a document was erased
 */
export async function replayDeeply(ports: DeepPorts, index: number): Promise<Replay> {
  const replay = await replayFromStreams(ports, index);
  if (replay.verdict.is !== 'SAME' || replay.decided === null) return replay;
  const { sbom, attestations, vex, scan } = replay.decided.shown.gathered;
  const notes = [...replay.notes];
  try {
    for (const { entry, facts } of [...(sbom === null ? [] : [sbom]), ...attestations, ...vex]) {
      const again = await factsAgain(ports, entry);
      if (again === null) return cannot(replay, 'payload', `the document of entry ${entry} was erased, or is not here`);
      if (!equalBytes(again, facts)) return drift(replay, 'facts', facts, again, { kind: 'record', index: entry });
    }
    const read = (sbom === null ? 0 : 1) + attestations.length + vex.length;
    notes.push(`${read} document${read === 1 ? '' : 's'} read again`);
    if (scan !== null) {
      if (scan.semantics !== matchSemantics) return cannot(replay, 'semantics', `it was scanned under semantics ${scan.semantics}`);
      const again = await findingsAgain(ports, scan.entry);
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
async function factsAgain({ log, payloads, secrets }: DeepPorts, entry: number): Promise<Uint8Array | null> {
  const { payloads: named = [] } = decodeEvent(await log.entry(entry));
  const document = named.find(({ role }) => role === 'document');
  const bytes = document?.digest === undefined
    ? await openSealed({ payloads, secrets }, document?.commitment?.[1] as Uint8Array)
    : (await payloads.has(document.digest[1])) ? await readPayload(payloads, document.digest[1]) : null;
  if (bytes === null) return null;
  const { facts } = await readEvidence(bytes);
  return facts === null ? new Uint8Array() : sha256(facts);
}

/** The digest of what a scan on record finds now: the same list, the same snapshot, the same engine. */
async function findingsAgain({ log, payloads }: DeepPorts, entry: number): Promise<Uint8Array> {
  const event = decodeEvent(await log.entry(entry)) as Event & { readonly type: 'scan.completed' };
  const record = scanOf(entry, event);
  const input = await readList({ payloads }, listOfScan(record));
  const imported = await findSnapshot(log, event.data.feed, { is: 'name', name: `sha256:${formatHex(event.data.snapshot[1])}` });
  const document = await withSnapshot(payloads, imported, (snapshot) => runScan({ engineVersion: event.data.engine }, input, snapshot));
  return typeof document === 'string' ? new Uint8Array() : sha256(encodeFindings(document));
}

function cannot(replay: Replay, missing: Missing, message: string): Replay {
  return { ...replay, verdict: { is: 'CANNOT', missing, message } };
}

function drift(replay: Replay, member: string, recorded: Uint8Array, replayed: Uint8Array, cause: Cause): Replay {
  return { ...replay, verdict: { is: 'DRIFT', member, pointer: null, recorded: formatHex(recorded), replayed: formatHex(replayed), cause } };
}
