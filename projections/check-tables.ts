// The tables against the entries: a rebuild in memory, compared by digest, and each row that differs named.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeDocument } from './encoded.ts';
import { projectionList } from './gate-critical.ts';
import { MemoryFold } from './memory.ts';
import { readCursor, currentTables, tableOf, type TableStore } from './tables.ts';

/** A row that is not what the entries give. */
export interface TableFault {
  readonly where: string;
  readonly what: string;
}

/** What was compared: the digest of each projection's documents at the tables' size. */
export interface TablesChecked {
  /** Null where there are no tables of this version: the next start builds them. */
  readonly size: number | null;
  readonly digests: Readonly<Record<string, string>>;
  readonly documents: number;
}

/** Rows read at once. */
const rowsMax = 1000;

/**
 * Rebuilds every document up to the tables' size and compares.
 *
 * @param stored - how many entries the log has
 */
export async function* checkTables(store: Pick<TableStore, 'row' | 'rows' | 'runs'>, stored: number): AsyncGenerator<TableFault, TablesChecked> {
  const cursor = await readCursor(store).catch((error: unknown) => {
    // A store that never had tables, or not this version's.
    if (error instanceof LedgerError && error.code === 'STORE_FAILED') return null;
    throw error;
  });
  if (cursor === null || cursor.tables !== currentTables) return { size: null, digests: {}, documents: 0 };
  const { size } = cursor;
  if (size > stored) {
    yield { where: 'table projected', what: `it stands at ${size}, the log has ${stored} entries` };
    return { size, digests: {}, documents: 0 };
  }
  const fold = new MemoryFold();
  try {
    await foldRuns(fold, store, size);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    yield { where: 'projections', what: error.message };
    return { size, digests: {}, documents: 0 };
  }
  const digests: Record<string, string> = {};
  let documents = 0;
  for (const projection of projectionList) {
    const table = tableOf(projection);
    const rebuilt = new Map([...fold.encoded(projection.name)].map(({ key, document }) => [key, document]));
    digests[projection.name] = formatHex(fold.digest(projection.name));
    for await (const { key, row } of allRows(store, table)) {
      const document = row['document'] as Uint8Array;
      documents += 1;
      // A writer beside this has moved it meanwhile: what it is now belongs to a later size.
      if ((row['last'] as number) >= size && ((await readCursor(store))?.size ?? 0) > size) {
        rebuilt.delete(key);
        continue;
      }
      const expected = rebuilt.get(key);
      if (expected === undefined) yield { where: `table ${table}, ${key}`, what: 'no entry gives this row' };
      else if (!equalBytes(expected, document)) yield { where: `table ${table}, ${key}`, what: 'it is not what the entries give' };
      else if (row['last'] !== decodeDocument(expected).last) yield { where: `table ${table}, ${key}`, what: `its column last is ${String(row['last'])}` };
      rebuilt.delete(key);
    }
    for (const key of rebuilt.keys()) yield { where: `table ${table}, ${key}`, what: 'it is missing' };
  }
  return { size, digests, documents };
}

async function foldRuns(fold: MemoryFold, store: Pick<TableStore, 'runs'>, size: number): Promise<void> {
  while (fold.size < size) {
    const runs = await store.runs(fold.size, size);
    if (runs.length === 0) throw new LedgerError('STORE_CORRUPT', `Cannot read entry ${fold.size}: there is none`, { hint: 'run "stella fsck"' });
    for (const run of runs) fold.addPart(run, size);
  }
}

async function* allRows(store: Pick<TableStore, 'rows'>, table: string): AsyncGenerator<Awaited<ReturnType<TableStore['rows']>>[number]> {
  for (let after: string | null = null; ; ) {
    const rows: Awaited<ReturnType<TableStore['rows']>> = await store.rows(table, after, rowsMax);
    yield* rows;
    if (rows.length < rowsMax) return;
    after = rows.at(-1)?.key as string;
  }
}
