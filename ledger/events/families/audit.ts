// audit.*: who looked at what: payloads that somebody read out of the ledger.
import { version } from '../family.ts';
import { payloadRole, streamName } from '../names.ts';
import { integer, map, oneOf, optional, set, sha256, where } from '../schema.ts';

export const auditEvents = {
  // The payload of this role, recorded in `entry`, was handed to the actor. The entry's streams are repeated, so that they move.
  'audit.payload_read': [
    version({
      data: where(
        map({
          entry: integer(),
          role: payloadRole,
          digest: optional(sha256),
          commitment: optional(sha256),
          purpose: oneOf('audit', 'incident', 'operation', 'request'),
          streams: set(streamName, 1, 64),
        }),
        'either digest or commitment',
        ({ digest, commitment }) => (digest === undefined) !== (commitment === undefined),
      ),
      streams: ['{streams}'],
    }),
  ],
} as const;
