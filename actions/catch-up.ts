// Catching-up projections over a ledger's log and payloads: brought up to the published size, read, and told how they stand.
import { LedgerError } from '../ledger/errors.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { guardedQueries } from '../ledger/store/side-tables.ts';
import { catchUp, type CatchUpBounds, type Standing } from '../projections/catch-up/catch-up.ts';
import type { CatchingUp } from '../projections/catch-up/definition.ts';
import type { CatchUpDb } from '../projections/catch-up/tables.ts';
import { readPayload } from './sealed-payload.ts';

/** A payload whole, or null where it is not here. @throws {LedgerError} PAYLOAD_CORRUPT */
export async function payloadOrNull(payloads: Pick<PayloadStore, 'get'>, digest: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await readPayload(payloads, digest);
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'PAYLOAD_MISSING') return null;
    throw error;
  }
}

export interface CatchUpPlace {
  readonly db: CatchUpDb;
  readonly log: LogView;
  readonly payloads: Pick<PayloadStore, 'get'>;
  /** All of them when left out. */
  readonly list?: readonly CatchingUp[];
}

/** Brings the ledger's projections up. @throws {LedgerError} STORE_FAILED where they cannot be written, STORE_FULL */
export async function catchUpLedger({ db, log, payloads, list }: CatchUpPlace, bounds?: CatchUpBounds): Promise<Standing[]> {
  return guardedQueries(() => catchUp({ db, log, payload: (digest) => payloadOrNull(payloads, digest) }, bounds, list));
}
