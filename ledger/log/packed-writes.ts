// Rows on their way to another thread: an object and a byte array for each would cost more to hand over than to write.
import type { TableWrite } from '../store/port.ts';

type Cell = string | number | null;

/** Rows side by side: what is in one piece of memory is handed over, not copied. */
export interface PackedWrites {
  /** Neighbours of one table with the same columns; null for rows that are removed. */
  readonly groups: readonly { readonly table: string; readonly columns: readonly string[] | null; readonly count: number }[];
  readonly keys: readonly string[];
  /** Row by row, column by column; `true` stands for the next of the byte strings. */
  readonly cells: readonly (Cell | true)[];
  /** Where each byte string ends in `bytes`. */
  readonly ends: Float64Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export function packWrites(writes: readonly TableWrite[]): PackedWrites {
  const groups: { table: string; columns: readonly string[] | null; count: number }[] = [];
  const keys: string[] = [];
  const cells: (Cell | true)[] = [];
  const blobs: Uint8Array[] = [];
  let size = 0;
  for (const { table, key, row } of writes) {
    const columns = row === null ? null : Object.keys(row);
    const last = groups.at(-1);
    if (last !== undefined && last.table === table && sameNames(last.columns, columns)) last.count += 1;
    else groups.push({ table, columns, count: 1 });
    keys.push(key);
    if (row === null || columns === null) continue;
    for (let i = 0; i < columns.length; i++) {
      const cell = row[columns[i] as string] as Cell | Uint8Array;
      if (cell instanceof Uint8Array) {
        cells.push(true);
        blobs.push(cell);
        size += cell.length;
      } else {
        cells.push(cell);
      }
    }
  }
  const [bytes, ends] = [new Uint8Array(size), new Float64Array(blobs.length)];
  let at = 0;
  for (let i = 0; i < blobs.length; i++) {
    bytes.set(blobs[i] as Uint8Array, at);
    ends[i] = at += (blobs[i] as Uint8Array).length;
  }
  return { groups, keys, cells, ends, bytes };
}

/** The rows again; byte strings are views of the packed bytes. */
export function unpackWrites({ groups, keys, cells, ends, bytes }: PackedWrites): TableWrite[] {
  const writes: TableWrite[] = [];
  let [cell, blob, at] = [0, 0, 0];
  for (const { table, columns, count } of groups) {
    for (let i = 0; i < count; i++) {
      const row: Record<string, Cell | Uint8Array> = {};
      for (const column of columns ?? []) {
        const value = cells[cell++] as Cell | true;
        if (value !== true) row[column] = value;
        else row[column] = bytes.subarray(at, (at = ends[blob++] as number));
      }
      writes.push({ table, key: keys[writes.length] as string, row: columns === null ? null : row });
    }
  }
  return writes;
}

function sameNames(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === null || b === null || a.length !== b.length) return a === b;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
