// Base64 as envelopes and bundles carry it: standard or URL-safe, with or without padding, and nothing else between.
import { parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';

/**
 * Reads base64 of either alphabet; a text that mixes both, or sets bits after its end, is none.
 *
 * DSSE asks verifiers to accept both alphabets (protocol.md, "Signature Definition"), and protobuf's JSON does too.
 *
 * @returns null when the text is not base64
 */
export function parseAnyBase64(text: string): Uint8Array | null {
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
