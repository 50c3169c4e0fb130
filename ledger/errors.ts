// The refusals of this project: one closed list of codes, in order of precedence, never renamed (spec/errors.md).

/** Every code a refusal can carry. A reader does something different for each; `api/` and `cli/` map all of them. */
export const CODES = [
  // Input, before anything is decoded.
  'INPUT_MALFORMED',
  'INPUT_TOO_LARGE',
  'INPUT_TOO_DEEP',
  'INPUT_DUPLICATE_KEY',
  'INPUT_NOT_UTF8',
  'INPUT_VERSION_UNKNOWN',
  'INPUT_DOCTYPE',
  'INPUT_NOT_CANONICAL',
  // Entries, as they are decoded.
  'ENTRY_KIND_UNKNOWN',
  'EVENT_UNKNOWN',
  'EVENT_VERSION_UNKNOWN',
  'EVENT_INVALID',
  'EVENT_STREAMS_WRONG',
  // Payloads, as they are opened.
  'PAYLOAD_UNREADABLE',
  'PAYLOAD_COMMITMENT_MISMATCH',
  // The store: what the disk answers.
  'STORE_MISSING',
  'STORE_CORRUPT',
  'STORE_FENCED',
  'STORE_FULL',
  'STORE_FAILED',
  'PAYLOAD_MISSING',
  'PAYLOAD_CORRUPT',
  'PAYLOAD_TOO_LARGE',
  'SECRETS_EXPOSED',
  // The anchor: what stands outside the database.
  'ANCHOR_MISSING',
  'ANCHOR_CORRUPT',
  'ANCHOR_LOCKED',
  'ANCHOR_TAKEN',
  'ANCHOR_UNREACHABLE',
  // The log: why it signs nothing, and why it appends nothing.
  'LOG_FOREIGN',
  'LOG_FORKED',
  'LOG_ROLLED_BACK',
  'LOG_KEY_WRONG',
  'HASH_DISAGREES',
  'LOG_ENDED',
  'LOG_CLOSED',
  'KEY_MISSING',
  'KEY_FILE_INVALID',
  'KEY_PASSPHRASE_WRONG',
  'RECOVER_INCOMPLETE',
  'RECOVER_WRONG',
  'CLOCK_DOUBTED',
  'ENTRY_TOO_LARGE',
  'ENTRY_MISSING',
  'VERSION_CONFLICT',
  'IDEMPOTENCY_CONFLICT',
  // Evidence: what a document from outside is.
  'FORMAT_UNKNOWN',
  'EVIDENCE_VERSION_UNKNOWN',
  'EVIDENCE_INVALID',
  'SUBJECT_UNKNOWN',
  'SUBJECT_MISMATCH',
  'EVIDENCE_UNKNOWN',
  'EVIDENCE_SUPERSEDED',
  'SUCCESSOR_WRONG',
  'TRUST_UNKNOWN',
  // What persons decide.
  'VEX_POLICY_INVALID',
  'CONTRACT_INVALID',
  'CONTRACT_UNKNOWN',
  'PERSON_UNKNOWN',
  'PERSON_KEY_TAKEN',
  'KEY_TAKEN',
  'KEY_UNKNOWN',
  'WAIVER_UNKNOWN',
  'WAIVER_DECIDED',
  'WAIVER_SAME_PERSON',
  'WAIVER_INVALID',
  // Policies.
  'POLICY_INVALID',
  'POLICY_UNKNOWN',
  'DECISION_UNKNOWN',
  // Erasure, holds and retention.
  'PAYLOAD_NOT_SEALED',
  'PAYLOAD_HELD',
  'RETENTION_RUNS',
  'HOLD_UNKNOWN',
  // Advisory snapshots, and what is matched against them.
  'SNAPSHOT_UNKNOWN',
  'SBOM_UNKNOWN',
  'SNAPSHOT_DAMAGED',
  // Offline Update Kits.
  'KIT_UNTRUSTED',
  'KIT_BUILDER_WRONG',
  'KIT_DAMAGED',
  // Projections: what the entries come to.
  'PROJECTION_STOPPED',
  'STATE_UNKNOWN',
  'NAME_UNKNOWN',
  'NAME_AMBIGUOUS',
] as const;

export type Code = (typeof CODES)[number];

/**
 * A refusal: the input or the state does not allow what was asked, nothing was lost, and `hint` says what to do next.
 *
 * Bugs are `TypeError` and `RangeError`, and are not caught; what a verifier or a replay answers is a value.
 */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: Code;
  /** What the reader can do next, or null where there is nothing to do. */
  readonly hint: string | null;
  /** Zero-based byte (or character) offset in the refused input, or null where no place applies. */
  readonly position: number | null;

  constructor(code: Code, message: string, more: { hint?: string; position?: number; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.hint = more.hint ?? null;
    this.position = more.position ?? null;
  }
}

/** Shortens a stranger's text for a line: control characters and ends of lines are shown as `·`. @param most - characters */
export function clip(text: string, most = 80): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '·');
  return shown.length <= most ? shown : `${shown.slice(0, most - 1)}…`;
}
