// One model for a signed statement about artifacts: envelope, statement, predicate. Nothing here is verified.
import type { Json } from '../../ledger/json.ts';

/** A digest by its in-toto name (`sha256`, `gitCommit`, …), the value as it stands. */
export type NamedDigest = readonly [algorithm: string, value: string];

export interface AttestationSubject {
  readonly name: string | null;
  readonly digests: readonly NamedDigest[];
}

/** One signature as it was found. */
export interface SignatureFacts {
  /** The key's hint. It is not signed, so it may not decide whom to trust. */
  readonly keyid: string | null;
  readonly signature: Uint8Array;
}

/** What an attestation's predicate says, of the types we know. */
export type Predicate =
  | {
      readonly kind: 'provenance';
      /** 1 or 0.2: the version of SLSA provenance. */
      readonly version: '1' | '0.2';
      readonly builder: string | null;
      readonly buildType: string | null;
      /** What went into the build. */
      readonly dependencies: readonly { readonly uri: string | null; readonly digests: readonly NamedDigest[] }[];
      readonly started: string | null;
      readonly finished: string | null;
    }
  | {
      readonly kind: 'verification';
      readonly verifier: string | null;
      readonly resource: string | null;
      readonly policy: { readonly uri: string | null; readonly digests: readonly NamedDigest[] };
      readonly result: string | null;
      readonly levels: readonly string[];
      readonly inputs: readonly { readonly uri: string | null; readonly digests: readonly NamedDigest[] }[];
      readonly verified: string | null;
    }
  /** A bill of materials that lies elsewhere, by its digest. */
  | {
      readonly kind: 'sbom-reference';
      readonly format: string;
      readonly version: string | null;
      readonly mediaType: string | null;
      readonly digest: NamedDigest;
    }
  /** A document of another format inside the statement; its view stands beside the attestation. */
  | { readonly kind: 'document'; readonly format: string };

export interface Attestation {
  /** What carried it: `none` for a bare statement. */
  readonly envelope: 'none' | 'dsse' | 'sigstore-bundle' | 'cosign-bundle' | 'signature' | 'simple-signing';
  /** The envelope as it was parsed: what `verifyEnvelope` and `verifyBundle` take. */
  readonly source: Json;
  /** The media type of a bundle. */
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
  /** The predicate as it was parsed, known or not. */
  readonly content: Json | null;
  readonly predicate: Predicate | null;
}
