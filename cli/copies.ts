// A copy of a log elsewhere, which nobody has to trust: a ledger directory, or a server of its tiles.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sourceOf, tilesSource, type EntrySource } from '../ledger/log/recover.ts';
import { openPayloads, type PayloadStore } from '../ledger/store/payloads.ts';
import { openSqlite } from '../ledger/store/sqlite.ts';
import { UsageError } from './command.ts';
import { tilesAt } from './mirror.ts';

export interface Copy {
  readonly source: EntrySource;
  /** Null where only tiles are served. */
  readonly payloads: PayloadStore | null;
  close(): Promise<void>;
}

/** @param size - how many entries are asked for, which says how wide a copy's last bundle is */
export function copyAt(from: string, size: number): Copy {
  if (/^https?:\/\//.test(from)) return { source: tilesSource(tilesAt(from), size), payloads: null, close: async () => {} };
  if (!existsSync(from) || !statSync(from).isDirectory() || !existsSync(join(from, 'ledger.db'))) throw new UsageError(`"${from}" holds no ledger.db`);
  const store = openSqlite(from, { readOnly: true });
  const folder = join(from, 'payloads');
  return { source: sourceOf(store), payloads: existsSync(folder) ? openPayloads(folder) : null, close: () => store.close() };
}
