// Scans that a ledger takes part in: those that go on record, and those that only take its snapshot or its component list.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { withSnapshot, findSnapshot, type ImportedSnapshot } from '../actions/feeds.ts';
import { readLedgerTrust } from '../actions/ledger-trust.ts';
import { readEvidence } from '../actions/read-evidence.ts';
import { recordEvidence } from '../actions/record-evidence.ts';
import { countFindings } from '../actions/run-scan.ts';
import { scanArtifact, type ScanPorts, type ScanRequest } from '../actions/scan-artifact.ts';
import { componentsIn } from '../actions/scan-documents.ts';
import { findList, readList } from '../actions/scan-list.ts';
import { formatHex } from '../ledger/bytes.ts';
import type { Digest } from '../ledger/events/index.ts';
import type { Log } from '../ledger/log/log.ts';
import { LayerCache } from '../scanner/index.ts';
import { UsageError, type Call } from './command.ts';
import { payloadsOf } from './evidence.ts';
import type { ExitName } from './exit.ts';
import { feedOf, wantedOf } from './feeds.ts';
import { openLayerCache } from './layer-cache.ts';
import { mediaTypeOf } from './media.ts';
import { findPlace, localActor, openForReading, openForWriting, openPlacePayloads, pepperOf, type Place } from './place.ts';
import { artifactOf, inputOf, reconcileAll, scanUnrecorded, type Asked } from './scan-input.ts';
import { showFindings } from './scan-output.ts';
import type { Target } from './scan-target.ts';
import { parseSubject } from './subjects.ts';
import { productVersion } from './version.ts';

/** Beside the ledger, under its secret: without a ledger nothing is kept. */
export function layerCacheOf(call: Call): LayerCache {
  const place = findPlace(call);
  return new LayerCache({ store: openLayerCache(join(place.directory, 'cache', 'layers'), () => call.now()), secret: pepperOf(call, place) });
}

export async function recorded(call: Call, target: Target | null, { given, stop, started }: Asked): Promise<ExitName> {
  if (call.value('snapshot-file') !== undefined) throw new UsageError('--snapshot-file records nothing: give --dry-run too, or import it first');
  const place = findPlace(call);
  const feed = feedOf(call);
  // Before anything is stored: without a snapshot there is nothing to do.
  await findSnapshot(await openForReading(place), feed, wantedOf(call));
  const log = await openForWriting(call, place);
  try {
    const payloads = openPlacePayloads(place);
    const ports: ScanPorts = { log, payloads, engineVersion: productVersion(), stop };
    const requests = await requestsOf(call, place, log, target, given);
    const scans = [];
    let failed = false;
    for (const request of requests) {
      call.out.progress('matching');
      const scanned = await scanArtifact(ports, { ...request, feed, snapshot: wantedOf(call) }, localActor(call, place));
      const subject = `sha256:${formatHex(request.subject[1])}`;
      call.out.say(`${scanned.is === 'completed' ? 'scanned' : 'FAILED '}  entry ${scanned.index}  ${subject}`);
      if (scanned.is === 'failed') {
        failed = true;
        call.out.say(`         ${scanned.message}: there is no result, and nothing is known of this artifact`);
        scans.push({ subject, index: scanned.index, failed: scanned.reason, message: scanned.message });
        continue;
      }
      const { document, input, snapshot, index } = scanned;
      const member = { subject, index, snapshot: snapshot.name, ...countFindings(document), document };
      if (scans.length === 0) showFindings(call, { document, artifact: artifactOf(target), startedMs: started, snapshotMs: newestOf(snapshot) });
      const reports = await withSnapshot(payloads, snapshot, (opened) => reconcileAll(call, document, input, opened));
      scans.push({ ...member, ...(reports.length === 0 ? {} : { reports }) });
    }
    call.out.answer({ feed, scans, size: log.published.size });
    return failed ? 'cannot' : 'yes';
  } finally {
    await log.close();
  }
}

/** What to scan for which artifacts; a document is put on record first, and reports are too. */
async function requestsOf(
  call: Call, place: Place, log: Log, target: Target | null, given: Digest<'sha256'> | null,
): Promise<Pick<ScanRequest, 'subject' | 'list'>[]> {
  if (target === null) return [{ subject: given as Digest<'sha256'> }];
  if (target.is === 'document') return recordDocument(call, place, log, target.file, given);
  const { components, unreadable } = target.analysis;
  const list = { is: 'inventory' as const, inventory: { components, unreadable }, ...(target.is === 'image' && { trace: target.trace }) };
  return [{ subject: subjectOf(target, given), list }];
}

async function recordDocument(call: Call, place: Place, log: Log, file: string, given: Digest<'sha256'> | null) {
  call.out.progress('reading the bill of materials');
  const bytes = new Uint8Array(readFileSync(file));
  const read = await readEvidence(bytes);
  // Before anything is stored: a report or a statement would go on record, and then there would be nothing to scan.
  componentsIn(read, basename(file));
  const stores = payloadsOf(call, place);
  const reader = { read: async () => read, close: async () => {} };
  const ports = { log, reader, ...stores, trust: await readLedgerTrust({ log, ...stores }), pepper: pepperOf(call, place), now: () => call.now() };
  const evidence = { bytes: [bytes], media: mediaTypeOf(file), subjects: given === null ? [] : [given] };
  const [one] = await recordEvidence(ports, [evidence], localActor(call, place));
  const outcome = one?.events.find(({ type }) => type === 'sbom.ingested')?.outcome;
  if (outcome === undefined) throw new TypeError('a bill of materials that was not recorded as one');
  if (!outcome.ok) throw outcome.error;
  call.out.say(`${outcome.repeated ? 'known  ' : 'added  '}  entry ${outcome.index}  sbom.ingested  ${basename(file)}`);
  const stated = read.subjects.flatMap(([algorithm, hex]) => (algorithm === 'sha256' ? [parseSubject(`sha256:${hex}`)] : []));
  const subjects = new Map([...stated, ...(given === null ? [] : [given])].map((subject) => [formatHex(subject[1]), subject]));
  return [...subjects.values()].map((subject) => ({ subject, list: { is: 'entry' as const, entry: outcome.index } }));
}

function subjectOf(target: Exclude<Target, { is: 'document' }>, given: Digest<'sha256'> | null): Digest<'sha256'> {
  // An image has a digest of its own, and was read under no other (readTarget).
  if (target.is === 'image') return parseSubject(target.digest);
  if (given !== null) return given;
  throw new UsageError('a directory has no digest: say which artifact it is with --subject sha256:…');
}

/** By the ledger's snapshot, without recording anything. */
export async function unrecorded(call: Call, target: Target | null, asked: Asked): Promise<ExitName> {
  const place = findPlace(call);
  const log = await openForReading(place);
  const payloads = openPlacePayloads(place);
  const imported = await findSnapshot(log, feedOf(call), wantedOf(call));
  const input = target === null ? await readList({ payloads }, await findList({ log, payloads }, asked.given as Digest<'sha256'>)) : await inputOf(target);
  return withSnapshot(payloads, imported, (snapshot) => scanUnrecorded(call, target, asked, { input, snapshot, snapshotMs: newestOf(imported) }));
}

function newestOf({ at, data }: ImportedSnapshot): number {
  return Math.max(...data.sources.flatMap(({ fetched }) => fetched ?? []), ...(data.sources.some(({ fetched }) => fetched !== undefined) ? [] : [at]));
}
