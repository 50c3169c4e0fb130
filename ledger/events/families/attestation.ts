// attestation.*: signed statements about artifacts, with what was found out about each signature.
import { linked, version } from '../family.ts';
import { verdictCode } from '../names.ts';
import { bytes, integer, list, map, oneOf, optional, set, sha256, where } from '../schema.ts';

/**
 * What was found out about one envelope's signatures, under the trust of that moment. Whether it counts is computed when folding.
 *
 * `holds` is a signature that is right under what it names; `open` lacks something to check it with, `fails` is wrong.
 * `key` is the SHA-256 of a SubjectPublicKeyInfo; `identity` the pseudonym of issuer and subject in a certificate, made as a
 * person's; `root` the digest of the trusted root it was checked against; `proven` the earliest time that others vouch for.
 */
export const signature = where(
  where(
    map({
      outcome: oneOf('fails', 'holds', 'open'),
      code: optional(verdictCode),
      keys: optional(set(sha256, 1, 32)),
      identities: optional(set(bytes(16), 1, 32)),
      root: optional(sha256),
      proven: optional(integer()),
    }),
    'code is there unless the outcome is holds',
    ({ outcome, code }) => outcome === 'holds' || code !== undefined,
  ),
  'what holds, holds under a key or an identity',
  ({ outcome, keys, identities }) => outcome !== 'holds' || keys !== undefined || identities !== undefined,
);

export const attestationEvents = {
  // The subjects are those of the statement. One signature for each envelope of the document, in its order.
  'attestation.recorded': [
    version({
      data: map({
        subjects: set(sha256, 1, 64),
        envelope: oneOf('cosign-bundle', 'dsse', 'none', 'sigstore-bundle', 'signature', 'simple-signing'),
        semantics: integer(1, 65_535),
        signatures: list(signature, 0, 64),
        deviations: integer(),
      }),
      payloads: { document: { count: 'one', sealed: 'may' }, facts: { count: 'one', sealed: 'never' } },
      streams: ['artifact:{subjects}'],
      sameAs: { subjects: 'subjects', role: 'document' },
    }),
  ],
  // The signatures of an attestation that stands in `entry` were checked again, under the trust of now.
  'attestation.checked': [
    version({
      data: map({ entry: integer(), subjects: set(sha256, 1, 64), signatures: list(signature, 1, 64) }),
      streams: ['artifact:{subjects}'],
    }),
  ],
  'attestation.linked': linked,
} as const;
