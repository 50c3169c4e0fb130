// Talking to witnesses without a network: request bodies to send, and what their answers mean (C2SP tlog-witness).
import { formatBase64 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { parseProofText, type SignedCheckpoint } from './checkpoint.ts';
import type { NoteKey } from './keys.ts';
import { formatNote, type NoteSignature, parseSignatureLines, type Verifiers, verifyNote } from './note.ts';
import { malformed, parseDecimal, textOf } from './text.ts';

/** The body of `POST add-checkpoint`. */
export interface AddCheckpoint {
  /** The size that the witness cosigned last; 0 for never. */
  readonly oldSize: number;
  /** Consistency from the old size: empty from 0, at most 63 hashes. */
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: SignedCheckpoint;
}

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `${[`old ${oldSize}`, ...proof.map(formatBase64)].join('\n')}\n\n${formatNote(checkpoint.note)}`;
}

/**
 * Reads the body of `POST add-checkpoint`, strictly: exactly what `formatAddCheckpoint` writes.
 *
 * @throws {LedgerError} INPUT_MALFORMED with the position (in characters), or as `parseCheckpoint`
 */
export function parseAddCheckpoint(input: Uint8Array | string): AddCheckpoint {
  return parseProofText('request', input, (lines) => {
    const old = lines.next();
    if (!old.startsWith('old ')) throw malformed('request', 'no line with the old size', 0);
    return { oldSize: parseDecimal(old.slice(4), 'a tree size', 4) };
  });
}

/** An HTTP answer as the caller's `send` received it. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** What a witness' answer means to the log that asked. */
export type WitnessAnswer =
  /** These lines hold, and belong under the checkpoint. `time` is the witness', in seconds since 1970. */
  | { readonly is: 'cosigned'; readonly signatures: readonly NoteSignature[]; readonly witnesses: readonly { readonly key: NoteKey; readonly time: number }[] }
  /** The witness stands at another size: ask again from there. Above our own size, it has seen what we have lost. */
  | { readonly is: 'elsewhere'; readonly size: number }
  /** The witness holds a root that does not lead to ours: a fork, or a wrong proof. */
  | { readonly is: 'inconsistent'; readonly message: string }
  /** The witness does not know this origin or its key: its operator must add them. */
  | { readonly is: 'unknown'; readonly message: string }
  /** Ask again later. */
  | { readonly is: 'busy'; readonly message: string }
  /** The answer makes no sense, or says that the request made none. */
  | { readonly is: 'unreadable'; readonly message: string };

/**
 * Reads a witness' answer to `POST add-checkpoint`.
 *
 * Witnesses in the field differ from the specification, and are understood: one answers 409 with an empty body where the
 * root differs at one size (422 is specified), another 403 for an unknown origin (404), and a third 500 for both an unknown
 * origin and a bad signature, which cannot be told from a fault that passes.
 *
 * @param keys - the witness' keys, as `asWitnessKey` returns them; lines by others are ignored
 * @see C2SP tlog-witness, "add-checkpoint"
 */
export function readWitnessAnswer(request: AddCheckpoint, answer: HttpAnswer, keys: readonly NoteKey[], verifiers: Verifiers): WitnessAnswer {
  const { status, body } = answer;
  const { size } = request.checkpoint;
  if (status === 200) return readCosignatures(request.checkpoint.note.text, body, keys, verifiers);
  if (status === 409) {
    const stands = sizeIn(body);
    // At the size we named, only the root can be the conflict.
    if (stands !== null && stands !== request.oldSize) return { is: 'elsewhere', size: stands };
    if (request.oldSize === size) return { is: 'inconsistent', message: `the witness holds another root of size ${size}` };
    return { is: 'unreadable', message: 'the witness answered 409 without another size' };
  }
  if (status === 422) return { is: 'inconsistent', message: `the witness refused the proof from ${request.oldSize} to ${size}` };
  if (status === 403 || status === 404) return { is: 'unknown', message: `the witness answered ${status}: it does not know this origin or its key` };
  if (status === 500) return { is: 'busy', message: 'the witness answered 500: a fault, or it does not know this origin or its key' };
  if (status === 429 || status > 500) return { is: 'busy', message: `the witness answered ${status}` };
  return { is: 'unreadable', message: `the witness answered ${status}` };
}

/**
 * Reads signature lines that a witness or mirror answered with.
 *
 * @param text - the text of the note that they sign
 */
export function readCosignatures(text: string, body: Uint8Array, keys: readonly NoteKey[], verifiers: Verifiers): WitnessAnswer {
  let signatures;
  try {
    signatures = parseSignatureLines(textOf(body));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { is: 'unreadable', message: error.message };
  }
  const held = signatures.map((signature) => ({ signature, ...verifyNote({ text, signatures: [signature] }, keys, verifiers) }));
  if (held.some(({ failed }) => failed.length > 0)) return { is: 'unreadable', message: 'a cosignature by this witness does not hold' };
  const witnesses = held.flatMap(({ verified }) => verified.flatMap(({ key, time }) => (time === null ? [] : [{ key, time }])));
  if (witnesses.length === 0) return { is: 'unreadable', message: 'no cosignature by a key of this witness' };
  return { is: 'cosigned', signatures: held.filter(({ verified }) => verified.some(({ time }) => time !== null)).map(({ signature }) => signature), witnesses };
}

/** A checkpoint with cosignatures added: lines that are already there are not repeated, newer ones of one key replace older ones. */
export function addSignatures(checkpoint: SignedCheckpoint, added: readonly NoteSignature[]): SignedCheckpoint {
  const replaced = (line: NoteSignature) => added.some(({ name, id }) => name === line.name && id === line.id);
  const { text, signatures } = checkpoint.note;
  return { ...checkpoint, note: { text, signatures: [...signatures.filter((line) => !replaced(line)), ...added] } };
}

function sizeIn(body: Uint8Array): number | null {
  try {
    return parseDecimal(textOf(body).replace(/\n$/, ''), 'a tree size');
  } catch {
    return null;
  }
}
