// Images that run Perl, Ruby and PHP: which packages their sources reach, by which chain, and what computed names leave unknown.
import { describe, expect, test } from 'vitest';
import { perlSource } from '../../../scanner/trace/perl-source.ts';
import { phpSource } from '../../../scanner/trace/php-source.ts';
import { rubySource } from '../../../scanner/trace/ruby-source.ts';
import { chainTo } from '../../../scanner/trace/trace.ts';
import type { Member } from '../image/make.ts';
import { base, debian, imageTrace } from './image.ts';
import { program, script } from './make.ts';

const files = (of: Readonly<Record<string, string>>): Member[] => Object.entries(of).map(([path, content]) => ({ path, content }));

describe('Perl', () => {
  const image = (server: string, more: Readonly<Record<string, string>> = {}): Member[] => [
    ...debian({
      ...base, 'perl-base': ['usr/bin/perl', 'usr/lib/x86_64-linux-gnu/perl-base/strict.pm', 'usr/lib/x86_64-linux-gnu/perl-base/XSLoader.pm'],
      'libapp-perl': ['usr/share/perl5/App.pm', 'usr/share/perl5/App/Part.pm'], 'libother-perl': ['usr/share/perl5/Other.pm'],
      'libfast-perl': ['usr/lib/x86_64-linux-gnu/perl5/5.36/Fast.pm', 'usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Fast/Fast.so'],
      libz1: ['usr/lib/x86_64-linux-gnu/libz.so.1'], sendmail: ['usr/bin/sendmail'],
    }),
    program('usr/bin/perl', { needed: ['libc.so.6'], imports: ['dlopen', 'execvp'] }), program('usr/bin/sendmail'),
    program('usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Fast/Fast.so', { needed: ['libz.so.1'] }), program('usr/lib/x86_64-linux-gnu/libz.so.1'),
    script('srv/server.pl', `#!/usr/bin/perl -w\nuse strict;\nuse FindBin;\nuse lib "$FindBin::Bin/lib";\n${server}\n`),
    ...files({
      'usr/lib/x86_64-linux-gnu/perl-base/strict.pm': '1;', 'usr/lib/x86_64-linux-gnu/perl-base/XSLoader.pm': '1;',
      'usr/share/perl5/App.pm': 'package App; require App::Part; 1;', 'usr/share/perl5/App/Part.pm': 'package App::Part; use Fast; 1;',
      'usr/share/perl5/Other.pm': 'package Other; 1;', 'usr/lib/x86_64-linux-gnu/perl5/5.36/Fast.pm':
        "package Fast; require XSLoader; XSLoader::load('Fast'); 1;", 'srv/lib/Own.pm': 'package Own; use App; 1;', ...more,
    }),
  ];
  const config = { Entrypoint: ['/srv/server.pl'] };
  /** Without what is written in C, which could do anything. */
  const lean = (server: string, more: Readonly<Record<string, string>> = {}) => image(server, more).filter(({ path }) => !path.includes('Fast'));

  test('modules, what they load in C, and the chain to it', async () => {
    const { document, packages, reasons } = await imageTrace([image('use Own;')], config);
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ 'perl-base': 'reached', 'libapp-perl': 'reached', 'libfast-perl': 'reached', libz1: 'reached',
      'libother-perl': 'not_reached', sendmail: 'not_reached', bash: 'not_reached' });
    const step = document.packages.find(({ ref }) => ref.includes('libz1'))?.step as number;
    expect(chainTo(document, step).map(({ path, why }) => `${why} ${path}`)).toEqual([
      'starts /srv/server.pl', 'starts /usr/bin/perl', 'interprets /srv/server.pl', 'import /srv/lib/Own.pm', 'import /usr/share/perl5/App.pm',
      'import /usr/share/perl5/App/Part.pm', 'import /usr/lib/x86_64-linux-gnu/perl5/5.36/Fast.pm',
      'library /usr/lib/x86_64-linux-gnu/perl5/5.36/auto/Fast/Fast.so', 'library /usr/lib/x86_64-linux-gnu/libz.so.1',
    ]);
  });

  test.each([
    ['a computed name', 'my $m = shift; eval { require $m };', { 'libother-perl': 'dynamic_import', sendmail: 'not_reached' }],
    ['a text that is run', 'eval "use $ARGV[0]";', { 'libother-perl': 'evaluates_code', sendmail: 'not_reached' }],
    ['a process', "open(my $m, '|-', '/usr/bin/sendmail');", { 'libother-perl': 'starts_programs', sendmail: 'starts_programs' }],
    ['a command between backticks', 'print `id`;', { sendmail: 'starts_programs' }],
    ['a computed folder', 'use lib $ENV{APP};', { 'libother-perl': 'dynamic_import', sendmail: 'not_reached' }],
    ['a file for reading', "open(my $m, '<', $ARGV[0]);", { 'libother-perl': 'not_reached', sendmail: 'not_reached' }],
  ])('%s', async (_, server, expected) => {
    expect((await imageTrace([lean(server)], config)).packages).toMatchObject(expected);
  });

  test('a computed name may be a module that starts programs', async () => {
    const { packages } = await imageTrace([lean('require $ARGV[0];', { 'usr/share/perl5/Mail.pm': 'package Mail; sub send { system @_ } 1;' })], config);
    expect(packages).toMatchObject({ sendmail: 'dynamic_import', bash: 'dynamic_import' });
  });

  test('options: -M, -I, -e, and those that are not followed', async () => {
    const run = async (...args: string[]) => (await imageTrace([image('')], { Entrypoint: ['perl', ...args], Env: ['PATH=/usr/bin'] })).packages;
    expect(await run('-MApp', '-we', '1')).toMatchObject({ 'libapp-perl': 'reached', 'libother-perl': 'not_reached' });
    expect(await run('-I/srv/lib', '-e', 'use Own')).toMatchObject({ 'libapp-perl': 'reached' });
    expect(await run('-d', '/srv/server.pl')).toMatchObject({ 'libother-perl': 'interpreter_options' });
    expect(await run()).toMatchObject({ 'libother-perl': 'interactive' });
    expect(await run('/srv/absent.pl')).toMatchObject({ 'libother-perl': 'file_absent' });
  });
});

describe('Ruby', () => {
  const gem = (name: string, lib: Readonly<Record<string, string>>): Member[] => [
    { path: `var/lib/gems/3.1.0/specifications/${name}.gemspec`, content: 's.require_paths = ["lib".freeze]\n' },
    ...files(Object.fromEntries(Object.entries(lib).map(([path, text]) => [`var/lib/gems/3.1.0/gems/${name}/${path}`, text]))),
  ];
  const image = (app: string): Member[] => [
    ...debian({
      ...base, ruby: ['usr/bin/ruby'], libruby: ['usr/lib/ruby/3.1.0/set.rb', 'usr/lib/ruby/3.1.0/json.rb'], 'ruby-rack': ['usr/lib/ruby/vendor_ruby/rack.rb'],
      'ruby-other': ['usr/lib/ruby/vendor_ruby/other.rb'], 'gem-web': ['var/lib/gems/3.1.0/gems/web-2.0.1/lib/web.rb'],
      'gem-never': ['var/lib/gems/3.1.0/gems/never-1.0/lib/never.rb'],
    }),
    program('usr/bin/ruby', { needed: ['libc.so.6'] }), script('usr/local/bin/web',
      "#!/usr/bin/env ruby\nrequire 'rubygems'\nif Gem.respond_to?(:activate_bin_path)\nload Gem.activate_bin_path('web', 'web', '>= 0')\nend\n"),
    ...gem('web-2.0.1', { 'exe/web': "require 'web'\n", 'lib/web.rb': "require 'rack'\nautoload :Set, 'set'\n" }), ...gem('never-1.0', { 'lib/never.rb': '' }),
    ...files({
      'usr/lib/ruby/3.1.0/set.rb': 'eval("1")', 'usr/lib/ruby/3.1.0/json.rb': '', 'usr/lib/ruby/vendor_ruby/rack.rb': '',
      'usr/lib/ruby/vendor_ruby/other.rb': '',
      'srv/app.rb': app,
    }),
    script('usr/local/bin/bundle', '#!/usr/bin/ruby\n'),
  ];
  const config = { Entrypoint: ['ruby', '/srv/app.rb'], WorkingDir: '/srv' };

  test('gems, their programs, and the library that comes with Ruby', async () => {
    for (const argv of [['web'], ['bundle', 'exec', 'web', '-p', '80']]) {
      const { packages, reasons } = await imageTrace([image('')], { Entrypoint: argv, WorkingDir: '/srv', Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] });
      expect(reasons).toEqual([]);
      expect(packages).toMatchObject({ ruby: 'reached', 'gem-web': 'reached', 'ruby-rack': 'reached', libruby: 'reached', 'gem-never': 'not_reached',
        'ruby-other': 'not_reached' });
    }
  });

  test.each([
    ['a computed name', 'require ARGV[0]', { 'ruby-other': 'dynamic_import', 'gem-never': 'dynamic_import', dash: 'not_reached' }],
    ['all that a Gemfile names', "require 'bundler'\nBundler.require(:default)", { 'gem-never': 'dynamic_import' }],
    ['every file of a folder', "Dir['/srv/lib/*.rb'].each { |f| require f }", { 'gem-never': 'dynamic_import' }],
    ['text as code', 'Object.class_eval <<~CODE\n  1\nCODE\n', { 'gem-never': 'evaluates_code' }],
    ['a process', "puts(%x(id), system('id'))", { dash: 'starts_programs' }],
    ['a block, a key and a method of others', "Object.class_eval { 1 }\nYAML.load(x)\nparams.require(:a)\ngem 'b', require: false\n",
      { 'gem-never': 'not_reached', dash: 'not_reached' }],
  ])('%s', async (_, app, expected) => {
    expect((await imageTrace([image(app)], config)).packages).toMatchObject(expected);
  });
});

describe('PHP', () => {
  const image = (app: string): Member[] => [
    ...debian({
      ...base, 'php-cli': ['usr/bin/php'], 'php-mysql': ['usr/lib/php/20220829/pdo_mysql.so'], 'php-gd': ['usr/lib/php/20220829/gd.so'],
      libmysql: ['usr/lib/x86_64-linux-gnu/libmysql.so.3'], 'php-tool': ['usr/share/php/Tool.php'], 'php-used': ['srv/vendor/acme/used/src/Thing/One.php'],
      'php-files': ['srv/vendor/acme/files/boot.php'], 'php-never': ['srv/vendor/acme/never/src/Never.php'],
    }),
    program('usr/bin/php', { needed: ['libc.so.6'] }), program('usr/lib/php/20220829/pdo_mysql.so', { needed: ['libmysql.so.3'] }),
    program('usr/lib/php/20220829/gd.so'), program('usr/lib/x86_64-linux-gnu/libmysql.so.3'),
    ...files({
      'etc/php/8.2/cli/conf.d/20-pdo_mysql.ini': '; configuration\nextension=pdo_mysql.so\n', 'usr/share/php/Tool.php': '<?php', 'srv/app.php': app,
      'srv/vendor/autoload.php': "<?php\nrequire_once __DIR__ . '/composer/autoload_real.php';\nreturn ComposerAutoloaderInit::getLoader();\n",
      'srv/vendor/composer/autoload_real.php': '<?php\nclass ComposerAutoloaderInit { static function load($file) { include $file; } }\n',
      'srv/vendor/composer/autoload_psr4.php': "<?php\n$vendorDir = dirname(__DIR__);\n$baseDir = dirname($vendorDir);\nreturn array(\n"
        + "    'Acme\\\\Used\\\\' => array($vendorDir . '/acme/used/src'),\n"
        + "    'Acme\\\\' => array($vendorDir . '/acme/never/src', $vendorDir . '/acme/more'),\n);\n",
      'srv/vendor/composer/autoload_files.php': "<?php\n$vendorDir = dirname(__DIR__);\nreturn array(\n    'ab' => $vendorDir . '/acme/files/boot.php',\n);\n",
      'srv/vendor/acme/used/src/Thing/One.php': '<?php\nnamespace Acme\\Used\\Thing;\nclass One {}\n', 'srv/vendor/acme/files/boot.php': '<?php',
      'srv/vendor/acme/never/src/Never.php': '<?php',
    }),
  ];
  const config = { Entrypoint: ['php', 'app.php'], WorkingDir: '/srv' };
  const start = "<?php\nrequire __DIR__ . '/vendor/autoload.php';\n";

  test('includes, classes that Composer finds, and extensions of its configuration', async () => {
    const { packages, reasons } = await imageTrace([image(`${start}use Acme\\Used\\Thing;\n$a = new Thing\\One();\nrequire_once 'Tool.php';\n`)], config);
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ 'php-cli': 'reached', 'php-used': 'reached', 'php-files': 'reached', 'php-tool': 'reached', 'php-mysql': 'reached',
      libmysql: 'reached', 'php-gd': 'not_reached', 'php-never': 'not_reached' });
  });

  test.each([
    ['a class that is computed', `${start}$a = new $name();\n`, { 'php-never': 'dynamic_import', 'php-gd': 'not_reached' }],
    ['a class that is computed, without a loader', '<?php\n$a = new $name();\n', { 'php-never': 'not_reached' }],
    ['a file that is computed', '<?php include $_GET["page"];', { 'php-never': 'dynamic_import', dash: 'not_reached' }],
    ['a process', '<?php echo shell_exec("id");', { dash: 'starts_programs' }],
    ['a text that names a class', `${start}$c = 'Acme\\\\Used\\\\Thing\\\\One';`, { 'php-used': 'reached' }],
    ['a method called exec', '<?php $db->exec("x"); function exec2() {} class A { function system() {} }', { dash: 'not_reached' }],
  ])('%s', async (_, app, expected) => {
    expect((await imageTrace([image(app)], config)).packages).toMatchObject(expected);
  });

  test('what answers requests is not followed', async () => {
    const members = [...image(''), program('usr/sbin/php-fpm8.2')];
    expect((await imageTrace([members], { Entrypoint: ['/usr/sbin/php-fpm8.2', '-F'] })).packages.dash).toBe('language_not_followed');
    expect((await imageTrace([members], { Entrypoint: ['php', '-S', '0.0.0.0:80'] })).packages.dash).toBe('interpreter_options');
  });
});

test('sources changed anywhere are read, or are not', () => {
  const texts: readonly (readonly [(text: string, path: string) => { readonly ends: object }, string])[] = [
    [(text, path) => perlSource(text, path), 'use A::B qw(x); my $t = <<"E" . s{a}{b}e; require "c.pl";\nx $y\nE\n=pod\n=cut\neval q{use D}; print `e` / 2;\n'],
    [(text, path) => rubySource(text, path), 'require "a#{b}"; x = %w[c d]; y = <<~E + /f/.to_s\n  #{g}\nE\nload File.join(__dir__, \'h\') if ?i\n'],
    [(text, path) => phpSource(text, path, new Map()), '<p><?php use A\\{B, C as D}; require __DIR__ . "/e$f"; $g = <<<E\nh $i\nE; new D\\J(`k`); ?> l <?= 1'],
  ];
  for (const [read, text] of texts) {
    for (let i = 0; i < text.length; i++) {
      const others = ['', '"', "'", '`', '{', '}', '(', '\\', '\n', '<', '/', '#', '$'].map((char) => text.slice(0, i) + char + text.slice(i + 1));
      for (const changed of [text.slice(0, i), ...others]) expect(read(changed, '/a').ends).toBeDefined();
    }
  }
});
