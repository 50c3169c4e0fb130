// The witness client: shows a checkpoint to a witness, from wherever the witness stands (C2SP tlog-witness).
import { encodeUtf8 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import {
  addSignatures, asWitnessKey, formatAddCheckpoint, formatNote, meetsQuorum, parseCheckpoint, readWitnessAnswer, verifyEd25519, verifyNote,
  type HttpAnswer, type NoteKey, type PolicyWitness, type SignedCheckpoint, type TrustPolicy, type WitnessAnswer,
} from '../note/index.ts';
import type { LogView } from './view.ts';

/** Posts a body to the witness' `path`. Null when no answer came: this client knows no network. */
export type Send = (path: string, body: Uint8Array) => Promise<HttpAnswer | null>;

/** A witness whose size is not the one it just named is asked again; not for ever, for another log's client may race with us. */
const attemptsMax = 4;

/**
 * Asks a witness to cosign a checkpoint.
 *
 * What the witness saw last is not remembered here: the first request says size 0, and a witness that stands elsewhere answers
 * with its size (409). So a lost note of ours can never be mistaken for a fork.
 *
 * @param log - proves consistency from the witness' size @param checkpoint - of a size of this log
 * @returns the witness' last answer; `elsewhere` when it stands above the checkpoint: it has seen what this log has lost
 */
export async function askWitness(
  log: Pick<LogView, 'proveConsistency'>, checkpoint: SignedCheckpoint, witness: PolicyWitness, send: Send,
): Promise<WitnessAnswer> {
  let oldSize = 0;
  for (let attempt = 0; ; attempt++) {
    const proof = oldSize === 0 ? [] : await log.proveConsistency(oldSize, checkpoint.size);
    const request = { oldSize, proof, checkpoint };
    const answer = await send('add-checkpoint', encodeUtf8(formatAddCheckpoint(request)));
    if (answer === null) return { is: 'busy', message: 'the witness did not answer' };
    const read = readWitnessAnswer(request, answer, [asWitnessKey(witness.key)], { ed25519: verifyEd25519 });
    if (read.is !== 'elsewhere' || read.size > checkpoint.size || attempt === attemptsMax - 1) return read;
    oldSize = read.size;
  }
}

/** A checkpoint with the cosignatures that came back. */
export interface WitnessRound {
  /** The whole note, for the store to keep. */
  readonly note: string;
  readonly checkpoint: SignedCheckpoint;
  /** Whether the policy's quorum has signed. */
  readonly quorum: boolean;
  readonly answers: readonly { readonly witness: PolicyWitness; readonly answer: WitnessAnswer }[];
  /** The newest time a witness stated, milliseconds since 1970; null when none signed. */
  readonly time: number | null;
}

/**
 * Asks every witness of a policy that has a URL to cosign the published checkpoint, all at once.
 *
 * @param sendTo - how to reach a witness' URL @see C2SP tlog-policy
 */
export async function witnessRound(log: LogView, policy: TrustPolicy, sendTo: (url: string) => Send): Promise<WitnessRound> {
  const checkpoint = parseCheckpoint(log.published.note);
  const asked = policy.witnesses.flatMap((witness) => (witness.url === null ? [] : [{ witness, send: sendTo(witness.url) }]));
  const answers = await Promise.all(asked.map(async ({ witness, send }) => ({ witness, answer: await askWitness(log, checkpoint, witness, send) })));
  const cosigned = addSignatures(checkpoint, answers.flatMap(({ answer }) => (answer.is === 'cosigned' ? answer.signatures : [])));
  const signed = (witness: PolicyWitness) => answers.some((one) => one.witness === witness && one.answer.is === 'cosigned');
  const note = formatNote(cosigned.note);
  const time = outsideTimeOf(note, policy.witnesses.map(({ key }) => key));
  return { note, checkpoint: cosigned, quorum: meetsQuorum(policy.quorum, signed), answers, time };
}

/**
 * The newest time that trusted witnesses put under a kept checkpoint, milliseconds since 1970: the log's clock is held against it.
 *
 * @param witnesses - their keys, as a policy lists them @returns null when none of them signed, or the note cannot be read
 */
export function outsideTimeOf(note: string, witnesses: readonly NoteKey[]): number | null {
  try {
    const { verified } = verifyNote(parseCheckpoint(note).note, witnesses.map(asWitnessKey), { ed25519: verifyEd25519 });
    const times = verified.flatMap(({ time }) => (time === null ? [] : [time * 1000]));
    return times.length === 0 ? null : Math.max(...times);
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
