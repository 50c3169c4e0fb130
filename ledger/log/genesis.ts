// Entry 0: what a ledger is called, which entries it takes, and the keys it began with.
import { LedgerError } from '../errors.ts';
import { decodeEvent, type DataOf } from '../events/index.ts';
import { unpackEntries } from '../store/packed.ts';
import type { Store } from '../store/port.ts';

export type Genesis = DataOf<'ledger.created'>;

/** @throws {LedgerError} STORE_CORRUPT when entry 0 is no genesis */
export async function genesisOf(store: Store): Promise<Genesis> {
  const [run] = await store.runs(0, 1);
  const entry = run === undefined ? undefined : unpackEntries(run)[0];
  const event = entry === undefined ? null : decodeEvent(entry);
  if (event?.type === 'ledger.created') return event.data;
  throw new LedgerError('STORE_CORRUPT', `Cannot open the log: entry 0 is ${event === null ? 'missing' : `"${event.type}"`}, expected "ledger.created"`, {
    hint: 'run "stella fsck"',
  });
}
