// The witness client: shows a checkpoint to a witness, from wherever the witness stands (C2SP tlog-witness).
import { encodeUtf8 } from '../bytes.ts';
import {
  asWitnessKey, formatAddCheckpoint, readWitnessAnswer, verifyEd25519, type HttpAnswer, type PolicyWitness, type SignedCheckpoint, type WitnessAnswer,
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
