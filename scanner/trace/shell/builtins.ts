// Commands of the shell itself (POSIX.1-2017 XCU 2.14, bash's), and what some programs write that scripts read back.
import { absolute } from './host.ts';
import type { Shell } from './run.ts';
import { configured, eitherText, isHole, joinTexts, mapText, valuesOf, type Hole, type State, type Text } from './state.ts';

const DECLARING = new Set(['export', 'readonly', 'local', 'declare', 'typeset']);
/** Commands that start nothing and change nothing that is followed here. */
const INERT = new Set([
  'wait', 'kill', 'ulimit', 'umask', 'hash', 'times', 'bg', 'fg', 'jobs', 'unalias', 'shopt', 'disown', 'enable', 'caller', 'bind', 'complete', 'suspend',
    'compgen',
]);
const OWN = new Set([
  ':', 'true', 'false', 'echo', 'printf', 'test', '[', 'set', 'shift', 'unset', 'read', 'eval', 'exec', 'exit', 'return', 'break', 'continue', 'cd', 'pwd',
  'trap', '.', 'source', 'command', 'builtin', 'type', 'getopts', 'let', 'alias', 'mapfile', 'readarray', 'pushd', 'popd', ...DECLARING, ...INERT,
]);

/** Programs that make no files. */
const PURE = new Set(
  ('basename cat cut date dirname echo expr false find getent grep head hostname id ls nproc printenv printf pwd readlink realpath sleep sort stat tail test'
    + ' tr true uname uniq wc which whoami').split(' '),
);

export class Builtins {
  readonly #shell: Shell;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  has(name: string): boolean {
    return OWN.has(name);
  }

  declares(name: Text | undefined): boolean {
    return typeof name === 'string' && DECLARING.has(name);
  }

  run(name: string, args: readonly Text[], state: State, line: number, exempt: boolean): State[] {
    const shell = this.#shell;
    const ended = (status: number | null): State[] => [Object.assign(state, { status })];
    if (INERT.has(name)) return ended(null);
    switch (name) {
      case ':':
      case 'true':
        return ended(0);
      case 'false':
        return ended(1);
      case 'echo':
        write(state, joinTexts([...echoed(args), ...(args[0] === '-n' ? [] : ['\n'])]));
        return ended(0);
      case 'printf':
        return this.#printf(args, state);
      case 'test':
        return [shell.answered(state, shell.conditions.test(args, state))];
      case '[':
        return [shell.answered(state, args.at(-1) === ']' ? shell.conditions.test(args.slice(0, -1), state) : null)];
      case 'set':
        return this.#set(args, state);
      case 'shift': {
        const count = args.length === 0 ? 1 : Number(configured(args[0] as Text) ?? Number.NaN);
        const front = state.args.slice(0, count);
        if (!Number.isInteger(count) || front.some((arg) => isHole(arg) && arg.many === true)) {
          state.args = [{ hole: 'several', of: '$@', or: [], complete: false, many: true }];
          return ended(null);
        }
        if (count > state.args.length) return ended(1);
        state.args = state.args.slice(count);
        return ended(0);
      }
      case 'unset':
        for (const arg of args) {
          const variable = configured(arg);
          if (variable === null) continue;
          if (args[0] === '-f') state.functions.delete(variable);
          else if (/^\w+$/.test(variable)) {
            state.vars.set(variable, null);
            if (args[0] !== '-v' && !state.exported.has(variable)) state.functions.delete(variable);
          }
        }
        return ended(0);
      case 'export':
      case 'readonly':
      case 'local':
      case 'declare':
      case 'typeset':
        return this.#declare(name, args, state);
      case 'read':
        return this.#read(args, state);
      case 'mapfile':
      case 'readarray': {
        const variable = args.findLast((arg): arg is string => typeof arg === 'string' && !arg.startsWith('-')) ?? 'MAPFILE';
        const lines = typeof state.input === 'string' ? state.input.split('\n').slice(0, state.input.endsWith('\n') ? -1 : undefined) : null;
        state.vars.set(variable, lines ?? [{ hole: 'input', of: 'mapfile', or: [], complete: false, many: true }]);
        return ended(0);
      }
      case 'eval':
        return this.#eval(joinTexts(args.flatMap((arg, i) => (i === 0 ? [arg] : [' ', arg]))), state, line);
      case 'exec': {
        let rest = args;
        while (typeof rest[0] === 'string' && /^-[acl]+$/.test(rest[0])) rest = rest.slice(rest[0].includes('a') ? 2 : 1);
        if (rest[0] === '--') rest = rest.slice(1);
        return rest.length === 0 ? ended(0) : shell.start(rest, state, line, 'exec');
      }
      case 'exit':
      case 'return': {
        const status = args.length === 0 ? state.status : numberOf(args[0] as Text);
        return [Object.assign(state, { status, flow: { is: name } })];
      }
      case 'break':
      case 'continue':
        return [Object.assign(state, { status: 0, flow: { is: name, levels: numberOf(args[0] ?? '1') ?? 1 } })];
      case 'cd':
      case 'pushd': {
        const to = args.find((arg) => typeof arg !== 'string' || !/^-[LPe]+$|^--$/.test(arg)) ?? shell.expander.value('HOME', state) ?? '/';
        const [path, cwd] = [configured(to as Text), configured(state.cwd)];
        const unknown: Hole = { hole: 'computed', of: 'cd', or: [], complete: false };
        state.cwd = path === null || path === '-' || (cwd === null && !path.startsWith('/')) ? unknown : absolute(path, cwd ?? '/');
        // A directory that the image lacks may be a volume: then the script goes on there.
        return ended(path !== null && shell.host.look(absolute(path, cwd ?? '/'))?.is === 'directory' ? 0 : null);
      }
      case 'popd':
        state.cwd = { hole: 'computed', of: 'popd', or: [], complete: false };
        return ended(null);
      case 'pwd':
        write(state, joinTexts([state.cwd, '\n']));
        return ended(0);
      case 'trap': {
        const [action] = args;
        if (typeof action === 'string' && action !== '-' && action !== '' && args.length > 1) {
          shell.text(action, Object.assign(state.clone(), { guards: [...state.guards, { file: state.file, line, holds: true }] }), line);
        } else if (action !== undefined && isHole(action)) shell.unknown('evaluated_text', 'trap', state, line);
        return ended(0);
      }
      case '.':
      case 'source':
        return this.#source(args, state, line);
      case 'command':
      case 'builtin':
      case 'type':
        return this.#commandBuiltin(name, args, state, line, exempt);
      case 'getopts': {
        const [, variable] = args;
        if (typeof variable === 'string') state.vars.set(variable, { hole: 'several', of: 'getopts', or: [], complete: false });
        for (const other of ['OPTARG', 'OPTIND']) state.vars.set(other, { hole: 'several', of: 'getopts', or: [], complete: false });
        return ended(null);
      }
      case 'let': {
        const results = args.map((arg) => shell.expander.arithmetic({ parts: [{ is: 'text', text: configured(arg) ?? '?', quoted: true }] }, state));
        const last = results.at(-1);
        return [shell.answered(state, last === undefined || isHole(last) ? null : last !== '0')];
      }
      default:
        // Aliases change how what follows is read.
        if (args.length > 0) shell.unknown('alias', 'alias', state, line);
        return ended(0);
    }
  }

  #printf(args: readonly Text[], state: State): State[] {
    if (args[0] === '-v') {
      const variable = args[1];
      if (typeof variable === 'string') state.vars.set(variable, formatted(args[2] ?? '', args.slice(3)));
    } else write(state, formatted(args[0] === '--' ? (args[1] ?? '') : (args[0] ?? ''), args.slice(args[0] === '--' ? 2 : 1)));
    return [Object.assign(state, { status: 0 })];
  }

  #set(args: readonly Text[], state: State): State[] {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as Text;
      if (isHole(arg) || arg === '--' || !/^[-+]./.test(arg)) {
        state.args = args.slice(arg === '--' || arg === '-' ? i + 1 : i);
        break;
      }
      const on = arg.startsWith('-');
      if (arg.slice(1).includes('o')) {
        const option = args[++i];
        if (option === 'errexit') state.errexit = on;
        else if (option === 'noglob') state.noglob = on;
      }
      if (arg.includes('e')) state.errexit = on;
      if (arg.includes('f')) state.noglob = on;
    }
    return [Object.assign(state, { status: 0 })];
  }

  saveLocal(name: string, state: State): void {
    const [frame, ...rest] = state.frames;
    if (frame === undefined || frame.saved.has(name)) return;
    state.frames = [{ ...frame, saved: new Map([...frame.saved, [name, state.vars.get(name)]]) }, ...rest];
  }

  #declare(name: string, args: readonly Text[], state: State): State[] {
    const options = args.filter((arg): arg is string => typeof arg === 'string' && /^[-+][a-zA-Z]+$/.test(arg)).join('');
    for (const arg of args) {
      if (typeof arg === 'string' && /^[-+][a-zA-Z]*$/.test(arg)) continue;
      const { or } = valuesOf(arg);
      const variable = /^([A-Za-z_]\w*)(\+?)(=?)/.exec(or[0] ?? '');
      if (variable === null) continue;
      const [, id, append, equals] = variable as unknown as [string, string, string, string];
      const local = name === 'local' || (name !== 'export' && name !== 'readonly' && state.frames.some((frame) => frame.name !== 'source')
        && !options.includes('g'));
      if (local) this.saveLocal(id, state);
      if (equals === '=') {
        const value = mapText(arg, id, (text) => text.slice(text.indexOf('=') + 1));
        const old = append === '+' ? state.vars.get(id) : undefined;
        state.vars.set(id, old === undefined || old === null || Array.isArray(old) ? value : joinTexts([old as Text, value]));
      } else if (local) {
        // bash begins with nothing, dash and ash with the value from around.
        const around = state.vars.get(id);
        if (around !== undefined && around !== null) state.vars.set(id, Array.isArray(around) ? { hole: 'several', of: id, or: [], complete: false }
          : eitherText(['', around as Text]));
      }
      // Names of other variables, and arrays by name, are not followed.
      if (/[An]/.test(options)) state.vars.set(id, { hole: 'computed', of: id, or: [], complete: false });
      if (name === 'export' || options.includes('x')) {
        if (options.includes('n')) state.exported.delete(id);
        else state.exported.add(id);
      }
    }
    return [Object.assign(state, { status: 0 })];
  }

  #read(args: readonly Text[], state: State): State[] {
    const names: string[] = [];
    let array: string | null = null;
    for (let i = 0; i < args.length; i++) {
      const arg = configured(args[i] as Text);
      if (arg === null) continue;
      if (/^-[a-zA-Z]+$/.test(arg)) {
        if (arg.endsWith('a')) array = configured(args[++i] ?? '');
        else if (/[dinNptu]$/.test(arg)) i += 1;
        if (/[dnNu]/.test(arg)) state.input = null;
      } else names.push(arg);
    }
    if (names.length === 0) names.push('REPLY');
    const { input } = state;
    if (typeof input !== 'string') {
      const unknown: Hole = { hole: 'input', of: 'read', or: [], complete: false };
      for (const name of names) state.vars.set(name, unknown);
      if (array !== null) state.vars.set(array, [{ ...unknown, many: true }]);
      return [Object.assign(state, { status: null })];
    }
    const end = input.indexOf('\n');
    const line = (end < 0 ? input : input.slice(0, end)).replace(/^[ \t]+|[ \t]+$/g, '');
    state.input = end < 0 ? '' : input.slice(end + 1);
    const fields = line === '' ? [] : line.split(/[ \t]+/);
    if (array !== null) state.vars.set(array, fields);
    names.forEach((name, i) => state.vars.set(name, i === names.length - 1 ? (names.length === 1 ? line : fields.slice(i).join(' ')) : (fields[i] ?? '')));
    return [Object.assign(state, { status: end < 0 ? 1 : 0 })];
  }

  #eval(text: Text, state: State, line: number): State[] {
    if (!isHole(text)) return this.#shell.text(text, state, line);
    if (!text.complete || text.many === true) this.#shell.unknown('evaluated_text', `eval of ${text.of}`, state, line);
    const after = text.or.flatMap((one) => this.#shell.text(one, state.clone(), line));
    return after.length === 0 ? [Object.assign(state, { status: null })] : after;
  }

  #source(args: readonly Text[], state: State, line: number): State[] {
    const [file, ...more] = args;
    const { host } = this.#shell;
    const cwd = configured(state.cwd) ?? '/';
    const unknown = (reason: 'file_absent' | 'file_written' | 'sourced_computed', what: string): State[] => {
      this.#shell.unknown(reason, what, state, line);
      return [Object.assign(state, { status: null })];
    };
    if (file === undefined) return [Object.assign(state, { status: 1 })];
    const { or, complete } = valuesOf(file);
    if (isHole(file) && !(file.hole === 'environment' && or[0] !== '')) {
      if (!complete || or.length === 0) unknown('sourced_computed', `a sourced file named by ${file.of}`);
    }
    if (or.every((name) => name === '')) return [Object.assign(state, { status: null })];
    return or.filter((name) => name !== '').flatMap((name) => {
      const one = or.length === 1 ? state : state.clone();
      const path = configured((this.#shell.expander.value('PATH', one) ?? '') as Text) ?? '';
      const whole = name.includes('/') ? absolute(name, cwd) : (host.which(name, path, cwd) ?? absolute(name, cwd));
      if (one.written.has(whole)) return unknown('file_written', whole);
      const text = host.source(whole, one, line);
      if (text === null) return unknown('file_absent', whole);
      return this.#shell.within({ name: 'source', file: whole }, more.length === 0 ? null : more, one, (inner) => this.#shell.text(text, inner));
    });
  }

  #commandBuiltin(name: string, args: readonly Text[], state: State, line: number, exempt: boolean): State[] {
    let rest = args;
    let asks = name === 'type';
    while (typeof rest[0] === 'string' && /^-[a-zA-Z-]+$/.test(rest[0])) {
      if (/[vV]/.test(rest[0])) asks = true;
      rest = rest.slice(1);
    }
    const [wanted] = rest;
    if (wanted === undefined) return [Object.assign(state, { status: 0 })];
    const known = configured(wanted);
    if (asks) {
      const path = configured((this.#shell.expander.value('PATH', state) ?? '') as Text);
      if (known === null || path === null) return [Object.assign(state, { status: null })];
      const found = state.functions.has(known) || this.has(known) ? known : this.#shell.host.which(known, path, configured(state.cwd) ?? '/');
      if (found !== null) write(state, `${found}\n`);
      return [Object.assign(state, { status: found === null ? 1 : 0 })];
    }
    if (known !== null && this.has(known)) return this.run(known, rest.slice(1), state, line, exempt);
    return this.#shell.start(rest, state, line);
  }

  /** What a program outside of the shell leaves: an unknown status, and output that is known of few. */
  outside(fields: readonly Text[], state: State): void {
    state.status = null;
    const texts = fields.map(configured);
    const output = fields.some(isHole) || texts.includes(null) ? null : this.#outputOf(texts as string[], state);
    const of = texts[0] ?? 'a program';
    if (!PURE.has(of.slice(of.lastIndexOf('/') + 1)) || texts.includes('-exec')) state.touched = true;
    if (state.out !== null) state.out.push(output ?? { hole: 'output', of, or: [], complete: false });
    if (output !== null && ['id', 'whoami', 'dirname', 'basename', 'uname'].includes(of.slice(of.lastIndexOf('/') + 1))) state.status = 0;
  }

  #outputOf([program, ...args]: readonly string[], state: State): string | null {
    const { host } = this.#shell;
    const { user } = host;
    const cwd = configured(state.cwd);
    const name = (program ?? '').slice((program ?? '').lastIndexOf('/') + 1);
    const [first = '', second] = args;
    const lineOf = (value: string | number | null) => (value === null ? null : `${value}\n`);
    switch (name) {
      case 'id':
        return { '-u': lineOf(user.uid), '-un': lineOf(user.name), '-nu': lineOf(user.name), '-g': lineOf(user.gid) }[args.join('')] ?? null;
      case 'whoami':
        return lineOf(user.name);
      case 'uname':
        return args.length === 0 || first === '-s' ? 'Linux\n' : null;
      case 'dirname':
        return args.length === 1 ? `${/^(.*[^/])\/+[^/]+\/*$/.exec(first)?.[1] ?? (first.startsWith('/') ? '/' : '.')}\n` : null;
      case 'basename': {
        const base = first.replace(/\/+$/, '').replace(/^.*\//, '');
        return args.length > 2 || args.length === 0 || first.startsWith('-') ? null
          : `${second !== undefined && base !== second && base.endsWith(second) ? base.slice(0, -second.length) : base}\n`;
      }
      case 'readlink':
      case 'realpath': {
        const target = args.filter((arg) => !arg.startsWith('-'));
        const options = args.filter((arg) => arg.startsWith('-'));
        if (cwd === null || target.length !== 1 || (name === 'readlink' && !options.some((option) => /[fem]/.test(option)))) return null;
        const found = host.look(absolute(target[0] as string, cwd));
        return found?.is === 'file' ? `/${found.path}\n` : null;
      }
      case 'cat':
        if (args.length === 0) return typeof state.input === 'string' ? state.input : null;
        return args.length === 1 && cwd !== null && !state.written.has(absolute(first, cwd)) ? host.content(absolute(first, cwd)) : null;
      case 'which': {
        const path = configured((this.#shell.expander.value('PATH', state) ?? '') as Text);
        return args.length === 1 && path !== null && cwd !== null ? lineOf(host.which(first, path, cwd)) : null;
      }
      case 'sort': {
        if (args.some((arg) => !/^-[Vunz]+$/.test(arg)) || typeof state.input !== 'string') return null;
        const lines = state.input.split('\n').filter((line) => line !== '').sort();
        return lines.map((line) => `${line}\n`).join('');
      }
      case 'find':
        return cwd === null ? null : this.#found(args, cwd);
      case 'ls':
        return args.length === 1 && cwd !== null && host.look(absolute(first, cwd))?.is === 'directory'
          ? host.list(absolute(first, cwd)).filter((one) => !one.startsWith('.')).map((one) => `${one}\n`).join('') : null;
      default:
        return null;
    }
  }

  /** `find DIRECTORY [-follow] [-mindepth N] [-maxdepth N] [-type f] [-name PATTERN] [-print]`. */
  #found(args: readonly string[], cwd: string): string | null {
    const { host } = this.#shell;
    const [start = '.', ...rest] = args.filter((arg) => arg !== '-L' && arg !== '-H' && arg !== '-follow' && arg !== '-print');
    let [deep, least, suffix]: [number, number, string] = [32, 0, ''];
    let filesOnly = false;
    for (let i = 0; i < rest.length; i += 2) {
      const value = rest[i + 1] ?? '';
      if (rest[i] === '-maxdepth') deep = Number(value);
      else if (rest[i] === '-mindepth') least = Number(value);
      else if (rest[i] === '-type' && value === 'f') filesOnly = true;
      else if (rest[i] === '-name' && /^\*[^*?[\]]*$/.test(value)) suffix = value.slice(1);
      else return null;
    }
    const lines: string[] = [];
    const follows = args.some((arg) => arg === '-L' || arg === '-follow');
    let visited = 0;
    const walk = (path: string, depth: number): void => {
      visited += 1;
      const found = depth > 0 && !follows && host.isLink(absolute(path, cwd)) ? null : host.look(absolute(path, cwd));
      if (found === null || visited > 20_000) return;
      if (depth >= least && (found.is === 'file' || !filesOnly) && path.endsWith(suffix)) lines.push(`${path}\n`);
      if (found.is === 'directory' && depth < deep) for (const one of host.list(absolute(path, cwd))) walk(`${path.replace(/\/$/, '')}/${one}`, depth + 1);
    };
    walk(start, 0);
    return visited > 20_000 ? null : lines.join('');
  }
}

function numberOf(text: Text): number | null {
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function write(state: State, text: Text): void {
  if (state.out !== null) state.out.push(text);
}

function echoed(args: readonly Text[]): Text[] {
  const rest = args[0] === '-n' || args[0] === '-e' ? args.slice(1) : args;
  return rest.flatMap((arg, i) => (i === 0 ? [arg] : [' ', arg]));
}

/** `printf` with `%s`, `%d`, `%%` and the common escapes; others are not computed. */
function formatted(format: Text, args: readonly Text[]): Text {
  const unknown: Hole = { hole: 'computed', of: 'printf', or: [], complete: false };
  if (isHole(format) || args.some((arg) => isHole(arg) && arg.many === true)) return unknown;
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\', r: '\r' };
  const out: Text[] = [];
  let rest = [...args];
  do {
    const before = rest.length;
    for (const [piece] of format.matchAll(/%[^a-zA-Z%]*[a-zA-Z%]|\\.|[^%\\]+|./gs)) {
      if (piece === '%%') out.push('%');
      else if (piece === '%s' || piece === '%d' || piece === '%i') out.push(rest.shift() ?? (piece === '%s' ? '' : '0'));
      else if (piece.startsWith('%')) return unknown;
      else if (piece.startsWith('\\')) {
        const escape = escapes[piece.slice(1)];
        if (escape === undefined) return unknown;
        out.push(escape);
      } else out.push(piece);
    }
    if (rest.length === before) rest = [];
  } while (rest.length > 0);
  return joinTexts(out);
}
