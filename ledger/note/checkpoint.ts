// Checkpoints: origin, size and root of a tree, as the text of a note (C2SP tlog-checkpoint).
import { formatBase64 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { noteBytesMax, proofHashesMax } from '../limits.ts';
import type { Signer } from './keys.ts';
import { type Note, parseNote, signNote } from './note.ts';
import { atPosition, Lines, malformed, parseDecimal, parseHash, textOf } from './text.ts';

export interface Checkpoint {
  /** Who speaks: the log's name, pinned by every reader. */
  readonly origin: string;
  /** Entries in the tree: a safe integer. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Lines after the third, kept because they are signed; nothing is read from them. */
  readonly extensions: readonly string[];
}

/** A checkpoint with the note that carries it. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
}

/**
 * Reads a signed checkpoint. Nothing in it may be believed before `verifyNote` named a trusted key.
 *
 * @throws {LedgerError} as `parseNote` and `parseCheckpointText`
 */
export function parseCheckpoint(input: Uint8Array | string): SignedCheckpoint {
  const note = parseNote(input);
  return { ...parseCheckpointText(note.text), note };
}

/**
 * Reads the text of a checkpoint, strictly: exactly what `formatCheckpointText` writes.
 *
 * @throws {LedgerError} INPUT_MALFORMED, INPUT_TOO_LARGE or INPUT_NOT_CANONICAL with the position of the line that is wrong
 * @see C2SP tlog-checkpoint, "Note text"
 */
export function parseCheckpointText(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw malformed('checkpoint', 'its last line has no newline', text.length);
  const empty = lines.indexOf('');
  if (lines.length < 3 || empty >= 0) {
    const position = empty < 0 ? text.length : lines.slice(0, empty).reduce((at, line) => at + line.length + 1, 0);
    throw malformed('checkpoint', 'expected at least three lines, none of them empty', position);
  }
  const [origin, size, root, ...extensions] = lines as [string, string, string, ...string[]];
  const sizeAt = origin.length + 1;
  return { origin, size: parseDecimal(size, 'a tree size', sizeAt), root: parseHash(root, sizeAt + size.length + 1), extensions };
}

/**
 * The signed text, its last newline included.
 *
 * @throws {LedgerError} as `parseCheckpointText`, when the text could not be read back
 */
export function formatCheckpointText({ origin, size, root, extensions }: Checkpoint): string {
  const lines = [origin, String(size), formatBase64(root), ...extensions];
  // A newline inside a line would move what is signed: the text must read back as what it was written from.
  if (lines.some((line) => line.includes('\n'))) throw new LedgerError('INPUT_MALFORMED', 'Cannot write checkpoint: a line holds a newline');
  const text = `${lines.join('\n')}\n`;
  parseCheckpointText(text);
  return text;
}

/** Signs a checkpoint, one line for each signer. @returns the whole note */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly Signer[]): Promise<string> {
  return signNote(formatCheckpointText(checkpoint), signers);
}

/**
 * Reads what C2SP's proofs share: first lines of their own, hashes one a line, a blank line, and a signed checkpoint.
 *
 * @param what - names the text in the refusal @param head - reads the first lines
 * @throws {LedgerError} INPUT_TOO_LARGE, INPUT_MALFORMED with the position (in characters), or as `parseCheckpoint`
 */
export function parseProofText<Head>(
  what: string, input: Uint8Array | string, head: (lines: Lines) => Head,
): Head & { proof: Uint8Array[]; checkpoint: SignedCheckpoint } {
  if (input.length > 2 * noteBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read ${what}: expected at most ${2 * noteBytesMax} bytes`);
  const text = textOf(input);
  // The first blank line ends the proof: no line of it is empty, while a checkpoint's note has a blank line of its own.
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw malformed(what, 'no blank line before the checkpoint', text.length);
  const lines = new Lines(text.slice(0, blank));
  const first = head(lines);
  const proof: Uint8Array[] = [];
  while (lines.more) {
    const line = lines.next();
    if (proof.length === proofHashesMax) throw malformed(what, `more than ${proofHashesMax} hashes`, lines.position);
    proof.push(parseHash(line, lines.position));
  }
  return { ...first, proof, checkpoint: atPosition(() => parseCheckpoint(text.slice(blank + 2)), blank + 2) };
}
