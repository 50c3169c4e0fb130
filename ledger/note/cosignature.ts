// Cosignatures: a witness' statement that it saw a checkpoint, and when (C2SP tlog-cosignature, cosignature/v1).
import { concatBytes, encodeUint64, encodeUtf8 } from '../bytes.ts';
import { COSIGNATURE, type Signer } from './keys.ts';
import type { NoteSignature } from './note.ts';

/** The bytes that a cosignature signs: the time, then the whole text of the note. @param time - seconds since 1970 */
export function cosignedMessage(text: string, time: number): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${time}\n${text}`);
}

/**
 * Cosigns the text of a checkpoint. Checking that the log only grew since the last one is the caller's duty.
 *
 * @param text - the note's text, its last newline included
 * @param time - seconds since 1970
 */
export async function cosign(text: string, signer: Signer, time: number): Promise<NoteSignature> {
  const { name, id, type } = signer.key;
  if (type !== COSIGNATURE) throw new RangeError(`not a cosignature key: type ${type}`);
  const signature = await signer.sign(cosignedMessage(text, time));
  return { name, id, signature: concatBytes(encodeUint64(time), signature) };
}
