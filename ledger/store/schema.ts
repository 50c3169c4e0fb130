// The tables of the SQLite store, and the triggers that make them forget nothing.

/** A table whose rows move with the log in the same transaction; its first column is always `key`. */
export interface TableShape {
  readonly name: string;
  readonly columns: Readonly<Record<string, 'TEXT' | 'INTEGER' | 'BLOB'>>;
}

/** Bumped when a stored layout changes; a store of another number is refused, never guessed at. */
export const layout = 1;

// A bundle holds 256 entries for good. A segment holds what one commit added to a bundle that is not full yet, and goes when
// the bundle that holds the same entries is there. Everything else is appended once and never touched again.
export const schema = `
CREATE TABLE fence (epoch INTEGER PRIMARY KEY, chk BLOB NOT NULL) STRICT;
CREATE TABLE batch (start INTEGER PRIMARY KEY, count INTEGER NOT NULL, epoch INTEGER NOT NULL, time INTEGER NOT NULL,
  root BLOB NOT NULL, chk BLOB NOT NULL) STRICT;
CREATE TABLE bundle (number INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
CREATE TABLE segment (start INTEGER PRIMARY KEY, count INTEGER NOT NULL, entries BLOB NOT NULL) STRICT;
CREATE TABLE tile (place INTEGER PRIMARY KEY, nodes BLOB NOT NULL) STRICT;
CREATE TABLE checkpoint (size INTEGER NOT NULL, sequence INTEGER PRIMARY KEY, note TEXT NOT NULL, chk BLOB NOT NULL) STRICT;

${['fence', 'batch', 'bundle', 'tile', 'checkpoint'].map((table) => forgetsNothing(table)).join('\n')}
CREATE TRIGGER segment_is_not_rewritten BEFORE UPDATE ON segment BEGIN SELECT RAISE(ABORT, 'segment is append-only'); END;
CREATE TRIGGER segment_stays_until_bundled BEFORE DELETE ON segment
  WHEN NOT EXISTS (SELECT 1 FROM bundle WHERE number = OLD.start / 256)
  BEGIN SELECT RAISE(ABORT, 'segment is append-only until its bundle is full'); END;
PRAGMA user_version = ${layout};
`;

/**
 * The one table that forgets: how sealed evidence is recognised, until it is erased. Removed rows are overwritten, for
 * `secure_delete` is on where it is written.
 */
export const markSql = `
CREATE TABLE IF NOT EXISTS mark (key BLOB PRIMARY KEY, entry INTEGER NOT NULL, commitment BLOB NOT NULL, chk BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS mark_of_commitment ON mark (commitment);
`;

export function tableSql(shape: TableShape): string {
  const columns = Object.entries(shape.columns).map(([name, type]) => `, ${asName(name)} ${type}`);
  return `CREATE TABLE IF NOT EXISTS ${asName(shape.name)} (key TEXT PRIMARY KEY${columns.join('')}) STRICT`;
}

/** A row with all of its table's columns, at least one, in place of the one with its key: its place in the index by key stays. */
export function upsertSql(table: string, columns: readonly string[]): string {
  const changes = columns.map((name) => `${asName(name)} = excluded.${asName(name)}`).join(', ');
  return `INSERT INTO ${valuesSql(table, columns)} ON CONFLICT (key) DO UPDATE SET ${changes}`;
}

/** The same for a row without some of the columns, which are null then; the old row goes, with its place in the index. */
export function replaceSql(table: string, columns: readonly string[]): string {
  return `INSERT OR REPLACE INTO ${valuesSql(table, columns)}`;
}

function valuesSql(table: string, columns: readonly string[]): string {
  return `${asName(table)} (${['key', ...columns.map((name) => asName(name))].join(', ')}) VALUES (?${', ?'.repeat(columns.length)})`;
}

/** Names come from our own projections; anything that would need quoting is a bug. */
export function asName(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new TypeError(`not a table or column name: ${name}`);
  return name;
}

function forgetsNothing(table: string): string {
  return ['UPDATE', 'DELETE']
    .map((verb) => `CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
  BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`)
    .join('\n');
}

// One integer holds a tile's level and number: 2^40 tiles a level are 2^48 entries.
const tilesPerLevel = 2 ** 40;

export function placeOf(level: number, number: number): number {
  if (number >= tilesPerLevel) throw new RangeError(`a tile number of ${number}`);
  return level * tilesPerLevel + number;
}
