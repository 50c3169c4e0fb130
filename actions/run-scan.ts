// A component list matched with a snapshot, within limits, and what was found counted: all of a scan that needs no ledger.
import type { DataOf } from '../ledger/events/index.ts';
import { scan, type FindingsDocument, type ScanInput, type Severity, type Snapshot } from '../scanner/index.ts';

/** Which limit ended a scan. */
export type StoppedBy = Extract<DataOf<'scan.failed'>['reason'], 'cancelled' | 'memory' | 'time'>;

export interface MatchPorts {
  /** The product's version. */
  readonly engineVersion: string;
  /** Asked before each component: a reason ends the scan. */
  readonly stop?: () => StoppedBy | null;
}

/** The document, or the reason for which there is none. */
export function runScan(
  { engineVersion, stop }: MatchPorts, input: ScanInput, snapshot: Snapshot,
): FindingsDocument | StoppedBy {
  const found = scan(input, snapshot, { engineVersion, ...(stop === undefined ? {} : { stop }) });
  return 'stopped' in found ? (found.stopped as StoppedBy) : found;
}

/** Findings by outcome and by severity, as `scan.completed` counts them. */
export function countFindings({ findings }: FindingsDocument): Pick<DataOf<'scan.completed'>, 'outcomes' | 'severities'> {
  const outcomes = { affected: 0, indeterminate: 0, unsupported: 0, unversioned: 0 };
  const severities = { none: 0, low: 0, medium: 0, high: 0, critical: 0, unknown: 0 };
  for (const { outcome, severity } of findings) {
    outcomes[outcome] += 1;
    severities[severity.toLowerCase() as Lowercase<Severity>] += 1;
  }
  return { outcomes, severities };
}
