// The file of a part of a snapshot: pieces with their places, read as the snapshot's own file (spec/snapshot.md, "A part").
import { concatBytes, encodeUint64, equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { SnapshotFile } from './format.ts';

/** 16 bytes: the rest of the footer is the number of pieces and the size of the whole file. */
const magic = new TextEncoder().encode('stella-snap-part');
const footerBytes = 32;

/** @param pieces - `[start, end]` in the whole file, ascending, none touching the next */
export function encodePart(file: SnapshotFile, pieces: readonly (readonly [number, number])[]): Uint8Array {
  return concatBytes(
    ...pieces.map(([start, end]) => file.read(start, end - start)),
    ...pieces.flatMap(([start, end]) => [encodeUint64(start), encodeUint64(end - start)]),
    encodeUint64(pieces.length), encodeUint64(file.size), magic,
  );
}

/** Whether a file ends as a part does, so that a reader can take either. */
export function isPart(file: SnapshotFile): boolean {
  return file.size >= footerBytes && equalBytes(file.read(file.size - 16, 16), magic);
}

/**
 * Opens a part as the snapshot's file: `new Snapshot(openPart(bytes), digest)` verifies everything that is read of it.
 *
 * @returns a file whose reads throw PAYLOAD_MISSING outside the part
 * @throws {LedgerError} INPUT_MALFORMED when it is no part
 */
export function openPart(bytes: Uint8Array): SnapshotFile {
  const refuse = (why: string): never => {
    throw new LedgerError('INPUT_MALFORMED', `Cannot open the part of a snapshot: ${why}`);
  };
  const end = bytes.length - footerBytes;
  if (end < 0 || !equalBytes(bytes.subarray(end + 16), magic)) refuse('it does not end as one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (at: number) => Number(view.getBigUint64(at));
  const [count, size] = [number(end), number(end + 8)];
  const table = end - 16 * count;
  if (!(table >= 0)) refuse('its pieces do not fit');
  const pieces: { start: number; length: number; at: number }[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const [start, length] = [number(table + 16 * i), number(table + 16 * i + 8)];
    const before = pieces.at(-1);
    // One form for one part: pieces that touch are one piece.
    if (length === 0 || start + length > size || at + length > table || (before !== undefined && start <= before.start + before.length)) {
      refuse(`piece ${i} does not lie in order`);
    }
    pieces.push({ start, length, at });
    at += length;
  }
  if (at !== table) refuse('bytes belong to no piece');
  return {
    size,
    read(offset, length) {
      if (length === 0) return new Uint8Array(0);
      const piece = pieces[lastAtOrBefore(pieces, offset)];
      if (piece === undefined || offset + length > piece.start + piece.length) {
        throw new LedgerError('PAYLOAD_MISSING', `Cannot read the snapshot: ${length} bytes at ${offset} are not in this part`, {
          hint: 'the part holds what one scan reads; another scan needs the whole snapshot',
        });
      }
      const from = piece.at + offset - piece.start;
      return bytes.slice(from, from + length);
    },
  };
}

/** -1 where all begin behind it. */
function lastAtOrBefore(pieces: readonly { readonly start: number }[], offset: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pieces[middle] as { start: number }).start <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
