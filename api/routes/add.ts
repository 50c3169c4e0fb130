// POST /add: anybody's bytes into a raw ledger, as Tessera's tools send them.
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { entryBytesMax } from '../../ledger/limits.ts';
import { LedgerError } from '../../ledger/errors.ts';

/**
 * The whole body is one entry; the answer is its index in decimal, given when the entry is under a signed checkpoint.
 *
 * @param add - appends an entry and gives its index
 */
export function addRoutes(add: (entry: Uint8Array) => Promise<number>): Hono {
  const routes = new Hono();
  // Counted while the body arrives: a length that a client states is no bound.
  const limit = bodyLimit({
    maxSize: entryBytesMax,
    onError: () => {
      throw new LedgerError('ENTRY_TOO_LARGE', `Cannot append: the entry is over ${entryBytesMax} bytes`);
    },
  });
  routes.post('/add', limit, async (c) => c.text(String(await add(new Uint8Array(await c.req.arrayBuffer())))));
  return routes;
}
