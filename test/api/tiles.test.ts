// The tile routes: bytes, caching, refusals, and bodies that do not end.
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createApp, type Sources } from '../../api/app.ts';
import { listen } from '../../api/serve.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { parseTilePath } from '../../ledger/merkle/index.ts';

const asked: string[] = [];
const bugs: unknown[] = [];
const added: number[] = [];
const sources: Sources = {
  projections: null,
  tiles: {
    checkpoint: async () => new TextEncoder().encode('ledger.test\n1\n'),
    async tile(path) {
      asked.push(path);
      if (path === 'tile/0/001') throw new TypeError('a bug with inner words');
      parseTilePath(path);
      return path === 'tile/0/000.p/1' ? Uint8Array.of(7) : null;
    },
  },
  add: async (entry) => {
    added.push(entry.length);
    if (entry.length === 3) throw new LedgerError('STORE_FULL', 'Cannot append: the disk is full', { hint: 'free some space' });
    return 41;
  },
  onBug: (error) => bugs.push(error),
};
const app = createApp(sources);
/** With every route there is. */
const all = createApp({ ...sources, projections: async () => ({ size: 1, projections: [], refused: null }) });

describe('reading', () => {
  test('a checkpoint is fresh, a tile is for ever', async () => {
    const checkpoint = await app.request('/checkpoint');
    expect([checkpoint.status, await checkpoint.text()]).toEqual([200, 'ledger.test\n1\n']);
    expect(Object.fromEntries(checkpoint.headers)).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'text/plain; charset=utf-8' });
    const tile = await app.request('/tile/0/000.p/1');
    expect([tile.status, new Uint8Array(await tile.arrayBuffer())]).toEqual([200, Uint8Array.of(7)]);
    expect(tile.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(tile.headers.get('content-type')).toBe('application/octet-stream');
    expect(tile.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    ['/tile/0/002', 404, 'NOT_FOUND'],
    ['/nothing', 404, 'NOT_FOUND'],
    ['/tile/0/2', 400, 'INPUT_MALFORMED'],
    ['/tile/0/%30%30%30', 400, 'INPUT_MALFORMED'],
    ['/tile/tile/0/000.p/1', 400, 'INPUT_MALFORMED'],
    ['/tile/x/tile/0/000.p/1', 400, 'INPUT_MALFORMED'],
    ['/tile/0/x000/000', 400, 'INPUT_NOT_CANONICAL'],
    ['/tile/64/000', 413, 'INPUT_TOO_LARGE'],
  ])('%s is %i %s, and not cached', async (path, status, code) => {
    const answer = await app.request(path);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      status, 'application/problem+json', 'no-store',
    ]);
    expect(await answer.json()).toMatchObject({ type: 'about:blank', code });
  });

  test('a bug is told without its inner words, and reaches the log', async () => {
    const answer = await app.request('/tile/0/001');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('inner words');
    expect(bugs).toHaveLength(1);
  });
});

describe('methods', () => {
  test.each([
    ['/checkpoint', 'GET, HEAD'], ['/tile/0/000.p/1', 'GET, HEAD'], ['/tile/0/2', 'GET, HEAD'], ['/projections', 'GET, HEAD'], ['/add', 'POST'],
  ])('%s takes %s and no other', async (path, allow) => {
    const taken = allow.split(', ');
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']) {
      if (taken.includes(method)) continue;
      const answer = await all.request(path, { method });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, allow]);
      expect([answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual(['application/problem+json', 'no-store']);
      const told = method === 'HEAD' ? '' : `Cannot ${method} this address: it takes ${allow}`;
      expect(await answer.text()).toContain(told);
    }
  });

  test('an address that is none, or whose route is not mounted, is none for every method', async () => {
    for (const [method, path] of [['GET', '/add/'], ['POST', '/checkpoint/x'], ['PUT', '/'], ['HEAD', '/nothing']] as const) {
      expect((await all.request(path, { method })).status).toBe(404);
    }
    const reading = createApp({ ...sources, add: null });
    expect((await reading.request('/add', { method: 'POST' })).status).toBe(404);
    expect((await reading.request('/add')).status).toBe(404);
  });

  test.each(['/checkpoint', '/tile/0/000.p/1', '/projections', '/tile/0/2', '/nothing'])('HEAD of %s is its GET without the body', async (path) => {
    const [get, head] = [await all.request(path), await all.request(path, { method: 'HEAD' })];
    expect([head.status, Object.fromEntries(head.headers), await head.text()]).toEqual([get.status, Object.fromEntries(get.headers), '']);
  });
});

describe('adding', () => {
  test('the answer is the index in decimal; a refusal says what to do', async () => {
    const answer = await app.request('/add', { method: 'POST', body: Uint8Array.of(1, 2) });
    expect([answer.status, await answer.text()]).toEqual([200, '41']);
    const full = await app.request('/add', { method: 'POST', body: Uint8Array.of(1, 2, 3) });
    expect([full.status, await full.json()]).toMatchObject([503, { code: 'STORE_FULL', hint: 'free some space' }]);
  });

  test('a connection that the log loses is no body that was cut off', async () => {
    const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const before = bugs.length;
    const answer = await createApp({ ...sources, add: () => Promise.reject(lost) }).request('/add', { method: 'POST', body: 'x' });
    expect([answer.status, bugs.slice(before)]).toEqual([500, [lost]]);
  });

  test('no body is an empty entry: whether there may be one, the log says', async () => {
    const sizes: number[] = [];
    const answer = await createApp({ ...sources, add: async ({ length }) => sizes.push(length) }).request('/add', { method: 'POST' });
    expect([answer.status, sizes]).toEqual([200, [0]]);
  });

  test('a client that goes away before the end of its body has found no bug, and added nothing', async () => {
    const server = await listen(app, '127.0.0.1', 0);
    const [before, bugsBefore] = [added.length, bugs.length];
    try {
      for (const head of ['Content-Length: 9', 'Transfer-Encoding: chunked']) {
        const socket = connect(server.port, '127.0.0.1');
        await new Promise<void>((done) => socket.write(`POST /add HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n5\r\nab`, () => done()));
        await new Promise((done) => setTimeout(done, 50));
        await new Promise<void>((done) => {
          socket.once('close', () => done());
          socket.resetAndDestroy();
        });
      }
      // Closing waits for what is under way.
      await new Promise((done) => setTimeout(done, 50));
    } finally {
      await server.close();
    }
    expect([added.length, bugs.slice(bugsBefore)]).toEqual([before, []]);
  });

  test('a body over 65,535 bytes is refused while it arrives, whatever length it states', async () => {
    const server = await listen(app, '127.0.0.1', 0);
    try {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 65_536;
          if (sent > 64 * 1024 * 1024) controller.close();
          else controller.enqueue(new Uint8Array(65_536));
        },
      });
      const answer = await fetch(`http://127.0.0.1:${server.port}/add`, { method: 'POST', body, duplex: 'half' } as RequestInit);
      expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'ENTRY_TOO_LARGE' }]);
      expect(added).toEqual([2, 3]);
    } finally {
      await server.close();
    }
  });
});
