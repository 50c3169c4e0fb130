// Proofs of logging in one text: index, inclusion proof and checkpoint (C2SP tlog-proof, file extension .tlog-proof).
import { formatBase64, parseBase64 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';
import { parseProofText, type SignedCheckpoint } from './checkpoint.ts';
import { formatNote } from './note.ts';
import { atPosition, malformed, parseDecimal } from './text.ts';

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
  return parseProofText('proof', input, (lines) => {
    const header = lines.next();
    if (header !== HEADER) {
      const code = header.startsWith(HEADER.slice(0, -1)) ? 'INPUT_VERSION_UNKNOWN' : 'INPUT_MALFORMED';
      throw new LedgerError(code, `Cannot read proof: its first line is "${clip(header)}", expected "${HEADER}"`, { position: 0 });
    }
    let line = lines.next();
    let extra: Uint8Array | null = null;
    if (line.startsWith('extra ')) {
      extra = atPosition(() => parseBase64(line.slice(6)), lines.position + 6);
      line = lines.next();
    }
    if (!line.startsWith('index ')) throw malformed('proof', 'no index line', lines.position);
    return { extra, index: parseDecimal(line.slice(6), 'an index', lines.position + 6) };
  });
}

export function formatTlogProof({ extra, index, proof, checkpoint }: TlogProof): string {
  const lines = [HEADER, ...(extra === null ? [] : [`extra ${formatBase64(extra)}`]), `index ${index}`, ...proof.map(formatBase64)];
  return `${lines.join('\n')}\n\n${formatNote(checkpoint.note)}`;
}
