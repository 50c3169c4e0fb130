// Trivy's JSON report, schema version 2: vulnerabilities, misconfigurations, secrets and licences as results.
import { at, objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { ReportResult } from '../model.ts';
import { digestsIn, levelOf, reportFormat, resultOf } from '../read.ts';

export const trivy = reportFormat({
  name: 'trivy',
  claims: (json) => at(json, 'SchemaVersion') !== undefined && (at(json, 'Results') !== undefined || at(json, 'ArtifactName') !== undefined),
  version: (json) => String(at(json, 'SchemaVersion') ?? '') || null,
  lists: [['Results']],
  read: (json) => ({
    tool: 'trivy',
    toolVersion: textAt(json, 'Trivy', 'Version') ?? null,
    subjects: digestsIn([...textsAt(json, 'Metadata', 'RepoDigests'), textAt(json, 'ArtifactID'), textAt(json, 'Metadata', 'ImageID')]),
    results: objectsAt(json, 'Results').flatMap((target) => {
      const path = textAt(target, 'Target') ?? null;
      return [
        ...objectsAt(target, 'Vulnerabilities').map((one) => found(textAt(one, 'VulnerabilityID') ?? '', textAt(one, 'Severity'), {
          purl: textAt(one, 'PkgIdentifier', 'PURL') ?? null,
          packageName: textAt(one, 'PkgName') ?? null,
          packageVersion: textAt(one, 'InstalledVersion') ?? null,
          path: textAt(one, 'PkgPath') ?? path,
          fingerprint: textAt(one, 'Fingerprint') ?? null,
        })),
        ...objectsAt(target, 'Misconfigurations').map((one) => found(textAt(one, 'ID') ?? '', textAt(one, 'Severity'), {
          kind: textAt(one, 'Status') === 'PASS' ? 'pass' : 'fail',
          path,
          line: lineOf(at(one, 'CauseMetadata', 'StartLine')),
        })),
        ...objectsAt(target, 'Secrets').map((one) => found(textAt(one, 'RuleID') ?? '', textAt(one, 'Severity'), { path, line: lineOf(at(one, 'StartLine')) })),
        ...objectsAt(target, 'Licenses').map((one) => found(textAt(one, 'Name') ?? '', textAt(one, 'Severity'), {
          packageName: textAt(one, 'PkgName') ?? null,
          path: textAt(one, 'FilePath') ?? path,
        })),
      ];
    }),
  }),
});

function found(rule: string, severity: string | undefined, more: Partial<ReportResult>): ReportResult {
  return resultOf(rule, { level: levelOf(severity), severity: severity ?? null, ...more });
}

function lineOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}
