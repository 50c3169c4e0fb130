// The tables of catching-up projections against the entries: a rebuild in memory, compared by digest, and each row that differs named.
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { TableFault } from '../check-tables.ts';
import { digestOf } from '../digest.ts';
import { decodeDocument } from '../encoded.ts';
import { groupOf, openerOf, tablesOf, type CatchingUp } from './definition.ts';
import { Rebuild } from './memory.ts';
import { catchingUpList } from './projections.ts';
import { readCursors, tableIn, type CatchUpDb, type DocumentRow } from './tables.ts';

export interface CatchUpSource {
  entries(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Null where it is not here. */
  payload(digest: Uint8Array): Promise<Uint8Array | null>;
}

/** What came of checking one projection. */
export interface CatchUpChecked {
  readonly name: string;
  readonly version: number;
  readonly size: number;
  readonly documents: number;
  /** Of the rebuild, in hexadecimal; null where it could not be made. */
  readonly digest: string | null;
  /** Why it could not: a payload that was read then is not here now. */
  readonly unchecked: string | null;
}

/** Rows read at once. */
const rowsMax = 1000;

/**
 * Rebuilds every projection of this version up to its cursor and compares.
 *
 * A payload that was missing when its event was folded counts as missing again, whether or not it has come since.
 *
 * @param stored - how many entries the log has
 */
export async function* checkCatchUp(
  db: CatchUpDb, source: CatchUpSource, stored: number, list: readonly CatchingUp[] = catchingUpList,
): AsyncGenerator<TableFault, CatchUpChecked[]> {
  const checked: CatchUpChecked[] = [];
  const cursors = await readCursors(db);
  for (const projection of list) {
    const { name, version } = projection;
    const cursor = cursors.find((one) => one.name === name && one.version === version);
    if (cursor === undefined) continue;
    const { size } = cursor;
    if (size > stored) {
      yield { where: `projection ${name}`, what: `it stands at ${size}, the log has ${stored} entries` };
      continue;
    }
    const rebuilt = await rebuild(projection, size, await missingIn(db, projection), source);
    if (rebuilt instanceof LedgerError) {
      const { cause, message } = rebuilt;
      const gone = cause instanceof LedgerError && cause.code === 'PAYLOAD_MISSING' ? cause.message : null;
      if (gone === null) yield { where: `projection ${name}`, what: message };
      checked.push({ name, version, size, documents: 0, digest: null, unchecked: gone });
      continue;
    }
    const documents = [...rebuilt.encoded()];
    checked.push({ name, version, size, documents: documents.length, digest: formatHex(digestOf(projection, documents)), unchecked: null });
    yield* compare(db, projection, new Map(documents.map(({ key, document }) => [key, document])));
  }
  return checked;
}

async function rebuild(projection: CatchingUp, size: number, missing: ReadonlySet<string>, source: CatchUpSource): Promise<Rebuild | LedgerError> {
  let entry = 0;
  const open = openerOf(async (digest) => {
    if (missing.has(`${formatHex(digest)} ${entry}`)) return null;
    const bytes = await source.payload(digest);
    if (bytes === null) throw new LedgerError('PAYLOAD_MISSING', `payload ${formatHex(digest)} of entry ${entry} was here, and is not now`);
    return bytes;
  });
  const fold = new Rebuild(projection, open);
  try {
    for await (const bytes of source.entries(0, size)) {
      entry = fold.size;
      await fold.add(bytes);
    }
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  return fold;
}

async function missingIn(db: CatchUpDb, projection: CatchingUp): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom(tableIn(projection, 'missing')).select('key').execute();
  return new Set(rows.map(({ key }) => key));
}

/** How many payloads of a projection were missing that are here now: building it anew would read them. */
export async function cameSince(db: CatchUpDb, projection: CatchingUp, has: (digest: string) => Promise<boolean>): Promise<{ missing: number; here: number }> {
  const digests = new Set([...(await missingIn(db, projection))].map(groupOf));
  let here = 0;
  for (const digest of digests) if (await has(digest)) here += 1;
  return { missing: digests.size, here };
}

async function* compare(db: CatchUpDb, projection: CatchingUp, rebuilt: Map<string, Uint8Array>): AsyncGenerator<TableFault> {
  for (const [name, definition] of Object.entries(tablesOf(projection))) {
    const table = tableIn(projection, name);
    for (let after = ''; ; ) {
      const rows: DocumentRow[] = await db.selectFrom(table).selectAll().where('key', '>', after).orderBy('key').limit(rowsMax).execute();
      for (const row of rows) {
        const { key, document } = row;
        const where = `table ${table}, ${key}`;
        const expected = rebuilt.get(`${name} ${key}`);
        rebuilt.delete(`${name} ${key}`);
        if (expected === undefined) yield { where, what: 'no entry gives this row' };
        else if (!equalBytes(expected, new Uint8Array(document))) yield { where, what: 'it is not what the entries give' };
        else {
          const columns = { last: decodeDocument(expected).last, ...definition.row(decodeDocument(expected), key) };
          for (const [column, value] of Object.entries(columns)) {
            const found = (row as unknown as Record<string, unknown>)[column];
            if (found !== value) yield { where, what: `its column ${column} is ${String(found)}` };
          }
        }
      }
      if (rows.length < rowsMax) break;
      after = (rows.at(-1) as DocumentRow).key;
    }
  }
  for (const key of rebuilt.keys()) {
    const [name, ...rest] = key.split(' ');
    yield { where: `table ${tableIn(projection, name as string)}, ${rest.join(' ')}`, what: 'it is missing' };
  }
}
