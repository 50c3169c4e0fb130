// The findings of a CycloneDX document: vulnerabilities that nobody has analysed yet; those with an analysis are VEX.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { objectsAt, textAt } from '../../json-view.ts';
import type { Report, ReportResult } from '../../report/model.ts';
import { levelOf, resultOf } from '../../report/read.ts';
import type { Component, Sbom } from '../model.ts';

/** CycloneDX's severities, the worst first. */
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info', 'none', 'unknown'];

/** @returns null where every vulnerability of the document carries an analysis, or there is none */
export function reportOf(bom: Json, sbom: Sbom): Report | null {
  const found = objectsAt(bom, 'vulnerabilities').filter((one) => textAt(one, 'analysis', 'state') === undefined);
  if (found.length === 0) return null;
  const byRef = new Map(sbom.components.map((component) => [component.ref, component]));
  // Before 1.5 tools stood in a list, since then as components.
  const [tool] = [...objectsAt(bom, 'metadata', 'tools'), ...objectsAt(bom, 'metadata', 'tools', 'components')];
  return {
    tool: textAt(tool, 'name') ?? 'cyclonedx',
    toolVersion: textAt(tool, 'version') ?? null,
    subjects: sbom.subjects,
    results: found.flatMap((one) => resultsOf(one, byRef)),
  };
}

function resultsOf(vulnerability: JsonObject, byRef: ReadonlyMap<string, Component>): ReportResult[] {
  const stated = objectsAt(vulnerability, 'ratings').map((rating) => textAt(rating, 'severity') ?? 'unknown');
  const severity = SEVERITIES.find((word) => stated.includes(word)) ?? null;
  const targets = objectsAt(vulnerability, 'affects').map((target) => byRef.get(textAt(target, 'ref') ?? ''));
  return (targets.length === 0 ? [undefined] : targets).map((component) => resultOf(textAt(vulnerability, 'id') ?? '', {
    level: levelOf(severity),
    severity,
    purl: component?.purl ?? null,
    packageName: component?.name ?? null,
    packageVersion: component?.version ?? null,
    path: component?.paths[0] ?? null,
  }));
}
