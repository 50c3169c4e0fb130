// evidence.*: what happens to evidence as such, whatever family it is of.
import { version } from '../family.ts';
import { vulnerabilityId } from '../names.ts';
import { integer, map, oneOf, optional, set, sha256, where } from '../schema.ts';

export const evidenceEvents = {
  // What `entry` recorded counts no more, `by` the entry that takes its place where there is one. Its streams are repeated.
  'evidence.superseded': [
    version({
      data: where(
        map({
          entry: integer(),
          by: optional(integer()),
          reason: oneOf('corrected', 'mistaken', 'newer', 'withdrawn'),
          subjects: optional(set(sha256, 1, 32)),
          vulnerabilities: optional(set(vulnerabilityId, 1, 32)),
        }),
        'at least one subject or vulnerability',
        ({ subjects, vulnerabilities }) => subjects !== undefined || vulnerabilities !== undefined,
      ),
      streams: ['artifact:{subjects}', 'vuln:{vulnerabilities}'],
    }),
  ],
} as const;
