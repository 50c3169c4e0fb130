// Rekor entry bodies beside events: JSON in the one form of RFC 8785, whose meaning is another dialect's business.
import { equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { encodeJcs } from '../jcs.ts';
import { isJsonObject, parseJson } from '../json.ts';
import { entryBytesMax } from '../limits.ts';

/**
 * Checks that an entry is a JSON object in canonical form.
 *
 * @throws {LedgerError} what `parseJson` throws; ENTRY_KIND_UNKNOWN when it is no object; INPUT_NOT_CANONICAL
 * @see RFC 8785
 */
export function checkRekorBody(entry: Uint8Array): void {
  const body = parseJson(entry, { bytesMax: entryBytesMax });
  if (!isJsonObject(body)) throw new LedgerError('ENTRY_KIND_UNKNOWN', 'Cannot accept entry: its JSON is no object');
  if (!equalBytes(encodeJcs(body), entry)) throw new LedgerError('INPUT_NOT_CANONICAL', 'Cannot accept entry: its JSON is not in the form of RFC 8785');
}
