// A part of a snapshot: what one scan reads of it, with all that shows it to be of the snapshot's digest (spec/snapshot.md).
import { explain } from '../match/explain.ts';
import type { FindingsDocument } from '../match/findings.ts';
import type { ScanInput } from '../match/group.ts';
import { scan, type ScanOptions } from '../match/match.ts';
import type { SnapshotFile } from './format.ts';
import { Snapshot } from './open.ts';
import { encodePart } from './part-file.ts';

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
  const taking = new PartTaking(file, digest);
  const document = taking.add(input, options);
  const { shards, records } = taking.touched;
  return { bytes: taking.bytes(), shards, records, document };
}

/**
 * Takes what scans of several lists read, into one part: what they have in common, the hashes of all shards above all, stands there once.
 *
 * @throws {LedgerError} INPUT_MALFORMED, SNAPSHOT_DAMAGED as `Snapshot`
 */
export class PartTaking {
  readonly #file: SnapshotFile;
  readonly #places: ReadPlaces;
  readonly #snapshot: Snapshot;

  constructor(file: SnapshotFile, digest: string) {
    this.#file = file;
    this.#places = new ReadPlaces(file);
    this.#snapshot = new Snapshot(this.#places, digest);
  }

  get touched(): { readonly shards: number; readonly records: number } {
    return this.#snapshot.touched;
  }

  /** @returns what the scan found */
  add(input: ScanInput, options: Omit<ScanOptions, 'stop'>): FindingsDocument {
    const document = scan(input, this.#snapshot, options);
    if ('stopped' in document) throw new TypeError('a scan without a limit stopped');
    for (const id of new Set(document.findings.map((finding) => finding.id))) explain(id, { components: [] }, this.#snapshot);
    return document;
  }

  bytes(): Uint8Array {
    return encodePart(this.#file, this.#places.pieces());
  }
}
