// What every event says around its data: who, when, which streams, why, and which payloads.
import type { CborMap } from './cbor.ts';
import { eventType, mediaType, payloadRole, streamName, streamsMax, timeText } from './names.ts';
import { bytes, digestOf, integer, list, map, oneOf, optional, set, sha256, where, type Schema, type TypeOf } from './schema.ts';
import { claimedMs, timeMs } from './time.ts';

/** The envelope's version. */
export const envelopeVersion = 1;

/** Payloads an event may name. */
export const payloadsMax = 64;

/** A sealed payload's recorded size is a power of two from here on: the exact size would tell what was said. */
export const sealedSizeMin = 1024;

/**
 * Who did it. `ledger` is the ledger itself; `person` and `service` have a pseudonym; `public` is anybody. A token's events
 * carry the pseudonym of the token's owner.
 */
export const actor = where(
  where(
    map({
      kind: oneOf('ledger', 'person', 'public', 'service'),
      auth: oneOf('key', 'local', 'mtls', 'none', 'oidc', 'self', 'token'),
      person: optional(bytes(16)),
    }),
    'person is there exactly when kind is person or service',
    ({ kind, person }) => (kind === 'person' || kind === 'service') === (person !== undefined),
  ),
  'auth is self exactly when kind is ledger, and none exactly when kind is public',
  ({ kind, auth }) => (kind === 'ledger') === (auth === 'self') && (kind === 'public') === (auth === 'none'),
);

/** A stream this event belongs to: its next version, and the index of its previous event, absent for its first. */
export const streamTag = where(
  map({ name: streamName, version: integer(1), prev: optional(integer()) }),
  'prev is there exactly when version is larger than 1',
  ({ version, prev }) => version > 1 === (prev !== undefined),
);

/** Bytes outside the log: named by their digest or, sealed, by the commitment to their plaintext. */
export const payloadReference = where(
  where(
    map({ role: payloadRole, size: integer(), media: mediaType, digest: optional(sha256), commitment: optional(digestOf('sha256')) }),
    'either digest or commitment',
    ({ digest, commitment }) => (digest === undefined) !== (commitment === undefined),
  ),
  'the size of a sealed payload is padded',
  ({ commitment, size }) => commitment === undefined || size === paddedSize(size),
);

/** The idempotency key of the command, hashed, and a keyed digest of its request: what makes a repeated command known again. */
export const once = map({ key: bytes(16), request: bytes(16) });

/** Any map: the schema of the event's type decides. */
const data: Schema<CborMap> = { shape: { kind: 'data' } };

/** The keys of an event's map, in the order of its bytes. */
export const envelopeFields = {
  v: integer(envelopeVersion, envelopeVersion),
  at: timeMs,
  by: actor,
  corr: optional(bytes(16)),
  data,
  once: optional(once),
  type: eventType,
  cause: optional(set(integer(), 1, streamsMax)),
  sameAs: optional(bytes(16)),
  schema: integer(1, 65_535),
  claimed: optional(map({ at: claimedMs, text: timeText })),
  streams: list(streamTag, 1, streamsMax),
  payloads: optional(set(payloadReference, 1, payloadsMax)),
};

export const envelope = map(envelopeFields);

export type Actor = TypeOf<typeof actor>;
export type StreamTag = TypeOf<typeof streamTag>;
export type PayloadReference = TypeOf<typeof payloadReference>;
export type Once = TypeOf<typeof once>;
/** An entry decoded, its data not yet understood. Times are milliseconds since 1970. */
export type Envelope = TypeOf<typeof envelope>;

/** The size recorded for a sealed payload: the next power of two, at least 1,024. @param size - in bytes */
export function paddedSize(size: number): number {
  let padded = sealedSizeMin;
  // Doubling, not shifting: sizes go beyond 32 bits.
  while (padded < size) padded *= 2;
  return padded;
}
