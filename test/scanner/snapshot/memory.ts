// Snapshot ports in memory, and records to build from.
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { concatBytes } from '../../../ledger/bytes.ts';
import type { Observation } from '../../../scanner/advisories/observation.ts';
import { SnapshotBuilder, type Built } from '../../../scanner/snapshot/build.ts';
import type { SnapshotFile, SourceNote, Spool } from '../../../scanner/snapshot/format.ts';

export class MemorySpool implements Spool {
  readonly #parts = new Map<number, Uint8Array>();
  #size = 0;

  append(bytes: Uint8Array): void {
    this.#parts.set(this.#size, bytes);
    this.#size += bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return (this.#parts.get(offset) ?? new Uint8Array(length)).subarray(0, length);
  }
}

/** A work file to build a snapshot in. */
export function workFile() {
  const spool = new MemorySpool();
  const pieces: Uint8Array[] = [];
  return {
    append(bytes: Uint8Array) {
      pieces.push(bytes);
      spool.append(bytes);
    },
    read: (offset: number, length: number) => spool.read(offset, length), pieces: () => pieces, close: () => undefined,
  };
}

export function fileOf(bytes: Uint8Array): SnapshotFile {
  return {
    size: bytes.length,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) throw new RangeError(`read outside the file: ${offset} + ${length}`);
      return bytes.slice(offset, offset + length);
    },
  };
}

export function observationOf(source: string, osv: JcsValue): Observation {
  return { source, raw: encodeJcs(osv), osv };
}

export function build(observations: Iterable<Observation>, sources: readonly SourceNote[] = []): { built: Built; bytes: Uint8Array } {
  const builder = new SnapshotBuilder(new MemorySpool());
  for (const observation of observations) builder.add(observation);
  const parts: Uint8Array[] = [];
  const built = builder.finish({ write: (part) => parts.push(part) }, sources);
  return { built, bytes: concatBytes(...parts) };
}
