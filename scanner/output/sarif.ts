// Findings as SARIF 2.1.0, for code scanning pages: rules by vulnerability, fingerprints that stay over rescans.
import type { Finding, FindingsDocument } from '../match/findings.ts';

const LEVEL = { CRITICAL: 'error', HIGH: 'error', MEDIUM: 'warning', LOW: 'note', NONE: 'note', UNKNOWN: 'warning' } as const;

export interface SarifOptions {
  /** Where the product is described; part of `tool.driver`. */
  readonly informationUri?: string;
  /** Path of the scanned document within the repository, for components without a file of their own. */
  readonly artifact?: string;
}

/**
 * Makes a SARIF log with one run.
 *
 * Only what is affected is a result; what could not be decided is one too, of kind `open`, so that no page reads it as absent.
 *
 * @see SARIF 2.1.0 §3.27 (result), §3.27.16 (fingerprints)
 */
export function sarifOf(document: FindingsDocument, { informationUri, artifact = 'sbom' }: SarifOptions = {}): object {
  const rules = [...new Map(document.findings.map((finding) => [finding.id, ruleOf(finding)]))].sort(([a], [b]) => (a < b ? -1 : 1));
  const indexOf = new Map(rules.map(([id], i) => [id, i]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: {
          name: 'Stella Ledger',
          version: document.engine.version,
          ...(informationUri !== undefined && { informationUri }),
          rules: rules.map(([, rule]) => rule),
        },
      },
      properties: { snapshot: document.snapshot, components: document.components, match: document.engine.match },
      results: document.findings.map((finding) => resultOf(finding, indexOf.get(finding.id) as number, artifact)),
    }],
  };
}

function ruleOf(finding: Finding) {
  return {
    id: finding.id,
    shortDescription: { text: finding.aliases.length === 0 ? finding.id : `${finding.id} (${finding.aliases.join(', ')})` },
    defaultConfiguration: { level: LEVEL[finding.severity] },
    properties: { ...(finding.score !== undefined && { 'security-severity': finding.score }), tags: ['security', 'vulnerability'] },
  };
}

function resultOf(finding: Finding, ruleIndex: number, artifact: string) {
  const { component, outcome, records, severity } = finding;
  const affected = outcome === 'affected';
  const fixed = [...new Set(records.flatMap((record) => (record.outcome === 'affected' ? record.fixed : [])))];
  const found = `${component.name} ${component.version ?? '(no version)'}`;
  const text = affected
    ? `${found} is affected by ${finding.id}${fixed.length === 0 ? '' : `; fixed in ${fixed.join(', ')}`}`
    : `${found}: whether ${finding.id} affects it is ${outcome} (${records.map(({ reasons }) => reasons[0]?.rule).join(', ')})`;
  return {
    ruleId: finding.id,
    ruleIndex,
    // §3.27.10: a level stands only on failures.
    ...(affected ? { kind: 'fail', level: LEVEL[severity] } : { kind: 'open', level: 'none' }),
    message: { text },
    locations: (component.paths.length === 0 ? [artifact] : component.paths).map((path) => ({
      physicalLocation: { artifactLocation: { uri: encodeURI(path.replace(/^\/+/, '')) }, region: { startLine: 1 } },
      logicalLocations: [{ fullyQualifiedName: component.purl ?? component.name, kind: 'module' }],
    })),
    partialFingerprints: { 'stellaFinding/v1': finding.fingerprint },
    properties: {
      outcome, purl: component.purl, layers: component.layers, entryTrace: component.entryTrace,
      records: records.map(({ record, source, id }) => ({ record, source, id })),
    },
  };
}
