// Writing SARIF 2.1.0.
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import type { Report, ReportResult } from '../model.ts';

/** A result with the sentence a person reads, which facts do not hold. */
export interface WrittenResult extends ReportResult {
  readonly message: string;
}

/** Writes one run. Rules are listed once each, in the order of their ids. */
export function writeSarif(report: Omit<Report, 'results'> & { readonly results: readonly WrittenResult[] }): Uint8Array {
  const severities = new Map(report.results.map((result) => [result.rule, result.severity]));
  const ids = [...severities.keys()].sort();
  const rules = ids.map((id) => ({ id, properties: severities.get(id) === null ? undefined : { 'security-severity': severities.get(id) as string } }));
  return encodeJcs({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: report.tool, version: report.toolVersion ?? undefined, rules } },
      results: report.results.map((result) => written(result, ids.indexOf(result.rule))),
    }],
  });
}

function written(one: WrittenResult, ruleIndex: number): JcsValue {
  const region = one.line === null ? undefined : { startLine: one.line };
  return {
    ruleId: one.rule,
    ruleIndex,
    kind: one.kind,
    // §3.27.10: what is no failure has no level.
    level: one.kind === 'fail' ? one.level : 'none',
    message: { text: one.message },
    locations: one.path === null ? undefined : [{ physicalLocation: { artifactLocation: { uri: encodeURI(one.path) }, region } }],
    partialFingerprints: one.fingerprint === null ? undefined : { 'stella/v1': one.fingerprint },
    suppressions: one.suppressed ? [{ kind: 'external', status: 'accepted' }] : undefined,
  };
}
