// Check sums of the rows that no Merkle root covers: a flipped bit in any of their columns is found.
import { createHash } from 'node:crypto';

/** SHA-256 over the columns, each behind its length, so that no byte can move from one to the next. */
export function checkOf(table: string, columns: readonly (number | string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256').update(table);
  for (const column of columns) {
    const bytes = typeof column === 'object' ? column : String(column);
    hash.update(`\n${bytes.length} `).update(bytes);
  }
  return new Uint8Array(hash.digest());
}
