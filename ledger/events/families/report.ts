// report.*: what other programs found, read, checked and kept with its facts.
import { linked, version } from '../family.ts';
import { integer, map, oneOf, set, sha256 } from '../schema.ts';

export const reportEvents = {
  // The subjects are the artifacts that were looked at.
  'report.ingested': [
    version({
      data: map({
        subjects: set(sha256, 1, 64),
        format: oneOf('cyclonedx', 'grype', 'junit', 'minder', 'npm-audit', 'osv-scanner', 'sarif', 'scorecard', 'trivy'),
        semantics: integer(1, 65_535),
        results: integer(),
        deviations: integer(),
      }),
      payloads: { document: { count: 'one', sealed: 'may' }, facts: { count: 'one', sealed: 'never' } },
      streams: ['artifact:{subjects}'],
      sameAs: { subjects: 'subjects', role: 'document' },
    }),
  ],
  'report.linked': linked,
} as const;
