// The C2SP tlog-tiles surface: a checkpoint that changes, and tiles that never do.
import { Hono } from 'hono';
import { notFound } from '../problem.ts';

/**
 * What the tile routes read. Every answer is of the published size only: what is not yet anchored is never shown.
 *
 * A tile is null where no published checkpoint implies it, or where only a larger width of it still exists.
 */
export interface TileSource {
  /** The newest published checkpoint, as a signed note. */
  checkpoint(): Promise<Uint8Array>;
  /** The bytes at a path of the tlog-tiles grammar, such as `tile/0/x001/234.p/8` or `tile/entries/000`. */
  tile(path: string): Promise<Uint8Array | null>;
}

/** @see C2SP tlog-tiles, "Merkle Tree" and "Log Entries" */
export function tileRoutes(source: TileSource): Hono {
  const routes = new Hono();

  routes.get('/checkpoint', async (c) => {
    const note = await source.checkpoint();
    // No cache may hold a checkpoint for long: a reader would miss entries that were acknowledged to somebody else.
    return c.body(note as Uint8Array<ArrayBuffer>, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  });

  routes.get('/tile/*', async (c) => {
    // The raw path, never a decoded parameter: %2f and %2e must not become part of a tile's name.
    const { pathname } = new URL(c.req.url);
    // From the first on: one tile has one address, and what a cache keeps for ever it keeps once.
    const path = pathname.slice(pathname.indexOf('/tile/') + 1);
    const bytes = await source.tile(path);
    if (bytes === null) return notFound(c);
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });

  return routes;
}
