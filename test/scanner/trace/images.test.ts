// Images in the manner of real ones, as OCI layouts: which packages their entry points reach, which they do not, and what is not known.
import { describe, expect, test } from 'vitest';
import { chainTo } from '../../../scanner/trace/trace.ts';
import type { Member } from '../image/make.ts';
import { apk, base, debian, imageTrace, passwd } from './image.ts';
import { classFile, program, script, started, zip } from './make.ts';

const STORE = `#!/usr/bin/env bash
set -Eeo pipefail

# the name of a variable, and a file that holds its value
from_file() {
	local var="$1" file="\${1}_FILE" def="\${2:-}"
	if [ "\${!var:-}" ] && [ "\${!file:-}" ]; then
		printf >&2 'both %s and %s are set\\n' "$var" "$file"
		exit 1
	fi
	local val="$def"
	if [ "\${!var:-}" ]; then
		val="\${!var}"
	elif [ "\${!file:-}" ]; then
		val="$(< "\${!file}")"
	fi
	export "$var"="$val"
	unset "$file"
}

was_sourced() {
	[ "\${#FUNCNAME[@]}" -ge 2 ] && [ "\${FUNCNAME[0]}" = 'was_sourced' ] && [ "\${FUNCNAME[1]}" = 'source' ]
}

make_folders() {
	local user; user="$(id -u)"
	mkdir -p "$DATA"
	chmod 00700 "$DATA" || :
	if [ "$user" = '0' ]; then
		find "$DATA" \\! -user store -exec chown store '{}' +
	fi
}

init_files() {
	local f
	for f; do
		case "$f" in
			*.sh)
				if [ -x "$f" ]; then "$f"; else . "$f"; fi
				;;
			*.sql) storectl -f "$f" ;;
			*) printf '%s: ignoring %s\\n' "$0" "$f" ;;
		esac
	done
}

wants_help() {
	local arg
	for arg; do
		case "$arg" in
			-'?'|--help|-V|--version) return 0 ;;
		esac
	done
	return 1
}

main() {
	if [ "\${1:0:1}" = '-' ]; then
		set -- storedb "$@"
	fi
	if [ "$1" = 'storedb' ] && ! wants_help "$@"; then
		from_file STORE_PASSWORD
		make_folders
		if [ "$(id -u)" = '0' ]; then
			exec gosu store "$BASH_SOURCE" "$@"
		fi
		if [ ! -s "$DATA/VERSION" ]; then
			if [ -z "\${STORE_PASSWORD:-}" ]; then
				echo >&2 'a password is needed'
				exit 1
			fi
			eval 'storeinit --user store'
			init_files /docker-entrypoint-initdb.d/*
		fi
	fi
	exec "$@"
}

if ! was_sourced; then
	main "$@"
fi
`;

describe('a database', () => {
  const files = {
    ...base, gosu: ['usr/local/bin/gosu'], 'storedb-16': ['usr/lib/store/bin/storedb', 'usr/lib/store/bin/storeinit'],
      'storedb-client': ['usr/lib/store/bin/storectl'],
    libssl3: ['usr/lib/x86_64-linux-gnu/libssl.so.3'], 'perl-base': ['usr/bin/perl'],
  };
  const members = (imports: string[]): Member[] => [
    ...debian(files), script('usr/local/bin/docker-entrypoint.sh', STORE), program('usr/local/bin/gosu', { isStatic: true }),
    program('usr/lib/store/bin/storedb', { needed: ['libssl.so.3', 'libc.so.6'], imports, interpreter: '/lib64/ld-linux-x86-64.so.2' }),
    program('usr/lib/store/bin/storeinit', { needed: ['libc.so.6'] }), program('usr/lib/store/bin/storectl', { needed: ['libc.so.6'] }),
    program('usr/lib/x86_64-linux-gnu/libssl.so.3', { needed: ['libc.so.6'] }), program('usr/bin/perl', { needed: ['libc.so.6'] }),
    program('lib64/ld-linux-x86-64.so.2'), { path: 'docker-entrypoint-initdb.d/10-more.sql', content: '' },
  ];
  const config = { Entrypoint: ['docker-entrypoint.sh'], Cmd: ['storedb'], Env: ['PATH=/usr/local/bin:/usr/bin:/usr/lib/store/bin', 'DATA=/var/lib/store'],
    Volumes: { '/var/lib/store': {} } };

  test('drops root, begins its data and starts', async () => {
    const { document, packages, reasons } = await imageTrace([debian(base), members([])], config);
    expect(reasons).toEqual([]);
    expect(packages).toEqual({
      bash: 'reached', coreutils: 'reached', dash: 'not_reached', findutils: 'reached', gosu: 'reached', libc6: 'reached', libssl3: 'reached',
        libtinfo6: 'reached',
      'perl-base': 'not_reached', 'storedb-16': 'reached', 'storedb-client': 'reached',
    });
    const commands = started(document);
    expect(commands).toContain('gosu store /usr/local/bin/docker-entrypoint.sh storedb');
    expect(commands).toContain('storeinit --user store');
    expect(commands).toContain('storectl -f /docker-entrypoint-initdb.d/10-more.sql');
    expect(document.steps.find(({ path }) => path.endsWith('libssl.so.3'))).toMatchObject({ layer: expect.stringMatching(/^sha256:/), why: 'library' });
  });

  test('that can start other programs by itself leaves what it does not show unknown', async () => {
    const { packages, reasons } = await imageTrace([members(['execv', 'dlopen'])], config);
    expect(reasons).toEqual(['loads_libraries: storedb imports dlopen', 'starts_programs: storedb imports execv']);
    expect(packages).toMatchObject({ 'perl-base': 'starts_programs', dash: 'starts_programs', 'storedb-16': 'reached' });
  });

  test('called for its version needs none of this', async () => {
    const { packages } = await imageTrace([members([])], { ...config, Cmd: ['--version'] });
    expect(packages).toMatchObject({ gosu: 'not_reached', coreutils: 'reached', 'storedb-client': 'not_reached', 'storedb-16': 'reached' });
  });
});

const QUEUE = `#!/bin/sh
set -e

if [ "\${1#-}" != "$1" ] || [ "\${1%.conf}" != "$1" ]; then
	set -- keepd "$@"
fi

if [ "$1" = 'keepd' -a "$(id -u)" = '0' ]; then
	find . \\! -user keep -exec chown keep '{}' +
	exec su-exec keep "$0" "$@"
fi

um="$(umask)"
if [ "$um" = '0022' ]; then
	umask 0077
fi

exec "$@"
`;

describe('a queue', () => {
  const members: Member[] = [
    ...apk({ musl: ['lib/ld-musl-x86_64.so.1'], busybox: ['bin/busybox'], 'su-exec': ['sbin/su-exec'], keepd: ['usr/bin/keepd'], zlib: ['lib/libz.so.1'],
      'ca-certificates': ['usr/sbin/update-ca'] }),
    passwd, program('lib/ld-musl-x86_64.so.1'), program('bin/busybox', { needed: ['libc.musl-x86_64.so.1'] }), { path: 'lib/libc.musl-x86_64.so.1',
      link: 'ld-musl-x86_64.so.1' },
    ...['bin/sh', 'usr/bin/id', 'usr/bin/find', 'bin/chown'].map((path) => ({ path, link: '/bin/busybox' })),
      program('sbin/su-exec', { needed: ['libc.musl-x86_64.so.1'] }),
    program('usr/bin/keepd', { needed: ['libz.so.1', 'libc.musl-x86_64.so.1'] }), program('lib/libz.so.1', { needed: ['libc.musl-x86_64.so.1'] }),
      script('usr/local/bin/entry.sh', QUEUE),
    script('usr/sbin/update-ca', '#!/bin/sh\ntrue\n'),
  ];

  test('on busybox: options go to the server, the user is dropped', async () => {
    const { document, packages, reasons } = await imageTrace([members], { Entrypoint: ['entry.sh'], Cmd: ['/etc/keep.conf'], WorkingDir: '/data' });
    expect(reasons).toEqual([]);
    expect(packages).toEqual({ busybox: 'reached', 'ca-certificates': 'not_reached', keepd: 'reached', musl: 'reached', 'su-exec': 'reached',
      zlib: 'reached' });
    expect(started(document)).toContain('keepd /etc/keep.conf');
    expect(started(document).filter((line) => line.startsWith('su-exec'))).toEqual(['su-exec keep /usr/local/bin/entry.sh keepd /etc/keep.conf']);
  });

  test('started as its user needs no su-exec; with another command its server is not reached', async () => {
    expect((await imageTrace([members], { Entrypoint: ['entry.sh'], Cmd: ['keepd'], User: '999' })).packages).toMatchObject({ 'su-exec': 'not_reached',
      keepd: 'reached' });
    expect((await imageTrace([members], { Entrypoint: ['entry.sh'], Cmd: ['id'] })).packages).toMatchObject({ keepd: 'not_reached', zlib: 'not_reached' });
  });
});

const WEB = `#!/bin/sh
# vim:sw=4:ts=4:et

set -e

entrypoint_log() {
    if [ -z "\${ENTRYPOINT_QUIET_LOGS:-}" ]; then
        echo "$@"
    fi
}

if [ "$1" = "webd" ] || [ "$1" = "webd-debug" ]; then
    if /usr/bin/find "/docker-entrypoint.d/" -mindepth 1 -maxdepth 1 -type f -print -quit 2>/dev/null | read v; then
        entrypoint_log "$0: looking for scripts"
        find "/docker-entrypoint.d/" -follow -type f -print | sort -V | while read -r f; do
            case "$f" in
                *.envsh)
                    if [ -x "$f" ]; then
                        entrypoint_log "$0: sourcing $f";
                        . "$f"
                    else
                        entrypoint_log "$0: ignoring $f, not executable";
                    fi
                    ;;
                *.sh)
                    if [ -x "$f" ]; then
                        "$f"
                    fi
                    ;;
                *) entrypoint_log "$0: ignoring $f";;
            esac
        done
    fi
fi

exec "$@"
`;

describe('a web server', () => {
  const members: Member[] = [
    ...debian({ ...base, webd: ['usr/sbin/webd'], 'gettext-base': ['usr/bin/envsubst'], curl: ['usr/bin/curl'] }), script('docker-entrypoint.sh', WEB),
    script('docker-entrypoint.d/20-templates.sh',
      '#!/bin/sh\nset -e\nauto() {\n  local dir="${TEMPLATES:-/etc/webd/templates}"\n  [ -d "$dir" ] || return 0\n'
        + '  envsubst "$defined" < "$dir/a" > /etc/webd/a\n}\nauto\nexit 0\n'),
    script('docker-entrypoint.d/15-env.envsh', 'export WEB_WORKERS=$(nproc)\n'), { path: 'docker-entrypoint.d/notes.txt', content: 'curl' },
    program('usr/bin/sort'), program('usr/bin/nproc'), program('usr/bin/envsubst'), program('usr/bin/curl'),
      program('usr/sbin/webd', { needed: ['libc.so.6'] }),
  ];

  test('runs the scripts of its folder, then itself', async () => {
    const { document, packages, reasons } = await imageTrace([members], { Entrypoint: ['/docker-entrypoint.sh'], Cmd: ['webd', '-g', 'daemon off;'] });
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ 'gettext-base': 'reached', webd: 'reached', curl: 'not_reached', dash: 'reached', findutils: 'reached' });
    expect(document.steps.filter(({ why }) => why === 'sources').map(({ path }) => path)).toEqual(['/docker-entrypoint.d/15-env.envsh']);
  });
});

const NODE = `#!/bin/sh
set -e

# Run command with node if the first argument contains a "-" or is not a system command.
if [ "\${1#-}" != "\${1}" ] || [ -z "$(command -v "\${1}")" ] || { [ -f "\${1}" ] && ! [ -x "\${1}" ]; }; then
  set -- node "$@"
fi

exec "$@"
`;

describe('a Node application', () => {
  const pack = (name: string, more: object = {}): Member => ({ path: `app/node_modules/${name}/package.json`,
    content: JSON.stringify({ name, version: '1.0.0', ...more }) });
  const members: Member[] = [
    ...debian({ ...base, nodejs: ['usr/bin/node'], libssl3: ['usr/lib/x86_64-linux-gnu/libssl.so.3'] }), script('usr/local/bin/docker-entrypoint.sh', NODE),
    program('usr/bin/node', { needed: ['libssl.so.3', 'libc.so.6'], imports: ['execvp', 'dlopen'] }), program('usr/lib/x86_64-linux-gnu/libssl.so.3'),
    { path: 'app/package.json',
      content: '{"name":"app","version":"1.0.0","scripts":{"start":"NODE_ENV=production node ./server.js"},"imports":{"#own":"./lib/own.js"}}' },
    { path: 'app/server.js',
      content: "'use strict';\nconst serve = require('serve');\nconst own = require('#own');\n// require('never')\n"
        + "const text = `require('never')`;\nserve(/require\\('never'\\)/, own, text);\n" },
    { path: 'app/lib/own.js', content: "import { one } from 'modern/sub';\nexport * from '@scope/tool';\n" },
    pack('serve', { main: './lib' }), { path: 'app/node_modules/serve/lib/index.js',
      content: "module.exports = require('./router'); try { require('optional') } catch {}\n" },
    { path: 'app/node_modules/serve/lib/router.js', content: "require('left-pad');require('node:http')\n" }, pack('left-pad'),
      { path: 'app/node_modules/left-pad/index.js', content: 'module.exports = 1\n' },
    pack('modern', { exports: { './sub': { import: './esm/sub.mjs', require: './cjs/sub.cjs' } } }), { path: 'app/node_modules/modern/esm/sub.mjs',
      content: "import data from './data.json' with { type: 'json' };\n" },
    { path: 'app/node_modules/modern/esm/data.json', content: '{}' }, { path: 'app/node_modules/modern/cjs/sub.cjs', content: "require('never')\n" },
    pack('@scope/tool'), { path: 'app/node_modules/@scope/tool/index.js', content: '' }, pack('never'), { path: 'app/node_modules/never/index.js',
      content: '' },
    pack('serve/node_modules/left-pad'), { path: 'app/node_modules/serve/node_modules/left-pad/index.js', content: '' },
  ];
  const config = { Entrypoint: ['docker-entrypoint.sh'], Cmd: ['server.js'], WorkingDir: '/app' };

  test('reaches what its modules require and import, and no more', async () => {
    const { document, packages, reasons } = await imageTrace([members], config);
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ serve: 'reached', modern: 'reached', '@scope/tool': 'reached', never: 'not_reached', nodejs: 'reached',
      libssl3: 'reached', bash: 'not_reached' });
    // The nearest of two packages of one name is the one.
    const states = document.packages.filter(({ ref }) => ref.includes('left-pad')).map(({ ref, trace }) => [ref.includes('serve/node_modules'), trace.state]);
    expect(states).toEqual([[false, 'not_reached'], [true, 'reached']]);
    const step = document.packages.find(({ ref }) => ref.includes('serve/node_modules'))?.step as number;
    expect(chainTo(document, step).map(({ path }) => path)).toEqual([
      '/usr/local/bin/docker-entrypoint.sh', '/usr/bin/dash', '/usr/local/bin/docker-entrypoint.sh', '/usr/bin/node', '/app/server.js',
        '/app/node_modules/serve/lib/index.js',
      '/app/node_modules/serve/lib/router.js', '/app/node_modules/serve/node_modules/left-pad/index.js',
    ].filter((path, i) => i !== 2 || path !== '/usr/local/bin/docker-entrypoint.sh' || document.steps.filter((one) => one.path === path).length > 1));
  });

  test('a script that its first line starts is followed too', async () => {
    const own = [...members, script('app/cli.js', "#!/usr/bin/env node\nrequire('./server.js');\n")];
    const { document, packages, reasons } = await imageTrace([own], { Entrypoint: ['/app/cli.js'] });
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ serve: 'reached', never: 'not_reached' });
    const step = document.packages.find(({ ref }) => ref.includes('node_modules/modern'))?.step as number;
    expect(chainTo(document, step).map(({ path, why }) => `${why} ${path}`)).toEqual([
      'starts /app/cli.js', 'starts /usr/bin/env', 'starts /usr/bin/node', 'interprets /app/cli.js', 'import /app/server.js', 'import /app/lib/own.js',
      'import /app/node_modules/modern/esm/sub.mjs',
    ]);
  });

  test('that loads what it computes leaves its packages unknown, and everything where they could do more', async () => {
    const dynamic = (content: string): Member[] => [...members.filter(({ path }) => path !== 'app/lib/own.js'), { path: 'app/lib/own.js', content }];
    expect((await imageTrace([dynamic('module.exports = (name) => require(name);\n')], config)).packages).toMatchObject({ never: 'dynamic_import',
      bash: 'not_reached', serve: 'reached' });
    expect((await imageTrace([[...dynamic('const load = require;\n'), { path: 'app/node_modules/never/run.js', content: "require('child_process')" }]],
      config)).packages)
      .toMatchObject({ never: 'dynamic_import', bash: 'dynamic_import' });
    expect((await imageTrace([dynamic("const { spawn } = require('child_process');\n")], config)).packages).toMatchObject({ never: 'starts_programs',
      bash: 'starts_programs' });
    expect((await imageTrace([dynamic("exports.run = (text) => eval(text);\n")], config)).packages).toMatchObject({ never: 'evaluates_code',
      bash: 'not_reached' });
    expect((await imageTrace([dynamic('const broken = "\n')], config)).packages).toMatchObject({ never: 'unread', bash: 'unread' });
  });

  test('started by npm: its scripts say what runs', async () => {
    const npm: Member[] = [
      { path: 'usr/lib/node_modules/npm/package.json', content: '{"name":"npm","version":"10.0.0"}' }, script('usr/lib/node_modules/npm/bin/npm-cli.js',
        '#!/usr/bin/env node\n'),
      { path: 'usr/bin/npm', link: '../lib/node_modules/npm/bin/npm-cli.js' },
    ];
    const { document, packages, reasons } = await imageTrace([[...members, ...npm]], { ...config, Cmd: ['npm', 'start'] });
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ npm: 'reached', serve: 'reached', never: 'not_reached' });
    expect(started(document)).toContain('node ./server.js');
  });
});

describe('a Python application', () => {
  const site = 'opt/venv/lib/python3.11/site-packages';
  const wheel = (name: string, files: Readonly<Record<string, string>>): Member[] => [
    { path: `${site}/${name}-1.0.dist-info/METADATA`, content: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n\n` },
    { path: `${site}/${name}-1.0.dist-info/RECORD`, content: Object.keys(files).map((path) => `${path},sha256=x,1\n`).join('') },
    ...Object.entries(files).map(([path, content]) => ({ path: `${site}/${path}`, content })),
  ];
  const members = (app: string, more: Member[] = []): Member[] => [
    ...debian({ ...base, 'python3.11': ['usr/bin/python3.11'], 'libpython3.11-stdlib': ['usr/lib/python3.11/os.py', 'usr/lib/python3.11/json/__init__.py'],
      'python3-never': ['usr/lib/python3/dist-packages/never.py'] }),
    program('usr/bin/python3.11', { needed: ['libc.so.6'], imports: ['execv', 'dlopen'] }), { path: 'opt/venv/bin/python', link: '/usr/bin/python3.11' },
      { path: 'opt/venv/pyvenv.cfg', content: 'home = /usr/bin\n' },
    ...['os', 'site', 'io'].map((name) => ({ path: `usr/lib/python3.11/${name}.py`, content: 'import subprocess\n' })),
      { path: 'usr/lib/python3.11/json/__init__.py', content: '' },
    ...wheel('gunicorn', { 'gunicorn/__init__.py': '', 'gunicorn/app/__init__.py': '', 'gunicorn/app/wsgiapp.py': 'from gunicorn import util\n',
      'gunicorn/util.py': '' }),
    ...wheel('flask', { 'flask/__init__.py': 'from .app import Flask as Flask\n',
      'flask/app.py': 'import typing as t\nfrom werkzeug import (\n  serving,\n)\n' }),
    ...wheel('werkzeug', { 'werkzeug/__init__.py': '"""import never"""\n', 'werkzeug/serving.py': 'x = 1; import markup\n' }),
      ...wheel('markup', { 'markup.py': '' }), ...wheel('never', { 'never/__init__.py': '' }),
    script('opt/venv/bin/gunicorn',
      '#!/opt/venv/bin/python\nimport re, sys\nfrom gunicorn.app.wsgiapp import run\nif __name__ == "__main__":\n    sys.exit(run())\n'),
    { path: 'srv/shop/wsgi.py', content: app }, { path: 'srv/shop/__init__.py', content: '' },
    script('entrypoint.sh',
      '#!/bin/bash\nset -euo pipefail\nWORKERS="${WORKERS:-4}"\nargs=(--bind 0.0.0.0:8000 --workers "$WORKERS")\n'
        + 'if [[ "${1:-serve}" == serve ]]; then\n  exec gunicorn "${args[@]}" shop.wsgi:app\nfi\nexec python -m shop "$@"\n'),
    ...more,
  ];
  const config = { Entrypoint: ['tini', '--', '/entrypoint.sh'], Cmd: ['serve'], WorkingDir: '/srv', Env: ['PATH=/opt/venv/bin:/usr/bin'] };
  const tini = program('usr/bin/tini', { isStatic: true });

  test('under gunicorn reaches its module and what that imports', async () => {
    const { document, packages, reasons } = await imageTrace([members('from flask import Flask\nimport json\napp = Flask(__name__)\n', [tini])], config);
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({
      gunicorn: 'reached', flask: 'reached', werkzeug: 'reached', markup: 'reached', never: 'not_reached', 'python3-never': 'not_reached',
        'python3.11': 'reached', 'libpython3.11-stdlib': 'reached',
      bash: 'reached', dash: 'not_reached',
    });
    expect(started(document)).toContain('gunicorn --bind 0.0.0.0:8000 --workers 4 shop.wsgi:app');
  });

  test.each([
    ['importlib.import_module(name)', 'import importlib\nimportlib.import_module(name)\n', { never: 'dynamic_import', dash: 'not_reached' }],
    ['subprocess', 'import subprocess as s\n', { never: 'starts_programs', dash: 'starts_programs' }],
    ['os.system', 'import os\nos.system("x")\n', { never: 'starts_programs', dash: 'starts_programs' }],
    ['exec', 'exec(text)\n', { never: 'evaluates_code', dash: 'not_reached' }],
    ['ctypes', 'from ctypes import cdll\n', { never: 'not_reached', dash: 'not_reached', libtinfo6: 'reached' }],
    ['a literal import', 'import importlib\nimportlib.import_module("never")\n', { never: 'reached', 'python3-never': 'not_reached' }],
  ])('with %s', async (_, app, expected) => {
    expect((await imageTrace([members(app, [tini])], config)).packages).toMatchObject(expected);
  });
});

describe('a Java application', () => {
  const pom = (group: string, artifact: string) =>
    ({ [`META-INF/maven/${group}/${artifact}/pom.properties`]: `groupId=${group}\nartifactId=${artifact}\nversion=1.0\n` });
  const library = (artifact: string, classes: Readonly<Record<string, Uint8Array>>) => zip({ ...pom('org.lib', artifact), ...classes });
  const jar = (main: Uint8Array) => zip({
    'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\r\nMain-Class: org.boot.Laun\r\n cher\r\nStart-Class: shop.Main\r\n',
      'org/boot/Launcher.class': classFile(['java/lang/String']),
    'BOOT-INF/classes/shop/Main.class': main, 'BOOT-INF/lib/used-1.0.jar': library('used', { 'lib/Used.class': classFile(['lib/deep/Deep']),
      'lib/deep/Deep.class': classFile([]) }),
    'BOOT-INF/lib/unused-1.0.jar': library('unused', { 'lib/Unused.class': classFile([]) }),
  });
  const members = (main: Uint8Array): Member[] => [
    ...debian({ ...base, 'openjdk-17-jre': ['usr/lib/jvm/bin/java', 'usr/lib/jvm/lib/libjli.so'] }), program('usr/lib/jvm/bin/java',
      { needed: ['libjli.so', 'libc.so.6'], runpath: '$ORIGIN/../lib', imports: ['execv'] }),
    program('usr/lib/jvm/lib/libjli.so', { imports: ['dlopen'] }), { path: 'usr/bin/java', link: '../lib/jvm/bin/java' },
      { path: 'app/shop.jar', content: jar(main) },
    script('run.sh', '#!/bin/sh\nJAVA_OPTS="-Xmx256m $JAVA_OPTS"\nexec java $JAVA_OPTS -Djava.io.tmpdir=/tmp -jar /app/shop.jar "$@"\n'),
  ];
  const config = { Entrypoint: ['/run.sh'] };

  test('in one archive reaches the libraries whose classes it refers to', async () => {
    const { packages, reasons } = await imageTrace([members(classFile(['lib/Used', 'java/util/List']))], config);
    expect(reasons).toEqual([]);
    expect(packages).toMatchObject({ used: 'reached', unused: 'not_reached', 'openjdk-17-jre': 'reached', dash: 'reached', bash: 'not_reached' });
  });

  test('with reflection, and with other programs', async () => {
    expect((await imageTrace([members(classFile(['lib/Used'], ['java/lang/Class.forName']))], config)).packages).toMatchObject({ used: 'reached',
      unused: 'reflection', bash: 'not_reached' });
    expect((await imageTrace([members(classFile([], ['java/lang/ProcessBuilder.<init>']))], config)).packages).toMatchObject({ used: 'starts_programs',
      bash: 'starts_programs' });
  });

  test('on a class path with folders and wildcards', async () => {
    const path: Member[] = [
      ...members(classFile([])), { path: 'srv/lib/used-1.0.jar', content: library('used-here', { 'lib/Used.class': classFile([]) }) },
        { path: 'srv/lib/other.jar', content: library('other', { 'lib/Other.class': classFile([]) }) },
      { path: 'srv/classes/a/Main.class', content: classFile(['lib/Used']) },
    ];
    expect((await imageTrace([path], { Entrypoint: ['java', '-cp', '/srv/classes:/srv/lib/*', 'a.Main'] })).packages).toMatchObject({ 'used-here': 'reached',
      other: 'not_reached' });
  });
});
