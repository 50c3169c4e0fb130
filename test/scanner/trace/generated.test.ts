// Generated scripts: what the trace says they start, against what a real sh starts, with stubs that log their arguments.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Member } from '../image/make.ts';
import { program, script, trace } from './make.ts';

const seed = Number(process.env['SEED'] ?? 20260801);
const runs = Number(process.env['RUNS'] ?? 60);

/** Small and seeded: the same scripts on every machine. */
function randomOf(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 12)) >>> 0) % below;
  };
}

class Writer {
  readonly #random: (below: number) => number;
  readonly stubs: string[];
  readonly words: string[];
  readonly variables: string[];
  readonly functions: string[] = [];
  readonly others: string[];

  constructor(random: (below: number) => number, others: readonly string[]) {
    this.#random = random;
    const name = (prefix: string) => `${prefix}${Array.from({ length: 5 }, () => 'bcdfgklmnprstvz'[random(15)]).join('')}`;
    this.stubs = Array.from({ length: 6 }, () => name('x'));
    this.words = Array.from({ length: 6 }, () => name('w'));
    this.variables = Array.from({ length: 4 }, () => name('v'));
    this.others = [...others];
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)] as T;
  }

  chance(percent: number): boolean {
    return this.#random(100) < percent;
  }

  value(): string {
    const variable = this.pick(this.variables);
    return this.pick([
      () => this.pick(this.words), () => this.pick(this.words), () => `"${this.pick(this.words)} b"`, () => `"$${variable}"`,
        () => `"\${${variable}:-${this.pick(this.words)}}"`,
      () => `"\${1#-}"`, () => `"\${${variable}%z}"`, () => `"\${${variable}##*b}"`, () => `"$(echo ${this.pick(this.words)})"`, () => `'$1'`, () => '"$#"',
      () => `"$(basename /a/b/${this.pick(this.words)})"`, () => `"$(( $# + ${this.#random(5)} ))"`, () => '"${2:-none}"', () => '"${0##*/}"',
        () => `"$(printf '%s-%s' a ${this.pick(this.words)})"`,
    ])();
  }

  call(): string {
    const args = Array.from({ length: this.#random(3) }, () => this.value());
    const stub = this.pick(this.stubs);
    const plain = `${stub} ${args.join(' ')}`.trim();
    return this.pick([
      () => plain, () => plain, () => plain, () => `${stub} "$@"`, () => `env A=1 ${plain}`, () => `nice -n 5 ${plain}`, () => `command ${plain}`,
        () => `sh -c '${stub} "$1" "$@"' name ${args.join(' ')}`,
      () => `eval "${stub} ${this.pick(this.words)}"`, () => (this.functions.length > 0 ? `${this.pick(this.functions)} ${args.join(' ')}` : plain),
        () => `launch user ${plain}`,
      () => (this.others.length > 0 ? `${this.pick(this.others)} ${args.join(' ')}` : plain), () => `"$(echo ${stub})" ${args.join(' ')}`,
        () => `nohup ${plain} >/dev/null 2>&1`,
    ])();
  }

  condition(): string {
    const variable = this.pick(this.variables);
    return this.pick([
      () => `[ "$1" = ${this.pick(this.words)} ]`, () => `[ -n "$${variable}" ]`, () => `[ "\${1#-}" != "$1" ]`, () => `[ $# -gt ${this.#random(4)} ]`,
        () => `test -z "\${${variable}:-}"`,
      () => `[ "$${variable}" = "$1" ] || [ $# -eq 0 ]`, () => `! [ "$1" = ${this.pick(this.words)} ]`,
        () => `command -v ${this.pick(this.stubs)} >/dev/null`, () => 'command -v nothing-here >/dev/null 2>&1',
      () => `${this.pick(this.stubs)} asks`, () => `[ -f "$0" ] && [ -d / ]`, () => `[ "$(id -u)" = 0 ]`,
        () => `${this.pick(this.stubs)} asks && [ $# -lt 3 ]`, () => `[ -x "$0" -a "$1" != x ]`,
    ])();
  }

  pattern(): string {
    const word = this.pick(this.words);
    return this.pick([word, `${word.slice(0, 2)}*`, `?${word.slice(1)}`, `[a-m]*`, `${word}|-*`, `"${word}"`, '-*', '*[!a-m]']);
  }

  statement(depth: number): string[] {
    const block = () => this.block(depth - 1).map((line) => `\t${line}`);
    const kinds: (() => string[])[] = [
      () => [this.call()], () => [this.call()], () => [this.call()],
      () => [`${this.pick(this.variables)}=${this.value()}`], () => [`export ${this.pick(this.variables)}=${this.value()}`],
        () => [`set -- ${this.value()} "$@"`],
      () => [`: "\${${this.pick(this.variables)}:=${this.pick(this.words)}}"`], () => [`${this.condition()} && ${this.call()}`],
        () => [`${this.condition()} || ${this.call()}`],
      () => [`if [ $# -gt 0 ]; then shift; fi`], () => [`unset ${this.pick(this.variables)}`],
    ];
    if (depth > 0) {
      kinds.push(
        () => [`if ${this.condition()}; then`, ...block(), ...(this.chance(50) ? ['else', ...block()] : []), 'fi'],
        () => [`if ${this.condition()}; then`, ...block(), `elif ${this.condition()}; then`, ...block(), 'fi'],
        () => [`case ${this.pick(['"$1"', `"$${this.pick(this.variables)}"`, '$#'])} in`, ...[1, 2].flatMap(() => [`${this.pattern()})`, ...block(),
          '  ;;']), '*)', ...block(), 'esac'],
        () => [`for ${this.pick(this.variables)} in ${this.value()} ${this.pick(['"$@"', this.value()])}; do`, ...block(), 'done'],
        () => ['(', ...block(), ')'], () => ['{', ...block(), '}'],
        () => [`echo ${this.pick(this.words)} ${this.pick(this.words)} | while read -r a b; do ${this.pick(this.stubs)} "$a" "$b"; done`],
        () => [`while read -r line; do`, `  ${this.pick(this.stubs)} "$line"`, 'done <<-EOT', `${this.pick(this.words)} $#`, this.pick(this.words), 'EOT'],
        () => {
          const counter = `n${this.#random(1000)}`;
          return [`${counter}=0`, `while [ "$${counter}" -lt ${this.#random(4)} ]; do`, `  ${counter}=$((${counter} + 1))`,
            `  ${this.pick(this.stubs)} "$${counter}"`, ...(this.chance(30) ? [`  if ${this.condition()}; then break; fi`] : []), 'done'];
        },
      );
    }
    return this.pick(kinds)();
  }

  block(depth: number): string[] {
    return Array.from({ length: 1 + this.#random(3) }, () => this.statement(depth)).flat();
  }

  function(): string[] {
    const name = `f${this.#random(100_000)}`;
    const body = this.block(1).map((line) => `\t${line}`);
    this.functions.push(name);
    const after = this.chance(30) ? [`  return ${this.#random(2)}`] : [];
    return [`${name}() {`, ...(this.chance(40) ? [`  local ${this.pick(this.variables)}`] : []), ...body, ...after, '}'];
  }

  script(more: readonly string[] = []): string {
    const functions = Array.from({ length: this.#random(3) }, () => this.function()).flat();
    const lines = [...(this.chance(30) ? ['set -e'] : []), ...functions, ...more, ...this.block(2), ...this.block(2)];
    const last = this.pick(['exec "$@"', `exec ${this.pick(this.stubs)} "$@"`, `exec launch user ${this.pick(this.stubs)} "$@"`,
      `exec env B=2 ${this.pick(this.stubs)}`, '']);
    return `#!/bin/sh\n${lines.join('\n')}\n${last}\n`;
  }
}

const place = mkdtempSync(join(tmpdir(), 'trace-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const STUB = `#!/bin/sh
{ printf '%s' "\${0##*/}"; for a in "$@"; do printf '\\037%s' "$a"; done; printf '\\036'; } >> "$STUB_LOG"
`;

interface Case {
  readonly folder: string;
  readonly members: Member[];
  readonly args: readonly string[];
  readonly stubs: readonly string[];
  readonly mayFail: boolean;
}

function make(number: number, shell: string): Case {
  const random = randomOf(seed * 1000 + number);
  const folder = join(place, `${shell}-${number}`);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const at = (name: string) => join(folder, name);
  const second = new Writer(random, []);
  const writer = new Writer(random, [at('second.sh')]);
  writer.stubs.splice(0, 3, ...second.stubs.slice(0, 3));
  const sourced = new Writer(random, []);
  sourced.stubs.splice(0, 6, ...writer.stubs);
  sourced.variables.splice(0, 4, ...writer.variables);
  const files: Record<string, string> = {
    'second.sh': second.script(), 'library.sh': [...sourced.function(), ...sourced.block(1)].join('\n'),
    'main.sh': writer.script(writer.chance(40) ? [`. ${at('library.sh')}`] : []),
  };
  const stubs = [...new Set([...writer.stubs, ...second.stubs])];
  // Some fail: the trace cannot know which. Under `set -e` it takes what is not known to succeed, or nothing would ever be certain.
  const mayFail = !Object.values(files).some((content) => content.includes('set -e'));
  for (const stub of stubs) writeFileSync(at(`bin/${stub}`), `${STUB}exit ${random(100) < 25 && mayFail ? 1 : 0}\n`, { mode: 0o755 });
  writeFileSync(at('bin/launch'), '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content, { mode: 0o755 });
  const inTree = (path: string) => path.slice(1);
  const tools = ['env', 'nice', 'nohup', 'id', 'basename', 'sh', 'bash'];
  const members: Member[] = [
    ...Object.entries(files).map(([name, content]) => script(inTree(at(name)), content)), ...stubs.map((stub) => program(inTree(at(`bin/${stub}`)))),
    // In the image the launcher is a program of a name that is known.
    script(inTree(at('bin/launch')), '#!/bin/sh\nshift\nexec "$@"\n'), ...tools.map((tool) => program(`usr/bin/${tool}`)), { path: 'bin', link: 'usr/bin' },
  ];
  const args = Array.from({ length: random(4) }, () => (random(5) === 0 ? `-${writer.pick(writer.words)}` : random(2) === 0 ? writer.pick(writer.stubs)
    : writer.pick(writer.words)));
  return { folder, members, args, stubs, mayFail };
}

/** Calls of stubs as a real shell makes them. */
function run({ folder, args, stubs }: Case, shell: string): string[][] {
  const log = join(folder, `log-${shell}`);
  try {
    execFileSync(shell, [join(folder, 'main.sh'), ...args], {
      cwd: folder, env: { PATH: `${folder}/bin:/usr/bin:/bin`, STUB_LOG: log, HOME: '/root' }, stdio: 'ignore', timeout: 20_000,
    });
  } catch (error) {
    // It ends with whatever status its last command has.
    if ((error as { status?: number | null }).status === null) throw error;
  }
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  return text.split('\x1e').filter((line) => line !== '').map((line) => line.split('\x1f')).filter(([name]) => stubs.includes(name as string));
}

const hasRoot = process.getuid?.() === 0;

describe('a real shell and the trace', () => {
  test.each(['sh', 'bash'].filter((shell) => existsSync(`/bin/${shell}`)))('%s starts nothing that is not traced, and all that is traced without condition',
    (shell) => {
    const figures = { calls: 0, traced: 0, certain: 0, open: 0 };
    for (let number = 0; number < runs; number++) {
      const one = make(number, shell);
      const document = trace(one.members, {
        Entrypoint: [`/bin/${shell}`, join(one.folder, 'main.sh'), ...one.args], WorkingDir: one.folder, Env: [`PATH=${one.folder}/bin:/usr/bin:/bin`,
          'HOME=/root', 'STUB_LOG=x'],
        User: hasRoot ? 'root' : String(process.getuid?.() ?? 0),
      });
      const found = run(one, shell);
      const calls = document.steps.filter(({ argv, path }) => argv !== undefined && one.stubs.includes(path.slice(path.lastIndexOf('/') + 1)));
      const open = document.ends.filter(({ over }) => over === 'everything');
      const source = readFileSync(join(one.folder, 'main.sh'), 'utf8');
      const shown = () => `${shell} seed ${seed} case ${number} args ${JSON.stringify(one.args)}\n${source}\n--- second\n${readFileSync(join(one.folder,
        'second.sh'), 'utf8')}\n--- library\n${
        readFileSync(join(one.folder, 'library.sh'), 'utf8')}\n${JSON.stringify(open)}\ntraced: ${calls.map(({ argv = [], guards }) =>
          `${JSON.stringify(argv)}${guards.length > 0 ? ' ?' : ''}`).join(' | ')}\nreal: ${found.map((call) => call.join(' ')).join(' | ')}`;
      // An unknown word stands for any number of words.
      const fits = (argv: readonly (string | null)[], call: readonly string[]): boolean =>
        argv.length === 0 ? call.length === 0
          : argv[0] === null ? call.some((_, i) => fits(argv.slice(1), call.slice(i))) || fits(argv.slice(1), [])
            : call.length > 0 && argv[0] === call[0] && fits(argv.slice(1), call.slice(1));
      const words = (argv: readonly (string | null)[] = []) => argv.map((word, i) => (i === 0 && word !== null ? word.slice(word.lastIndexOf('/') + 1) : word));
      for (const call of found) {
        figures.calls += 1;
        const isTraced = calls.some(({ argv }) => fits(words(argv), call));
        if (isTraced) figures.traced += 1;
        else expect(open.length, `not traced: ${call.join(' ')}\n${shown()}`).toBeGreaterThan(0);
      }
      for (const { argv, guards } of calls) {
        if (guards.length > 0 || argv === undefined || argv.includes(null) || !one.mayFail) continue;
        figures.certain += 1;
        expect(found.some((call) => fits(words(argv), call)), `not started: ${argv.join(' ')}\n${shown()}`).toBe(true);
      }
      figures.open += open.length > 0 ? 1 : 0;
    }
    // The trace earns its keep: it is not open ends that cover what real shells start.
    expect(figures.traced / figures.calls).toBeGreaterThan(0.98);
    expect(figures.open / runs).toBeLessThan(0.25);
    expect(figures.certain).toBeGreaterThan(runs);
    if (process.env['FIGURES'] !== undefined) process.stdout.write(`${shell} ${JSON.stringify(figures)}\n`);
  }, 240_000);
});
