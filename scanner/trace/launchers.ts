// Programs that start what their arguments name, and programs that start nothing, by their own documentation.
import { configured, isHole, type Text } from './shell/state.ts';

/** How a launcher's arguments go: options, so many operands of its own, then the command. */
interface Launcher {
  /** Short options that take a value as their next argument, by letter. */
  readonly short?: string;
  /** Long options that take a value as their next argument where none follows `=`. */
  readonly long?: readonly string[];
  /** Operands before the command. */
  readonly operands?: number;
  /** The first operand names the user. */
  readonly user?: 'operand' | { readonly short?: string; readonly long?: readonly string[] };
  /** `NAME=value` before the command. */
  readonly assigns?: true;
}

const LAUNCHERS: Readonly<Record<string, Launcher>> = {
  tini: { short: 'pe' }, 'tini-static': { short: 'pe' }, 'docker-init': { short: 'pe' }, catatonit: {},
  'dumb-init': { short: 'r', long: ['rewrite'] },
  gosu: { operands: 1, user: 'operand' }, 'su-exec': { operands: 1, user: 'operand' },
  's6-setuidgid': { operands: 1, user: 'operand' }, setuidgid: { operands: 1, user: 'operand' },
  chpst: { short: 'uUbe/nlLmdopfcrtC', user: { short: 'u' } },
  setpriv: {
    user: { long: ['reuid'] },
    long: ['reuid', 'regid', 'groups', 'inh-caps', 'ambient-caps', 'bounding-set', 'securebits', 'pdeathsig', 'selinux-label', 'apparmor-profile'],
  },
  nice: { short: 'n', long: ['adjustment'] }, ionice: { short: 'cn', long: ['class', 'classdata'] }, nohup: {}, setsid: {},
  stdbuf: { short: 'ioe', long: ['input', 'output', 'error'] }, timeout: { short: 'ks', long: ['kill-after', 'signal'], operands: 1 },
  chrt: { operands: 1, short: 'TPD' }, taskset: { operands: 1 }, time: { short: 'of' }, unbuffer: {}, flock: { short: 'wE', operands: 1 },
  sudo: { short: 'ugpCrThD', long: ['user', 'group'], user: { short: 'u', long: ['user'] }, assigns: true },
  runuser: { short: 'ug', long: ['user'], user: { short: 'u', long: ['user'] } },
  env: { short: 'uC', long: ['unset', 'chdir'], assigns: true },
  xargs: { short: 'adEILnPs', long: ['max-args', 'max-procs', 'replace', 'max-lines', 'delimiter', 'arg-file'] },
  'with-contenv': {}, 's6-notifyoncheck': { short: '3sTtnwc' }, fdmove: { operands: 2 },
};

export interface Launched {
  readonly argv: readonly Text[];
  /** Null where it stays. */
  readonly user: string | null;
  readonly assigned: readonly (readonly [name: string, value: string])[];
  /** `env -i`. */
  readonly cleared: boolean;
  readonly cwd: string | null;
}

export function isLauncher(name: string): boolean {
  return Object.hasOwn(LAUNCHERS, name);
}

/** @returns null where its arguments do not say what it starts; an empty `argv` where it starts nothing */
export function launched(name: string, args: readonly Text[]): Launched | null {
  const { short = '', long = [], operands = 0, user: userAt, assigns } = LAUNCHERS[name] as Launcher;
  let [user, cleared, cwd]: [string | null, boolean, string | null] = [null, false, null];
  const assigned: [string, string][] = [];
  let i = 0;
  for (; i < args.length; i++) {
    const arg = configured(args[i] as Text);
    if (arg === null) return null;
    if (arg === '--') {
      i += 1;
      break;
    }
    if (name === 'env' && arg === '-') cleared = true;
    else if (!arg.startsWith('-') || arg === '-') break;
    else if (arg.startsWith('--')) {
      const [option, value] = splitOption(arg.slice(2));
      const takes = long.includes(option);
      const given = value ?? (takes ? configured(args[++i] ?? '') : null);
      if (typeof userAt === 'object' && userAt.long?.includes(option)) user = given;
      if (name === 'env' && option === 'ignore-environment') cleared = true;
      if (name === 'env' && option === 'chdir') cwd = given;
      if (name === 'env' && option === 'split-string') return null;
    } else if (name === 'env' && /^-v?S/.test(arg)) {
      const words = `${arg.replace(/^-v?S/, '')} `.concat(arg.replace(/^-v?S/, '') === '' ? (configured(args[++i] ?? '') ?? '') : '');
      // Quotes and variables inside are not followed.
      if (/["'\\$]/.test(words)) return null;
      return launched(name, [...words.split(/\s+/).filter((word) => word !== ''), ...args.slice(i + 1)]);
    } else if (name === 'nice' && /^-\d+$/.test(arg)) continue;
    else {
      if (name === 'env' && arg.includes('i')) cleared = true;
      const at = [...arg].findIndex((letter, j) => j > 0 && short.includes(letter));
      if (at > 0) {
        const value = at === arg.length - 1 ? configured(args[++i] ?? '') : arg.slice(at + 1);
        if (typeof userAt === 'object' && userAt.short !== undefined && userAt.short === arg[at]) user = value;
        if (name === 'env' && arg[at] === 'C') cwd = value;
      }
    }
  }
  if (userAt === 'operand') user = configured(args[i] ?? '');
  i += operands;
  // `gosu user -- command` and `timeout 5 -- command` occur.
  if (args[i] === '--') i += 1;
  for (const limit = assigns === true ? args.length : i; i < limit; i++) {
    const arg = configured(args[i] as Text);
    const found = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(arg ?? '');
    if (found === null) break;
    assigned.push([found[1] as string, found[2] as string]);
  }
  const argv = args.slice(i);
  const more: Text[] = name === 'xargs' && argv.length > 0 ? [{ hole: 'input', of: 'xargs', or: [], complete: false, many: true }] : [];
  return { argv: [...argv, ...more], user, assigned, cleared, cwd };
}

function splitOption(option: string): [name: string, value: string | null] {
  const equals = option.indexOf('=');
  return equals < 0 ? [option, null] : [option.slice(0, equals), option.slice(equals + 1)];
}

/** Programs that start no other by themselves: coreutils, and what scripts commonly use beside them. */
const QUIET = new Set(
  ('[ arch b2sum base32 base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd df dirname du echo expand expr factor false fmt fold'
    + ' groups head hostid hostname id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nl nproc numfmt od paste pathchk pr printenv'
    + ' printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort stat stty sum sync tac tail tee'
    + ' test touch tr true truncate tsort tty uname unexpand uniq unlink users wc who whoami yes grep egrep fgrep getent ps pgrep pidof kill pkill sysctl'
    + ' free uptime cmp diff which getopt tput clear mountpoint usermod groupmod useradd groupadd adduser addgroup ulimit').split(' '),
);

/** Whether a program certainly starts nothing and loads nothing beyond its libraries, called so. */
export function isQuiet(name: string, args: readonly Text[]): boolean {
  if (QUIET.has(name)) return true;
  const texts = args.map((arg) => (isHole(arg) ? configured(arg) : arg));
  if (name === 'find') return !texts.some((text) => text === null || /^-(?:exec|execdir|ok|okdir|fls|fprint)/.test(text));
  if (name === 'sed') return !sedStarts(texts);
  // A program of awk's that could start something says so.
  if (/^(?:[gm]?awk|nawk)$/.test(name)) return !texts.some((text) => text === null || /system|\||getline|^-[fiEl]/.test(text));
  return false;
}

/** sed starts programs by its command `e`, and by the flag of that name. */
function sedStarts(args: readonly (string | null)[]): boolean {
  const scripts: (string | null)[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string | null;
    if (arg === null || /^(?:-\w*f|--file)/.test(arg)) return true;
    if (/^-\w*e$|^--expression$/.test(arg)) scripts.push(args[++i] ?? null);
    else if (arg.startsWith('--expression=')) scripts.push(arg.slice(13));
  }
  if (scripts.length === 0) scripts.push(args.find((arg) => arg !== null && !arg.startsWith('-')) ?? null);
  return scripts.some((script) => script === null || /(?:^|[;\n{}])\s*\S*?e(?:\s|$)|[^\w\s][a-zA-Z0-9]*e[a-zA-Z0-9]*\s*(?:[;}\n]|$)/.test(script));
}

/** What `find … -exec COMMAND … ;` starts. */
export function foundCommands(args: readonly Text[]): Text[][] {
  const commands: Text[][] = [];
  for (let i = 0; i < args.length; i++) {
    if (!/^-(?:exec|execdir|ok|okdir)$/.test(configured(args[i] as Text) ?? '')) continue;
    const end = args.findIndex((arg, j) => j > i && (arg === ';' || (arg === '+' && args[j - 1] === '{}')));
    commands.push(args.slice(i + 1, end < 0 ? args.length : end).map((arg): Text => (arg === '{}' ? { hole: 'input', of: 'find', or: [], complete: false }
      : arg)));
  }
  return commands;
}
