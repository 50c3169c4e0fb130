// Generated programs in Perl, Ruby and PHP: the files the trace reaches are those that the interpreter loads, where one is here to ask.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { program, trace } from './make.ts';

const seed = Number(process.env['SEED'] ?? 20260921);
const runs = Number(process.env['RUNS'] ?? 12);
const work = realpathSync(mkdtempSync(join(tmpdir(), 'stella-modules-')));

afterAll(() => rmSync(work, { recursive: true, force: true }));

function randomOf(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 12)) >>> 0) % below;
  };
}

interface Language {
  readonly program: string;
  readonly extension: string;
  /** What stands around the statements of a module, and of the first file. */
  readonly module: (name: string, body: string) => string;
  readonly main: (body: string) => string;
  /** Ways to load `name`, as seen from `from` (both as `a/b`, below `lib`). */
  readonly loads: readonly ((name: string, from: string | null) => string)[];
  /** What looks like loading, and is none. */
  readonly decoys: readonly ((name: string) => string)[];
  readonly args: readonly string[];
}

const up = (from: string | null): string => (from === null ? 'lib/' : '../'.repeat(from.split('/').length - 1));
const depth = (from: string | null): number => (from === null ? 1 : from.split('/').length);
const colons = (name: string): string => name.replaceAll('/', '::');

const LANGUAGES: Readonly<Record<string, Language>> = {
  perl: {
    program: 'perl', extension: 'pm', args: ['-I', 'lib'],
    module: (name, body) => `package ${colons(name)};\nour $VERSION = 1;\npush @main::seen, __FILE__;\n${body}\n1;\n__END__\nuse never;\n`,
    main: (body) => `#!/usr/bin/perl -w\n${body}\nprint "$_\\n" for @main::seen;\n`,
    loads: [
      (name) => `use ${colons(name)};`, (name) => `require ${colons(name)};`, (name) => `require "${name}.pm";`, (name) => `use base '${colons(name)}';`,
      (name) => `BEGIN { require ${colons(name)} }`, (name) => `eval { require ${colons(name)}; 1 } or die;`,
      (name) => `eval q{use ${colons(name)}; 1} or die;`,
      (name) => `use if 1, '${colons(name)}';`, (name) => `if (1) { require '${name}.pm' }`,
      (name) => `my $x${name.replaceAll('/', '')} = 4 / 2; use ${colons(name)}; # a/b`,
      (name) => `use parent qw(\n  ${colons(name)}\n);`, (name) => `eval "require ${colons(name)}; 1" || die; `,
      (name) => `s/a/b/, use_ok() for (); sub use_ok {} require(q(${name}.pm));`,
    ],
    decoys: [
      (name) => `# use ${colons(name)};`, (name) => `\n=pod\n\nuse ${colons(name)};\n\n=cut\n`, (name) => `my $t = "x;\nrequire ${colons(name)};\n";`,
      (name) => `print STDERR <<'EOT' if 0;\nuse ${colons(name)};\nEOT\n`, (name) => `my %h = (require => '${name}.pm', use => 1); $h{require} = 1;`,
      (name) => `$_ = ''; m{require ${colons(name)};}; tr/a/b/; y{a}{b}; s{x}{ require ${colons(name)}; };`, (name) => `my @q = qw(use ${colons(name)};);`,
      (name) => `print STDERR <<"A", <<~B if 0;\nuse ${colons(name)};\nA\n  require ${colons(name)};\n  B\n`,
      (name) => `my $q = q{a{b}c; use ${colons(name)};};`,
      (name) => `my $n = $#{[1]} / 2; my $m = 'x'; # / use ${colons(name)};`,
    ],
  },
  ruby: {
    program: 'ruby', extension: 'rb', args: ['-I', 'lib'],
    module: (_, body) => `($seen ||= []) << __FILE__\n${body}\n__END__\nrequire 'never'\n`,
    main: (body) => `#!/usr/bin/env ruby\n# frozen_string_literal: true\n${body}\nputs $seen\n`,
    loads: [
      (name) => `require '${name}'`, (name) => `require "${name}.rb"`, (name, from) => `require_relative '${up(from)}${name}'`,
      (name, from) => `require File.join(__dir__, '${up(from)}', '${name}')`, (name, from) => `require File.expand_path('${up(from)}${name}', __dir__)`,
      (name, from) => `require File.expand_path("../${up(from)}${name}", __FILE__)`, (name, from) => `require "#{__dir__}/${up(from)}${name}"`,
      (name) => `begin; require('${name}'); rescue LoadError => e; raise e; end`, (name) => `Kernel.require '${name}' if true`,
      (name, from) => `$LOAD_PATH.unshift File.expand_path('${up(from) || '.'}', __dir__); require '${name}'`, (name) => `x = 4 / 2; require %q(${name}) # a/b`,
    ],
    decoys: [
      (name) => `# require '${name}'`, (name) => `=begin\nrequire '${name}'\n=end\n`, (name) => `t = "x\nrequire '${name}'\n"`,
      (name) => `t = <<~EOT\n  require '${name}'\nEOT\n`, (name) => `h = { require: '${name}', 'require' => :require }`, (name) => `t = %q(require '${name}')`,
      (name) => `t = /require '${name.replaceAll('/', '.')}'/ =~ 'a'; t = %r{require '${name}'}x`,
      (name) => `o = Object.new; def o.require(x) = x; o.require '${name}'`, () => 'n = 6 / 3; m = n / 2 # /',
      (name) => `t = %w[require ${name}]; t = ?'; t = :"require '${name}'"`,
      (name) => `p(<<~A, <<~'B') if false\n  require '${name}'\nA\n  require "#{x}"\nB\n`,
    ],
  },
  php: {
    program: 'php', extension: 'php', args: ['-n'],
    module: (_, body) => `<?php\n${body}\n?>\n<p>require 'never.php';</p>\n`,
    main: (body) => `<?php\ndefine('ROOT', __DIR__);\n${body}\nforeach (get_included_files() as $f) { fwrite(STDERR, "$f\\n"); }\n`,
    loads: [
      (name, from) => `require_once __DIR__ . '/${up(from)}${name}.php';`, (name, from) => `include_once dirname(__FILE__) . '/${up(from)}${name}.php';`,
      (name) => `require_once ROOT . '/lib/${name}.php';`, (name, from) => `$d = __DIR__; require_once "$d/${up(from)}${name}.php";`,
      (name, from) => `(include_once(__DIR__ . DIRECTORY_SEPARATOR . '${up(from)}${name}.php')) or die();`,
      (name, from) => `if (true) { require_once dirname(__DIR__, ${depth(from)}) . '/${from === null ? 'app/' : ''}lib/${name}.php'; }`,
      (name) => `require_once(\\ROOT . "/lib/${name}.php"); // a`,
    ],
    decoys: [
      (name) => `// require '${name}.php';`, (name) => `# include '${name}.php';`, (name) => `/* require '${name}.php'; */`,
      (name) => `$t = "require '${name}.php';";`,
      (name) => `$t = <<<EOT\n  require '${name}.php';\n  EOT;\n`, (name) => `$t = <<<'EOT'\nrequire '${name}.php';\nEOT;\n`,
      (name) => `$o = new class { function require($x) { return $x; } }; $o->require('${name}.php');`, (name) => `$t = ['require' => '${name}.php'];`,
      (name) => `?>\nrequire '${name}.php';\n<?php`,
    ],
  },
};

function generate(language: Language, random: (below: number) => number): { readonly files: ReadonlyMap<string, string>; readonly decoys: number } {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const word = () => Array.from({ length: 4 }, () => 'bcdfgklmnprstvz'[random(15)]).join('');
  const upper = (text: string) => text[0]?.toUpperCase() + text.slice(1);
  const names = [...new Set(Array.from({ length: 10 }, () => Array.from({ length: 1 + random(3) }, () => upper(`${word()}x`)).join('/')))];
  const files = new Map<string, string>();
  let decoys = 0;
  const body = (from: string | null, later: readonly string[]): string => {
    const lines: string[] = [];
    for (let n = random(3) + (from === null ? 2 : 0); n > 0 && later.length > 0; n--) lines.push(pick(language.loads)(pick(later), from));
    for (let n = random(4); n > 0; n--) {
      decoys += 1;
      lines.splice(random(lines.length + 1), 0, pick(language.decoys)(pick(names)));
    }
    return lines.join('\n');
  };
  // Loading goes forwards only: what loads itself again is each language's own business.
  names.forEach((name, i) => files.set(`lib/${name}.${language.extension}`, language.module(name, body(name, names.slice(i + 1)))));
  files.set('main', language.main(body(null, names)));
  return { files, decoys };
}

describe.each(Object.entries(LANGUAGES))('%s', (name, language) => {
  const isHere = spawnSync(language.program, ['-v']).status === 0;

  test.skipIf(!isHere)('loads what the trace reaches, and nothing else (needs the language itself)', { timeout: 120_000 }, () => {
    let [loaded, decoys] = [0, 0];
    for (let run = 0; run < runs; run++) {
      const folder = join(work, `${name}${run}`, 'app');
      const made = generate(language, randomOf(seed + run));
      decoys += made.decoys;
      for (const [path, text] of made.files) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      const { status, stdout, stderr } = spawnSync(language.program, [...language.args, join(folder, 'main')], { cwd: folder, encoding: 'utf8' });
      expect({ status, stderr: status === 0 ? '' : stderr }, `${name} ${seed + run}`).toEqual({ status: 0, stderr: '' });
      const real = new Set(`${stdout}\n${stderr}`.split('\n').filter((line) => line.startsWith('/') || line.startsWith('lib/'))
        .map((line) => realpathSync(line.startsWith('/') ? line : join(folder, line))).filter((path) => path !== join(folder, 'main')));
      const members = [...made.files].map(([path, content]) => ({ path: join(folder, path).slice(1), content }));
      const document = trace([program(`usr/bin/${language.program}`), ...members], {
        Entrypoint: [`/usr/bin/${language.program}`, ...language.args, join(folder, 'main')], WorkingDir: folder,
      });
      const reached = new Set(document.steps.map(({ path }) => path).filter((path) => path.startsWith(`${folder}/lib/`)));
      expect([...reached].sort(), `${name} ${seed + run}`).toEqual([...real].sort());
      expect(document.ends, `${name} ${seed + run}`).toEqual([]);
      loaded += real.size;
    }
    expect(loaded).toBeGreaterThan(2 * runs);
    expect(decoys).toBeGreaterThan(5 * runs);
  });
});
