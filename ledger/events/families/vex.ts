// vex.*: what somebody says about vulnerabilities in artifacts. A statement made again is made again: nothing is recognised.
import { linked, version } from '../family.ts';
import { vulnerabilityId } from '../names.ts';
import { integer, map, oneOf, optional, set, sha256 } from '../schema.ts';

export const vexEvents = {
  // `vulnerabilities` names every id and alias that the statements name. Without subjects they are about products by name alone.
  'vex.stated': [
    version({
      data: map({
        subjects: optional(set(sha256, 1, 64)),
        vulnerabilities: set(vulnerabilityId, 1, 64),
        format: oneOf('csaf', 'cyclonedx', 'openvex', 'spdx-3'),
        semantics: integer(1, 65_535),
        statements: integer(1),
        deviations: integer(),
      }),
      payloads: { document: { count: 'one', sealed: 'may' }, facts: { count: 'one', sealed: 'never' } },
      streams: ['artifact:{subjects}', 'vuln:{vulnerabilities}'],
    }),
  ],
  'vex.linked': linked,
} as const;
