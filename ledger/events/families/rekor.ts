// rekor.*: what came in through a Rekor dialect: the body is an entry of its own, and this one says when and about what.
import { version } from '../family.ts';
import { bytes, integer, map, optional, set, sha256 } from '../schema.ts';

export const rekorEvents = {
  // The body stands `back` entries before, in the same batch: its index is only known once it is appended. `integrated` is the
  // time that the log promises to Rekor's clients, in seconds since 1970. `keys` are the SHA-256 of each signer's
  // SubjectPublicKeyInfo (of a certificate: of its key), so that who signed finds what was logged, and when it was not.
  'rekor.recorded': [
    version({
      data: map({
        back: integer(1, 65_535),
        leaf: bytes(32),
        integrated: integer(),
        keys: set(bytes(32), 1, 16),
        subjects: optional(set(sha256, 1, 48)),
      }),
      streams: ['key:{keys}', 'artifact:{subjects}'],
    }),
  ],
} as const;
