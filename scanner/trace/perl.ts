// Perl programs: the script of a command line, and the files it loads, found along @INC (perlrun, perlvar "@INC").
import { perlSource } from './perl-source.ts';
import { ScriptModules, type ScriptLanguage } from './scripts.ts';
import { absolute } from './shell/host.ts';
import { configured } from './shell/state.ts';
import type { Item, Tracer } from './tracer.ts';

/** Encodings are found by their names. */
const ENCODINGS = ['Config', 'Alias', 'MIME/Name', 'Encoding', 'Byte', 'CN', 'EBCDIC', 'GSM0338', 'Guess', 'JP', 'KR', 'MIME/Header', 'Symbol', 'TW', 'Unicode',
  'Unicode/UTF7', 'CN/HZ', 'JP/JIS7', 'KR/2022_KR', 'CJKConstants', 'JP/H2Z', 'MIME/Header/ISO_2022_JP'].map((name) => `Encode/${name}.pm`).join(' ');

const PERL: ScriptLanguage = { over: 'cpan', files: /\.(?:pm|pl|al|ph)$/, starting: /\b(?:system|exec|qx|open[23]?|IPC::|readpipe|XSLoader)\b|`/ };

export function followPerl(tracer: Tracer, item: Item): void {
  const cwd = configured(item.cwd);
  const args = item.argv.slice(1).map((arg) => configured(arg));
  if (cwd === null) {
    tracer.end('command_computed', 'perl in a directory that is computed', item);
    return;
  }
  const perl = new PerlModules(tracer, item, cwd, args.some((arg) => /^-\w*[tT]/.test(arg ?? '')));
  const before = item.env.get('PERL5OPT');
  if (before !== undefined && before !== null && typeof before !== 'string') tracer.end('interpreter_options', 'PERL5OPT', item);
  const options = [...(typeof before === 'string' ? before.split(/\s+/).filter((one) => one !== '') : []), ...args];
  const code: string[] = [];
  for (let i = 0; i < options.length; i++) {
    const arg = options[i] as string | null;
    if (arg === null) {
      tracer.end('interpreter_options', 'perl', item);
      return perl.finish();
    }
    if (arg === '--' || arg === '-' || !arg.startsWith('-')) {
      const script = arg === '--' ? (options[i + 1] ?? '-') : arg;
      if (code.length > 0) break;
      if (script === '-') tracer.end('interactive', 'perl without a script', item);
      else perl.main(absolute(script, cwd));
      return perl.finish();
    }
    const found = perl.option(arg, () => options[(i += 1)] ?? null);
    if (typeof found === 'string') code.push(found);
    else if (!found) tracer.end('interpreter_options', `perl ${arg}`, item);
    if (/^-\w*S/.test(arg)) {
      const path = tracer.locate(options[i + 1] ?? '', item);
      if (path !== null) perl.main(path);
      return perl.finish();
    }
  }
  if (code.length === 0) tracer.end('interactive', 'perl without a script', item);
  else perl.source(code.join('\n'), `${cwd}/-e`, item.from);
  perl.finish();
}

class PerlModules extends ScriptModules {
  readonly #path: string[] = [];
  readonly #standard: string[] = [];
  readonly #cwd: string;

  constructor(tracer: Tracer, item: Item, cwd: string, isTainted: boolean) {
    super(tracer, item, PERL);
    this.#cwd = cwd;
    const variable = isTainted ? undefined : (item.env.get('PERL5LIB') ?? item.env.get('PERLLIB'));
    if (typeof variable === 'string') this.#path.push(...variable.split(':').filter((one) => one !== ''));
    else if (variable !== undefined) tracer.end('interpreter_options', 'PERL5LIB', item);
    for (const { folder, isCore } of libraries(tracer)) {
      this.#path.push(folder);
      if (isCore) this.#standard.push(folder);
    }
  }

  isStandard(path: string): boolean {
    return this.#standard.some((folder) => path.startsWith(`${folder}/`)) && !/\/(?:site|vendor)_perl\//.test(path);
  }

  /**
   * One option (perlrun), with those that stand in one word.
   *
   * @returns the code of `-e`, or whether it is known
   */
  option(arg: string, next: () => string | null): boolean | string {
    for (let i = 1; i < arg.length; i++) {
      const [letter, rest] = [arg[i] as string, arg.slice(i + 1)];
      if (letter === 'e' || letter === 'E') return rest === '' ? (next() ?? '') : rest;
      if (letter === 'I') {
        const folder = rest === '' ? next() : rest;
        if (folder === null) return false;
        this.#path.unshift(absolute(folder, this.#cwd));
        return true;
      }
      if (letter === 'M' || letter === 'm') {
        const [, name, list] = /^-?([\w:]+)(?:=(.*))?$/.exec(rest.trim().split(/\s/, 1)[0] as string) ?? [];
        if (name === undefined) return false;
        this.source(`use ${name}${list === undefined ? '' : ` split(/,/, q{${list}})`};`, `${this.#cwd}/-M`, this.item.from);
        if (name === 'lib' && list !== undefined) this.#path.unshift(...list.split(',').map((one) => absolute(one, this.#cwd)));
        return true;
      }
      // Debuggers and preprocessors load what their name says.
      if (letter === 'd' || letter === 'P') return false;
      if (/[0lFiCxD]/.test(letter)) return true;
      if (!/[acfhnpstuvwXTUVWSg]/.test(letter)) return false;
    }
    return true;
  }

  source(text: string, path: string, step: number | null): void {
    const { loads, ends } = perlSource(text, path);
    for (const { is, name } of loads) {
      if (is === 'lib') this.#path.unshift(absolute(name, this.#cwd));
      else if (is === 'module') this.#find(`${name.replaceAll('::', '/')}.pm`, step);
      else if (is === 'native') this.#find(`auto/${name.replaceAll('::', '/')}/${name.replace(/^.*::/, '')}.so`, step);
      else if (is === 'split') this.#split(`auto/${name.replaceAll('::', '/')}`, step);
      else if (!this.#find(name, step)) this.load(absolute(name, this.#cwd), step);
    }
    if (!this.isStandard(path)) {
      this.ends(ends, path, step);
      return;
    }
    const named = CORE.get(path.replace(/^.*\/(?:perl-base|core_perl|\d+\.\d+(?:\.\d+)?)\/(?:\w+-linux[\w-]*\/)?/, ''));
    for (const name of named ?? []) this.#find(name, step);
    const computed = ends.dynamic ?? ends.evaluates;
    if (named === undefined && computed !== null) this.open('a file whose name is computed', { from: step, file: path, line: computed });
  }

  /** What is not there cannot be loaded: an optional module. */
  #find(name: string, step: number | null): boolean {
    if (name.startsWith('/') || name.startsWith('./') || name.startsWith('../')) return false;
    const folder = this.#path.find((one) => this.tracer.files.get(`${one}/${name}`) !== null);
    return folder !== undefined && this.load(`${folder}/${name}`, step);
  }

  /** Functions that AutoSplit put into files of their own: any may be called. */
  #split(name: string, step: number | null): void {
    for (const folder of this.#path) {
      const whole = `${folder}/${name}`;
      if (!this.tracer.files.isFolder(whole)) continue;
      for (const file of this.tracer.files.list(whole)) if (/\.(?:al|ix)$/.test(file)) this.load(`${whole}/${file}`, step);
    }
  }
}

/** Run texts that define functions, and load nothing by them. */
const QUIET = ('Benchmark Carp Class/Struct Compress/Raw/Bzip2 Compress/Raw/Zlib Compress/Zlib DB_File Data/Dumper Devel/Peek Encode/Alias Env Errno File/Find'
  + ' File/GlobMapper File/Path Filter/Util/Call IO/Compress/RawDeflate JSON/PP Math/Complex POSIX Pod/Usage SelfLoader Symbol Term/ANSIColor Term/Cap'
  + ' Test/Builder Test/More Text/Balanced Thread/Queue Thread/Semaphore Time/HiRes diagnostics locale threads threads/shared').split(' ');

/** Files that come with perl and compute the names of others: what they load on these systems, beside what their callers name. */
const CORE: ReadonlyMap<string, readonly string[]> = new Map(Object.entries({
  'AutoLoader.pm': '', 'Cwd.pm': '', 'Digest.pm': 'Digest/SHA.pm Digest/MD5.pm Digest/base.pm Digest/file.pm', 'Encode.pm': ENCODINGS, 'English.pm': 'Errno.pm',
  'File/Spec.pm': 'File/Spec/Unix.pm', 'File/Temp.pm': '', 'HTTP/Tiny.pm': 'IO/Socket/IP.pm IO/Socket/SSL.pm Net/SSLeay.pm Mozilla/CA.pm Time/Local.pm',
  'IO.pm': 'IO/Handle.pm IO/Seekable.pm IO/File.pm IO/Pipe.pm IO/Socket.pm IO/Dir.pm', 'IO/Socket.pm': 'IO/Socket/INET.pm IO/Socket/UNIX.pm',
  'IO/Socket/IP.pm': '', 'IO/Uncompress/AnyUncompress.pm': '', 'Math/BigInt.pm': 'Math/BigInt/Calc.pm Math/BigInt/FastCalc.pm Math/BigInt/Lib.pm',
  'Memoize.pm': '',
  'Module/Metadata.pm': '', 'PerlIO.pm': 'PerlIO/scalar.pm PerlIO/encoding.pm PerlIO/via.pm', 'PerlIO/encoding.pm': 'Encode.pm', 'Storable.pm': '',
  'Sys/Syslog.pm': '', 'Test.pm': '', 'autouse.pm': '', 'base.pm': '', 'blib.pm': '', 'encoding.pm': '', 'if.pm': '', 'lib.pm': '', 'parent.pm': '',
  '_charnames.pm': 'unicore/Name.pl unicore/Name.pm',
  ...Object.fromEntries(QUIET.map((name) => [`${name}.pm`, ''])),
}).map(([file, names]) => [file, names.split(' ').filter((name) => name !== '')]));

/** Places in which distributions and perl's own build look, in their order: `*` stands for a version or a machine. */
const PLACES: readonly (readonly [place: string, isCore: boolean])[] = [
  ['/etc/perl', false], ['/usr/local/lib/*/perl/*', false], ['/usr/local/share/perl/*', false], ['/usr/local/lib/perl5/site_perl/*/*', false],
  ['/usr/local/lib/perl5/site_perl/*', false], ['/usr/local/lib/perl5/site_perl', false], ['/usr/local/lib64/perl5/*', false],
  ['/usr/local/lib64/perl5', false], ['/usr/local/share/perl5/site_perl', false], ['/usr/local/share/perl5/*', false], ['/usr/local/share/perl5', false],
  ['/usr/local/lib/perl5/vendor_perl/*/*', false], ['/usr/local/lib/perl5/vendor_perl/*', false], ['/usr/lib/*/perl5/*', false],
  ['/usr/lib64/perl5/vendor_perl', false], ['/usr/lib/perl5/vendor_perl', false], ['/usr/share/perl5/vendor_perl', false], ['/usr/share/perl5', false],
  ['/usr/lib/*/perl-base', true], ['/usr/lib/*/perl/*', true], ['/usr/share/perl/*', true], ['/usr/local/lib/perl5/*/*', true],
  ['/usr/local/lib/perl5/*', true], ['/usr/lib64/perl5', true], ['/usr/lib/perl5/core_perl', true], ['/usr/share/perl5/core_perl', true],
  ['/usr/lib/perl5/*/*', true], ['/usr/lib/perl5/*', true], ['/usr/local/lib/site_perl', false],
];

/** A folder's name that is a version, or a machine as perl names them. */
const VERSION = /^\d+\.\d+(?:\.\d+)?$|linux|musl|^(?:x86_64|aarch64|arm|i[36]86|ppc|s390|riscv|loong)/;

function libraries({ files }: Tracer): { folder: string; isCore: boolean }[] {
  return PLACES.flatMap(([place, isCore]) => {
    let folders = [''];
    for (const part of place.split('/').slice(1)) {
      folders = folders.flatMap((folder) => (part === '*' ? files.list(folder).filter((name) => VERSION.test(name)).reverse() : [part])
        .map((name) => `${folder}/${name}`).filter((one) => files.isFolder(one)));
    }
    return folders.map((folder) => ({ folder, isCore }));
  });
}
