// Python programs: the script or module of a command line, and the modules it imports, found as Python's path finder does.
import type { File } from '../image/files.ts';
import { textOf } from './files.ts';
import { importsOf } from './python-source.ts';
import { absolute } from './shell/host.ts';
import { configured } from './shell/state.ts';
import { supervisedPrograms } from './supervisors.ts';
import type { Item, Tracer } from './tracer.ts';

/** Programs that import what an argument `module:object` names. */
const LOADERS = /^(?:gunicorn|uvicorn|hypercorn|daphne|waitress-serve|celery|flask|granian|uwsgi|rq)$/;
const SUPERVISOR_FILES = ['/etc/supervisord.conf', '/etc/supervisor/supervisord.conf', '/usr/etc/supervisord.conf'];

export function followPython(tracer: Tracer, path: string, item: Item): void {
  const cwd = configured(item.cwd);
  const args = item.argv.slice(1).map((arg) => configured(arg));
  if (cwd === null) {
    tracer.end('command_computed', 'python in a directory that is computed', item);
    return;
  }
  const python = new PythonModules(tracer, path, item);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string | null;
    if (arg === null) {
      tracer.end('interpreter_options', 'python', item);
      return;
    }
    if (/^-[A-Za-z]*m$/.test(arg)) {
      const name = args[i + 1] ?? null;
      python.path.unshift(cwd);
      python.begin();
      if (name === null) tracer.end('interpreter_options', 'python -m', item);
      else {
        if (!python.module(name, item.from, true)) tracer.end('file_absent', `module ${name}`, item);
        if (LOADERS.test(name)) python.named(args.slice(i + 2), item.from);
      }
      return python.finish();
    }
    if (/^-[A-Za-z]*c$/.test(arg)) {
      python.path.unshift(cwd);
      python.begin();
      python.source(args[i + 1] ?? '', `${cwd}/[command]`, item.from, null, false);
      return python.finish();
    }
    if (/^-[WX]$|^--check-hash-based-pycs$/.test(arg)) i += 1;
    else if (arg === '-' || !arg.startsWith('-')) {
      const script = absolute(arg, cwd);
      const file = tracer.files.get(script);
      if (file === null || arg === '-') {
        tracer.end(arg === '-' ? 'interactive' : 'file_absent', script, item);
        return;
      }
      if (item.written.has(script)) tracer.end('file_written', script, item);
      // The folder of the script as it is after links.
      python.path.unshift(`/${file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')))}`);
      python.begin();
      const { step } = tracer.reach(script, file, { from: item.from, why: 'interprets', argv: item.argv.map(configured), guards: item.guards });
      const text = textOf(file);
      if (text === null) tracer.end('file_kind', script, item);
      else python.source(text, script, step, null, false);
      const name = script.slice(script.lastIndexOf('/') + 1);
      if (LOADERS.test(name)) {
        python.path.push(cwd);
        python.named(args.slice(i + 1), step);
      }
      if (name === 'supervisord') {
        const at = args.findIndex((one) => one === '-c' || one === '--configuration');
        const config = at >= 0 ? args[at + 1] : SUPERVISOR_FILES.find((one) => tracer.files.get(one) !== null);
        if (typeof config === 'string') supervisedPrograms(tracer, absolute(config, cwd), { ...item, from: step });
        else tracer.end('launcher_options', 'supervisord', item);
      }
      return python.finish();
    }
  }
  tracer.end('interactive', 'python without a script', item);
}

interface Waiting {
  readonly file: File;
  readonly step: number;
  /** Dotted; null for a script. */
  readonly name: string;
  readonly isPackage: boolean;
}

class PythonModules {
  readonly path: string[] = [];
  readonly #tracer: Tracer;
  readonly #item: Item;
  readonly #standard: string[] = [];
  readonly #queue: Waiting[] = [];
  readonly #found = new Map<string, { file: File; isPackage: boolean }[] | null>();

  constructor(tracer: Tracer, python: string, item: Item) {
    this.#tracer = tracer;
    this.#item = item;
    const variable = item.env.get('PYTHONPATH');
    if (typeof variable === 'string') this.path.push(...variable.split(':').filter((one) => one !== ''));
    else if (variable !== undefined && variable !== null) tracer.end('interpreter_options', 'PYTHONPATH', item);
    const real = tracer.files.resolve(python);
    const prefixes = [python.replace(/\/[^/]*\/[^/]*$/, '')];
    // A virtual environment names the Python it was made with.
    const config = tracer.files.text(`${prefixes[0]}/pyvenv.cfg`);
    const home = /^home\s*=\s*(\S+)/m.exec(config ?? '')?.[1];
    if (home !== undefined) prefixes.push(home.replace(/\/[^/]*$/, ''));
    if (real !== null) prefixes.push(`/${real.path}`.replace(/\/[^/]*\/[^/]*$/, ''));
    prefixes.push('/usr/local', '/usr');
    const version = /python(\d+\.\d+)/.exec(real?.path ?? '')?.[1];
    const libraries: string[] = [];
    for (const prefix of new Set(prefixes)) {
      for (const lib of ['lib', 'lib64']) {
        const names = tracer.files.list(`${prefix}/${lib}`).filter((name) => (version === undefined ? /^python\d/.test(name) : name === `python${version}`
          || name === 'python3'));
        for (const name of names) {
          const folder = `${prefix}/${lib}/${name}`;
          this.#standard.push(folder, `${folder}/lib-dynload`);
          libraries.push(`${folder}/site-packages`, `${folder}/dist-packages`);
        }
      }
    }
    this.path.push(...this.#standard);
    for (const folder of libraries) {
      if (!tracer.files.isFolder(folder)) continue;
      this.path.push(folder);
      for (const name of tracer.files.list(folder)) if (name.endsWith('.pth')) this.#pathFile(`${folder}/${name}`, folder);
    }
  }

  readonly #startup: { text: string; path: string }[] = [];

  #pathFile(path: string, folder: string): void {
    for (const line of (this.#tracer.files.text(path) ?? '').split('\n')) {
      if (/^import[ \t]/.test(line)) this.#startup.push({ text: line, path });
      else if (line.trim() !== '' && !line.startsWith('#')) this.path.push(absolute(line.trim(), folder));
    }
  }

  /** What every start imports. */
  begin(): void {
    for (const name of ['encodings', 'codecs', 'io', 'abc', 'site', 'os', 'stat', 'sitecustomize', 'usercustomize']) this.module(name, this.#item.from);
    for (const { text, path } of this.#startup) {
      const file = this.#tracer.files.get(path) as File;
      const { step } = this.#tracer.reach(path, file, { from: this.#item.from, why: 'import', guards: [] });
      this.source(text, path, step, null, false);
    }
  }

  /** Arguments of the form `module:object`. */
  named(args: readonly (string | null)[], step: number | null): void {
    for (const arg of args) {
      const name = /^([A-Za-z_][\w.]*)(?::[\w.()]+)?$/.exec(arg ?? '')?.[1];
      if (name !== undefined) this.module(name, step);
    }
  }

  /** Imports a dotted name with all packages around it. @returns whether it was found */
  module(name: string, from: number | null, main = false): boolean {
    const parts = name.split('.');
    let found = false;
    for (let i = 1; i <= parts.length; i++) {
      const dotted = parts.slice(0, i).join('.');
      const modules = this.#find(dotted);
      found = modules !== null;
      if (modules === null) return false;
      for (const { file, isPackage } of modules) this.#reach(file, dotted, isPackage, from);
    }
    if (main) for (const { file, isPackage } of this.#find(`${name}.__main__`) ?? []) this.#reach(file, `${name}.__main__`, isPackage, from);
    return found;
  }

  #reach(file: File, name: string, isPackage: boolean, from: number | null): void {
    const { step, isNew } = this.#tracer.reach(`/${file.path}`, file, { from, why: 'import', guards: [] });
    if (isNew) this.#queue.push({ file, step, name, isPackage });
  }

  /** The file of a module; an empty list for a namespace package, which has none; null where there is none. */
  #find(name: string): { file: File; isPackage: boolean }[] | null {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const relative = name.replaceAll('.', '/');
    const base = relative.slice(relative.lastIndexOf('/') + 1);
    let result: { file: File; isPackage: boolean }[] | null = null;
    let isNamespace = false;
    for (const folder of this.path) {
      const whole = `${folder}/${relative}`;
      const init = this.#tracer.files.get(`${whole}/__init__.py`);
      const plain = init === null ? this.#tracer.files.get(`${whole}.py`) : null;
      if (init !== null || plain !== null) {
        result = [{ file: (init ?? plain) as File, isPackage: init !== null }];
        break;
      }
      const parent = whole.slice(0, whole.lastIndexOf('/'));
      const native = this.#tracer.files.isFolder(parent)
        ? this.#tracer.files.list(parent).find((one) => one.startsWith(`${base}.`) && /^[^.]+(?:\.[\w-]+)*\.so$|^[^.]+\.pyc$/.test(one)) : undefined;
      const file = native === undefined ? null : this.#tracer.files.get(`${parent}/${native}`);
      if (file !== null) {
        result = [{ file, isPackage: false }];
        break;
      }
      if (this.#tracer.files.isFolder(whole)) isNamespace = true;
    }
    if (result === null && isNamespace) result = [];
    this.#found.set(name, result);
    return result;
  }

  finish(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { file, step, name, isPackage } = next;
      const standard = this.#isStandard(file.path);
      if (file.path.endsWith('.so')) this.#tracer.native(`/${file.path}`, { ...this.#item, from: step });
      if (!file.path.endsWith('.py')) {
        if (!file.path.endsWith('.so')) this.#tracer.end('unread', `/${file.path}`, { from: step });
        continue;
      }
      const text = textOf(file);
      if (text === null) this.#tracer.end('unread', `/${file.path}`, { from: step });
      else this.source(text, `/${file.path}`, step, { name, isPackage }, standard);
    }
  }

  #isStandard(path: string): boolean {
    return this.#standard.some((folder) => `/${path}`.startsWith(`${folder}/`)) && !/\/(?:site|dist)-packages\//.test(path);
  }

  /** @param standard - the library that comes with Python does by itself what its callers ask for, and nothing else */
  source(text: string, path: string, step: number | null, module: { name: string; isPackage: boolean } | null, standard: boolean): void {
    const { imports, dynamic, evaluates, starts, loads } = importsOf(text);
    const at = (line: number) => ({ from: step, file: path, line });
    for (const { name, level, members } of imports) {
      const base = level === 0 ? name : relativeName(module, level, name);
      if (base === null) continue;
      if (base !== '') this.module(base, step);
      // What is imported from a package may be one of its modules.
      for (const member of members) if (this.#find(`${base}.${member}`.replace(/^\./, '')) !== null) this.module(`${base}.${member}`.replace(/^\./, ''), step);
      if (members.includes('*') && base !== '') this.#star(base, step);
    }
    if (standard) return;
    if (dynamic !== null) this.#tracer.end('dynamic_import', 'a module whose name is computed', at(dynamic), this.#beyond());
    if (evaluates !== null) this.#tracer.end('evaluates_code', 'text run as code', at(evaluates), this.#beyond());
    if (starts !== null) this.#tracer.end('starts_programs', 'a process', at(starts));
    if (loads !== null) this.#tracer.end('loads_libraries', 'ctypes or cffi', at(loads), 'libraries');
  }

  /** `from package import *` imports the modules that `__all__` names: any may be. */
  #star(base: string, step: number | null): void {
    for (const { file, isPackage } of this.#find(base) ?? []) {
      if (!isPackage) continue;
      for (const name of this.#tracer.files.list(`/${file.path}`.replace(/\/[^/]*$/, ''))) {
        if (name.endsWith('.py') && name !== '__init__.py'
          && (textOf(file) ?? '').includes(`${name.slice(0, -3)}`)) this.module(`${base}.${name.slice(0, -3)}`, step);
      }
    }
  }

  #beyond(): 'everything' | 'pypi' {
    const known = beyond.get(this.#tracer);
    if (known !== undefined) return known;
    let found: 'everything' | 'pypi' = 'pypi';
    for (const file of this.#tracer.files.all()) {
      if (!/\.(?:py|so)$/.test(file.path) || this.#isStandard(file.path) || (file.path.endsWith('.so') && !/-packages\//.test(file.path))) continue;
      if (file.path.endsWith('.so') || /subprocess|os\.(?:system|popen|exec|spawn|posix_spawn)|ctypes/.test(textOf(file) ?? 'subprocess')) {
        found = 'everything';
        break;
      }
    }
    beyond.set(this.#tracer, found);
    return found;
  }
}

const beyond = new WeakMap<Tracer, 'everything' | 'pypi'>();

function relativeName(module: { name: string; isPackage: boolean } | null, level: number, name: string): string | null {
  if (module === null) return null;
  const parts = module.name.split('.');
  const keep = parts.slice(0, parts.length - (module.isPackage ? level - 1 : level));
  if (keep.length === 0) return null;
  return [...keep, ...(name === '' ? [] : [name])].join('.');
}
