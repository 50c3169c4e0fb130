// sbom.*: bills of materials, read, checked and kept with their facts.
import { linked, version } from '../family.ts';
import { integer, map, oneOf, set, sha256 } from '../schema.ts';

export const sbomEvents = {
  // The subjects are the artifacts it describes. `deviations` counts what is not as its format asks; the facts hold the rest.
  'sbom.ingested': [
    version({
      data: map({
        subjects: set(sha256, 1, 64),
        format: oneOf('cyclonedx', 'spdx-2', 'spdx-3'),
        semantics: integer(1, 65_535),
        components: integer(),
        deviations: integer(),
      }),
      payloads: { document: { count: 'one', sealed: 'may' }, facts: { count: 'one', sealed: 'never' } },
      streams: ['artifact:{subjects}'],
      sameAs: { subjects: 'subjects', role: 'document' },
    }),
  ],
  'sbom.linked': linked,
} as const;
