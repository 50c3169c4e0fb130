// Entry bundles (C2SP tlog-tiles): up to 256 entries in a row, each behind its length in two bytes.
import { LedgerError } from '../errors.ts';
import { entryBytesMax } from '../limits.ts';
import { tileWidth } from './tile-path.ts';

/**
 * Writes a bundle.
 *
 * @param entries - 1 to 256
 * @throws {LedgerError} INPUT_TOO_LARGE when an entry is longer than 65,535 bytes, which its length could not say
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > tileWidth) throw new RangeError(`a bundle has 1 to ${tileWidth} entries, not ${entries.length}`);
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    // setUint16 would keep the low 16 bits and shift every later entry.
    if (entry.length > entryBytesMax) {
      throw new LedgerError('INPUT_TOO_LARGE', `Cannot bundle an entry of ${entry.length} bytes, expected at most ${entryBytesMax}`);
    }
    view.setUint16(at, entry.length);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/**
 * Reads a bundle, without copying: the entries are views into `bytes`.
 *
 * @param width - how many entries its path promises, 1 to 256
 * @throws {LedgerError} INPUT_MALFORMED when the bytes end within an entry, after fewer entries, or go on after the last
 */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < width) {
    if (at + 2 > bytes.length) throw refusal(`${entries.length} entries, expected ${width}`, at);
    const length = view.getUint16(at);
    if (at + 2 + length > bytes.length) throw refusal(`entry ${entries.length} is cut off, expected ${length} bytes`, at);
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (at < bytes.length) throw refusal(`${bytes.length - at} bytes after the last of ${width} entries`, at);
  return entries;
}

function refusal(why: string, position: number): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read an entry bundle: ${why}`, { position });
}
