// PHP programs: the script of a command line, what it includes, and the classes that Composer's loader finds (PHP manual, Composer "Autoloading").
import { constant, phpSource, phpTokens } from './php-source.ts';
import { ScriptModules, type ScriptLanguage } from './scripts.ts';
import { absolute } from './shell/host.ts';
import { configured } from './shell/state.ts';
import type { Item, Tracer } from './tracer.ts';

const PHP: ScriptLanguage = { over: 'composer', files: /\.(?:php|inc|phtml)$/,
  starting: /\b(?:exec|system|passthru|shell_exec|popen|proc_open|pcntl_exec|mail|dl|FFI)\s*[(:]|`/i };

export function followPhp(tracer: Tracer, item: Item): void {
  const cwd = configured(item.cwd);
  if (cwd === null) {
    tracer.end('command_computed', 'php in a directory that is computed', item);
    return;
  }
  const args = item.argv.slice(1).map((arg) => configured(arg));
  const php = new PhpModules(tracer, item, cwd);
  if (!args.includes('-n')) php.configuration();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string | null;
    if (arg === null) {
      tracer.end('interpreter_options', 'php', item);
      break;
    }
    if (arg === '--' || !arg.startsWith('-') || arg === '-f' || arg === '--file') {
      const script = arg.startsWith('-') ? (args[i + 1] ?? '') : arg;
      if (script === '') tracer.end('interactive', 'php without a script', item);
      else php.main(absolute(script, cwd));
      return php.finish();
    }
    if (arg === '-r' || arg === '--run') {
      php.source(`<?php ${args[i + 1] ?? ''}`, `${cwd}/-r`, item.from);
      return php.finish();
    }
    if (arg === '-d' || arg === '--define') php.setting(args[(i += 1)] ?? '');
    else if (/^-d./.test(arg)) php.setting(arg.slice(2));
    // Its own server runs what requests name.
    else if (/^-(?:S|t|B|R|F|E|z)/.test(arg) || arg === '-c') {
      tracer.end('interpreter_options', `php ${arg}`, item);
      i += 1;
    } else if (!/^-(?:n|q|H|C|s|w|l|m|i|v|h)$/.test(arg)) tracer.end('interpreter_options', `php ${arg}`, item);
  }
  tracer.end('interactive', 'php without a script', item);
  php.finish();
}

const CONFIGURATIONS = ['/usr/local/etc/php/php.ini', '/etc/php.ini'];

class PhpModules extends ScriptModules {
  readonly #cwd: string;
  /** `include_path`; the folder of the file itself comes last. */
  #includePath: readonly string[] = ['.', '/usr/share/php', '/usr/local/lib/php', '/usr/share/pear'];
  #loader: ComposerLoader | null = null;
  /** Classes that were named before the loader was there. */
  readonly #classes = new Map<string, number | null>();
  #constants: ReadonlyMap<string, string> = new Map();
  #looksUp: { readonly path: string; readonly line: number; readonly step: number | null } | null = null;

  constructor(tracer: Tracer, item: Item, cwd: string) {
    super(tracer, item, PHP);
    this.#cwd = cwd;
  }

  /** Composer's own loader does what the maps say. */
  isStandard(path: string): boolean {
    return /\/vendor\/(?:autoload\.php$|composer\/(?:ClassLoader|autoload_\w+|platform_check|InstalledVersions)\.php$)/.test(path);
  }

  /** `php.ini` and what the scanned folder holds. */
  configuration(): void {
    const { files } = this.tracer;
    const scanned = this.item.env.get('PHP_INI_SCAN_DIR');
    if (scanned !== undefined && scanned !== null) this.tracer.end('interpreter_options', 'PHP_INI_SCAN_DIR', this.item);
    const versions = files.list('/etc/php').map((name) => `/etc/php/${name}/cli`);
    const own = files.list('/etc').filter((name) => /^php\d+$/.test(name)).map((name) => `/etc/${name}`);
    const inis = [...CONFIGURATIONS, ...[...versions, ...own].map((folder) => `${folder}/php.ini`)];
    for (const folder of ['/usr/local/etc/php/conf.d', '/etc/php.d', ...[...versions, ...own].map((one) => `${one}/conf.d`)]) {
      for (const name of files.list(folder)) if (name.endsWith('.ini')) inis.push(`${folder}/${name}`);
    }
    for (const ini of inis) {
      for (const line of (files.text(ini) ?? '').split(/\r?\n/)) if (/^\s*[\w.]+\s*=/.test(line)) this.setting(line);
    }
  }

  setting(line: string): void {
    const [, name = '', raw = ''] = /^\s*([\w.]+)\s*=\s*(.*?)\s*(?:;.*)?$/.exec(line) ?? [];
    const value = raw.replace(/^"(.*)"$/, '$1');
    if (value === '') return;
    if (name === 'extension' || name === 'zend_extension') this.#extension(value);
    else if (name === 'include_path') this.#includePath = value.split(':');
    else if (name === 'auto_prepend_file' || name === 'auto_append_file') this.#include(value, this.item.from);
  }

  #extension(name: string): void {
    const { files } = this.tracer;
    const file = name.endsWith('.so') ? name : `${name}.so`;
    const below = (folder: string) => files.list(folder).map((one) => `${folder}/${one}`);
    const folders = [...below('/usr/lib/php'), ...below('/usr/local/lib/php/extensions'), '/usr/lib64/php/modules', '/usr/lib/php/modules',
      ...files.list('/usr/lib').filter((one) => /^php\d+$/.test(one)).map((one) => `/usr/lib/${one}/modules`)];
    const found = file.startsWith('/') ? file : folders.map((folder) => `${folder}/${file}`).find((path) => files.get(path) !== null);
    if (found !== undefined) this.tracer.native(found, this.item);
  }

  source(text: string, path: string, step: number | null): void {
    const { constants, includes, classes, looksUp, ends } = phpSource(text, path, this.#constants);
    this.#constants = constants;
    for (const name of includes) this.#include(name, step, path);
    const maps = /^(.*\/vendor)\/autoload\.php$/.exec(path)?.[1];
    if (maps !== undefined && this.tracer.files.isFolder(`${maps}/composer`)) this.#compose(maps, step);
    if (this.isStandard(path)) return;
    for (const name of classes) {
      if (this.#loader !== null) this.#class(name, step);
      if (!this.#classes.has(name)) this.#classes.set(name, step);
    }
    if (looksUp !== null) this.#looksUp ??= { path, line: looksUp, step };
    // Without a loader of classes, what a class is called brings no file in.
    const isOwn = /spl_autoload_register|__autoload/i.test(text);
    this.ends({ ...ends, dynamic: ends.dynamic ?? (isOwn || this.#loader !== null ? looksUp : null) }, path, step);
  }

  #include(name: string, step: number | null, from: string | null = null): void {
    const places = name.startsWith('/') ? [name] : /^\.{1,2}\//.test(name) ? [absolute(name, this.#cwd)] : [
      ...this.#includePath.map((folder) => absolute(`${folder}/${name}`, this.#cwd)),
      ...(from === null ? [] : [absolute(name, from.replace(/\/[^/]*$/, '') || '/')]),
    ];
    const found = places.find((place) => this.tracer.files.get(place) !== null);
    if (found !== undefined) this.load(found, step);
  }

  #compose(vendor: string, step: number | null): void {
    if (this.#loader !== null) return;
    this.#loader = new ComposerLoader(this.tracer, vendor);
    for (const path of this.#loader.always) this.load(path, step);
    for (const [name, from] of this.#classes) this.#class(name, from);
    if (this.#looksUp !== null) {
      const { path, line, step: at } = this.#looksUp;
      this.open('a class whose name is computed', { from: at, file: path, line });
    }
  }

  #class(name: string, step: number | null): void {
    for (const path of this.#loader?.places(name) ?? []) if (this.load(path, step)) return;
  }
}

/** What Composer wrote about where classes lie: `autoload_classmap.php`, `_psr4`, `_namespaces` and `_files`. */
class ComposerLoader {
  readonly always: readonly string[];
  readonly #map: ReadonlyMap<string, readonly string[]>;
  readonly #psr4: readonly (readonly [prefix: string, folders: readonly string[]])[];
  readonly #psr0: readonly (readonly [prefix: string, folders: readonly string[]])[];

  constructor(tracer: Tracer, vendor: string) {
    const values = new Map([['$vendorDir', vendor], ['$baseDir', vendor.replace(/\/[^/]*$/, '') || '/']]);
    const read = (name: string): [string, string[]][] => {
      const path = `${vendor}/composer/${name}.php`;
      const tokens = phpTokens(tracer.files.text(path) ?? '');
      const found: [string, string[]][] = [];
      let isStarted = false;
      tokens.forEach((token, i) => {
        if (token.text.toLowerCase() === 'return') isStarted = true;
        if (!isStarted) return;
        if (token.is === 'text' && tokens[i + 1]?.text === '=>') found.push([token.text, []]);
        const isPath = token.is === 'variable' && values.has(token.text);
        const value = isPath ? constant(tokens, i, path, values) : null;
        if (value !== null) found.at(-1)?.[1].push(value);
      });
      return found;
    };
    const longest = (list: [string, string[]][]) => list.sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1));
    this.always = read('autoload_files').flatMap(([, paths]) => paths);
    this.#map = new Map(read('autoload_classmap'));
    this.#psr4 = longest(read('autoload_psr4'));
    this.#psr0 = longest(read('autoload_namespaces'));
  }

  /** Where a class may lie, in the order in which Composer looks. */
  places(name: string): string[] {
    const listed = this.#map.get(name);
    if (listed !== undefined) return [...listed];
    const path = name.replaceAll('\\', '/');
    const after4 = this.#psr4.filter(([prefix]) => name.startsWith(prefix))
      .flatMap(([prefix, folders]) => folders.map((folder) => `${folder}/${path.slice(prefix.length)}.php`));
    const after0 = this.#psr0.filter(([prefix]) => name.startsWith(prefix))
      .flatMap(([, folders]) => folders.map((folder) => `${folder}/${path.replace(/[^/]*$/, (last) => last.replaceAll('_', '/'))}.php`));
    return [...after4, ...after0];
  }
}
