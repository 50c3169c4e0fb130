// Ruby programs: the script of a command line, and the files it loads, found along the load path and in gems (ruby(1), RubyGems).
import { rubySource } from './ruby-source.ts';
import { ScriptModules, type ScriptLanguage } from './scripts.ts';
import { absolute } from './shell/host.ts';
import { configured } from './shell/state.ts';
import type { Item, Tracer } from './tracer.ts';

const RUBY: ScriptLanguage = { over: 'gem', files: /\.(?:rb|ru)$/,
  starting: /\b(?:system|exec|spawn|popen|open3|pty|fiddle|ffi|Open3)\b|`|%x|\bopen\s*\(/ };
const RUBYGEMS = /\/(?:\d+\.\d+\.\d+|site_ruby|vendor_ruby|ruby)\/(?:rubygems|bundler)(?:\.rb$|\/)/;
/** What libraries in C load, and constants that are looked for by name. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'openssl.so': ['digest'], 'psych.so': ['psych/syntax_error'], digest: ['sha2', 'sha1', 'md5', 'rmd160', 'bubblebabble'].map((name) => `digest/${name}`),
};
/** Options that load nothing. */
const HARMLESS = /^-[wvnplasUhc0dWEKFiyT]|^--(?:enable|disable|yjit|rjit|jit|encoding|external-encoding|internal-encoding|verbose|version|debug)/;
/** What every start loads, as far as it is there. */
const STARTUP = ['rubygems', 'monitor', 'error_highlight', 'did_you_mean', 'syntax_suggest/core_ext', 'enc/encdb.so', 'enc/trans/transdb.so', 'rbconfig'];

export function followRuby(tracer: Tracer, item: Item): void {
  const cwd = configured(item.cwd);
  if (cwd === null) {
    tracer.end('command_computed', 'ruby in a directory that is computed', item);
    return;
  }
  const before = item.env.get('RUBYOPT');
  if (before !== undefined && before !== null && typeof before !== 'string') tracer.end('interpreter_options', 'RUBYOPT', item);
  const own = typeof before === 'string' ? before.split(/\s+/).filter((one) => one !== '') : [];
  const options = [...own, ...item.argv.slice(1).map((arg) => configured(arg))];
  const ruby = new RubyModules(tracer, item, cwd);
  ruby.begin();
  const code: string[] = [];
  for (let i = 0; i < options.length; i++) {
    const arg = options[i] as string | null;
    if (arg === null) {
      tracer.end('interpreter_options', 'ruby', item);
      return ruby.finish();
    }
    if (arg === '--' || arg === '-' || !arg.startsWith('-')) {
      const script = arg === '--' ? (options[i + 1] ?? '-') : arg;
      if (code.length > 0) break;
      if (script === '-') tracer.end('interactive', 'ruby without a script', item);
      else ruby.program(absolute(script, cwd), options.slice(options.indexOf(script, i) + 1));
      return ruby.finish();
    }
    const [, letter = '', rest = ''] = /^-([a-zA-Z])(.*)$/s.exec(arg) ?? [];
    const value = () => (rest === '' ? (options[(i += 1)] ?? null) : rest);
    if (letter === 'r' || arg.startsWith('--require')) ruby.feature(letter === 'r' ? (value() ?? '') : arg.replace(/^--require=?/, ''), item.from);
    else if (letter === 'I') ruby.folders((value() ?? '').split(':').map((one) => absolute(one, cwd)));
    else if (/^-[wnplasW]*e/.test(arg)) code.push(arg.replace(/^-[wnplasW]*e/, '') || (options[(i += 1)] ?? ''));
    else if (/^-[wnplasU]*S$/.test(arg)) {
      const path = tracer.locate(options[i + 1] ?? '', item);
      if (path !== null) ruby.program(path, options.slice(i + 2));
      return ruby.finish();
    } else if (/^-[CEKFx]$/.test(arg)) {
      tracer.end('interpreter_options', `ruby ${arg}`, item);
      return ruby.finish();
    } else if (!HARMLESS.test(arg)) tracer.end('interpreter_options', `ruby ${arg}`, item);
  }
  if (code.length === 0) tracer.end('interactive', 'ruby without a script', item);
  else ruby.source(code.join('\n'), `${cwd}/-e`, item.from);
  ruby.finish();
}

class RubyModules extends ScriptModules {
  readonly #path: string[] = [];
  readonly #standard: string[] = [];
  /** Folders of gems, as `name-version`, each with what it adds to the load path. */
  readonly #gems: { readonly name: string; readonly folder: string; readonly paths: readonly string[] }[] = [];
  readonly #cwd: string;

  constructor(tracer: Tracer, item: Item, cwd: string) {
    super(tracer, item, RUBY);
    this.#cwd = cwd;
    const { files } = tracer;
    const lib = item.env.get('RUBYLIB');
    if (typeof lib === 'string') this.#path.push(...lib.split(':').filter((one) => one !== ''));
    else if (lib !== undefined && lib !== null) tracer.end('interpreter_options', 'RUBYLIB', item);
    const versions = (folder: string) => files.list(folder).filter((name) => /^\d+\.\d+(?:\.\d+)?$/.test(name)).reverse();
    const machines = (folder: string) => files.list(folder).filter((name) => /linux/.test(name));
    const places: string[] = [];
    const add = (folder: string, isStandard: boolean) => {
      for (const one of [folder, ...machines(folder).map((name) => `${folder}/${name}`)]) {
        if (!files.isFolder(one)) continue;
        places.push(one);
        if (isStandard) this.#standard.push(one);
      }
    };
    for (const prefix of ['/usr/local', '/usr']) {
      const own = machines(`${prefix}/lib`).map((name) => `${prefix}/lib/${name}/ruby`);
      const roots = [`${prefix}/lib/ruby`, ...own, `${prefix}/lib64/ruby`, `${prefix}/share/ruby`];
      for (const kind of ['site_ruby', 'vendor_ruby']) {
        for (const root of [...roots, `${prefix}/lib`, `${prefix}/local/share/ruby`]) {
          for (const version of versions(`${root}/${kind}`)) add(`${root}/${kind}/${version}`, false);
          add(`${root}/${kind}`, false);
        }
      }
      for (const root of roots) {
        for (const version of versions(root)) add(`${root}/${version}`, true);
        if (root.endsWith('64/ruby') || root.endsWith('share/ruby')) add(root, true);
      }
    }
    this.#path.push(...places);
    const texts = ['GEM_HOME', 'GEM_PATH', 'BUNDLE_PATH'].map((name) => item.env.get(name));
    if (texts.some((one) => one !== undefined && one !== null && typeof one !== 'string')) tracer.end('interpreter_options', 'GEM_PATH', item);
    const given = texts.flatMap((one) => (typeof one === 'string' && one !== '' ? one.split(':') : []));
    const homes = [...given.flatMap((one) => [one, ...versions(`${one}/ruby`).map((name) => `${one}/ruby/${name}`)]), '/usr/local/bundle'];
    for (const root of ['/usr/local/lib/ruby/gems', '/usr/lib/ruby/gems', '/var/lib/gems', '/usr/share/rubygems-integration', `${cwd}/vendor/bundle/ruby`]) {
      homes.push(...files.list(root).map((name) => `${root}/${name}`));
    }
    for (const home of new Set([...homes, '/usr/share/gems', '/usr/local/share/gems', '/usr/lib64/gems/ruby'])) this.#readGems(home);
  }

  #readGems(home: string): void {
    const { files } = this.tracer;
    for (const name of files.list(`${home}/gems`).toReversed()) {
      const folder = `${home}/gems/${name}`;
      if (!files.isFolder(folder)) continue;
      const specification = files.text(`${home}/specifications/${name}.gemspec`) ?? '';
      const stated = /\.require_paths = \[([^\]]*)\]/.exec(specification)?.[1];
      const paths = stated === undefined ? ['lib'] : [...stated.matchAll(/"([^"]*)"/g)].map(([, path]) => path as string);
      const extensions = files.list(`${home}/extensions`).flatMap((machine) => files.list(`${home}/extensions/${machine}`)
        .map((version) => `${home}/extensions/${machine}/${version}/${name}`));
      this.#gems.push({ name: name.replace(/-\d[^-]*(?:-.*)?$/, ''), folder,
        paths: [...paths.map((path) => `${folder}/${path}`), ...extensions].filter((one) => files.isFolder(one)) });
    }
  }

  isStandard(path: string): boolean {
    return RUBYGEMS.test(path) || this.#standard.some((folder) => path.startsWith(`${folder}/`)) && !/\/(?:site_ruby|vendor_ruby|gems)\//.test(path);
  }

  begin(): void {
    for (const name of STARTUP) this.feature(name, this.item.from);
  }

  folders(list: readonly string[]): void {
    this.#path.unshift(...list);
  }

  /** A script; `bundle exec PROGRAM` starts another one. */
  program(path: string, args: readonly (string | null)[]): void {
    const there = this.main(path);
    const [verb, ...command] = args;
    if (!there || !/\/bundler?[\d.]*$/.test(path) || verb !== 'exec') return;
    if (command.length === 0 || command.includes(null)) this.tracer.end('command_computed', 'bundle exec', this.item);
    else this.tracer.start({ ...this.item, argv: command as string[], depth: this.item.depth + 1 });
  }

  source(text: string, path: string, step: number | null): void {
    const { loads, ends } = rubySource(text, path);
    for (const { is, name } of loads) {
      if (is === 'lib') this.#path.unshift(absolute(name, this.#cwd));
      else if (is === 'file') this.#file(absolute(name, '/'), step);
      else if (is === 'feature') this.#required(name, path, step);
      else {
        const [gem = '', program = ''] = name.split('/', 2);
        for (const { folder } of this.#gems.filter((known) => known.name === gem)) {
          for (const bin of ['exe', 'bin']) this.load(`${folder}/${bin}/${program}`, step);
        }
      }
    }
    this.ends(ends, path, step);
  }

  readonly #left: (readonly [name: string, step: number | null])[] = [];
  #usesGems = false;

  /** RubyGems loads the network, Bundler and more when it is asked for more than to be there. */
  #required(name: string, path: string, step: number | null): void {
    const isOwn = RUBYGEMS.test(path);
    if (isOwn && !this.#usesGems && !/^(?:rubygems|monitor|rbconfig)\b/.test(name) && !RUBYGEMS.test(name)) {
      this.#left.push([name, step]);
      return;
    }
    if (!isOwn && /^(?:rubygems|bundler)\b/.test(name) && name !== 'rubygems' && !this.#usesGems) {
      this.#usesGems = true;
      for (const [left, from] of this.#left) this.feature(left, from);
    }
    this.feature(name, step);
    for (const also of ALSO[name] ?? []) this.feature(also, step);
  }

  /** What is not there cannot be loaded: an optional feature. Which of several versions of a gem is taken is not told: all are. */
  feature(name: string, step: number | null): void {
    if (/^(?:\/|\.\.?\/)/.test(name)) {
      this.#file(absolute(name, this.#cwd), step);
      return;
    }
    if (this.#path.some((folder) => this.#file(`${folder}/${name}`, step))) return;
    for (const { paths } of this.#gems) for (const folder of paths) if (this.#file(`${folder}/${name}`, step)) break;
  }

  #file(path: string, step: number | null): boolean {
    const found = (/\.(?:rb|so)$/.test(path) ? [path] : [`${path}.rb`, `${path}.so`, path]).find((one) => this.tracer.files.get(one) !== null);
    return found !== undefined && this.load(found, step);
  }
}
