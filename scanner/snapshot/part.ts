// A part of a snapshot: what one scan reads of it, with all that shows it to be of the snapshot's digest (spec/snapshot.md).
import { concatBytes, encodeUint64, equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { explain } from '../match/explain.ts';
import type { FindingsDocument } from '../match/findings.ts';
import type { ScanInput } from '../match/group.ts';
import { scan, type ScanOptions } from '../match/match.ts';
import type { SnapshotFile } from './format.ts';
import { Snapshot } from './open.ts';

/** 16 bytes: the rest of the footer is the number of pieces and the size of the whole file. */
const magic = new TextEncoder().encode('stella-snap-part');
const footerBytes = 32;

/** A snapshot file that remembers which of its bytes were read. */
export class ReadPlaces implements SnapshotFile {
  readonly #file: SnapshotFile;
  readonly #read: [start: number, end: number][] = [];

  constructor(file: SnapshotFile) {
    this.#file = file;
  }

  get size(): number {
    return this.#file.size;
  }

  read(offset: number, length: number): Uint8Array {
    this.#read.push([offset, offset + length]);
    return this.#file.read(offset, length);
  }

  /** What was read, ascending; what touches is one piece. */
  pieces(): [start: number, end: number][] {
    const pieces: [number, number][] = [];
    for (const [start, end] of this.#read.sort(([a, b], [c, d]) => a - c || b - d)) {
      const last = pieces.at(-1);
      if (start === end) continue;
      if (last === undefined || start > last[1]) pieces.push([start, end]);
      else last[1] = Math.max(last[1], end);
    }
    return pieces;
  }
}

export interface Part {
  readonly bytes: Uint8Array;
  readonly shards: number;
  readonly records: number;
  /** What the scan found that the part was made for. */
  readonly document: FindingsDocument;
}

/**
 * Takes from a snapshot what a scan of one list reads: the shards it asks, those that answer "no record" among them, the hashes of
 * all shards, the manifest and its proof to the root, and all records of the vulnerabilities found, so that `explain` answers for them.
 *
 * The same snapshot and list give the same part. A scan of the list over `openPart` gives the same findings, byte for byte; a scan
 * of another list is refused when it asks for a shard that is not there.
 *
 * @param digest - `sha256:` and the root, as `scan.completed` pins it
 * @throws {LedgerError} INPUT_MALFORMED, SNAPSHOT_DAMAGED as `Snapshot`
 */
export function shardsUsed(file: SnapshotFile, digest: string, input: ScanInput, options: Omit<ScanOptions, 'stop'>): Part {
  const places = new ReadPlaces(file);
  const snapshot = new Snapshot(places, digest);
  const document = scan(input, snapshot, options);
  if ('stopped' in document) throw new TypeError('a scan without a limit stopped');
  for (const id of new Set(document.findings.map((finding) => finding.id))) explain(id, { components: [] }, snapshot);
  const { shards, records } = snapshot.touched;
  return { bytes: encodePart(file, places.pieces()), shards, records, document };
}

function encodePart(file: SnapshotFile, pieces: readonly (readonly [number, number])[]): Uint8Array {
  return concatBytes(
    ...pieces.map(([start, end]) => file.read(start, end - start)),
    ...pieces.flatMap(([start, end]) => [encodeUint64(start), encodeUint64(end - start)]),
    encodeUint64(pieces.length), encodeUint64(file.size), magic,
  );
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
