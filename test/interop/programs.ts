// Building, starting and stopping the real programs: on loopback, bounded in time, ended by their own process id.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, at most two minutes. */
export function runProgram(program: string, args: readonly string[], options: { cwd: string; env?: Readonly<Record<string, string>>; timeout?: number }): Ran {
  const ran = spawnSync(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    timeout: options.timeout ?? 120_000,
    maxBuffer: 1 << 28,
  });
  return { status: ran.status, stdout: ran.stdout ?? '', stderr: `${ran.stderr ?? ''}${ran.error === undefined ? '' : String(ran.error)}` };
}

/** Runs `stella` with `--json` and gives its answer. @throws when it exits with another code than `exit` */
export function stella(args: readonly string[], cwd: string, exit = 0): Record<string, unknown> {
  const env = { XDG_STATE_HOME: join(cwd, '.state') };
  const ran = runProgram(process.execPath, [join(root, 'cli/stella.js'), ...args, '--json'], { cwd, env });
  if (ran.status !== exit) throw new Error(`stella ${args.join(' ')} ended with ${ran.status}: ${ran.stdout}${ran.stderr}`);
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

export interface Started {
  /** Everything printed so far, on both streams. */
  printed(): string;
  stop(): Promise<void>;
}

/**
 * Starts a program and waits until `ready` matches what it prints, or a port answers.
 *
 * @throws when it ends, or is not ready within 20 seconds
 */
export async function start(
  program: string,
  args: readonly string[],
  ready: RegExp | number,
  options: { cwd: string; env?: Record<string, string> },
): Promise<Started> {
  const env = { ...process.env, ...options.env };
  const child = spawn(program, [...args], { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  const started: Started = { printed: () => text, stop: () => stop(child) };
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${text}`);
    if (typeof ready === 'number' ? await answers(ready) : ready.test(text)) return started;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop(child);
  throw new Error(`${program} was not ready within 20 s: ${text}`);
}

/** Serves a ledger with `stella serve` on a free port. */
export async function serveLedger(directory: string, args: readonly string[]): Promise<Started & { url: string }> {
  const served = await start(process.execPath, [join(root, 'cli/stella.js'), 'serve', '--port', '0', ...args], /http:\/\/127\.0\.0\.1:\d+/, {
    cwd: directory,
    env: { XDG_STATE_HOME: join(directory, '.state') },
  });
  return { ...served, url: (/http:\/\/127\.0\.0\.1:\d+/.exec(served.printed()) as RegExpExecArray)[0] };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(force);
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(500) });
    return true;
  } catch {
    return false;
  }
}

/** A port on loopback that nothing listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * Builds commands of a Go module in a writable copy of its source, into `peers/bin`.
 *
 * @param commands - binary name to package path within the module
 * @param more - folders to copy into the source first, and changes to its go.mod (`go mod edit` arguments)
 */
export function buildGo(
  peers: string,
  module: string,
  name: string,
  commands: Readonly<Record<string, string>>,
  more: { copy?: Readonly<Record<string, string>>; edit?: readonly string[] } = {},
): void {
  const env = { GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
  const go = (args: readonly string[], cwd: string): string => {
    const ran = spawnSync('go', [...args], { cwd, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 3_600_000, maxBuffer: 1 << 26 });
    if (ran.status !== 0) throw new Error(`Cannot build ${name}: go ${args.join(' ')}: ${ran.error?.message ?? ran.stderr}`);
    return ran.stdout;
  };
  const { Dir } = JSON.parse(go(['mod', 'download', '-json', module], peers)) as { Dir: string };
  const source = join(peers, 'src', name);
  if (existsSync(source)) makeWritable(source);
  rmSync(source, { recursive: true, force: true });
  mkdirSync(join(peers, 'src'), { recursive: true });
  cpSync(Dir, source, { recursive: true });
  makeWritable(source);
  for (const [from, to] of Object.entries(more.copy ?? {})) {
    cpSync(fileURLToPath(new URL(from, import.meta.url)), join(source, to), { recursive: true });
  }
  if (more.edit !== undefined) go(['mod', 'edit', ...more.edit], source);
  for (const [binary, path] of Object.entries(commands)) {
    go(['build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', join(peers, 'bin', binary), path], source);
  }
}

/** Go's module cache is read-only, and so is a copy of it. */
function makeWritable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else if (entry.isFile()) chmodSync(path, 0o644);
  }
}
