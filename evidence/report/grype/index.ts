// Grype's JSON report: matches, and the matches it was told to ignore.
import type { JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt, textsAt } from '../../json-view.ts';
import type { ReportResult } from '../model.ts';
import { digestsIn, levelOf, reportFormat, resultOf } from '../read.ts';

export const grype = reportFormat({
  name: 'grype',
  claims: (json) => at(json, 'matches') !== undefined && (textAt(json, 'descriptor', 'name') === 'grype' || at(json, 'source') !== undefined),
  version: (json) => textAt(json, 'descriptor', 'version') ?? null,
  lists: [['matches'], ['ignoredMatches']],
  read: (json) => ({
    tool: 'grype',
    toolVersion: textAt(json, 'descriptor', 'version') ?? null,
    subjects: digestsIn([
      ...textsAt(json, 'source', 'target', 'repoDigests'),
      textAt(json, 'source', 'target', 'manifestDigest'),
      textAt(json, 'source', 'target', 'imageID'),
    ]),
    results: [
      ...objectsAt(json, 'matches').map((match) => found(match, false)),
      ...objectsAt(json, 'ignoredMatches').map((match) => found(match, true)),
    ],
  }),
});

function found(match: JsonObject, suppressed: boolean): ReportResult {
  const severity = textAt(match, 'vulnerability', 'severity') ?? null;
  const purl = textAt(match, 'artifact', 'purl') ?? '';
  return resultOf(textAt(match, 'vulnerability', 'id') ?? '', {
    level: levelOf(severity),
    severity,
    purl: purl === '' ? null : purl,
    packageName: textAt(match, 'artifact', 'name') ?? null,
    packageVersion: textAt(match, 'artifact', 'version') ?? null,
    path: textAt(objectsAt(match, 'artifact', 'locations')[0], 'path') ?? null,
    suppressed,
  });
}
