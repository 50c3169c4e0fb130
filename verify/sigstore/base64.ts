// Base64 as envelopes and bundles carry it: standard or URL-safe, with or without padding, in one line or several.
import { parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';

/**
 * Reads base64 of either alphabet; a text that mixes both, holds any other character or sets bits after its end is none.
 *
 * DSSE asks verifiers to accept both alphabets (protocol.md, "Signature Definition"), and protobuf's JSON does too. Line
 * breaks are passed over, as the readers of other verifiers do: what is checked is the bytes.
 *
 * @returns null when the text is not base64
 */
export function parseAnyBase64(broken: string): Uint8Array | null {
  const text = broken.replace(/[\r\n]/g, '');
  const isUrlSafe = /[-_]/.test(text);
  if (isUrlSafe && /[+/]/.test(text)) return null;
  const unpadded = text.replace(/={1,2}$/, '');
  if (unpadded !== text && text.length % 4 !== 0) return null;
  const standard = isUrlSafe ? unpadded.replace(/-/g, '+').replace(/_/g, '/') : unpadded;
  try {
    return parseBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='));
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
