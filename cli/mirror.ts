// Tiles of another server: each fetched once, in bounded time.
import { LedgerError } from '../ledger/errors.ts';

const waitMs = 30_000;

/** Reads paths such as `tile/entries/000` below an address; null where the server has no such tile. */
export function tilesAt(base: string): (path: string) => Promise<Uint8Array | null> {
  return async (path) => {
    const address = `${base.replace(/\/$/, '')}/${path}`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(waitMs), redirect: 'error' }).catch((cause: unknown) => {
      throw new LedgerError('RECOVER_INCOMPLETE', `Cannot read "${address}": no answer`, { hint: 'check the address', cause });
    });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new LedgerError('RECOVER_INCOMPLETE', `Cannot read "${address}": ${answer.status}`, { hint: 'try again, or another mirror' });
    return new Uint8Array(await answer.arrayBuffer());
  };
}
