// The catching-up thread: projections are brought up beside a server, a bounded batch at each call, with connections of its own.
import { openView, type LogView } from '../ledger/log/view.ts';
import { openFileAnchor } from '../ledger/store/anchor-file.ts';
import type { AnchorStore } from '../ledger/store/anchor.ts';
import { openPayloads, type PayloadStore } from '../ledger/store/payloads.ts';
import type { Store } from '../ledger/store/port.ts';
import { guardedQueries, openSideTables } from '../ledger/store/side-tables.ts';
import { openSqlite } from '../ledger/store/sqlite.ts';
import { answerCalls } from '../ledger/store/thread.ts';
import { readStandings, type CatchUpBounds, type Standing } from '../projections/catch-up/catch-up.ts';
import type { CatchUpDb, CatchUpTables } from '../projections/catch-up/tables.ts';
import { projectionTables } from '../projections/tables.ts';
import { catchUpLedger } from './catch-up.ts';

export interface CatchUpWhere {
  readonly directory: string;
  /** The anchor's file, and the folder of payloads. */
  readonly anchor: string;
  readonly payloads: string;
}

/** What a step came to. */
export interface CatchUpStepped {
  /** The published size that it was brought up to, or towards. */
  readonly size: number;
  readonly standings: readonly Standing[];
}

interface Opened {
  readonly store: Store;
  readonly anchor: AnchorStore;
  readonly payloads: PayloadStore;
  readonly db: CatchUpDb;
}

let where: CatchUpWhere | null = null;
let opened: Opened | null = null;
let view: { readonly size: number; readonly root: string; readonly log: LogView } | null = null;
/** The head and the cursors at which a step moved nothing: the next one would not either, and would take the file's lock for it. */
let resting: string | null = null;

/** Opened when a step first needs it, and again after one that failed: what was wrong may have been mended. */
function open(): Opened {
  if (opened !== null) return opened;
  const { directory, anchor, payloads } = where as CatchUpWhere;
  const store = openSqlite(directory, { readOnly: true, tables: projectionTables });
  try {
    const db = openSideTables<CatchUpTables>(directory) as CatchUpDb;
    return (opened = { db, store, anchor: openFileAnchor(anchor, { readOnly: true }), payloads: openPayloads(payloads) });
  } catch (error) {
    void store.close();
    throw error;
  }
}

async function close(): Promise<void> {
  const closing = opened;
  [opened, view, resting] = [null, null, null];
  await closing?.db.destroy();
  await closing?.store.close();
  await closing?.anchor.close();
}

/** The log as it is published now; opened again when the anchor names another head. */
async function current({ store, anchor }: Opened): Promise<LogView> {
  const head = await anchor.read();
  const [size, root] = [head?.size ?? 0, head?.root ?? ''];
  if (view === null || view.size !== size || view.root !== root) view = { size, root, log: await openView({ store, anchor }) };
  return view.log;
}

answerCalls({
  begin: async (given: CatchUpWhere) => {
    where = given;
  },
  async step(bounds: CatchUpBounds): Promise<CatchUpStepped> {
    try {
      const ports = open();
      const log = await current(ports);
      const { size } = log.published;
      const placeOf = (standings: readonly Standing[]) => JSON.stringify([view?.root, standings]);
      const before = await guardedQueries(() => readStandings(ports.db, size));
      if (placeOf(before) === resting) return { size, standings: before };
      const standings = await catchUpLedger({ ...ports, log }, bounds);
      resting = placeOf(standings) === placeOf(before) ? placeOf(before) : null;
      return { size, standings };
    } catch (error) {
      await close();
      throw error;
    }
  },
  end: async () => close(),
});
