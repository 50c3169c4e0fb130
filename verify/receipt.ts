// Receipts: one entry with its place, its proof and a signed checkpoint, as JSON that verifies with nothing else.
import { formatBase64, parseBase64 } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { entryBytesMax, noteBytesMax, proofHashesMax } from '../ledger/limits.ts';
import { malformed, textOf } from '../ledger/note/text.ts';

export interface Receipt {
  /** The exact stored bytes, at most 65,535. */
  readonly entry: Uint8Array;
  /** Zero-based. */
  readonly index: number;
  /** The tree's size: the checkpoint's. */
  readonly size: number;
  /** From the leaf's sibling upwards, at most 63; that each has 32 bytes is the verifier's to say. */
  readonly proof: readonly Uint8Array[];
  /** A signed checkpoint with its cosignatures, as text. */
  readonly checkpoint: string;
}

const FORMAT = 'stella-receipt/1';
const MEMBERS = 6;
const receiptBytesMax = 2 * (entryBytesMax + noteBytesMax);

/**
 * Reads a receipt, strictly: its members and no others, each once, base64 in its one form.
 *
 * @throws {LedgerError} INPUT_VERSION_UNKNOWN for another format; INPUT_TOO_LARGE beyond a bound; INPUT_DUPLICATE_KEY;
 *   INPUT_NOT_UTF8; INPUT_MALFORMED or INPUT_NOT_CANONICAL for anything else
 * @see spec/receipt.md
 */
export function parseReceipt(input: Uint8Array | string): Receipt {
  if (input.length > receiptBytesMax) throw tooLarge(`${input.length} bytes`, receiptBytesMax);
  const text = textOf(input);
  const { format, entry, index, size, proof, checkpoint, ...others } = members(text);
  if (typeof format !== 'string') throw malformed('receipt', 'it names no format');
  if (format !== FORMAT) throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read receipt: format "${clip(format)}", expected "${FORMAT}"`);
  const [other] = Object.keys(others);
  if (other !== undefined) throw malformed('receipt', `it has a member "${clip(other)}"`);
  if (!Array.isArray(proof)) throw malformed('receipt', 'its proof is no array');
  if (proof.length > proofHashesMax) throw tooLarge(`${proof.length} hashes`, proofHashesMax);
  const hashes = proof.map((hash) => bytesOf(hash, 'a hash'));
  if (typeof checkpoint !== 'string') throw malformed('receipt', 'its checkpoint is no text');
  const stored = bytesOf(entry, 'its entry');
  if (stored.length > entryBytesMax) throw tooLarge(`an entry of ${stored.length} bytes`, entryBytesMax);
  const read = { entry: stored, index: countOf(index, 'its index'), size: countOf(size, 'its size'), proof: hashes, checkpoint };
  // Every string of the text in turn: those before a colon are names, and no value of a receipt has names of its own.
  const names = (text.match(/"(?:[^"\\]|\\.)*"\s*:?/g) ?? []).filter((string) => string.endsWith(':'));
  if (names.length > MEMBERS) throw new LedgerError('INPUT_DUPLICATE_KEY', 'Cannot read receipt: it names a member twice');
  return read;
}

/** Writes a receipt: one JSON object, two spaces deep, with a newline at its end. */
export function formatReceipt({ entry, index, size, proof, checkpoint }: Receipt): string {
  const receipt = { format: FORMAT, entry: formatBase64(entry), index, size, proof: proof.map(formatBase64), checkpoint };
  return `${JSON.stringify(receipt, null, 2)}\n`;
}

/**
 * The members of one JSON object, each named once. `JSON.parse` alone keeps the last of two members of one name: two readers
 * would see two receipts. The house's own JSON reader would say where the text breaks, for 2 kB more.
 */
function members(text: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LedgerError('INPUT_MALFORMED', 'Cannot read receipt: it is no JSON', { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed('receipt', 'it is no object');
  return { ...json };
}

function bytesOf(value: unknown, what: string): Uint8Array {
  if (typeof value !== 'string') throw malformed('receipt', `${what} is no base64 text`);
  return parseBase64(value);
}

function countOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed('receipt', `${what} is no integer from 0 to 2^53 - 1`);
  return value;
}

function tooLarge(what: string, most: number): LedgerError {
  return new LedgerError('INPUT_TOO_LARGE', `Cannot read receipt: ${what}, expected at most ${most}`);
}
