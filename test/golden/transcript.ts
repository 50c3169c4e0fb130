// Runs the transcripts that stand in Markdown and compares what the commands really print.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One `$ command` of a ```console block, with the lines that stand under it. */
export interface Step {
  readonly command: string;
  readonly expected: string;
}

/** Every step of every console block, in order: blocks of one page share a directory and a shell's variables. */
export function stepsOf(markdown: string): Step[] {
  const steps: { command: string; expected: string }[] = [];
  for (const [, block] of markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const line of (block as string).split('\n').slice(0, -1)) {
      const last = steps.at(-1);
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: '' });
      else if (line.startsWith('> ') && last?.expected === '') last.command += `\n${line.slice(2)}`;
      else if (last !== undefined) last.expected += `${line}\n`;
    }
  }
  return steps;
}

/**
 * Runs all steps in one shell in `directory`, with `stella` on its path.
 *
 * @returns what each step printed, standard output and error together, in the steps' order
 */
export function runSteps(steps: readonly Step[], directory: string, environment: Readonly<Record<string, string>> = {}): string[] {
  const bin = join(directory, '.bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(join(root, 'cli/stella.js'), join(bin, 'stella'));
  const mark = '\u0001step\u0001';
  const script = steps.map(({ command }) => `printf '%s\\n' '${mark}'\n${command}\n`).join('');
  const run = spawnSync('sh', ['-c', `exec 2>&1\n${script}`], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 26,
    env: {
      PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: directory,
      XDG_STATE_HOME: join(directory, '.state'),
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      ...environment,
    },
  });
  return run.stdout.split(`${mark}\n`).slice(1);
}

/** Replaces what differs from run to run (digests, keys, times, ids, durations); words, codes and counts stay exact. */
export function steady(text: string): string {
  return text
    .replace(/\/(?:home\/you|tmp\/stella-golden-\w+)\b/g, '<home>')
    .replace(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?/g, '<time>')
    .replace(/\d{4}-\d{2}-\d{2}/g, '<date>')
    .replace(/\bbytes \d+/g, 'bytes <count>')
    .replace(/\b[0-9a-f]{8,}…?/g, '<hex>')
    .replace(/(?<![\w+/])(?=[\w+/]*\d)[A-Za-z0-9+/]{22,}={0,2}/g, '<base64>')
    .replace(/\b\d+(\.\d+)? ?(ms|s|µs)\b/g, '<duration>')
    .replace(/\b\d+(\.\d+)? (kB|MB|GB)\b/g, '<size>')
    .replace(/[ \t]+$/gm, '');
}
