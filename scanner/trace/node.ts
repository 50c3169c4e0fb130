// Node programs: the script of a command line, and the modules it loads, resolved as Node does (nodejs.org, "Modules", "Packages").
import { isJsonObject, parseJsonText, type Json, type JsonObject } from '../../ledger/json.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { File } from '../image/files.ts';
import { textOf } from './files.ts';
import { loadedBy } from './javascript.ts';
import { absolute } from './shell/host.ts';
import { configured, type Text } from './shell/state.ts';
import type { Item, Tracer } from './tracer.ts';
import { wordsOf } from './supervisors.ts';

/** Options whose value is the next argument. */
const VALUED = new Set(['-r', '--require', '--import', '-e', '--eval', '-p', '--print', '-C', '--conditions', '--loader', '--experimental-loader', '--title',
  '--env-file']);
const BUILTIN = new Set(
  ('assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https inspector module'
    + ' net os path perf_hooks process punycode querystring readline repl sqlite stream string_decoder sys test timers tls trace_events tty url util v8 vm wasi'
    + ' worker_threads zlib').split(' '),
);
type How = 'import' | 'require';

export function followNode(tracer: Tracer, _path: string, item: Item): void {
  const cwd = configured(item.cwd);
  const follow = new NodeModules(tracer, item);
  const own = item.env.get('NODE_OPTIONS');
  const before = typeof own === 'string' ? wordsOf(own) ?? [] : [];
  const args: Text[] = item.argv.slice(1);
  if (cwd === null) {
    tracer.end('command_computed', 'node in a directory that is computed', item);
    return;
  }
  let script: string | null = null;
  let i = 0;
  const options = [...before, ...args];
  for (; i < options.length; i++) {
    const arg = configured(options[i] as Text);
    if (arg === null) {
      tracer.end('interpreter_options', 'node', item);
      if (i >= before.length) return;
      continue;
    }
    if (arg === '--' || !arg.startsWith('-') || arg === '-') {
      if (arg === '--') i += 1;
      script = configured(options[i] ?? '');
      break;
    }
    const [name, inline] = [arg.split('=', 1)[0] as string, arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : null];
    const value = VALUED.has(name) ? (inline ?? configured(options[++i] ?? '')) : inline;
    if (['-r', '--require', '--import'].includes(name) && value !== null) follow.load(value, `${cwd}/[options]`, name === '--import' ? 'import' : 'require',
      null);
    else if (['--loader', '--experimental-loader', '-C', '--conditions'].includes(name)) tracer.end('interpreter_options', `node ${name}`, item);
    else if (['-e', '--eval', '-p', '--print'].includes(name)) {
      if (value !== null) follow.source(value, `${cwd}/[eval]`, item.from);
      return follow.finish();
    }
  }
  if (script === null || script === '' || script === '-') tracer.end('interactive', 'node without a script', item);
  else if (/^(?:npm|npx|yarn|pnpm)$/.test(item.applet ?? '')) followScripts(tracer, script, item, options.slice(i + 1).map((arg) => configured(arg)), follow);
  else follow.main(absolute(script, cwd));
  follow.finish();
}

/** `npm start`, `npm run NAME`: what package.json says. */
function followScripts(tracer: Tracer, script: string, item: Item, args: readonly (string | null)[], follow: NodeModules): void {
  follow.main(absolute(script, configured(item.cwd) ?? '/'), false);
  const words = args.filter((arg) => arg === null || !arg.startsWith('-'));
  const name = item.applet;
  const cwd = configured(item.cwd) ?? '/';
  const pack = follow.packageAt(cwd);
  const scripts = pack !== null && isJsonObject(pack.scripts) ? pack.scripts : {};
  const wanted = words[0] === 'run' || words[0] === 'run-script' ? words[1] : words[0];
  const command = typeof wanted === 'string' && Object.hasOwn(scripts, wanted) ? scripts[wanted] : wanted === 'start'
    && tracer.files.get(`${cwd}/server.js`) !== null ? 'node server.js' : undefined;
  if (typeof command !== 'string') {
    tracer.end('command_computed', `${name} ${words.filter((word) => word !== null).join(' ')}`, item);
    return;
  }
  const env = new Map(item.env);
  const path = env.get('PATH');
  env.set('PATH', `${cwd}/node_modules/.bin:${typeof path === 'string' ? path : '/usr/local/bin:/usr/bin:/bin'}`);
  for (const one of [`pre${wanted}`, wanted as string, `post${wanted}`]) {
    const text = one === wanted ? command : scripts[one];
    if (typeof text === 'string') {
      const { applet: _, ...rest } = item;
      tracer.start({ ...rest, argv: ['/bin/sh', '-c', text], env, depth: item.depth + 1 });
    }
  }
}

class NodeModules {
  readonly #tracer: Tracer;
  readonly #item: Item;
  readonly #queue: { file: File; step: number }[] = [];
  readonly #packages = new Map<string, JsonObject | null>();

  constructor(tracer: Tracer, item: Item) {
    this.#tracer = tracer;
    this.#item = item;
  }

  main(path: string, follow = true): void {
    const found = this.#file(path) ?? this.#folder(path, 'require');
    if (found === null) this.#tracer.end('file_absent', path, this.#item);
    else if (this.#item.written.has(`/${found}`)) this.#tracer.end('file_written', `/${found}`, this.#item);
    else if (follow) this.#reach(path, found, this.#item.from, 'interprets');
    else this.#tracer.reach(path, this.#tracer.files.get(found) as File, { from: this.#item.from, why: 'interprets', guards: this.#item.guards });
  }

  finish(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { file, step } = next;
      if (file.path.endsWith('.json')) continue;
      if (file.path.endsWith('.node')) {
        this.#tracer.native(`/${file.path}`, { ...this.#item, from: step });
        continue;
      }
      const text = textOf(file);
      if (text === null) this.#tracer.end('unread', `/${file.path}`, { from: step }, 'everything');
      else this.source(text, `/${file.path}`, step);
    }
  }

  source(text: string, path: string, step: number | null): void {
    const tracer = this.#tracer;
    const loaded = loadedBy(text);
    if (loaded === null) {
      tracer.end('unread', path, { from: step, file: path });
      return;
    }
    const at = (line: number) => ({ from: step, file: path, line });
    for (const { name, how } of loaded.modules) this.load(name, path, how, step);
    if (loaded.dynamic !== null) tracer.end('dynamic_import', 'a module whose name is computed', at(loaded.dynamic), this.#beyond());
    if (loaded.evaluates !== null) tracer.end('evaluates_code', 'text run as code', at(loaded.evaluates), this.#beyond());
    if (loaded.native !== null) tracer.end('starts_programs', 'process.binding or process.dlopen', at(loaded.native));
  }

  /** Whether a module nobody names could do more than load modules: any that is there may be it. */
  #beyond(): 'everything' | 'npm' {
    const known = beyond.get(this.#tracer);
    if (known !== undefined) return known;
    let found: 'everything' | 'npm' = 'npm';
    for (const file of this.#tracer.files.all()) {
      if (!/\.(?:[cm]?[jt]s|node)$/.test(file.path)) continue;
      if (file.path.endsWith('.node') || /child_process|process\.(?:binding|dlopen)/.test(textOf(file) ?? 'child_process')) {
        found = 'everything';
        break;
      }
    }
    beyond.set(this.#tracer, found);
    return found;
  }

  load(name: string, from: string, how: How, step: number | null): void {
    const builtin = name.replace(/^node:/, '');
    const folder = from.replace(/\/[^/]*$/, '');
    if (name.startsWith('node:') || BUILTIN.has(builtin.split('/', 1)[0] as string)) {
      if (builtin === 'child_process') this.#tracer.end('starts_programs', 'child_process', { from: step, file: from });
      else if (builtin === 'vm' || builtin === 'repl') this.#tracer.end('evaluates_code', builtin, { from: step, file: from }, this.#beyond());
      return;
    }
    const path = name.startsWith('file://') ? name.slice(7) : name;
    const found = /^\.{0,2}\//.test(path) || path === '.' || path === '..'
      ? (this.#file(absolute(path, folder)) ?? this.#folder(absolute(path, folder), how))
      : path.startsWith('#') ? this.#own(path, folder, how) : this.#package(path, folder, how);
    // What is not there cannot be loaded: an optional package.
    if (found !== null) this.#reach(`/${found}`, found, step, 'import');
  }

  #reach(path: string, found: string, from: number | null, why: 'import' | 'interprets'): void {
    const file = this.#tracer.files.get(found);
    if (file === null) return;
    // A script that its first line started was reached before, and is to be read all the same.
    const { argv, guards } = this.#item;
    const { step, isNew } = this.#tracer.reach(path, file, { from, why, ...(why === 'import' ? { guards: [] } : { guards, argv: argv.map(configured) }) });
    if (isNew || why === 'interprets') this.#queue.push({ file, step });
  }

  /** @returns the real path of a file, with the extensions that may be left out */
  #file(path: string): string | null {
    for (const extension of ['', '.js', '.json', '.node', '.mjs', '.cjs', '.ts']) {
      const file = this.#tracer.files.get(path + extension);
      if (file !== null) return file.path;
    }
    // TypeScript's sources name what they become.
    const source = /\.(?:[cm]?)js$/.test(path) ? this.#tracer.files.get(path.replace(/js$/, 'ts')) : null;
    return source?.path ?? null;
  }

  #folder(path: string, how: How): string | null {
    const { main } = this.packageIn(path) ?? {};
    const named = typeof main === 'string' ? (this.#file(absolute(main, path)) ?? this.#file(absolute(`${main}/index`, path))) : null;
    return named ?? (how === 'require' || main === undefined ? this.#file(`${path}/index`) : null);
  }

  packageIn(folder: string): JsonObject | null {
    const known = this.#packages.get(folder);
    if (known !== undefined) return known;
    const text = this.#tracer.files.text(`${folder}/package.json`);
    let read: Json = null;
    try {
      read = text === null ? null : parseJsonText(text);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
    const found = isJsonObject(read) ? read : null;
    this.#packages.set(folder, found);
    return found;
  }

  /** The package a folder belongs to. */
  packageAt(folder: string): JsonObject | null {
    for (let at = folder; ; at = at.replace(/\/[^/]*$/, '')) {
      const found = this.packageIn(at);
      if (found !== null || at === '') return found;
    }
  }

  #package(name: string, folder: string, how: How): string | null {
    const parts = name.split('/');
    const id = parts.slice(0, name.startsWith('@') ? 2 : 1).join('/');
    const sub = parts.slice(name.startsWith('@') ? 2 : 1).join('/');
    const variable = this.#item.env.get('NODE_PATH');
    const places = typeof variable === 'string' && how === 'require' ? variable.split(':').filter((place) => place !== '') : [];
    const ups: string[] = [];
    for (let at = folder; ; at = at.replace(/\/[^/]*$/, '')) {
      if (!at.endsWith('/node_modules')) ups.push(`${at}/node_modules`);
      if (at === '') break;
    }
    for (const place of [...ups, ...places]) {
      const root = `${place}/${id}`;
      if (!this.#tracer.files.isFolder(root)) continue;
      const exported = this.packageIn(root)?.exports;
      if (exported !== undefined && exported !== null) {
        const target = exportOf(exported, sub === '' ? '.' : `./${sub}`, how);
        return target === null ? null : (this.#tracer.files.get(absolute(target, root))?.path ?? null);
      }
      return sub === '' ? this.#folder(root, how) : (this.#file(`${root}/${sub}`) ?? this.#folder(`${root}/${sub}`, how));
    }
    // A package may name itself.
    for (let at = folder; at !== ''; at = at.replace(/\/[^/]*$/, '')) {
      const pack = this.packageIn(at);
      if (pack === null) continue;
      const target = pack.name === id && pack.exports !== undefined ? exportOf(pack.exports, sub === '' ? '.' : `./${sub}`, how) : null;
      return target === null ? null : (this.#tracer.files.get(absolute(target, at))?.path ?? null);
    }
    return null;
  }

  /** `#name`, after the package's `imports`. */
  #own(name: string, folder: string, how: How): string | null {
    for (let at = folder; at !== ''; at = at.replace(/\/[^/]*$/, '')) {
      const pack = this.packageIn(at);
      if (pack === null) continue;
      const target = isJsonObject(pack.imports) ? exportOf(pack.imports, name, how) : null;
      if (target === null) return null;
      return target.startsWith('.') ? (this.#tracer.files.get(absolute(target, at))?.path ?? null) : this.#package(target, at, how);
    }
    return null;
  }
}

const beyond = new WeakMap<Tracer, 'everything' | 'npm'>();

/** The target of a subpath (nodejs.org, "PACKAGE_EXPORTS_RESOLVE"); null where there is none. */
function exportOf(exports: Json, subpath: string, how: How): string | null {
  const keyed = isJsonObject(exports) && Object.keys(exports).some((key) => /^[.#]/.test(key));
  if (!keyed) return subpath === '.' ? targetOf(exports, how, '') : null;
  const map = exports as JsonObject;
  if (Object.hasOwn(map, subpath) && !subpath.includes('*')) return targetOf(map[subpath] as Json, how, '');
  const patterns = Object.keys(map).filter((key) => {
    const [before, after] = key.split('*', 2) as [string, string | undefined];
    return after !== undefined ? subpath.startsWith(before) && subpath.endsWith(after) && subpath.length >= key.length : key.endsWith('/')
      && subpath.startsWith(key);
  });
  const best = patterns.sort((a, b) => b.split('*', 1)[0]!.length - a.split('*', 1)[0]!.length)[0];
  if (best === undefined) return null;
  const [before, after = ''] = best.split('*', 2) as [string, string | undefined];
  return targetOf(map[best] as Json, how, subpath.slice(before.length, subpath.length - after.length));
}

function targetOf(target: Json, how: How, star: string): string | null {
  if (typeof target === 'string') return target.endsWith('/') ? target + star : target.replaceAll('*', star);
  if (Array.isArray(target)) return target.map((one) => targetOf(one, how, star)).find((one) => one !== null) ?? null;
  if (!isJsonObject(target)) return null;
  for (const [condition, inner] of Object.entries(target)) {
    if (!['default', 'node', how, 'node-addons', 'module-sync'].includes(condition)) continue;
    const found = targetOf(inner, how, star);
    if (found !== null) return found;
  }
  return null;
}
