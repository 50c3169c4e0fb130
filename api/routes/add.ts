// POST /add: anybody's bytes into a raw ledger, as Tessera's tools send them.
import { Hono } from 'hono';
import { concatBytes } from '../../ledger/bytes.ts';
import { entryBytesMax } from '../../ledger/limits.ts';
import { LedgerError } from '../../ledger/errors.ts';

/**
 * The whole body is one entry; the answer is its index in decimal, given when the entry is under a signed checkpoint.
 *
 * @param add - appends an entry and gives its index
 */
export function addRoutes(add: (entry: Uint8Array) => Promise<number>): Hono {
  const routes = new Hono();
  routes.post('/add', async (c) => c.text(String(await add(await readEntry(c.req.raw)))));
  return routes;
}

/** @throws {LedgerError} ENTRY_TOO_LARGE; INPUT_MALFORMED where whoever sent it went away before its end */
async function readEntry({ body }: Request): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of body ?? []) {
      // Counted while the body arrives: a length that a client states is no bound.
      size += piece.length;
      if (size > entryBytesMax) break;
      pieces.push(piece);
    }
  } catch (cause) {
    // Nobody reads this answer, and nothing is wrong here.
    throw new LedgerError('INPUT_MALFORMED', 'Cannot read the body: it was cut off', { cause });
  }
  if (size > entryBytesMax) throw new LedgerError('ENTRY_TOO_LARGE', `Cannot append: the entry is over ${entryBytesMax} bytes`);
  return concatBytes(...pieces);
}
