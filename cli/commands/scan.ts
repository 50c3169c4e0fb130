// stella scan: an artifact's components against a snapshot, and the result on record.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { withSnapshot, findSnapshot, type ImportedSnapshot } from '../../actions/feeds.ts';
import { readLedgerTrust } from '../../actions/ledger-trust.ts';
import { readEvidence } from '../../actions/read-evidence.ts';
import { recordEvidence } from '../../actions/record-evidence.ts';
import { countFindings, runScan, scanArtifact, type ScanPorts, type ScanRequest } from '../../actions/scan-artifact.ts';
import { findList, readList } from '../../actions/scan-list.ts';
import { componentsIn, resultsIn } from '../../actions/scan-documents.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { clip } from '../../ledger/errors.ts';
import type { Digest } from '../../ledger/events/index.ts';
import type { Log } from '../../ledger/log/log.ts';
import { openFileAt } from '../../ledger/store/file-at.ts';
import { LayerCache, reconcile, Snapshot, type FindingsDocument, type ScanInput } from '../../scanner/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import type { ExitName } from '../exit.ts';
import { feedOf, feedOption, snapshotOption, wantedOf } from '../feeds.ts';
import { mediaTypeOf } from '../media.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForReading, openForWriting, openPlacePayloads, pepperOf, type Place } from '../place.ts';
import { outputOptions, showFindings, showReconciled } from '../scan-output.ts';
import { openLayerCache } from '../layer-cache.ts';
import { parsePlatform, readTarget, type Target } from '../scan-target.ts';
import { parseSubject } from '../subjects.ts';
import { productVersion } from '../version.ts';

export const command: Command = {
  usage: '[OPTIONS] [FILE|DIRECTORY]',
  help: `Matches the components of an artifact with a snapshot of advisories, and records what was found with all that it depends on: the
component list, the snapshot, the engine. The same inputs give the same bytes anywhere. Takes a bill of materials (recorded first, as by
"stella add"), an image (OCI layout, or an archive of one or of "docker save"), a directory or root file system (with --subject), or
with --subject alone what is on record. A limit that is reached is recorded as a failed scan, never as a clean one.
The exit code is 0 whatever was found: deciding is the gate's work. 5: there is no result.`,
  options: {
    subject: { type: 'string', takes: 'sha256:HEX', help: 'the artifact, where the file does not say' },
    feed: feedOption,
    snapshot: snapshotOption,
    platform: { type: 'string', takes: 'OS/ARCH', help: 'which image of several' },
    reconcile: { type: 'string', multiple: true, takes: 'REPORT', help: 'the report of Trivy, Grype, OSV-Scanner or npm audit beside ours; may be repeated' },
    ...outputOptions,
    timeout: { type: 'string', takes: 'SECONDS', help: 'give up after so long' },
    'max-memory': { type: 'string', takes: 'MIB', help: 'give up above so much memory' },
    'dry-run': { type: 'boolean', help: 'record nothing' },
    'snapshot-file': { type: 'string', takes: 'FILE', help: 'with --dry-run: a snapshot file instead of the ledger\'s; needs no ledger' },
  },
  examples: [
    ['stella scan image.cdx.json --sarif findings.sarif', 'a bill of materials, and its findings for a code scanning page'],
    ['stella scan app.tar', 'an image as "docker save" or a registry tool writes it'],
    ['stella scan --subject sha256:4f2c…9a --snapshot 2026-10-01', 'what is on record of an artifact, by what was known that day'],
    ['stella scan image.cdx.json --reconcile trivy.json', 'what both found, and why the rest differs'],
  ],

  async run(call) {
    const [path, ...others] = call.positionals;
    const subject = call.value('subject');
    if (others.length > 0) throw new UsageError('name one file or directory');
    if (path === undefined && subject === undefined) throw new UsageError('name a file or a directory, or an artifact on record with --subject');
    const asked: Asked = { given: subject === undefined ? null : parseSubject(subject), stop: limitsOf(call), started: call.now() };
    const target = path === undefined ? null : await readTarget(path, parsePlatform(call.value('platform')), call.flag('dry-run') ? null : layerCacheOf(call));
    if (target !== null && target.is !== 'document') sayUnreadable(call, target);
    return call.flag('dry-run') ? dryRun(call, target, asked) : recorded(call, target, asked);
  },
};

/** Beside the ledger, under its secret: without a ledger nothing is kept. */
function layerCacheOf(call: Call): LayerCache {
  const place = findPlace(call);
  return new LayerCache({ store: openLayerCache(join(place.directory, 'cache', 'layers'), () => call.now()), secret: pepperOf(call, place) });
}

interface Asked {
  readonly given: Digest<'sha256'> | null;
  readonly stop: NonNullable<ScanPorts['stop']>;
  readonly started: number;
}

async function recorded(call: Call, target: Target | null, { given, stop, started }: Asked): Promise<ExitName> {
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
  if (given !== null) return given;
  if (target.is === 'image') return parseSubject(target.digest);
  throw new UsageError('a directory has no digest: say which artifact it is with --subject sha256:…');
}

async function dryRun(call: Call, target: Target | null, { given, stop, started }: Asked): Promise<ExitName> {
  const file = call.value('snapshot-file');
  const scanWith = async (input: ScanInput, snapshot: Snapshot, snapshotMs: number): Promise<ExitName> => {
    const document = runScan({ engineVersion: productVersion(), stop }, input, snapshot);
    if (typeof document === 'string') {
      call.out.say(`FAILED   the limit of ${document} was reached: there is no result`);
      call.out.answer({ failed: document });
      return 'cannot';
    }
    showFindings(call, { document, artifact: artifactOf(target), startedMs: started, snapshotMs });
    const reports = await reconcileAll(call, document, input, snapshot);
    call.out.answer({ snapshot: snapshot.digest, ...countFindings(document), document, ...(reports.length === 0 ? {} : { reports }) });
    return 'yes';
  };
  if (file !== undefined) {
    if (target === null) throw new UsageError('with --snapshot-file, name a file or a directory to scan');
    const opened = openFileAt(file, `"${file}"`);
    try {
      return await scanWith(await inputOf(target), new Snapshot(opened), started);
    } finally {
      opened.close();
    }
  }
  const place = findPlace(call);
  const log = await openForReading(place);
  const payloads = openPlacePayloads(place);
  const imported = await findSnapshot(log, feedOf(call), wantedOf(call));
  const input = target === null ? await readList({ payloads }, await findList({ log }, given as Digest<'sha256'>)) : await inputOf(target);
  return withSnapshot(payloads, imported, (snapshot) => scanWith(input, snapshot, newestOf(imported)));
}

async function inputOf(target: Target): Promise<ScanInput> {
  if (target.is !== 'document') return target.analysis;
  return componentsIn(await readEvidence(new Uint8Array(readFileSync(target.file))), basename(target.file));
}

async function reconcileAll(call: Call, document: FindingsDocument, input: ScanInput, snapshot: Snapshot) {
  const reports = [];
  for (const file of call.values('reconcile')) {
    const { tool, results } = resultsIn(await readEvidence(new Uint8Array(readFileSync(file))), basename(file));
    const reconciled = reconcile(document, results, input, snapshot);
    showReconciled(call, tool, reconciled);
    reports.push({ file, tool, results: reconciled });
  }
  return reports;
}

function artifactOf(target: Target | null): string {
  return target?.is === 'document' ? basename(target.file) : 'sbom';
}

function newestOf({ at, data }: ImportedSnapshot): number {
  return Math.max(...data.sources.flatMap(({ fetched }) => fetched ?? []), ...(data.sources.some(({ fetched }) => fetched !== undefined) ? [] : [at]));
}

function sayUnreadable(call: Call, { analysis }: Exclude<Target, { is: 'document' }>): void {
  for (const { path, why } of analysis.unreadable) call.out.warn(`${clip(path)}: ${clip(why)}; nothing is known of what it holds`);
}

/** How often memory is looked at: asking takes longer than matching a component. */
const askEvery = 32;

function limitsOf(call: Call): NonNullable<ScanPorts['stop']> {
  const [timeout, memory] = [call.value('timeout'), call.value('max-memory')];
  const endsAt = timeout === undefined ? Infinity : performance.now() + 1000 * parseCount(timeout, 'a number of seconds');
  const bytesMax = memory === undefined ? Infinity : parseCount(memory, 'a number of MiB') * 2 ** 20;
  let asked = 0;
  return () => {
    asked += 1;
    if (asked % askEvery !== 1) return null;
    if (performance.now() >= endsAt) return 'time';
    return bytesMax !== Infinity && process.memoryUsage.rss() > bytesMax ? 'memory' : null;
  };
}
