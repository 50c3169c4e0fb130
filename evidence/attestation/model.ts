// One model for a signed statement about artifacts: envelope, statement, predicate.
import type { Json } from '../../ledger/json.ts';

export interface AttestationSubject {
  readonly name: string | null;
  /** Digests by algorithm, hexadecimal as they stand. */
  readonly digests: readonly (readonly [algorithm: string, value: string])[];
}

/** One signature as it was found; nothing here is verified. */
export interface SignatureFacts {
  /** The key's hint, unauthenticated. */
  readonly keyid: string | null;
  readonly signature: Uint8Array;
}

export interface Attestation {
  /** What carried it: `none` for a bare statement. */
  readonly envelope: 'none' | 'dsse' | 'sigstore-bundle' | 'cosign';
  /** The media type of a bundle, the payload type of an envelope. */
  readonly mediaType: string | null;
  readonly payloadType: string | null;
  /** The signed bytes, before any decoding. */
  readonly payload: Uint8Array | null;
  readonly signatures: readonly SignatureFacts[];
  /** DER certificates beside the signature, leaf first. */
  readonly certificates: readonly Uint8Array[];
  readonly subjects: readonly AttestationSubject[];
  /** Null where the payload is no in-toto statement. */
  readonly statementType: string | null;
  readonly predicateType: string | null;
  readonly predicate: Json | null;
}
