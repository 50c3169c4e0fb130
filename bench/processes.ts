// Processes that a bench runs, each with Node's start: what they cost, and the command line as it is published.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeCommandLine } from '../tools/command-line.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** What a process took, with Node's start. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
}

/** GNU time, which tells what a process took of the processor. */
export const hasTime = existsSync('/usr/bin/time');

/** The command line in the shape in which it is installed. @returns its launcher */
export async function published(folder: string): Promise<string> {
  for (const name of ['cli', 'dist']) mkdirSync(join(folder, 'package', name), { recursive: true });
  for (const name of ['cli/stella.js', 'package.json']) cpSync(join(root, name), join(folder, 'package', name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'package/node_modules'));
  symlinkSync(join(root, 'evidence'), join(folder, 'package/dist/evidence'));
  await writeCommandLine(join(folder, 'package/dist/cli'));
  return join(folder, 'package/cli/stella.js');
}

/** A program once, by GNU time. @param out - for what time says */
export function timed(args: readonly string[], out: string): Cost {
  const started = performance.now();
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', out, process.execPath, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const wallMs = performance.now() - started;
  if (status !== 0) throw new Error(`${args[0]} failed: ${stderr}`);
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(out, 'utf8').trim().split(' ').map(Number);
  return { wallMs, cpuMs: 1000 * (user + system), rssMiB: kilobytes / 1024 };
}

