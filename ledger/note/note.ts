// Signed notes: text, a blank line, and signature lines (C2SP signed-note).
import { concatBytes, encodeUtf8, formatBase64, parseBase64 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';
import { noteBytesMax, noteSignaturesMax } from '../limits.ts';
import { cosignedMessage } from './cosignature.ts';
import type { VerifySignature } from './ed25519.ts';
import { COSIGNATURE, ECDSA, ED25519, isKeyName, type NoteKey, type Signer } from './keys.ts';
import { atPosition, findControl, malformed, textOf } from './text.ts';

/** A note as it was read. Nothing in it may be believed before `verifyNote` named a trusted key. */
export interface Note {
  /** The signed text, its last newline included. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string;
  /** Unsigned 32 bits. */
  readonly id: number;
  /** What follows the key id; its form depends on the key's type. */
  readonly signature: Uint8Array;
}

/** The engines that check signatures. Where `ecdsa` is missing or answers null, a type 0x02 key is reported as unsupported. */
export interface Verifiers {
  readonly ed25519: VerifySignature;
  readonly ecdsa?: (...signed: Parameters<VerifySignature>) => boolean | null;
}

/** Which known keys signed a note. A note with anything in `failed` must be refused as a whole. */
export interface NoteSigners {
  /** In the note's order. `time` is seconds since 1970 for cosignatures, null for other types. */
  readonly verified: readonly { readonly key: NoteKey; readonly time: number | null }[];
  /** Known keys whose signature does not hold. */
  readonly failed: readonly NoteKey[];
  /** Known keys of a type that no engine here checks. */
  readonly unsupported: readonly NoteKey[];
}

/**
 * Reads a note, strictly: exactly what `formatNote` writes.
 *
 * @throws {LedgerError} INPUT_TOO_LARGE beyond `noteBytesMax` or `noteSignaturesMax`; INPUT_NOT_UTF8; INPUT_MALFORMED or
 *   INPUT_NOT_CANONICAL with the position (in characters) of the first thing that is wrong
 * @see C2SP signed-note, "Format"
 */
export function parseNote(input: Uint8Array | string): Note {
  const bytes = typeof input === 'string' ? encodeUtf8(input) : input;
  if (bytes.length > noteBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read note: ${bytes.length} bytes, expected at most ${noteBytesMax}`);
  const note = textOf(input);
  const control = findControl(note);
  if (control >= 0) throw malformed('note', 'a control character', control);
  // The last blank line separates: the text itself may hold blank lines.
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0) throw malformed('note', 'no blank line between text and signatures', note.length);
  const text = note.slice(0, blank + 1);
  return { text, signatures: parseSignatureLines(note.slice(blank + 2), blank + 2) };
}

export function formatNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(formatSignatureLine).join('')}`;
}

/**
 * Reads signature lines, as they stand below a note's blank line and in a witness' answer.
 *
 * @param position - where the lines begin in the whole input, for the refusal
 * @throws {LedgerError} as `parseNote`
 */
export function parseSignatureLines(lines: string, position = 0): NoteSignature[] {
  if (!lines.endsWith('\n')) throw malformed('note', 'no signature line, or no newline at its end', position + lines.length);
  const signatures: NoteSignature[] = [];
  let at = position;
  for (const line of lines.slice(0, -1).split('\n')) {
    if (signatures.length === noteSignaturesMax) {
      throw new LedgerError('INPUT_TOO_LARGE', `Cannot read note: more than ${noteSignaturesMax} signature lines`, { position: at });
    }
    signatures.push(parseSignatureLine(line, at));
    at += line.length + 1;
  }
  return signatures;
}

/** One line, its newline included. */
export function formatSignatureLine({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${formatBase64(concatBytes(uint32Bytes(id), signature))}\n`;
}

/**
 * Signs a text.
 *
 * @param text - ends in a newline, without other control characters
 * @returns the whole note, its signature lines in the signers' order
 * @throws {LedgerError} INPUT_MALFORMED when the text could not be read back
 */
export async function signNote(text: string, signers: readonly Signer[]): Promise<string> {
  const message = encodeUtf8(text);
  const signatures: NoteSignature[] = [];
  for (const signer of signers) {
    const { name, id, type } = signer.key;
    if (type === COSIGNATURE) throw new RangeError('cosignatures carry a time: use cosign');
    signatures.push({ name, id, signature: await signer.sign(message) });
  }
  const note = formatNote({ text, signatures });
  if (parseNote(note).text !== text) throw malformed('note', 'the text does not end in a newline', text.length);
  return note;
}

/**
 * Checks every signature line whose name and id are those of a known key, and ignores all others.
 *
 * @param keys - no two with one name and id
 * @see C2SP signed-note, "Signatures"
 */
export function verifyNote(note: Note, keys: readonly NoteKey[], verifiers: Verifiers): NoteSigners {
  const verified: { key: NoteKey; time: number | null }[] = [];
  const failed: NoteKey[] = [];
  const unsupported: NoteKey[] = [];
  for (const line of note.signatures) {
    // A name and id may be shared by accident: the line counts under the first key that it verifies with, else it fails.
    const known = keys.filter((key) => key.name === line.name && key.id === line.id);
    if (known.length === 0) continue;
    const checked = known.map((key) => ({ key, ...verifySignature(note.text, line.signature, key, verifiers) }));
    const good = checked.find(({ holds }) => holds);
    if (good !== undefined) verified.push({ key: good.key, time: good.time });
    else if (checked.every(({ holds }) => holds === null)) unsupported.push(known[0] as NoteKey);
    else failed.push(known[0] as NoteKey);
  }
  return { verified, failed, unsupported };
}

/** Whether a signature holds, null where no engine here can say. */
type Check = { readonly holds: boolean | null; readonly time: number | null };

function verifySignature(text: string, signature: Uint8Array, key: NoteKey, verifiers: Verifiers): Check {
  const answer = (holds: boolean | null, time: number | null = null): Check => ({ holds, time });
  switch (key.type) {
    case ED25519:
      return answer(verifiers.ed25519(key.publicKey, encodeUtf8(text), signature));
    case ECDSA:
      return answer(verifiers.ecdsa?.(key.publicKey, encodeUtf8(text), signature) ?? null);
    case COSIGNATURE: {
      if (signature.length !== 72) return answer(false);
      const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
      // The specification ends at 2^63 - 1 seconds; this reader ends at 2^53 - 1, 285 million years from now.
      if (!Number.isSafeInteger(time)) return answer(false);
      return answer(verifiers.ed25519(key.publicKey, cosignedMessage(text, time), signature.subarray(8)), time);
    }
    default:
      return answer(null);
  }
}

function parseSignatureLine(line: string, position: number): NoteSignature {
  const [dash, name = '', base64 = '', ...rest] = line.split(' ');
  if (dash !== '—' || rest.length > 0) throw malformed('note', `"${clip(line)}" is no signature line`, position);
  if (!isKeyName(name)) throw malformed('note', `"${clip(name)}" is no key name`, position + 2);
  const at = position + 3 + name.length;
  const bytes = atPosition(() => parseBase64(base64), at);
  if (bytes.length < 5) throw malformed('note', 'a signature has fewer than 5 bytes', at);
  const id = new DataView(bytes.buffer).getUint32(0);
  return { name, id, signature: bytes.slice(4) };
}

function uint32Bytes(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}
