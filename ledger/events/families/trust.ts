// trust.*: whom this ledger trusts from here on, and whom no longer: keys, identities, Sigstore trusted roots.
import { version } from '../family.ts';
import { bytes, integer, map, oneOf, optional, sha256, where } from '../schema.ts';
import { timeMs } from '../time.ts';

/** From an Ed25519 key to an RSA key of 4,096 bits, as SubjectPublicKeyInfo. */
const spkiBytesMin = 44;
const spkiBytesMax = 600;

export const trustEvents = {
  // An identity stands here as a person's pseudonym; its issuer and subject are sealed, for they are a name. A trusted root
  // states its own intervals.
  'trust.added': [
    version({
      data: where(
        where(
          map({
            key: optional(map({ id: bytes(32), public: bytes(spkiBytesMin, spkiBytesMax) })),
            identity: optional(bytes(16)),
            root: optional(sha256),
            from: optional(timeMs),
            to: optional(timeMs),
          }),
          'exactly one of key, identity and root',
          ({ key, identity, root }) => [key, identity, root].filter((one) => one !== undefined).length === 1,
        ),
        'from is not after to, and a root has neither',
        ({ root, from, to }) => (root === undefined || (from === undefined && to === undefined)) && (from === undefined || to === undefined || from <= to),
      ),
      payloads: { identity: { count: 'optional', sealed: 'always' }, root: { count: 'optional', sealed: 'never' } },
      streams: ['trust'],
    }),
  ],
  // What `entry` added counts no more, from this place in the log on.
  'trust.removed': [
    version({ data: map({ entry: integer(), reason: oneOf('compromised', 'mistaken', 'superseded', 'unused') }), streams: ['trust'] }),
  ],
} as const;
