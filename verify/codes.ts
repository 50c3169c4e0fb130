// Everything the verifier can answer but yes: one code for each thing a reader would do differently, in order of precedence.
import { PROOF_CODES } from '../ledger/merkle/verdict.ts';
import { STREAM_CODES } from '../ledger/streams/codes.ts';
import type { No } from '../ledger/verdict.ts';

/**
 * Documented in spec/verify.md. Where several hold, the earlier is the answer: first what the reader must mend on his own
 * side, then what no further evidence can mend, and last what further evidence can.
 */
export const VERIFY_CODES = [
  // The reader trusts nobody: there is nothing to verify against.
  'TRUST_EMPTY',
  // The evidence is in a version this verifier does not know.
  'EVIDENCE_NEWER',
  // The evidence cannot be read.
  'EVIDENCE_MALFORMED',
  // The checkpoint is by a log that the reader did not ask about.
  'ORIGIN_FOREIGN',
  // A key the reader knows is named, and its signature does not hold.
  'SIGNATURE_INVALID',
  // The log's signature is of a kind that this build of the verifier leaves out.
  'KEY_UNSUPPORTED',
  // No key of the log signed that the reader trusts.
  'SIGNATURE_MISSING',
  // A retired key signed a size beyond the last it was allowed: who holds it is not the log.
  'KEY_OVERRUN',
  // The newer checkpoint is smaller than the one the reader kept.
  'LOG_ROLLBACK',
  // Two signed checkpoints of one size with different roots: the log showed two histories.
  'LOG_FORK',
  // The proof begins at another size than the checkpoint the reader kept.
  'PROOF_START_WRONG',
  ...PROOF_CODES,
  // The log holds an entry that breaks the ledger's own rules.
  'EVENT_INVALID',
  // An event that is not of the stream asked about.
  'STREAM_FOREIGN',
  // The event that should state the stream index's root states none.
  'STREAM_ROOT_MISSING',
  ...STREAM_CODES,
  // The key that signed is retired, and nothing shows that the tree is part of the log's present one.
  'KEY_RETIRED',
  // All holds, but fewer witnesses signed than the reader's policy demands.
  'QUORUM_UNMET',
] as const;

export type VerifyCode = (typeof VERIFY_CODES)[number];

/** A verifier's answer: `Held` says what is proven. */
export type Answer<Held> = ({ readonly ok: true } & Held) | Refused;

export interface Refused extends No<VerifyCode> {
  /** Both notes, where two signed checkpoints do not fit together: with them anybody can check what the log did. */
  readonly notes?: { readonly kept: string; readonly newer: string };
}
