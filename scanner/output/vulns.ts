// Findings as an in-toto vulnerability scan predicate (https://in-toto.io/attestation/vulns/v0.2), to be signed by whoever attests.
import type { FindingsDocument } from '../match/findings.ts';

export const vulnsPredicateType = 'https://in-toto.io/attestation/vulns/v0.2';

export interface VulnsOptions {
  readonly scannerUri: string;
  /** When the scan began and ended, milliseconds since 1970: the predicate asks for times, the findings document has none. */
  readonly startedMs: number;
  readonly finishedMs: number;
  /** When the newest source of the snapshot was fetched. */
  readonly snapshotMs: number;
}

const time = (ms: number) => new Date(ms).toISOString();

/** Makes the predicate: what is affected as results, with every record's score and digest. */
export function vulnsOf(document: FindingsDocument, { scannerUri, startedMs, finishedMs, snapshotMs }: VulnsOptions): object {
  const affected = document.findings.filter(({ outcome }) => outcome === 'affected');
  return {
    scanner: {
      uri: scannerUri,
      version: document.engine.version,
      db: { uri: `${scannerUri}#snapshot`, version: document.snapshot, lastUpdate: time(snapshotMs) },
      result: affected.map(({ id, severity, score, component, records, fingerprint }) => ({
        id,
        severity: [{ method: 'stella', score: severity }, ...(score === undefined ? [] : [{ method: 'CVSS', score }])],
        annotations: [{ purl: component.purl, name: component.name, version: component.version, fingerprint, records: records.map(({ record }) => record) }],
      })),
    },
    metadata: { scanStartedOn: time(startedMs), scanFinishedOn: time(finishedMs) },
  };
}
