// npm audit's JSON report: version 2 by package, version 1 by advisory.
import type { JsonObject } from '../../../ledger/json.ts';
import { isJsonObject } from '../../../ledger/json.ts';
import { at, listAt, objectsAt, textAt } from '../../json-view.ts';
import type { ReportResult } from '../model.ts';
import { levelOf, reportFormat, resultOf } from '../read.ts';

export const npmAudit = reportFormat({
  name: 'npm-audit',
  claims(json) {
    if (at(json, 'auditReportVersion') !== undefined) return true;
    return at(json, 'advisories') !== undefined && at(json, 'metadata', 'vulnerabilities') !== undefined;
  },
  version: (json) => String(at(json, 'auditReportVersion') ?? 1),
  lists: [],
  read: (json) => ({
    tool: 'npm audit',
    toolVersion: null,
    subjects: [],
    results: [...byPackage(at(json, 'vulnerabilities')), ...byAdvisory(at(json, 'advisories'))],
  }),
});

/** Version 2: `via` holds advisories, and names of the packages that bring them in, which have entries of their own. */
function byPackage(value: unknown): ReportResult[] {
  if (!isObject(value)) return [];
  return Object.values(value).flatMap((one) => objectsAt(one, 'via').map((via) => {
    const severity = textAt(via, 'severity') ?? null;
    const advisory = /GHSA(?:-[0-9a-z]{4}){3}/.exec(textAt(via, 'url') ?? '')?.[0];
    return resultOf(advisory ?? String(at(via, 'source') ?? ''), {
      level: levelOf(severity),
      severity,
      packageName: textAt(via, 'name') ?? textAt(one, 'name') ?? null,
      path: listAt(one, 'nodes').find((node) => typeof node === 'string') ?? null,
    });
  }));
}

function byAdvisory(value: unknown): ReportResult[] {
  if (!isObject(value)) return [];
  return Object.values(value).flatMap((one) => objectsAt(one, 'findings').map((finding) => {
    const severity = textAt(one, 'severity') ?? null;
    return resultOf(textAt(one, 'github_advisory_id') ?? String(at(one, 'id') ?? ''), {
      level: levelOf(severity),
      severity,
      packageName: textAt(one, 'module_name') ?? null,
      packageVersion: textAt(finding, 'version') ?? null,
      path: listAt(finding, 'paths').find((path) => typeof path === 'string') ?? null,
    });
  }));
}

function isObject(value: unknown): value is JsonObject {
  return isJsonObject(value as JsonObject);
}
