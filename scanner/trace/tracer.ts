// Follows what an image starts: programs through launchers, shells and interpreters to files, each with the step that led there.
import { createHash } from 'node:crypto';
import type { File } from '../image/files.ts';
import { isElf, libraryFolders, readElf, type Elf } from './elf.ts';
import { textOf, type TraceFiles } from './files.ts';
import { followJava } from './java.ts';
import { foundCommands, isLauncher, isQuiet, launched } from './launchers.ts';
import { followNode } from './node.ts';
import { followPerl } from './perl.ts';
import { userOf } from './passwd.ts';
import { ENGINES, LIBC, LOADING, SHELLS, STARTING, SYSTEM, languageOf, type Language } from './programs.ts';
import { followPhp } from './php.ts';
import { followPython } from './python.ts';
import { followRuby } from './ruby.ts';
import { absolute, type ShellHost, type Start, type UnknownReason, type User } from './shell/host.ts';
import { Shell, TooMuch } from './shell/run.ts';
import { configured, isHole, State, valuesOf, type Guard, type Text, type Value } from './shell/state.ts';
import { followSupervisor } from './supervisors.ts';

/** What could be reached beyond what is known: everything, or what one kind of loading could bring in. */
export type Over = 'composer' | 'cpan' | 'everything' | 'gem' | 'libraries' | 'maven' | 'npm' | 'pypi' | 'system_libraries';

export interface Step {
  /** Absolute. */
  readonly path: string;
  readonly layer: string | null;
  readonly sha256: string;
  /** Place in the list of the step that led here; null for the entry point's. */
  readonly from: number | null;
  readonly why: 'class' | 'import' | 'interprets' | 'library' | 'linker' | 'sources' | 'starts';
  /** Line of the file before, where one is known. */
  readonly line?: number;
  /** The command, where this step starts one; `null` stands for what is not known. */
  readonly argv?: readonly (string | null)[];
  /** Conditions that were not known and lie on the way. */
  readonly guards: readonly Guard[];
}

export interface OpenEnd {
  readonly reason: UnknownReason;
  readonly detail: string;
  readonly over: Over;
  readonly file: string;
  readonly line: number;
  /** The step it was met at. */
  readonly step: number | null;
}

/** A program to start, with all that decides what it does. */
export interface Item {
  readonly argv: readonly Text[];
  readonly env: ReadonlyMap<string, Value>;
  readonly cwd: Text;
  readonly user: User;
  readonly from: number | null;
  readonly line: number;
  readonly guards: readonly Guard[];
  readonly depth: number;
  readonly written: ReadonlySet<string>;
  /** A program ran before that may have made files. */
  readonly touched: boolean;
  /** The program's own name where its first argument does not say it: applets. */
  readonly applet?: string;
}

export interface TraceLimits {
  /** Commands of scripts that are looked at. */
  readonly steps: number;
  /** Programs that are started. */
  readonly programs: number;
}

export const traceLimits: TraceLimits = { steps: 200_000, programs: 2_000 };
const depthMax = 32;

export class Tracer {
  readonly files: TraceFiles;
  readonly steps: Step[] = [];
  readonly ends = new Map<string, OpenEnd>();
  /** Files and the links that led to them, by path without leading slash, with the first step. */
  readonly reached = new Map<string, number>();
  readonly #queue: Item[] = [];
  readonly #known = new Set<string>();
  readonly #limits: TraceLimits;
  readonly #volumes: readonly string[];
  #spent = 0;
  #programs = 0;

  constructor(files: TraceFiles, limits: TraceLimits, volumes: readonly string[] = []) {
    this.files = files;
    this.#volumes = volumes;
    this.#limits = limits;
  }

  start(item: Item): void {
    const env = [...item.env].sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([item.argv, env, item.cwd, item.user.uid, item.user.name, item.applet, item.touched, [...item.written]]);
    if (this.#known.has(key) || item.argv.length === 0) return;
    this.#known.add(key);
    this.#queue.push(item);
  }

  run(): void {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      this.#programs += 1;
      if (item.depth > depthMax || this.#programs > this.#limits.programs) this.end('limit', 'more programs than are followed', item);
      else this.#program(item);
    }
  }

  end(reason: UnknownReason, detail: string, at: { readonly from: number | null; readonly line?: number; readonly file?: string },
    over: Over = 'everything'): void {
    const file = at.file ?? (at.from === null ? '' : (this.steps[at.from] as Step).path);
    const end: OpenEnd = { reason, detail, over, file, line: at.line ?? 0, step: at.from };
    const key = [reason, detail, over, file, end.line].join('\n');
    if (!this.ends.has(key)) this.ends.set(key, end);
  }

  /** Marks a file as reached. @returns the number of its step, or null where it was reached before in the same way */
  reach(path: string, file: File, step: Omit<Step, 'path' | 'layer' | 'sha256'>): { readonly step: number; readonly isNew: boolean } {
    const known = this.reached.get(file.path);
    const fresh = known === undefined;
    if (!fresh && step.argv === undefined) return { step: known, isNew: false };
    const place = this.steps.length;
    this.steps.push({ path: `/${file.path}`, layer: file.layer, sha256: createHash('sha256').update(file.read()).digest('hex'), ...step });
    if (fresh) this.reached.set(file.path, place);
    // A link to a folder (`bin`) is on the way to much, and many packages list it.
    for (const link of this.files.resolve(path)?.links ?? []) if (!this.reached.has(link) && !this.files.isFolder(link)) this.reached.set(link, place);
    return { step: place, isNew: fresh };
  }

  #program(item: Item): void {
    const [name] = item.argv;
    const { or, complete } = valuesOf(name as Text);
    const named = or.filter((value) => value !== '');
    if (isHole(name as Text)) {
      const hole = name as Exclude<Text, string>;
      // A default of the image's own is what the image is configured to start.
      if (!(hole.hole === 'environment' && named.length > 0) && (!complete || hole.many === true)) {
        this.end(hole.hole === 'environment' ? 'environment' : 'command_computed', `a command named by ${hole.of}`, item);
      }
    }
    for (const value of named) this.#named(value, { ...item, argv: [value, ...item.argv.slice(1)] });
  }

  /** The path of a program, after PATH where its name has no slash; null where it is not known or not there. */
  locate(name: string, item: Pick<Item, 'cwd' | 'env' | 'from' | 'line' | 'written'>): string | null {
    const cwd = configured(item.cwd);
    if (name.includes('/')) {
      if (!name.startsWith('/') && cwd === null) {
        this.end('command_computed', `"${name}" in a directory that is computed`, item);
        return null;
      }
      return absolute(name, cwd ?? '/');
    }
    const path = item.env.get('PATH') ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const known = typeof path === 'string' ? path : Array.isArray(path) ? null : configured(path as Text);
    if (known === null) {
      this.end('command_computed', `"${name}" in a PATH that is computed`, item);
      return null;
    }
    const found = this.files.which(name, known, cwd ?? '/');
    if (found === null) this.end('program_absent', name, item);
    return found;
  }

  #named(name: string, item: Item): void {
    const path = this.locate(name, item);
    if (path === null) return;
    const file = this.files.get(path);
    if (item.written.has(path) || (file !== null && item.written.has(`/${file.path}`))) {
      this.end('file_written', path, item);
      return;
    }
    if (file === null) {
      this.end('program_absent', path, item);
      return;
    }
    const argv = item.argv.map((arg) => configured(arg));
    const { step } = this.reach(path, file, { from: item.from, why: 'starts', ...(item.line > 0 && { line: item.line }), argv, guards: item.guards });
    const next: Item = { ...item, from: step, line: 0 };
    const invoked = item.applet ?? name.slice(name.lastIndexOf('/') + 1);
    const real = file.path.slice(file.path.lastIndexOf('/') + 1);
    const bytes = file.read();
    if (isElf(bytes)) this.#elf(path, file, bytes, invoked, real, next);
    else if (bytes[0] === 0x23 && bytes[1] === 0x21) this.#script(path, file, invoked, next);
    else {
      const text = textOf(file);
      // Shells run a text without `#!` themselves.
      if (text === null) this.end('file_kind', `/${file.path}`, next);
      else this.#shell(text, path, item.argv.slice(1), next);
    }
  }

  #script(path: string, file: File, invoked: string, item: Item): void {
    if (isLauncher(invoked) && this.#launch(invoked, item)) return;
    const text = textOf(file);
    const line = /^#![ \t]*(\S+)(?:[ \t]+(.*\S))?[ \t]*(?:\r?\n|$)/.exec(text ?? '');
    if (text === null || line === null) {
      this.end('file_kind', `/${file.path}`, item);
      return;
    }
    const [, interpreter, option] = line as unknown as [string, string, string | undefined];
    if (/^(?:npm|npx|yarn|pnpm)$/.test(invoked)) {
      this.start({ ...item, argv: [interpreter, ...(option === undefined ? [] : [option]), path, ...item.argv.slice(1)], depth: item.depth + 1,
        applet: invoked });
      return;
    }
    // The kernel hands over one option at most.
    this.start({ ...item, argv: [interpreter, ...(option === undefined ? [] : [option]), path, ...item.argv.slice(1)], depth: item.depth + 1 });
  }

  /** @returns false where it is called in a way that starts nothing and means another program */
  #launch(name: string, item: Item): boolean {
    const found = launched(name, item.argv.slice(1));
    if (found === null) this.end('launcher_options', `${name} with options that are not known`, item);
    else {
      const env = new Map(found.cleared ? [] : item.env);
      for (const [variable, value] of found.assigned) env.set(variable, value);
      const user = found.user === null ? item.user : userOf(this.files, found.user);
      this.start({ ...item, argv: found.argv, env, user, cwd: found.cwd ?? item.cwd, depth: item.depth + 1 });
    }
    return true;
  }

  #elf(path: string, file: File, bytes: Uint8Array, invoked: string, real: string, item: Item): void {
    const args = item.argv.slice(1);
    const name = [invoked, real].find((one) => one === 'busybox' || SHELLS.test(one) || isLauncher(one) || languageOf(one) !== null) ?? invoked;
    const elf = readElf(bytes);
    if (elf === null) {
      this.end('file_kind', `/${file.path}`, item);
      return;
    }
    const language = languageOf(name);
    if (real === 'busybox' && !SHELLS.test(invoked)) {
      if (invoked === 'busybox') {
        const [applet] = args;
        if (applet !== undefined && configured(applet) !== null) this.start({ ...item, argv: [path, ...args.slice(1)], applet: configured(applet) as string,
          depth: item.depth + 1 });
        else this.end('command_computed', 'an applet of busybox', item);
        return;
      }
    }
    if (language !== null) {
      this.libraries(file, elf, item, true);
      this.#interpret(language, path, name, item);
    } else if (SHELLS.test(name)) {
      this.libraries(file, elf, item, true);
      this.#shellProgram(path, item);
    } else if (isLauncher(name) && (real !== 'busybox' || isLauncher(invoked))) {
      this.libraries(file, elf, item, true);
      this.#launch(name, item);
    } else if (followSupervisor(this, name, args, item)) this.libraries(file, elf, item, true);
    else {
      const quiet = isQuiet(invoked, args)
        || (real === 'busybox' && !/^(?:init|crond|httpd|inetd|start-stop-daemon|su|login|runsv|script|vi|awk|find|tar|watch|ash)$/.test(invoked));
      this.libraries(file, elf, item, quiet);
      if (invoked === 'find') for (const argv of foundCommands(args)) this.start({ ...item, argv, depth: item.depth + 1 });
    }
  }

  /** All that the dynamic linker loads, and whether anything of it starts programs or loads more. */
  libraries(file: File, elf: Elf, item: Pick<Item, 'from' | 'env'>, quiet: boolean): void {
    const seen = new Set([file.path]);
    const root = elf;
    const queue: { file: File; elf: Elf; step: number | null }[] = [{ file, elf, step: item.from }];
    const own = (name: string): boolean => quiet || LIBC.test(name) || ENGINES.test(name);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const name = next.file.path.slice(next.file.path.lastIndexOf('/') + 1);
      const at = { from: next.step, file: `/${next.file.path}` };
      if (next.elf.needed === null) {
        if (!quiet) this.#static(next.file, at);
        continue;
      }
      if (!own(name)) {
        for (const used of [...next.elf.imports].sort()) {
          if (STARTING.has(used)) this.end('starts_programs', `${name} imports ${used}`, at);
          else if (LOADING.has(used)) this.end('loads_libraries', `${name} imports ${used}`, at, 'libraries');
        }
      }
      if (!LIBC.test(name)) for (const used of [...next.elf.imports].sort()) if (SYSTEM.test(used)) this.end('loads_libraries', `${name} imports ${used}`,
        at, 'system_libraries');
      const wanted: [string, 'library' | 'linker'][] = next.elf.needed.map((one) => [one, 'library']);
      if (next.elf.interpreter !== null) wanted.push([next.elf.interpreter, 'linker']);
      for (const [library, why] of wanted) {
        const found = this.#library(library, next, root, item);
        if (found === null) {
          this.end('file_absent', library, at, 'libraries');
          continue;
        }
        const { path, file: lib, elf: inner } = found;
        if (seen.has(lib.path)) continue;
        seen.add(lib.path);
        const guards = next.step === null ? [] : (this.steps[next.step] as Step).guards;
        const { step } = this.reach(path, lib, { from: next.step, why, guards });
        queue.push({ file: lib, elf: inner, step });
      }
    }
    const preload = item.env.get('LD_PRELOAD');
    if (preload !== undefined && preload !== null && preload !== '') {
      for (const one of typeof preload === 'string' ? preload.split(/[ :]+/).filter((part) => part !== '') : []) this.native(one, item);
      if (typeof preload !== 'string') this.end('loads_libraries', 'LD_PRELOAD', item, 'libraries');
    }
  }

  /** A library that is loaded by its path: an addon, a preloaded one. */
  native(path: string, item: Pick<Item, 'from' | 'env'>): void {
    const file = this.files.get(path);
    const elf = file === null ? null : readElf(file.read());
    if (file === null || elf === null) return;
    const { step, isNew } = this.reach(path, file, { from: item.from, why: 'library', guards: [] });
    if (isNew) this.libraries(file, elf, { ...item, from: step }, false);
  }

  /** A static program: Go says which of its functions start others, of the rest nothing is known. */
  #static(file: File, at: { from: number | null; file: string }): void {
    const text = new TextDecoder('latin1').decode(file.read());
    if (!text.includes('\xff Go buildinf:')) this.end('static_binary', at.file, at);
    else if (/syscall\.(?:forkExec|forkAndExecInChild|Exec|StartProcess)\b|os\/exec\./.test(text)) this.end('starts_programs', `${at.file} links os/exec`, at);
  }

  #library(name: string, by: { file: File; elf: Elf }, root: Elf, item: Pick<Item, 'env'>): { path: string; file: File; elf: Elf } | null {
    const folderOf = (path: string) => `/${path.slice(0, Math.max(0, path.lastIndexOf('/')))}`;
    const origin = folderOf(by.file.path);
    const expand = (paths: readonly string[]) => paths.map((path) => path.replace(/\$\{?ORIGIN\}?/, origin).replace(/\$\{?LIB\}?/, by.elf.wide ? 'lib64'
      : 'lib'));
    const variable = item.env.get('LD_LIBRARY_PATH');
    const places = name.includes('/') ? [''] : [
      ...(by.elf.runpath.length === 0 ? expand([...by.elf.rpath, ...root.rpath]) : []),
      ...(typeof variable === 'string' ? variable.split(':').filter((part) => part !== '') : []),
      ...expand(by.elf.runpath),
      ...this.#configuredFolders(),
      ...libraryFolders(by.elf.machine, by.elf.wide),
    ];
    for (const place of places) {
      const path = place === '' ? name : `${place}/${name}`;
      const file = this.files.get(path);
      const elf = file === null ? null : readElf(file.read());
      if (file !== null && elf !== null && elf.wide === by.elf.wide && elf.machine === by.elf.machine) return { path, file, elf };
    }
    return null;
  }

  #folders: readonly string[] | null = null;

  /** `/etc/ld.so.conf` with what it includes (ldconfig(8)), and musl's path file. */
  #configuredFolders(): readonly string[] {
    if (this.#folders !== null) return this.#folders;
    const folders: string[] = [];
    const read = (path: string, depth: number): void => {
      for (const line of (this.files.text(path) ?? '').split(/[\n:]/)) {
        const text = line.replace(/#.*/, '').trim();
        const include = /^include\s+(\S+)$/.exec(text)?.[1];
        if (include !== undefined && depth < 4) {
          const folder = absolute(include.replace(/\/[^/]*$/, ''), '/etc');
          for (const name of this.files.list(folder)) if (name.endsWith('.conf')) read(`${folder}/${name}`, depth + 1);
        } else if (text.startsWith('/')) folders.push(text);
      }
    };
    read('/etc/ld.so.conf', 0);
    for (const name of this.files.list('/etc')) if (/^ld-musl-.*\.path$/.test(name)) read(`/etc/${name}`, 0);
    this.#folders = folders;
    return folders;
  }

  #interpret(language: Language, path: string, name: string, item: Item): void {
    if (language === 'node') followNode(this, path, item);
    else if (language === 'python') followPython(this, path, item);
    else if (language === 'java') followJava(this, item);
    else if (language === 'perl') followPerl(this, item);
    else if (language === 'php') followPhp(this, item);
    else if (language === 'ruby') followRuby(this, item);
    else this.#other(name, item);
  }

  /** A language that is not followed: its first file, and that nothing more is known. */
  #other(name: string, item: Item): void {
    const first = item.argv.slice(1).map(configured).find((arg) => arg !== null && !arg.startsWith('-'));
    const cwd = configured(item.cwd);
    const path = typeof first !== 'string' || cwd === null ? null : absolute(first, cwd);
    const file = path === null ? null : this.files.get(path);
    if (path !== null && file !== null) this.reach(path, file, { from: item.from, why: 'interprets', guards: item.guards });
    this.end('language_not_followed', name, item);
  }

  /** `sh [OPTIONS] [-c TEXT [NAME [ARG…]] | FILE [ARG…]]`. */
  #shellProgram(path: string, item: Item): void {
    const args = item.argv.slice(1);
    let [i, command, errexit] = [0, false, false];
    for (; i < args.length; i++) {
      const arg = configured(args[i] as Text);
      if (arg === null || arg === '--' || !/^[-+]./.test(arg)) {
        if (arg === '--') i += 1;
        break;
      }
      if (/^--(?:rcfile|init-file)$/.test(arg) || /^[-+]\w*[oO]$/.test(arg)) i += 1;
      if (/^-\w*c/.test(arg)) command = true;
      if (/^-\w*e/.test(arg)) errexit = true;
      if (/^-\w*l|^--login$/.test(arg)) {
        const profile = this.files.text('/etc/profile');
        if (profile !== null) this.#shell(profile, '/etc/profile', [], item);
      }
      if (/^-\w*s/.test(arg)) {
        this.end('interactive', 'a shell that reads its input', item);
        return;
      }
    }
    const operand = args[i];
    if (operand === undefined) {
      this.end('interactive', 'a shell that reads its input', item);
      return;
    }
    const { or, complete } = valuesOf(operand);
    if (!complete && !(isHole(operand) && operand.hole === 'environment' && or.some((one) => one !== ''))) this.end('evaluated_text',
      'the text or file of a shell', item);
    for (const value of or.filter((one) => one !== '')) {
      if (command) {
        const name = configured(args[i + 1] ?? path) ?? path;
        this.#shell(value, name, args.slice(i + 2), item, (this.steps[item.from ?? 0] as Step).path, errexit);
        continue;
      }
      const cwd = configured(item.cwd) ?? '/';
      const whole = !value.includes('/') && this.files.get(absolute(value, cwd)) === null ? (this.locate(value, item) ?? absolute(value, cwd))
        : absolute(value, cwd);
      const file = this.files.get(whole);
      const text = file === null ? null : textOf(file);
      if (file === null || text === null || item.written.has(whole)) {
        this.end(file === null ? 'file_absent' : text === null ? 'file_kind' : 'file_written', whole, item);
        continue;
      }
      const { step } = this.reach(whole, file, { from: item.from, why: 'interprets', argv: item.argv.map(configured), guards: item.guards });
      this.#shell(text, value.includes('/') ? value : whole, args.slice(i + 1), { ...item, from: step }, whole, errexit);
    }
  }

  #shell(text: string, name: string, args: readonly Text[], item: Item, file = name, errexit = false): void {
    const state = new State({
      vars: new Map([...item.env].filter(([variable]) => /^[A-Za-z_]\w*$/.test(variable))), exported: new Set(item.env.keys()), args, functions: new Map(),
      cwd: item.cwd, name, file,
    });
    Object.assign(state, { guards: item.guards, written: item.written, touched: item.touched, errexit });
    try {
      new Shell(this.#host(item)).text(text, state);
    } catch (error) {
      if (error instanceof TooMuch) this.end('limit', 'more commands than are followed', item);
      // A script nested deeper than it can be walked.
      else if (error instanceof RangeError) this.end('limit', 'deeper than is followed', item);
      else throw error;
    }
  }

  #host(item: Item): ShellHost {
    const { files } = this;
    const steps = new Map<string, number>();
    return {
      user: item.user,
      volumes: this.#volumes,
      start: ({ argv, state, line }: Start) => {
        const env = new Map([...state.exported].flatMap((name): [string, Value][] => {
          const value = state.vars.get(name);
          return value === undefined || value === null ? [] : [[name, value]];
        }));
        const from = steps.get(state.file) ?? item.from;
        this.start({ argv, env, cwd: state.cwd, user: item.user, from, line, guards: state.guards, depth: item.depth + 1, written: state.written,
          touched: state.touched });
      },
      unknown: ({ reason, detail, file, line }) => this.end(reason, detail, { from: steps.get(file) ?? item.from, line, file }),
      source: (path, state, line) => {
        const file = files.get(path);
        const text = file === null ? null : textOf(file);
        if (file === null || text === null) return null;
        steps.set(path, this.reach(path, file, { from: steps.get(state.file) ?? item.from, why: 'sources', line, guards: state.guards }).step);
        return text;
      },
      which: (name, path, cwd) => files.which(name, path, cwd),
      look: (path) => {
        const file = files.get(path);
        if (file !== null) return { is: 'file', size: file.size, mode: file.mode, path: file.path };
        return files.isFolder(path) ? { is: 'directory' } : null;
      },
      isLink: (path) => files.isLink(path),
      list: (path) => files.list(path),
      content: (path) => files.text(path),
      spend: () => {
        this.#spent += 1;
        return this.#spent <= this.#limits.steps;
      },
    };
  }
}
