// npm run mutants -- [DIR|FILE|FILE:LINE-LINE…] [--json FILE]: StrykerJS over the rooms that must be exact. Takes minutes a room, longer on a
// busy machine.
// A survivor is killed by a better test, or named with its reason in survivors.json, where its line is the key.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reason as messageReason } from './messages.ts';

/** A room, and where its tests are when they are not in test/NAME. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'ledger/merkle': ['test/merkle'],
  'ledger/note': ['test/note'],
  'ledger/events': ['test/events'],
  'ledger/streams': ['test/streams'],
  verify: ['test/verify'],
};
/** Rooms of their own below a room: they are run where they are named. */
const INNER: Readonly<Record<string, readonly string[]>> = { 'verify/sigstore': ['test/sigstore'], 'verify/pack': ['test/pack'] };
/** Files of rooms that are not run as a whole, by the tests that fold in this process: the others' children would not have the mutant. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'projections/growing.ts': ['test/projections/fold.test.ts', 'test/projections/growing.test.ts'],
  'projections/items.ts': ['test/projections/fold.test.ts', 'test/projections/growing.test.ts', 'test/projections/encoded.test.ts'],
};
const ALL = { ...ROOMS, ...INNER, ...FILES };
const scoreMin = 90;

interface Known {
  file: string;
  /** The line of source where the mutant begins, trimmed: it stays when lines above it come and go. */
  code: string;
  mutant: string;
  reason: string;
}

interface Survivor {
  file: string;
  line: number;
  mutant: string;
  /** Why it may live, from survivors.json; null where nobody has looked at it yet. */
  reason: string | null;
}

interface Room {
  name: string;
  mutants: number;
  killed: number;
  /** Of those killed, by a loop that the runner ended, or that took all memory. */
  timedOut: string[];
  /** Per cent killed. */
  score: number;
  /** Mutants of messages, left out of the other figures. */
  messages: number;
  survived: Survivor[];
}

/** The part of Stryker's JSON report that is used (mutation-testing-report-schema). */
interface Report {
  files: Record<string, { source: string; mutants: Mutant[] }>;
}
interface Mutant {
  mutatorName: string;
  replacement?: string;
  status: string;
  statusReason?: string;
  location: { start: Place; end: Place };
}
interface Place {
  line: number;
  column: number;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = join(root, 'tools/mutants');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' }, concurrency: { type: 'string' } } });
const asked = positionals.length > 0 ? positionals.map((name) => name.replace(/\/+$/, '')) : Object.keys(ROOMS);

install();
const looked = JSON.parse(readFileSync(join(here, 'survivors.json'), 'utf8')) as Known[];
const rooms: Room[] = [];
for (const [room, names] of Map.groupBy(asked, roomOf)) {
  const tests = room === null ? [] : (ALL[room] as readonly string[]).filter((folder) => existsSync(join(root, folder)));
  const found = names.filter((name) => existsSync(join(root, pathOf(name))));
  const missing = names.filter((one) => tests.length === 0 || !found.includes(one));
  for (const name of missing) process.stdout.write(`not run: ${name} (no such room, or no tests for it)\n`);
  if (tests.length === 0 || found.length === 0) continue;
  const report = run(found, tests);
  for (const name of new Set(found.map(pathOf))) rooms.push(show(summary(name, report)));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rooms }, null, 1)}\n`);
if (rooms.length === 0 || rooms.some((room) => room.score < scoreMin)) process.exitCode = 1;

/** A name without its lines. */
function pathOf(name: string): string {
  return name.replace(/:\d+-\d+$/, '');
}

/** The room that a folder or file is of: the innermost one, or null. */
function roomOf(name: string): string | null {
  const around = Object.keys(ALL).filter((room) => [name, pathOf(name)].includes(room) || name.startsWith(`${room}/`));
  return around.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** Installs what tools/mutants/package-lock.json names, once per lockfile, apart from what a fresh clone installs. */
function install(): void {
  const stamp = join(here, 'node_modules/.stella-installed');
  const wanted = createHash('sha256').update(readFileSync(join(here, 'package-lock.json'))).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('Installing StrykerJS (once) …\n');
  const npm = process.env['npm_execpath'];
  const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const done = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) {
    process.stderr.write('Cannot install StrykerJS: check that the npm registry is reachable, then run the same command again\n');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

/** Runs Stryker on a room or on parts of one, in a copy of the checkout below .stryker-tmp, and reads its report. */
function run(names: readonly string[], tests: readonly string[]): Report {
  const folder = mkdtempSync(join(tmpdir(), 'stella-mutants-'));
  try {
    const [config, report] = [join(folder, 'stryker.json'), join(folder, 'report.json')];
    writeFileSync(config, JSON.stringify({
      mutate: [
        ...names.map((name) => (pathOf(name).endsWith('.ts') ? name : `${name}/**/*.ts`)),
        ...Object.keys(INNER).filter((inner) => !names.some((name) => roomOf(name) === inner)).map((inner) => `!${inner}/**`), '!**/*.generated.ts',
      ],
      testRunner: 'here',
      plugins: ['./tools/mutants/runner.ts', './tools/mutants/messages.ts'],
      ignorers: ['messages'],
      ignorePatterns: ['.cache', 'dist', 'coverage', 'reports', 'demo-ledger', 'tools/mutants/node_modules'],
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: report },
      coverageAnalysis: 'perTest',
      concurrency: Number(values.concurrency ?? Math.max(1, availableParallelism() - 1)),
      // A loop that never ends and keeps what it makes would take the machine's memory before its time is up.
      testRunnerNodeArgs: ['--max-old-space-size=1024'],
      // TypeScript 7 has no API for what Stryker would rewrite in it.
      tsconfigFile: 'none.json',
      // Far more than any takes: the runner itself ends those that take too much of a core, however busy the machine is.
      timeoutMS: 60_000,
      timeoutFactor: 20,
      // Each mutant loads our modules once more, and nothing unloads them.
      maxTestRunnerReuse: 100,
      tempDirName: '.stryker-tmp',
      cleanTempDir: 'always',
      // Vitest checks no types, and a test compares generated sources byte for byte.
      disableTypeChecks: false,
      allowConsoleColors: false,
      // A process that the runner ended would be a warning of twenty lines.
      logLevel: 'error',
    }));
    const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    const env = { ...process.env, STELLA_MUTANTS: '1', STELLA_MUTANTS_TESTS: tests.join(','), STELLA_MUTANTS_NOTES: folder };
    // What Stryker says goes to standard error: standard output is for the figures.
    const done = spawnSync(process.execPath, [stryker, 'run', config], { cwd: root, env, stdio: ['ignore', 2, 'inherit'] });
    if (done.status !== 0) {
      process.stderr.write(`Cannot run the mutants of ${names.join(' ')}: Stryker ended with ${done.status ?? done.signal ?? done.error}\n`);
      process.exit(2);
    }
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary(name: string, report: Report): Room {
  const room: Room = { name, mutants: 0, killed: 0, timedOut: [], score: 100, messages: 0, survived: [] };
  for (const [file, { source, mutants }] of Object.entries(report.files).filter(([path]) => path === name || path.startsWith(`${name}/`))) {
    for (const mutant of mutants) {
      if (mutant.status === 'Ignored' && mutant.statusReason === messageReason) room.messages += 1;
      // A mutant that does not compile or load is none.
      if (['Ignored', 'CompileError', 'RuntimeError'].includes(mutant.status)) continue;
      room.mutants += 1;
      // A mutant that never ends is noticed.
      if (mutant.status === 'Killed' || mutant.status === 'Timeout') room.killed += 1;
      // The others reached the mutant again and again.
      if (mutant.status === 'Timeout' && mutant.statusReason?.startsWith('Hit limit') !== true) {
        room.timedOut.push(`${file}:${mutant.location.start.line} ${short(mutant.replacement ?? mutant.mutatorName)}`);
      }
      if (mutant.status !== 'Killed' && mutant.status !== 'Timeout') room.survived.push(survivor(file, source, mutant));
    }
  }
  if (room.mutants > 0) room.score = Math.floor((1000 * room.killed) / room.mutants) / 10;
  room.survived.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return room;
}

function survivor(file: string, source: string, { location: { start, end }, replacement, mutatorName }: Mutant): Survivor {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const code = (lines[0] ?? '').trim();
  lines[lines.length - 1] = (lines.at(-1) ?? '').slice(0, end.column - 1);
  lines[0] = (lines[0] ?? '').slice(start.column - 1);
  const mutant = `${short(lines.join('\n'))} → ${short(replacement ?? mutatorName)}`;
  const known = looked.find((entry) => entry.file === file && entry.code === code && entry.mutant === mutant);
  if (known === undefined) process.stdout.write(`not looked at: ${JSON.stringify({ file, code, mutant, reason: '' })}\n`);
  return { file, line: start.line, mutant, reason: known?.reason ?? null };
}

function short(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ');
  return line.length <= 100 ? line : `${line.slice(0, 99)}…`;
}

function show(room: Room): Room {
  process.stdout.write(`${room.name}: ${room.killed} of ${room.mutants} mutants killed, ${room.score} %; ${room.messages} in messages left out\n`);
  for (const place of room.timedOut) process.stdout.write(`  ended by the runner: ${place}\n`);
  for (const { file, line, mutant, reason } of room.survived) process.stdout.write(`  ${file}:${line} ${mutant}: ${reason ?? 'not looked at'}\n`);
  return room;
}
