// vex.*: what somebody says about vulnerabilities in artifacts. A statement made again is made again: nothing is recognised.
import { linked, version } from '../family.ts';
import { vulnerabilityId } from '../names.ts';
import { bytes, integer, list, map, oneOf, optional, set, sha256, where } from '../schema.ts';
import { signature } from './attestation.ts';

export const vexEvents = {
  // `vulnerabilities` names every id and alias that the statements name. Without subjects they are about products by name alone.
  // Whose statements they are: `signatures`, of the envelopes the document came in, as in `attestation.recorded`; or `authored`, by
  // the actor, who made them here and whose `key` (or the ledger's, for those asserted) signed them. Neither: nobody's we know.
  'vex.stated': [
    version({
      data: where(
        map({
          subjects: optional(set(sha256, 1, 64)),
          vulnerabilities: set(vulnerabilityId, 1, 64),
          format: oneOf('csaf', 'cyclonedx', 'openvex', 'spdx-3'),
          semantics: integer(1, 65_535),
          statements: integer(1),
          deviations: integer(),
          signatures: optional(list(signature, 1, 64)),
          authored: optional(map({ assurance: oneOf('asserted', 'signed'), key: bytes(32) })),
        }),
        'not both signatures and authored',
        ({ signatures, authored }) => signatures === undefined || authored === undefined,
      ),
      payloads: { document: { count: 'one', sealed: 'may' }, facts: { count: 'one', sealed: 'never' } },
      streams: ['artifact:{subjects}', 'vuln:{vulnerabilities}'],
    }),
  ],
  'vex.linked': linked,
} as const;
