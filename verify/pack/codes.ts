// What the verifier of packs can answer but yes, in order of precedence: the verifier's own codes, and those of a pack between them.
import { PROOF_CODES } from '../../ledger/merkle/verdict.ts';
import { AUDIT_CODES } from '../../ledger/streams/audit.ts';
import { STREAM_CODES } from '../../ledger/streams/codes.ts';
import type { No } from '../../ledger/verdict.ts';

/** Documented in spec/pack.md. Where several hold, the earlier is the answer. */
export const PACK_CODES = [
  'TRUST_EMPTY',
  'EVIDENCE_NEWER',
  'EVIDENCE_MALFORMED',
  // The zip's members stand in another order than their names.
  'PACK_REORDERED',
  // The manifest is not the one that was signed, or its signature does not hold.
  'PACK_SIGNATURE_INVALID',
  // The manifest names a member that is not there.
  'PACK_MEMBER_MISSING',
  // A member is not what the manifest says.
  'PACK_MEMBER_CHANGED',
  'ORIGIN_FOREIGN',
  'SIGNATURE_INVALID',
  'KEY_UNSUPPORTED',
  'SIGNATURE_MISSING',
  'KEY_OVERRUN',
  'LOG_ROLLBACK',
  'LOG_FORK',
  'PROOF_START_WRONG',
  ...PROOF_CODES,
  // A pack that holds every entry: what a full reader finds in them.
  ...AUDIT_CODES,
  // A decision or an export names a tree that the log did not have at that size.
  'TREE_ROOT_WRONG',
  // A decision pins another version of a stream than the last before the size it read.
  'DECISION_PIN_WRONG',
  'EVENT_INVALID',
  // The manifest was signed with a key that this log never put on record for it.
  'PACK_SIGNER_UNKNOWN',
  'STREAM_FOREIGN',
  'STREAM_ROOT_MISSING',
  ...STREAM_CODES,
  // Members that were signed together say different things.
  'PACK_CONTRADICTORY',
  // What the scope promises is not there: the decision, the artifact's stream, an entry of the period.
  'PACK_SCOPE_UNMET',
  // A payload that an entry names is neither there nor listed as withheld, or the list says what is not so.
  'PACK_PAYLOAD_UNACCOUNTED',
  // The export's receipt is about another pack.
  'PACK_EXPORT_FOREIGN',
  // All holds, and beside it stands a member that the manifest does not name.
  'PACK_UNNAMED',
  'KEY_RETIRED',
  'QUORUM_UNMET',
] as const;

export type PackCode = (typeof PACK_CODES)[number];

export type PackAnswer<Held> = ({ readonly ok: true } & Held) | No<PackCode>;

/** What does not hold of one entry, where the pack is whole otherwise. */
export interface PackFault {
  readonly index: number;
  readonly code: PackCode;
  readonly message: string;
}
