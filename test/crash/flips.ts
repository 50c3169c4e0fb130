// Flips bits: in every table and column, in payloads, and anywhere in the database file; fsck must notice each that matters.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { documentDraft, faultsIn, makePlace, openPlace } from './place.ts';

export interface FlipFigures {
  columns: number;
  columnFlips: number;
  fileFlips: number;
  harmless: number;
  payloadFlips: number;
}

/** Enough for two full tiles and a partial one. */
const entries = 600;

/**
 * @param cellFlips - how many values to change in each column @param fileFlips - how many single bits to flip anywhere in the database file
 * @returns what was flipped, and each flip that nothing noticed
 */
export async function flipRounds(random: () => number, cellFlips: number, fileFlips: number): Promise<{ figures: FlipFigures; violations: string[] }> {
  const figures: FlipFigures = { columns: 0, columnFlips: 0, fileFlips: 0, harmless: 0, payloadFlips: 0 };
  const violations: string[] = [];
  const base = mkdtempSync(join(tmpdir(), 'stella-flip-'));
  const [original, copy, anchor] = [join(base, 'ledger'), join(base, 'copy'), join(base, 'anchor')];
  const file = join(copy, 'ledger.db');
  try {
    await fill(original, anchor);
    const clean = await faultsIn(original, anchor);
    if (clean.faults.length > 0) violations.push(`fsck finds faults in a ledger that nobody touched: ${JSON.stringify(clean.faults[0])}`);
    const before = contentOf(join(original, 'ledger.db'));
    const begin = () => {
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy);
      cpSync(join(original, 'ledger.db'), file);
    };

    for (const { table, column } of columnsOf(join(original, 'ledger.db'))) {
      figures.columns += 1;
      for (let i = 0; i < cellFlips; i++) {
        begin();
        if (!flipCell(file, table, column, random)) continue;
        figures.columnFlips += 1;
        if (!(await isNoticed(copy, anchor))) violations.push(`a flip in ${table}.${column} was not found`);
      }
    }
    for (let i = 0; i < fileFlips; i++) {
      begin();
      const at = flipFile(file, random);
      figures.fileFlips += 1;
      if (await isNoticed(copy, anchor)) continue;
      // A bit that holds nothing (free space within a page) may flip: every row must still be what it was.
      if (contentOf(file) === before) figures.harmless += 1;
      else violations.push(`a flip at byte ${at} of ledger.db changed a row and was not found`);
    }
    for (const payload of payloadFiles(join(original, 'payloads')).slice(0, 5)) {
      const place = join(original, 'payloads', payload);
      const bytes = readFileSync(place);
      flipFile(place, random);
      figures.payloadFlips += 1;
      if (!(await isNoticed(original, anchor, join(original, 'payloads')))) violations.push(`a flip in payload ${payload} was not found`);
      rmSync(place);
      writeFileSync(place, bytes);
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return { figures, violations };
}

async function fill(directory: string, anchor: string): Promise<void> {
  await makePlace(directory, anchor);
  const { log, payloads } = await openPlace(directory, anchor);
  for (let i = 0; i < entries; i += 50) {
    const drafts = await Promise.all(Array.from({ length: 50 }, (_, k) => documentDraft(payloads, `document ${i + k}`)));
    // Every tenth as sealed evidence, so that the table beside the log has rows.
    const markOf = (k: number) => ({ key: new Uint8Array(16).fill(i + k), commitment: new Uint8Array(32).fill(i + k) });
    await log.append(drafts.map((draft, k) => ({ drafts: [draft], ...(k % 10 === 0 ? { sealed: markOf(k) } : {}) })));
  }
  await log.remember();
  await log.close();
  // The write-ahead log moves into the file, so that one file is the whole database.
  const db = new Database(join(directory, 'ledger.db'));
  db.pragma('journal_mode = DELETE');
  db.close();
}

/** Whether fsck names anything; a database that does not open any more is noticed too. */
async function isNoticed(directory: string, anchor: string, payloads: string | null = null): Promise<boolean> {
  try {
    return (await faultsIn(directory, anchor, payloads)).faults.length > 0;
  } catch {
    return true;
  }
}

/** Flips one bit of a file. @returns where */
function flipFile(file: string, random: () => number): number {
  const bytes = readFileSync(file);
  const at = Math.floor(random() * bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
  rmSync(file);
  writeFileSync(file, bytes);
  return at;
}

function columnsOf(file: string): { table: string; column: string }[] {
  const db = new Database(file, { readonly: true });
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").pluck().all() as string[];
  const found = tables.flatMap((table) => {
    const filled = db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number;
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
    return filled === 0 ? [] : columns.map((column) => ({ table, column }));
  });
  db.close();
  return found;
}

/** Changes one value by one bit (or one, or one letter), behind the back of the triggers that forbid it. */
function flipCell(file: string, table: string, column: string, random: () => number): boolean {
  const db = new Database(file);
  try {
    const triggers = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?").all(table) as { name: string; sql: string }[];
    for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`);
    const count = db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number;
    const row = db.prepare(`SELECT * FROM "${table}" LIMIT 1 OFFSET ?`).get(Math.floor(random() * count)) as Record<string, unknown>;
    const changed = flipped(row[column], random);
    if (changed === undefined) return false;
    const primary = db.prepare(`SELECT name FROM pragma_table_info('${table}') WHERE pk > 0`).pluck().all() as string[];
    const keys = primary.length > 0 ? primary : Object.keys(row);
    const update = db.prepare(`UPDATE OR IGNORE "${table}" SET "${column}" = ? WHERE ${keys.map((key) => `"${key}" IS ?`).join(' AND ')}`);
    const { changes } = update.run(changed, ...keys.map((key) => row[key]));
    for (const { sql } of triggers) db.exec(sql);
    return changes > 0;
  } catch {
    // The schema itself refuses the value: nothing was changed.
    return false;
  } finally {
    db.close();
  }
}

function flipped(value: unknown, random: () => number): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string' && value.length > 0) return String.fromCharCode(value.charCodeAt(0) ^ 1) + value.slice(1);
  if (value instanceof Uint8Array && value.length > 0) {
    const changed = Uint8Array.from(value);
    const at = Math.floor(random() * changed.length);
    changed[at] = (changed[at] as number) ^ (1 << Math.floor(random() * 8));
    return changed;
  }
  return undefined;
}

/** Every row of every table as text, or null when it cannot be read any more. */
function contentOf(file: string): string | null {
  try {
    const db = new Database(file, { readonly: true });
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").pluck().all() as string[];
    const rows = tables.map((table) => JSON.stringify([table, db.prepare(`SELECT * FROM "${table}"`).all()]));
    const schema = JSON.stringify(db.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all());
    db.close();
    return rows.join('\n') + schema;
  } catch {
    return null;
  }
}

function payloadFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
