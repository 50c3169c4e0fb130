// Tables beside the ledger's database, in a file of their own: whatever reads the log may move them, and nothing is lost with them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { LedgerError } from '../errors.ts';
import { guarded } from './sqlite.ts';

const fileName = 'projections.db';

/**
 * Opens the file in a ledger's directory.
 *
 * A power failure may take back its last transactions, each whole: what it holds is computed again from the log.
 *
 * @param readOnly - null is returned where there is none, and nothing is created
 * @throws {LedgerError} STORE_FAILED where it cannot be written; STORE_CORRUPT
 */
export function openSideTables<Tables>(directory: string, { readOnly = false } = {}): Kysely<Tables> | null {
  const file = join(directory, fileName);
  if (!existsSync(directory)) throw new LedgerError('STORE_MISSING', `Cannot open "${directory}": no ledger there`, { hint: 'run "stella init" first' });
  if (readOnly && !existsSync(file)) return null;
  return guarded(() => {
    const database = new Database(file, { readonly: readOnly });
    try {
      database.pragma('busy_timeout = 5000');
      if (!readOnly) {
        database.pragma('journal_mode = WAL');
        database.pragma('synchronous = NORMAL');
        database.pragma('trusted_schema = OFF');
      }
    } catch (error) {
      // A server tries again and again: a file that is no database must not cost a handle each time.
      database.close();
      throw error;
    }
    return new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  });
}

/** Gives the refusals of queries their codes, as the store's own have. */
export async function guardedQueries<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return guarded(() => {
      throw error;
    });
  }
}
