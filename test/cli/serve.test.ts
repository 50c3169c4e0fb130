// A server brings projections up beside its other work: to the head, without holding the writer up, and saying so where it cannot.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openAsTheyAre } from '../../cli/caught-up.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { openSideTables } from '../../ledger/store/side-tables.ts';
import { startThread } from '../../ledger/store/thread.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-serve-'));
const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE_FILE: join(home, 'pass'), XDG_STATE_HOME: join(home, 'state') };
const cli = join(root, 'cli/stella.js');

function stella(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, ...args], { cwd: home, encoding: 'utf8', timeout: 60_000, input: '', env });
}
const json = (...args: string[]) => JSON.parse(stella(...args, '--json').stdout) as Record<string, unknown>;

interface Serving {
  readonly url: string;
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Asks it to stop. @returns its exit code */
  stop(): Promise<number | null>;
}

const running = new Set<ChildProcess>();
afterEach(() => running.forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function serve(...args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--json', ...args], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => {
    running.delete(child);
    resolve(code);
  }));
  let [said, warned] = ['', ''];
  child.stderr?.on('data', (piece: Buffer) => (warned += String(piece)));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (piece: Buffer) => {
      said += String(piece);
      if (said.includes('\n')) resolve((JSON.parse(said.slice(0, said.indexOf('\n'))) as { url: string }).url);
    });
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${warned}`)));
  });
  return { url, child, stderr: () => warned, stop: () => (child.kill('SIGTERM'), ended) };
}

interface Told {
  readonly size: number;
  readonly projections: readonly { name: string; size: number; of: number; serving: boolean; stopped: null | { code: string } }[];
  readonly refused: { readonly code: string; readonly message: string } | null;
}

const told = async ({ url }: Serving) => (await (await fetch(`${url}/projections`)).json()) as Told;

/** Asks until it is so: nothing here is timed, and what never comes ends the test. */
async function until(server: Serving, isSo: (told: Told) => boolean): Promise<Told> {
  for (;;) {
    const now = await told(server);
    if (isSo(now)) return now;
    await new Promise((go) => setTimeout(go, 25));
  }
}

const isAt = (size: number) => ({ projections }: Told) => projections.length > 0 && projections.every((one) => one.size === size && one.serving);
const names = ['decisions', 'findings', 'inventory', 'timeline'];

function add(name: string, purl: string, ledger: string): void {
  const component = { type: 'library', name: 'a', version: '1', purl, 'bom-ref': 'a' };
  writeFileSync(join(home, name), JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components: [component] }));
  expect(stella('add', '--ledger', ledger, '--subject', `sha256:${'2c'.repeat(32)}`, name).status).toBe(0);
}

beforeAll(() => {
  writeFileSync(join(home, 'pass'), 'a passphrase\n', { mode: 0o600 });
  for (const name of ['halted', 'read', 'spoilt']) expect(stella('init', '--ledger', name, '--origin', `${name}.example`).status).toBe(0);
  expect(stella('init', '--ledger', 'raw', '--origin', 'raw.example', '--raw').status).toBe(0);
  expect(stella('init', '--ledger', 'written', '--origin', 'written.example').status).toBe(0);
  add('w.cdx.json', 'pkg:npm/w@1.0.0', 'written');
}, 120_000);

describe('a server beside a writer', () => {
  test('reaches the head, and what comes later; its cursors are those that status and commands show', { timeout: 60_000 }, async () => {
    add('a.cdx.json', 'pkg:npm/a@1.0.0', 'read');
    const server = await serve('--ledger', 'read');
    expect((await until(server, isAt(2))).projections.map(({ name }) => name)).toEqual(names);
    add('b.cdx.json', 'pkg:npm/b@2.0.0', 'read');
    add('c.cdx.json', 'pkg:npm/c@2.0.0', 'read');
    expect(await until(server, isAt(4))).toMatchObject({ size: 4, refused: null });
    const standing = (json('status', '--ledger', 'read')['projections'] as Told['projections']).map(({ name, size, of }) => [name, size, of]);
    expect(standing).toEqual(names.map((name) => [name, 4, 4]));
    expect(json('show', 'pkg:npm/b', '--ledger', 'read')).toMatchObject({ at: { size: 4 }, artifacts: [{ entry: 2 }] });
    expect(await server.stop()).toBe(0);
    expect(server.stderr()).toBe('');
    expect(stella('fsck', '--ledger', 'read').status).toBe(0);
  });

  test('leaves projections alone when it is told to', { timeout: 60_000 }, async () => {
    const server = await serve('--ledger', 'written', '--no-catch-up');
    expect((await fetch(`${server.url}/projections`)).status).toBe(404);
    expect(await server.stop()).toBe(0);
    expect(existsSync(join(home, 'written/projections.db'))).toBe(false);
  });
});

describe('a server that writes', () => {
  test('brings its own appends up; while catching up waits for the file, entries are taken and answered', { timeout: 120_000 }, async () => {
    const server = await serve('--ledger', 'raw', '--write');
    const post = async (text: string) => Number(await (await fetch(`${server.url}/add`, { method: 'POST', body: text })).text());
    expect(await post('one')).toBe(1);
    await until(server, isAt(2));
    // Somebody else writes the projections' file, and does not end: a step waits for it, in its thread, for seconds.
    const database = new Database(join(home, 'raw/projections.db'));
    database.exec('BEGIN IMMEDIATE');
    for (let index = 2; index < 40; index++) expect(await post(`entry ${index}`)).toBe(index);
    const behind = await told(server);
    expect([behind.size, behind.projections.every(({ size }) => size === 2)]).toEqual([40, true]);
    expect(await (await fetch(`${server.url}/checkpoint`)).text()).toMatch(/^raw\.example\n40\n/);
    // It gives up on the file, says so, and tries again.
    expect((await until(server, ({ refused }) => refused !== null)).refused).toMatchObject({ code: 'STORE_FAILED' });
    expect(await post('entry 40')).toBe(40);
    database.exec('ROLLBACK');
    database.close();
    expect(await until(server, isAt(41))).toMatchObject({ size: 41, refused: null });
    expect(server.stderr()).toContain('projections are not caught up');
    expect(await server.stop()).toBe(0);
    expect(json('status', '--ledger', 'raw')).toMatchObject({ able: true, size: 41, projectionsRefused: null });
  });

  test('is the writer of events too: what it found behind it takes in', { timeout: 60_000 }, async () => {
    const server = await serve('--ledger', 'written', '--write');
    await until(server, isAt(2));
    expect(await server.stop()).toBe(0);
    expect(stella('fsck', '--ledger', 'written').status).toBe(0);
  });
});

describe('the thread', () => {
  test('rests where a projection goes no further, and says so: it asks for the file again when something comes', { timeout: 60_000 }, async () => {
    add('h.cdx.json', 'pkg:npm/h@1.0.0', 'halted');
    const { anchor, directory } = json('status', '--ledger', 'halted') as { anchor: string; directory: string };
    const payloads = join(directory, 'payloads');
    // Facts that are not what their digest says: nobody who reads them goes on.
    for (const file of readdirSync(payloads, { recursive: true, encoding: 'utf8' })) {
      const path = join(payloads, file);
      if (statSync(path).isFile() && readFileSync(path, 'utf8').includes('"semantics":')) writeFileSync(path, '{}');
    }
    const thread = startThread(new URL('../../actions/catch-up-thread.ts', import.meta.url));
    const step = async () => (await thread.call('step', { entries: 1024, batches: 1 })) as Pick<Told, 'size'> & { standings: Told['projections'] };
    try {
      await thread.call('begin', { directory, anchor, payloads });
      for (let i = 0; i < 6; i++) await step();
      // Somebody else writes the file: whoever asked for its lock would be refused.
      const database = new Database(join(directory, 'projections.db'));
      database.exec('BEGIN IMMEDIATE');
      const { standings } = await step();
      database.exec('ROLLBACK');
      database.close();
      expect(standings.map(({ name, size, stopped }) => [name, size, stopped?.code ?? null])).toEqual([
        ['decisions', 2, null], ['findings', 2, null], ['inventory', 1, 'PAYLOAD_CORRUPT'], ['timeline', 2, null],
      ]);
      add('i.cdx.json', 'pkg:npm/i@1.0.0', 'halted');
      expect((await step()).standings.map(({ size }) => size)).toEqual([3, 3, 1, 3]);
      // What somebody else took away is built again.
      expect(stella('projections', '--rebuild', 'timeline', '--ledger', 'halted').status).toBe(4);
      expect((await step()).standings.map(({ size }) => size)).toEqual([3, 3, 1, 3]);
    } finally {
      await thread.call('end', null);
      await thread.close();
    }
  });
});

describe('a file that is no database', () => {
  const file = join(home, 'spoilt/projections.db');

  test('is said by the server and by status, and stops nothing else', { timeout: 60_000 }, async () => {
    writeFileSync(file, 'this is no database, and longer than a header of one: '.repeat(20));
    const server = await serve('--ledger', 'spoilt');
    const { refused, projections } = await until(server, (now) => now.refused !== null);
    expect([refused?.code, projections]).toEqual(['STORE_CORRUPT', []]);
    expect((await fetch(`${server.url}/checkpoint`)).status).toBe(200);
    expect(json('status', '--ledger', 'spoilt')).toMatchObject({ able: true, projections: [], projectionsRefused: { code: 'STORE_CORRUPT' } });
    expect(stella('status', '--ledger', 'spoilt').stdout).toMatch(/^Catching up {2}NOT: Cannot read the store: .* \(STORE_CORRUPT\)$/m);
    expect(await server.stop()).toBe(0);
    expect(server.stderr()).toContain('projections are not caught up');
  });

  test('costs no handle, whoever asks', async () => {
    const handles = () => readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === file;
      } catch {
        return false;
      }
    }).length;
    const place = { origin: 'spoilt.example', directory: join(home, 'spoilt'), anchor: '' } as never;
    const log = { published: { size: 1 } } as LogView;
    expect(await openAsTheyAre(place, log)).toBeNull();
    expect(() => openSideTables(join(home, 'spoilt'))).toThrow('file is not a database');
    expect(handles()).toBe(0);
  });
});

test('a server that follows a writer keeps as many handles, however often the log grows', { timeout: 120_000 }, async () => {
  const server = await serve('--ledger', 'read', '--no-catch-up');
  const handles = () => readdirSync(`/proc/${server.child.pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${server.child.pid}/fd/${fd}`).endsWith('ledger.db');
    } catch {
      return false;
    }
  }).length;
  const checkpoint = async () => (await (await fetch(`${server.url}/checkpoint`)).text()).split('\n')[1];
  const first = Number(await checkpoint());
  const held = handles();
  for (let i = 1; i < 4; i++) {
    add(`grown-${i}.cdx.json`, `pkg:npm/grown@${i}.0.0`, 'read');
    expect(await checkpoint()).toBe(String(first + i));
  }
  expect(handles()).toBe(held);
  expect(await server.stop()).toBe(0);
});
