// Who signed a checkpoint, judged by what the reader trusts (spec/verify.md, "Checkpoint").
import { clip } from '../ledger/errors.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../ledger/note/checkpoint.ts';
import { type NoteSigners, verifyNote } from '../ledger/note/note.ts';
import { meetsQuorum, type PolicyWitness } from '../ledger/note/policy.ts';
import { no } from '../ledger/verdict.ts';
import type { Answer } from './codes.ts';
import { readEvidence } from './evidence.ts';
import type { LogKey, Trust } from './trust.ts';

/** A checkpoint that a trusted key signed. */
export interface Signed {
  readonly checkpoint: SignedCheckpoint;
  /** The key that counted: one in use where there is one. */
  readonly log: LogKey;
  readonly witnessed: Witnessed;
}

/** Who cosigned, and whether that is enough for the reader's policy. */
export interface Witnessed {
  /** In the policy's order, each with the earliest time it stated, in seconds since 1970. */
  readonly by: readonly { readonly witness: PolicyWitness; readonly time: number }[];
  /** `none` where the policy asks for no witness. */
  readonly quorum: 'met' | 'unmet' | 'none';
}

/** The answer to a reader without a policy: nothing is taken on trust because nobody said otherwise. */
export const trustsNobody = no('TRUST_EMPTY', 'no key of any log is trusted');

/**
 * Checks everything about a checkpoint that no further evidence can mend.
 *
 * @param what - names the checkpoint in the verdict's message
 */
export function openCheckpoint(input: SignedCheckpoint | Uint8Array | string, trust: Trust, what = 'the checkpoint'): Answer<Signed> {
  // 1. Somebody is trusted.
  if (trust.logs.length === 0) return trustsNobody;
  // 2. The note and its text can be read.
  const read = readEvidence(what, () => (typeof input === 'string' || input instanceof Uint8Array ? parseCheckpoint(input) : input));
  if (!read.ok) return read;
  const checkpoint = read.value;
  // 3. It is by a log the reader asked about.
  const logs = trust.logs.filter(({ origin }) => origin === checkpoint.origin);
  if (logs.length === 0) return no('ORIGIN_FOREIGN', `${what} is by "${clip(checkpoint.origin)}", which is not trusted`);
  // 4. Every signature by a known key holds, witnesses included: one that does not makes the whole note suspect.
  const signers = verifyNote(checkpoint.note, [...logs.map(({ key }) => key), ...trust.witnesses.map(({ key }) => key)], trust.verifiers);
  const [failed] = signers.failed;
  if (failed !== undefined) return no('SIGNATURE_INVALID', `the signature of "${clip(failed.name)}" on ${what} does not hold`);
  // 5. One of them is the log's; a key in use counts before a retired one.
  const signing = logs.filter(({ key }) => signers.verified.some((by) => by.key === key));
  const log = signing.find(({ retired }) => retired === null) ?? signing[0];
  if (log === undefined) {
    const unchecked = logs.find(({ key }) => signers.unsupported.includes(key));
    if (unchecked !== undefined) return no('KEY_UNSUPPORTED', `this verifier does not check keys of type ${unchecked.key.type}, which signed ${what}`);
    return no('SIGNATURE_MISSING', `no trusted key of "${clip(checkpoint.origin)}" signed ${what}`);
  }
  // 6. A retired key signed no size beyond its last.
  const lastSize = log.retired?.lastSize ?? null;
  if (lastSize !== null && checkpoint.size > lastSize) {
    return no('KEY_OVERRUN', `"${clip(log.key.name)}" signed ${what} of size ${checkpoint.size}, but was retired at size ${lastSize}`);
  }
  return { ok: true, checkpoint, log, witnessed: witnessedBy(signers, trust) };
}

function witnessedBy({ verified }: NoteSigners, { witnesses, quorum }: Trust): Witnessed {
  const by = witnesses.flatMap((witness) => {
    const { name, id } = witness.key;
    const [first, ...more] = verified.flatMap(({ key, time }) => (time !== null && key.name === name && key.id === id ? [time] : []));
    // The earliest: the tree existed by then, whatever the witness signed again later.
    return first === undefined ? [] : [{ witness, time: Math.min(first, ...more) }];
  });
  if (quorum === null) return { by, quorum: 'none' };
  return { by, quorum: meetsQuorum(quorum, (witness) => by.some((seen) => seen.witness === witness)) ? 'met' : 'unmet' };
}
