// The HTTP surface: routes by dialect, limits, and one place where refusals become answers.
import { Hono } from 'hono';
import { notFound, problem } from './problem.ts';
import { addRoutes } from './routes/add.ts';
import { tileRoutes, type TileSource } from './routes/tiles.ts';

export interface Sources {
  readonly tiles: TileSource;
  /** Appends an entry of a raw ledger and gives its index; null where nothing may be added. */
  readonly add: ((entry: Uint8Array) => Promise<number>) | null;
  /** Told of every error that is no refusal; the server's log. */
  readonly onBug: (error: unknown) => void;
}

/** One place to add a dialect: its routes are mounted here. */
export function createApp(sources: Sources): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('x-content-type-options', 'nosniff');
  });
  app.route('/', tileRoutes(sources.tiles));
  if (sources.add !== null) app.route('/', addRoutes(sources.add));
  app.notFound(notFound);
  app.onError((error, c) => {
    if (error.name !== 'LedgerError') sources.onBug(error);
    return problem(c, error);
  });
  return app;
}
