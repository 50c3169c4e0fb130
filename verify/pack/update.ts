// What came after an old pack: a newer checkpoint with its consistency proof, and the receipts of the rotations that retired its key.
import { concatBytes, decodeUtf8, encodeUtf8, equalBytes, formatBase64, parseBase64 } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { decodeEvent } from '../../ledger/events/index.ts';
import { isJsonObject, parseJson } from '../../ledger/json.ts';
import { sha256 } from '../../ledger/merkle/hash.ts';
import { parseVkey } from '../../ledger/note/keys.ts';
import { ed25519Spki } from '../../ledger/spki.ts';
import { no } from '../../ledger/verdict.ts';
import { readEvidence } from '../evidence.ts';
import { verifyReceipt } from '../inclusion.ts';
import type { LogKey, Trust } from '../trust.ts';
import type { PackAnswer } from './codes.ts';

const FORMAT = 'stella-update/1';
const limits = { bytesMax: 64 * 1024 * 1024, depthMax: 3 };

export interface PackUpdate {
  /** C2SP's add-checkpoint body. */
  readonly growth: Uint8Array;
  /** Receipts of `key.rotated`, the newest first: each under a key that the reader trusts, or that the one before it replaced. */
  readonly rotations: readonly Uint8Array[];
}

export function formatUpdate({ growth, rotations }: PackUpdate): string {
  return `${JSON.stringify({ format: FORMAT, growth: formatBase64(growth), rotations: rotations.map(formatBase64) }, null, 2)}\n`;
}

/** Reads an update: this form, or the add-checkpoint body alone. @throws {LedgerError} INPUT_VERSION_UNKNOWN, INPUT_MALFORMED, and as `parseJson` */
export function parseUpdate(input: Uint8Array | string): PackUpdate {
  const bytes = typeof input === 'string' ? encodeUtf8(input) : input;
  if (bytes[0] !== 0x7b) return { growth: bytes, rotations: [] };
  const json = parseJson(bytes, limits);
  const { format, growth, rotations } = isJsonObject(json) ? json : {};
  if (format !== FORMAT) throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read update: format "${clip(String(format))}", expected "${FORMAT}"`);
  if (typeof growth !== 'string' || !Array.isArray(rotations) || !rotations.every((one) => typeof one === 'string')) {
    throw new LedgerError('INPUT_MALFORMED', 'Cannot read update: a member is missing or of another type');
  }
  return { growth: parseBase64(growth), rotations: rotations.map((one) => parseBase64(one as string)) };
}

/**
 * Adds the keys that rotations retired to what a reader trusts: a retired key counts under a newer checkpoint by a key in use.
 *
 * @param vkeys - the keys that the pack brings along: candidates, known only by the id that a rotation names
 * @param size - the pack's: a rotation says up to which size its key may have signed
 */
export function withRotations(trust: Trust, { rotations }: PackUpdate, vkeys: readonly string[], size: number): PackAnswer<{ readonly trust: Trust }> {
  let logs: readonly LogKey[] = trust.logs;
  for (const receipt of rotations) {
    const included = verifyReceipt(receipt, trust);
    if (!included.ok) return no(included.code, `the rotation's receipt: ${included.message}`);
    const read = readEvidence('the rotation', () => decodeEvent(included.entry));
    if (!read.ok) return read;
    if (read.value.type !== 'key.rotated') return no('EVIDENCE_MALFORMED', `the receipt of entry ${included.index} is of no rotation`);
    const { from, lastSize } = read.value.data;
    const keys = readEvidence('the keys', () => vkeys.map(parseVkey));
    if (!keys.ok) return keys;
    const key = keys.value.find(({ publicKey }) => equalBytes(sha256(concatBytes(ed25519Spki, publicKey)), from));
    if (key === undefined || logs.some((one) => equalBytes(one.key.publicKey, key.publicKey))) continue;
    if (size > lastSize) return no('KEY_OVERRUN', `the pack's tree has ${size} entries, and its key was retired at size ${lastSize}`);
    // Without a bound of its own: what it signed counts only as far as the newer checkpoint holds it.
    logs = [...logs, { origin: included.checkpoint.origin, key, retired: { lastSize: null } }];
  }
  return { ok: true, trust: { ...trust, logs } };
}

/** The lines of `keys.txt`. */
export function vkeysIn(text: Uint8Array): string[] {
  return decodeUtf8(text).split('\n').filter((line) => line !== '');
}
