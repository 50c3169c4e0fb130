// Supervisors: programs that start what their configuration or a directory names.
import { absolute } from './shell/host.ts';
import { parseShell } from './shell/parse.ts';
import { literalOf, ShellSyntax } from './shell/syntax.ts';
import { configured, type Text } from './shell/state.ts';
import type { Item, Tracer } from './tracer.ts';

/** @returns whether the program is one of these */
export function followSupervisor(tracer: Tracer, name: string, args: readonly Text[], item: Item): boolean {
  const texts = args.map((arg) => configured(arg));
  const cwd = configured(item.cwd) ?? '/';
  const operand = texts.find((text) => text !== null && !text.startsWith('-'));
  switch (name) {
    case 'run-parts':
      if (typeof operand === 'string') eachIn(tracer, absolute(operand, cwd), (path, file) => (/^[\w-]+$/.test(file)
        ? tracer.start({ ...item, argv: [path], depth: item.depth + 1 }) : undefined));
      else tracer.end('launcher_options', name, item);
      return true;
    case 'runsvdir':
    case 's6-svscan': {
      if (typeof operand !== 'string') tracer.end('launcher_options', name, item);
      else {
        eachIn(tracer, absolute(operand, cwd), (path) => {
          for (const script of ['run', 'finish']) {
            if (tracer.files.get(`${path}/${script}`) !== null) tracer.start({ ...item, argv: [`${path}/${script}`], cwd: path, depth: item.depth + 1 });
          }
        });
      }
      return true;
    }
    case 'su': {
      const at = texts.findIndex((text) => text === '-c' || text === '--command');
      const command = at < 0 ? undefined : args[at + 1];
      if (command === undefined) tracer.end('interactive', 'su without a command', item);
      else tracer.start({ ...item, argv: ['/bin/sh', '-c', command], depth: item.depth + 1 });
      return true;
    }
    case 'start-stop-daemon': {
      const value = texts.findIndex((text) => text === '--exec' || text === '-x' || text === '--startas' || text === '-a');
      const rest = texts.indexOf('--');
      const program = value < 0 ? texts.find((text) => text?.startsWith('--exec='))?.slice(7) : texts[value + 1];
      if (typeof program !== 'string') tracer.end('launcher_options', name, item);
      else tracer.start({ ...item, argv: [program, ...(rest < 0 ? [] : args.slice(rest + 1))], depth: item.depth + 1 });
      return true;
    }
    default:
      return false;
  }
}

function eachIn(tracer: Tracer, folder: string, use: (path: string, name: string) => void): void {
  for (const name of tracer.files.list(folder)) use(`${folder}/${name}`, name);
}

/** Words of a command line without expansions; null where it has some, or is more than one command. */
export function wordsOf(line: string): string[] | null {
  try {
    const node = parseShell(line);
    if (node.is !== 'simple' || node.assignments.length > 0 || node.redirects.length > 0) return null;
    const words = node.words.map(literalOf);
    return words.includes(null) ? null : (words as string[]);
  } catch (error) {
    if (error instanceof ShellSyntax) return null;
    throw error;
  }
}

/** supervisord's programs by their sections (supervisord.org, "Configuration File"). */
export function supervisedPrograms(tracer: Tracer, path: string, item: Item, depth = 0): void {
  const text = tracer.files.text(path);
  if (text === null) {
    tracer.end('file_absent', path, item);
    return;
  }
  let section = '';
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\s;.*$/, '').trim();
    const head = /^\[([^\]]+)\]$/.exec(line);
    if (head !== null) section = head[1] as string;
    const [key, value] = line.split(/\s*[=:]\s*(.*)/s);
    if (value === undefined) continue;
    if (/^(?:program|eventlistener|fcgi-program):/.test(section) && key === 'command') {
      const argv = wordsOf(value);
      if (argv === null || /%\(/.test(value)) tracer.end('command_computed', `[${section}] of ${path}`, item);
      else tracer.start({ ...item, argv, depth: item.depth + 1 });
    } else if (section === 'include' && key === 'files' && depth < 4) {
      for (const pattern of value.split(/\s+/)) {
        const whole = absolute(pattern, path.replace(/\/[^/]*$/, ''));
        const [folder, name] = [whole.replace(/\/[^/]*$/, ''), whole.slice(whole.lastIndexOf('/') + 1)];
        for (const one of tracer.files.list(folder)) {
          const [before, after] = name.split('*', 2) as [string, string | undefined];
          if (after === undefined ? one === name : one.startsWith(before) && one.endsWith(after)) supervisedPrograms(tracer, `${folder}/${one}`, item,
            depth + 1);
        }
      }
    }
  }
}
