// Listens: Node's HTTP server with bounds that a slow or greedy client cannot stretch.
import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listening {
  readonly port: number;
  /** Stops taking connections, waits for answers under way, at most 5 seconds. */
  close(): Promise<void>;
}

/** @param port - 0 chooses a free one */
export function listen(app: Hono, host: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: app.fetch,
        hostname: host,
        port,
        createServer,
        // Node's own bounds are 60 s and 300 s: a thousand idle sockets would hold the server for minutes.
        serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 16_384 },
      },
      (info) => resolve({ port: info.port, close }),
    );
    server.once('error', reject);
    if ('maxConnections' in server) server.maxConnections = 1024;

    function close(): Promise<void> {
      return new Promise((done) => {
        const force = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), 5_000);
        server.close(() => {
          clearTimeout(force);
          done();
        });
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      });
    }
  });
}
