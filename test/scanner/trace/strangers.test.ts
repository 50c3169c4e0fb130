// What strangers' scripts and modules may be: whatever they are, a trace ends, and says what it does not know.
import { describe, expect, test } from 'vitest';
import { loadedBy } from '../../../scanner/trace/javascript.ts';
import { importsOf } from '../../../scanner/trace/python-source.ts';
import { parseShell } from '../../../scanner/trace/shell/parse.ts';
import { ShellSyntax } from '../../../scanner/trace/shell/syntax.ts';
import type { Member } from '../image/make.ts';
import { classFile, elf, program, script, trace, zip } from './make.ts';

const SCRIPT = `#!/bin/bash
set -e; a=(1 "$2" $(x)); f() { local b=\${1:-c}; case "$b" in x*|[a-c]) echo "$((b + 1))";; *) : ;; esac; }
for i in "$@"; do if [[ -n $i && ! "$i" == -* ]]; then f "\${i%%=*}" <<EOT
text $i
EOT
fi; done; while read -r l; do eval "$l"; done < <(find / -name '*.sh'); exec "\${a[@]}" 2>&1 | tee >(cat) & trap 'x' INT
`;
const JAVASCRIPT = "import a, { b } from 'c'; const d = /[/]x/.test(`t${require('e')}`) ? await import('f') : eval('g'); export * from './h.js';\n";
const PYTHON = 'from . import a as b, c\nimport d.e, f\nx = """import no"""; import_module("g")\nif True: from h.i import (j,\n  k)\n';

/** Every single change of a character, and every cut. */
function* changed(text: string): Generator<string> {
  for (let i = 0; i < text.length; i++) {
    yield text.slice(0, i);
    yield text.slice(0, i) + text.slice(i + 1);
    for (const char of ['"', "'", '`', '(', ')', '{', '}', '$', '\\', '\n', ';', '<', '|', '/', '#', '\0']) yield text.slice(0, i) + char + text.slice(i + 1);
  }
}

describe('changed anywhere', () => {
  test('a script parses, or is none', () => {
    let parsed = 0;
    for (const text of changed(SCRIPT)) {
      try {
        parseShell(text);
        parsed += 1;
      } catch (error) {
        if (!(error instanceof ShellSyntax)) throw new Error(JSON.stringify(text), { cause: error });
      }
    }
    expect(parsed).toBeGreaterThan(100);
  });

  test('modules are read, or are not', () => {
    expect(loadedBy(JAVASCRIPT)).toEqual({
      modules: [{ name: 'c', how: 'import' }, { name: 'e', how: 'require' }, { name: 'f', how: 'import' }, { name: './h.js', how: 'import' }], dynamic: null,
        evaluates: 1, native: null,
    });
    expect(importsOf(PYTHON).imports.map(({ name, level, members }) => [name, level, ...members])).toEqual([['', 1, 'a', 'c'], ['d.e', 0], ['f', 0],
      ['g', 0], ['h.i', 0, 'j', 'k']]);
    // Builtin modules have a door beside `require`.
    expect(loadedBy("process.getBuiltinModule('child_process')")?.native).toBe(1);
    for (const text of changed(JAVASCRIPT)) loadedBy(text);
    for (const text of changed(PYTHON)) importsOf(text);
  });

  test('programs and archives of an image end in a trace', () => {
    const class_ = classFile(['lib/Used'], ['java/lang/Class.forName']);
    const jar = zip({ 'META-INF/MANIFEST.MF': 'Main-Class: a.Main\nClass-Path: x%zz.jar\n', 'a/Main.class': class_ });
    const java = program('usr/bin/java', { needed: ['libc.so.6'] });
    for (let at = 0; at < jar.length; at += 3) {
      const bytes = jar.slice();
      bytes[at] = (bytes[at] as number) ^ 0xff;
      expect(trace([java, { path: 'a.txt', content: bytes }], { Entrypoint: ['java', '-jar', '/a.txt'] }).steps.length).toBeGreaterThan(0);
    }
    const binary = elf({ needed: ['libc.so.6'], imports: ['execve'], interpreter: '/lib/ld.so', runpath: '$ORIGIN' });
    for (let at = 0; at < binary.length; at++) {
      const bytes = binary.slice();
      bytes[at] = (bytes[at] as number) ^ 0xff;
      trace([{ path: 'bin/x', content: bytes, mode: 0o755 }], { Entrypoint: ['/bin/x'] });
    }
  });
});

describe('made to never end', () => {
  const sh: Member[] = [program('bin/sh'), program('bin/x'), program('bin/find'), { path: 'loop/a', link: '.' }, { path: 'loop/b', link: '../loop' },
    { path: 'loop/c', content: '' }];
  test.each([
    ['a text that doubles', 'i=x; while x; do i="$i$i"; done; x "$i"'],
    ['words that double', 'set -- a b; while x; do set -- "$@" "$@"; done; x "$@"'],
    ['links that lead round', 'for f in $(find -L /loop); do x "$f"; done'],
    ['a pattern over links', 'for f in /loop/*/*/*/*/*/*; do x "$f"; done'],
    ['a script that starts itself', 'x; exec "$0" "$@" more'],
    ['a function that calls itself', 'f() { x "$1"; f "$1.$1"; f "$1-"; }; f a'],
    ['conditions that multiply', Array.from({ length: 60 }, (_, i) => `if x ${i}; then v${i}=1; fi`).join('\n')],
    ['deep nesting', `${'( '.repeat(150)}x${' )'.repeat(150)}`],
    ['substitutions in each other', `x ${'$(x '.repeat(60)}${')'.repeat(60)}`],
  ])('%s', (_, text) => {
    const document = trace([...sh, script('run.sh', `#!/bin/sh\n${text}\n`)], { Entrypoint: ['/run.sh'] });
    expect(document.steps.some(({ path }) => path === '/bin/x') || document.ends.some(({ over }) => over === 'everything')).toBe(true);
  }, 60_000);
});
