// Exit codes, one table (spec/cli.md): scripts rely on them, so a new refusal does not compile until it has one.
import type { Code } from '../ledger/errors.ts';

export const EXIT = {
  /** Done; a verdict was yes. */
  yes: 0,
  /** A verdict was no: a proof does not verify, fsck found something. */
  no: 1,
  /** The call itself is wrong: unknown command, option or argument. */
  usage: 2,
  /** The input was refused; the same input is refused again. */
  input: 3,
  /** The ledger's state does not allow it: read-only, rolled back, clock, conflict. Nothing acknowledged was lost. */
  state: 4,
  /** It cannot be told: something needed is missing. */
  cannot: 5,
  /** The environment lacks something: Node, a passphrase, a directory, permission. */
  environment: 6,
  /** A what-if was answered, whatever the answer: it is no verdict, and no script shall take it for one. */
  hypothetical: 7,
  /** A bug in this program. */
  bug: 70,
} as const;

export type ExitName = keyof typeof EXIT;

const OF_CODE: Readonly<Record<Code, ExitName>> = {
  INPUT_MALFORMED: 'input',
  INPUT_TOO_LARGE: 'input',
  INPUT_TOO_DEEP: 'input',
  INPUT_DUPLICATE_KEY: 'input',
  INPUT_NOT_UTF8: 'input',
  INPUT_DOCTYPE: 'input',
  INPUT_NOT_CANONICAL: 'input',
  INPUT_VERSION_UNKNOWN: 'cannot',
  ENTRY_KIND_UNKNOWN: 'input',
  EVENT_UNKNOWN: 'cannot',
  EVENT_VERSION_UNKNOWN: 'cannot',
  EVENT_INVALID: 'input',
  EVENT_STREAMS_WRONG: 'input',
  PAYLOAD_UNREADABLE: 'cannot',
  PAYLOAD_COMMITMENT_MISMATCH: 'input',
  STORE_MISSING: 'environment',
  STORE_CORRUPT: 'state',
  STORE_FENCED: 'state',
  STORE_FULL: 'state',
  STORE_FAILED: 'state',
  PAYLOAD_MISSING: 'cannot',
  PAYLOAD_CORRUPT: 'state',
  PAYLOAD_TOO_LARGE: 'input',
  SECRETS_EXPOSED: 'environment',
  KEY_MISSING: 'environment',
  KEY_FILE_INVALID: 'environment',
  KEY_PASSPHRASE_WRONG: 'environment',
  ANCHOR_MISSING: 'state',
  ANCHOR_CORRUPT: 'state',
  ANCHOR_LOCKED: 'state',
  ANCHOR_TAKEN: 'state',
  ANCHOR_UNREACHABLE: 'state',
  LOG_FOREIGN: 'state',
  LOG_FORKED: 'state',
  LOG_ROLLED_BACK: 'state',
  LOG_KEY_WRONG: 'environment',
  HASH_DISAGREES: 'state',
  RECOVER_INCOMPLETE: 'state',
  RECOVER_WRONG: 'state',
  LOG_ENDED: 'state',
  LOG_CLOSED: 'state',
  CLOCK_DOUBTED: 'state',
  ENTRY_TOO_LARGE: 'input',
  ENTRY_MISSING: 'input',
  VERSION_CONFLICT: 'state',
  IDEMPOTENCY_CONFLICT: 'state',
  FORMAT_UNKNOWN: 'input',
  EVIDENCE_VERSION_UNKNOWN: 'input',
  EVIDENCE_INVALID: 'input',
  SUBJECT_UNKNOWN: 'input',
  SUBJECT_MISMATCH: 'input',
  EVIDENCE_UNKNOWN: 'input',
  EVIDENCE_SUPERSEDED: 'input',
  SUCCESSOR_WRONG: 'input',
  TRUST_UNKNOWN: 'input',
  VEX_POLICY_INVALID: 'input',
  CONTRACT_INVALID: 'input',
  CONTRACT_UNKNOWN: 'input',
  PERSON_UNKNOWN: 'input',
  PERSON_KEY_TAKEN: 'input',
  KEY_TAKEN: 'input',
  KEY_UNKNOWN: 'input',
  WAIVER_UNKNOWN: 'input',
  WAIVER_DECIDED: 'input',
  WAIVER_SAME_PERSON: 'input',
  WAIVER_INVALID: 'input',
  POLICY_INVALID: 'input',
  POLICY_UNKNOWN: 'input',
  SNAPSHOT_UNKNOWN: 'input',
  SBOM_UNKNOWN: 'input',
  DECISION_UNKNOWN: 'input',
  PAYLOAD_NOT_SEALED: 'input',
  PAYLOAD_HELD: 'state',
  RETENTION_RUNS: 'state',
  HOLD_UNKNOWN: 'input',
  SNAPSHOT_DAMAGED: 'state',
  KIT_UNTRUSTED: 'input',
  KIT_BUILDER_WRONG: 'input',
  KIT_DAMAGED: 'input',
  PROJECTION_STOPPED: 'state',
  STATE_UNKNOWN: 'input',
  NAME_UNKNOWN: 'input',
  NAME_AMBIGUOUS: 'input',
};

export function exitOf(code: Code): ExitName {
  return OF_CODE[code];
}
