// What every scan does, whether or not it is recorded: its component list, other scanners' reports beside it, and what is shown.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readEvidence } from '../actions/read-evidence.ts';
import { countFindings, runScan, type MatchPorts } from '../actions/run-scan.ts';
import { componentsIn, resultsIn } from '../actions/scan-documents.ts';
import type { Digest } from '../ledger/events/index.ts';
import { reconcile, type FindingsDocument, type ScanInput, type Snapshot } from '../scanner/index.ts';
import type { Call } from './command.ts';
import type { ExitName } from './exit.ts';
import { showFindings, showReconciled } from './scan-output.ts';
import type { Target } from './scan-target.ts';
import { productVersion } from './version.ts';

export interface Asked {
  readonly given: Digest<'sha256'> | null;
  readonly stop: NonNullable<MatchPorts['stop']>;
  readonly started: number;
}

/** Matches and shows, and leaves nothing behind. */
export async function scanUnrecorded(
  call: Call, target: Target | null, { stop, started }: Asked, { input, snapshot, snapshotMs }: { input: ScanInput; snapshot: Snapshot; snapshotMs: number },
): Promise<ExitName> {
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
}

export async function inputOf(target: Target): Promise<ScanInput> {
  if (target.is !== 'document') return target.analysis;
  return componentsIn(await readEvidence(new Uint8Array(readFileSync(target.file))), basename(target.file));
}

export async function reconcileAll(call: Call, document: FindingsDocument, input: ScanInput, snapshot: Snapshot) {
  const reports = [];
  for (const file of call.values('reconcile')) {
    const { tool, results } = resultsIn(await readEvidence(new Uint8Array(readFileSync(file))), basename(file));
    const reconciled = reconcile(document, results, input, snapshot);
    showReconciled(call, tool, reconciled);
    reports.push({ file, tool, results: reconciled });
  }
  return reports;
}

export function artifactOf(target: Target | null): string {
  return target?.is === 'document' ? basename(target.file) : 'sbom';
}
