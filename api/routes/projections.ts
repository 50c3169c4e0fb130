// GET /projections: how far each catching-up projection has taken the log in, and why one goes no further.
import { Hono } from 'hono';
import type { Standing } from '../../projections/catch-up/catch-up.ts';

export interface ProjectionsTold {
  /** The log's published size. */
  readonly size: number;
  readonly projections: readonly Standing[];
  /** Why no cursor moves, or null. */
  readonly refused: { readonly code: string; readonly message: string } | null;
}

/** @param told - as it stands now */
export function projectionRoutes(told: () => Promise<ProjectionsTold>): Hono {
  const routes = new Hono();
  routes.get('/projections', async (c) => {
    const { size, projections, refused } = await told();
    return c.json({ size, projections, refused }, 200, { 'cache-control': 'no-store' });
  });
  return routes;
}
