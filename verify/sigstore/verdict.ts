// What the signature verifier answers: one of four values, with one code from one closed list for each failure.

/**
 * Why a signature fails, in the order in which the checks are made: the first that does not hold is the answer. Each code
 * stands in spec/sigstore.md with what a reader does about it. Never renamed.
 */
export const SIGSTORE_CODES = [
  // The envelope or bundle, before anything in it is believed.
  'BUNDLE_TOO_LARGE',
  'BUNDLE_NOT_JSON',
  'BUNDLE_DUPLICATE_KEY',
  'BUNDLE_VERSION_UNKNOWN',
  'BUNDLE_MALFORMED',
  'BUNDLE_BASE64_INVALID',
  'BUNDLE_CONTENT_NOT_ONE',
  'BUNDLE_MATERIAL_NOT_ONE',
  'BUNDLE_CHAIN_FORBIDDEN',
  'BUNDLE_TOO_MANY',
  'DSSE_MALFORMED',
  'DSSE_SIGNATURE_COUNT',
  // The signature, and what it is over.
  'CERT_MALFORMED',
  'KEY_UNSUPPORTED',
  'MESSAGE_DIGEST_MISMATCH',
  'SIGNATURE_NOT_OVER_PAE',
  'SIGNATURE_INVALID',
  'THRESHOLD_NOT_MET',
  'KEY_NOT_VALID_THEN',
  'PAYLOAD_TYPE_WRONG',
  'STATEMENT_MALFORMED',
  'SUBJECT_MISMATCH',
  // What the log recorded.
  'TLOG_ENTRY_MISSING',
  'BODY_MALFORMED',
  'BODY_KIND_MISMATCH',
  'BODY_KIND_UNKNOWN',
  'BODY_DIGEST_MISMATCH',
  'BODY_KEY_MISMATCH',
  'BODY_SIGNATURE_MISMATCH',
  // That the log recorded it.
  'TLOG_SET_MISSING',
  'TLOG_PROOF_MISSING',
  'TLOG_CHECKPOINT_MISSING',
  'TLOG_LOG_UNKNOWN',
  'TLOG_SET_INVALID',
  'TLOG_KEY_NOT_VALID_THEN',
  'CHECKPOINT_MALFORMED',
  'CHECKPOINT_SIGNATURE_MISSING',
  'CHECKPOINT_SIGNATURE_INVALID',
  'PROOF_FIELDS_MISMATCH',
  'PROOF_RANGE_WRONG',
  'PROOF_LENGTH_WRONG',
  'PROOF_HASH_MALFORMED',
  'PROOF_ROOT_MISMATCH',
  'TLOG_THRESHOLD_NOT_MET',
  // When.
  'TIMESTAMP_DUPLICATE',
  'TIMESTAMP_MALFORMED',
  'TIMESTAMP_IMPRINT_MISMATCH',
  'TIMESTAMP_AUTHORITY_UNKNOWN',
  'TIMESTAMP_SIGNATURE_INVALID',
  'TIMESTAMP_AUTHORITY_PROFILE',
  'TIMESTAMP_AUTHORITY_NOT_VALID_THEN',
  'TIME_MISSING',
  'TIME_THRESHOLD_NOT_MET',
  // Who.
  'CERT_LEAF_IS_CA',
  'CERT_KEY_USAGE_WRONG',
  'CERT_EKU_WRONG',
  'CERT_EXTENSION_UNKNOWN',
  'CERT_SAN_MISSING',
  'CERT_CHAIN_UNTRUSTED',
  'CERT_CA_PROFILE',
  'CERT_PATH_TOO_LONG',
  'CERT_NAME_CONSTRAINT',
  'CERT_NOT_VALID_THEN',
  'CERT_AUTHORITY_NOT_VALID_THEN',
  'SCT_MISSING',
  'SCT_MALFORMED',
  'SCT_LOG_UNKNOWN',
  'SCT_KEY_NOT_VALID_THEN',
  'SCT_SIGNATURE_INVALID',
  'IDENTITY_SUBJECT_MISMATCH',
  'IDENTITY_ISSUER_MISMATCH',
  'IDENTITY_NOT_VALID_THEN',
] as const;

export type SigstoreCode = (typeof SIGSTORE_CODES)[number];

/**
 * What the reader would have to give before an answer is possible: `policy` (whom to trust), `trusted-root`, `key` (a managed
 * key), `artifact` (its bytes, where a digest is not enough), `time` (where trust has an interval and nothing proves when).
 */
export type Missing = 'policy' | 'trusted-root' | 'key' | 'artifact' | 'time';

/** A time that somebody trusted signed. */
export interface ProvenTime {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** An RFC 3161 authority, or a log's signed integrated time. */
  readonly source: 'rfc3161' | 'log';
  /** The authority's URI or the log's base URL, as the trusted root names it. */
  readonly by: string;
}

/** A log entry whose place in the log was proven. */
export interface LoggedEntry {
  /** The log's id in hexadecimal. */
  readonly logId: string;
  readonly baseUrl: string;
  /** Zero-based: in the proven tree, or the log's own numbering where only a promise was given. */
  readonly index: number;
  readonly kind: string;
  /** True with a proof to a signed checkpoint; false with a signed promise alone. */
  readonly proven: boolean;
}

/** Who signed, as trust knows them. */
export type Signer =
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'identity'; readonly subject: string; readonly issuer: string };

export interface Verified {
  readonly is: 'verified';
  readonly signers: readonly Signer[];
  readonly times: readonly ProvenTime[];
  readonly entries: readonly LoggedEntry[];
  /** The signed payload of an envelope, to be used instead of the received text; null for a message signature. */
  readonly payload: Uint8Array | null;
  readonly payloadType: string | null;
}

export interface Failed {
  readonly is: 'failed';
  readonly code: SigstoreCode;
  /** One sentence for a person, without a full stop; programs read the code. */
  readonly message: string;
}

/** The signature holds, and nothing proves when it was made or that a log recorded it. */
export interface SignatureOnly {
  readonly is: 'signature_only';
  readonly signers: readonly Signer[];
  readonly message: string;
  readonly payload: Uint8Array | null;
  readonly payloadType: string | null;
}

export interface Unverifiable {
  readonly is: 'unverifiable';
  readonly missing: Missing;
  readonly message: string;
}

export type SignatureVerdict = Verified | Failed | SignatureOnly | Unverifiable;

/** Ends a check with a verdict. Thrown and caught inside this room only: callers see values. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly verdict: Failed | Unverifiable;

  constructor(verdict: Failed | Unverifiable) {
    super(verdict.message);
    this.verdict = verdict;
  }
}

export function fail(code: SigstoreCode, message: string): never {
  throw new Stop({ is: 'failed', code, message });
}

export function lack(missing: Missing, message: string): never {
  throw new Stop({ is: 'unverifiable', missing, message });
}
