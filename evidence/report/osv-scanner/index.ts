// OSV-Scanner's JSON report: each vulnerability of each package of each source.
import { at, objectsAt, textAt } from '../../json-view.ts';
import { levelOf, reportFormat, resultOf } from '../read.ts';

export const osvScanner = reportFormat({
  name: 'osv-scanner',
  claims(json) {
    const [first] = objectsAt(json, 'results');
    return at(first, 'packages') !== undefined && at(first, 'source') !== undefined;
  },
  version: () => null,
  lists: [['results']],
  read: (json) => ({
    tool: 'osv-scanner',
    toolVersion: null,
    subjects: [],
    results: objectsAt(json, 'results').flatMap((result) => objectsAt(result, 'packages').flatMap((one) => objectsAt(one, 'vulnerabilities').map((found) => {
      const severity = textAt(found, 'database_specific', 'severity') ?? null;
      return resultOf(textAt(found, 'id') ?? '', {
        level: levelOf(severity),
        severity,
        packageName: textAt(one, 'package', 'name') ?? null,
        packageVersion: textAt(one, 'package', 'version') ?? null,
        path: textAt(result, 'source', 'path') ?? null,
      });
    }))),
  }),
});
