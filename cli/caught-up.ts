// Catching-up projections for a command: brought up to the published size as far as one command may, and told where they stand.
import { catchUpLedger } from '../actions/catch-up.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { LogView } from '../ledger/log/view.ts';
import { guardedQueries, openSideTables } from '../ledger/store/side-tables.ts';
import { readStandings, type CatchUpBounds, type Standing } from '../projections/catch-up/catch-up.ts';
import type { CatchingUp } from '../projections/catch-up/definition.ts';
import { catchingUpList } from '../projections/catch-up/projections.ts';
import type { CatchUpDb, CatchUpTables } from '../projections/catch-up/tables.ts';
import type { Call } from './command.ts';
import { openPlacePayloads, type Place } from './place.ts';

/** What one command takes in on its way: some seconds' work. */
const commandBounds: CatchUpBounds = { batches: 32 };

export interface CaughtUp {
  readonly db: CatchUpDb;
  readonly standings: readonly Standing[];
  close(): Promise<void>;
}

/**
 * Opens projections, caught up where this process may write them.
 *
 * @returns null where there are none to read and none can be made; `warn` has said why
 */
export async function openCaughtUp(
  call: Call, place: Place, log: LogView, list: readonly CatchingUp[] = catchingUpList, bounds: CatchUpBounds = commandBounds,
): Promise<CaughtUp | null> {
  try {
    const db = openSideTables<CatchUpTables>(place.directory) as CatchUpDb;
    try {
      return { db, standings: await catchUpLedger({ db, log, payloads: openPlacePayloads(place), list }, bounds), close: () => db.destroy() };
    } catch (error) {
      await db.destroy();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof LedgerError) || !error.code.startsWith('STORE_')) throw error;
    call.out.warn(`projections are not caught up: ${error.message}`);
    return openAsTheyAre(place, log, list);
  }
}

/** Opens projections as they stand. @returns null where there are none, or none that can be read */
export async function openAsTheyAre(place: Place, log: LogView, list: readonly CatchingUp[] = catchingUpList): Promise<CaughtUp | null> {
  const opened = await openAsTold(place, log, list);
  return opened === null || 'refused' in opened ? null : opened;
}

/** The same for who has to say why they cannot be read. */
export async function openAsTold(
  place: Place, log: LogView, list: readonly CatchingUp[] = catchingUpList,
): Promise<CaughtUp | { readonly refused: { readonly code: string; readonly message: string } } | null> {
  try {
    const db = openSideTables<CatchUpTables>(place.directory, { readOnly: true });
    if (db === null) return null;
    try {
      return { db, standings: await guardedQueries(() => readStandings(db, log.published.size, list)), close: () => db.destroy() };
    } catch (error) {
      await db.destroy();
      throw error;
    }
  } catch (error) {
    // A file that another process is just making, or that is none of ours.
    if (error instanceof LedgerError) return { refused: { code: error.code, message: error.message } };
    throw error;
  }
}

/** How an answer's projection stood: nothing is said of one that had taken everything in. */
export function sayStanding(call: Call, { name, size, of, stopped }: Standing): void {
  if (stopped !== null) call.out.warn(`the projection "${name}" has stopped, and knows nothing from entry ${stopped.entry} on: ${stopped.message}`);
  else if (size < of) call.out.warn(`the projection "${name}" has taken in ${size} of ${of} entries: "stella projections --catch-up" brings it up`);
}

export function standingMembers({ name, version, size, of, serving, stopped }: Standing): Record<string, unknown> {
  return { name, version, size, of, serving, stopped };
}

/** `inventory 1234`, or `findings 20 of 1234, STOPPED`. */
export function standingText({ name, size, of, serving, stopped }: Standing): string {
  const at = size < of ? `${size} of ${of}` : `${size}`;
  return `${name} ${at}${stopped !== null ? ', STOPPED' : serving || size === 0 ? '' : ', being built'}`;
}
