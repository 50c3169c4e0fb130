// Proofs of logging in one text: index, inclusion proof and checkpoint (C2SP tlog-proof, file extension .tlog-proof).
import { formatBase64, parseBase64 } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { noteBytesMax, proofHashesMax } from '../limits.ts';
import { type SignedCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { formatNote } from './note.ts';
import { atPosition, Lines, parseDecimal, textOf } from './text.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';

export interface TlogProof {
  /** Opaque and not authenticated: nothing may be believed because it stands here. Null where the line is missing. */
  readonly extra: Uint8Array | null;
  /** Zero-based. */
  readonly index: number;
  /** From the leaf's sibling upwards, 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: SignedCheckpoint;
}

/**
 * Reads a proof, strictly: exactly what `formatTlogProof` writes.
 *
 * @throws {LedgerError} INPUT_MALFORMED with the position (in characters), or as `parseCheckpoint`
 * @see C2SP tlog-proof, "Format"
 */
export function parseTlogProof(input: Uint8Array | string): TlogProof {
  if (input.length > 2 * noteBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read proof: expected at most ${2 * noteBytesMax} bytes`);
  const text = textOf(input);
  // The first blank line ends the proof: no line of it is empty, while a checkpoint's note has a blank line of its own.
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw malformed('no blank line before the checkpoint', text.length);
  const lines = new Lines(text.slice(0, blank));
  if (lines.next() !== HEADER) throw malformed(`its first line is not ${HEADER}`, 0);
  let line = lines.next();
  let extra: Uint8Array | null = null;
  if (line.startsWith('extra ')) {
    extra = atPosition(() => parseBase64(line.slice(6)), lines.position + 6);
    line = lines.next();
  }
  if (!line.startsWith('index ')) throw malformed('no index line', lines.position);
  const index = parseDecimal(line.slice(6), 'index', lines.position + 6);
  const { hashes, position } = lines.hashes();
  const checkpoint = atPosition(() => parseCheckpoint(text.slice(blank + 2)), blank + 2);
  if (hashes.length > proofHashesMax) throw malformed(`${hashes.length} hashes, expected at most ${proofHashesMax}`, position);
  return { extra, index, proof: hashes, checkpoint };
}

export function formatTlogProof({ extra, index, proof, checkpoint }: TlogProof): string {
  const lines = [HEADER, ...(extra === null ? [] : [`extra ${formatBase64(extra)}`]), `index ${index}`, ...proof.map(formatBase64)];
  return `${lines.join('\n')}\n\n${formatNote(checkpoint.note)}`;
}

function malformed(what: string, position: number): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read proof: ${what}`, { position });
}
