// The HTTP surface: routes by dialect, limits, and one place where refusals become answers.
import { Hono } from 'hono';
import { notAllowed, notFound, problem } from './problem.ts';
import { addRoutes } from './routes/add.ts';
import { projectionRoutes, type ProjectionsTold } from './routes/projections.ts';
import { tileRoutes, type TileSource } from './routes/tiles.ts';

export interface Sources {
  readonly tiles: TileSource;
  /** Appends an entry of a raw ledger and gives its index; null where nothing may be added. */
  readonly add: ((entry: Uint8Array) => Promise<number>) | null;
  /** How far projections have taken the log in; null where nothing moves them here. */
  readonly projections: (() => Promise<ProjectionsTold>) | null;
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
  if (sources.projections !== null) app.route('/', projectionRoutes(sources.projections));
  app.notFound((c) => {
    const methods = methodsOf(app, c.req.path);
    return methods.length === 0 ? notFound(c) : notAllowed(c, methods);
  });
  app.onError((error, c) => {
    if (error.name !== 'LedgerError') sources.onBug(error);
    return problem(c, error);
  });
  return app;
}

/** The methods that some route of a path takes, whatever the dialect; none where nothing is at that path. */
function methodsOf({ routes, router }: Hono, path: string): string[] {
  const named = new Set(routes.map(({ method }) => method));
  // What runs for every method is no route.
  const taken = [...named].filter((method) => method !== 'ALL' && router.match(method, path)[0].some(([[, route]]) => route.method === method));
  return taken.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).sort();
}
