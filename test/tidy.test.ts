// The house rules, held mechanically: who may import whom, file and line length, words that may not appear, codes documented.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CODES } from '../ledger/errors.ts';
import { specifiersOf } from './tidy/imports.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * The architecture. A room may import itself, what its line names, and nothing else. `room` stands for the files directly
 * in it, `room/*` for the room and everything below it, `npm:` for a third-party package, `node:` for Node's modules.
 * ARCHITECTURE.md shows the same map and says why.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  ledger: [],
  'ledger/merkle': ['ledger', 'npm:@noble/hashes'],
  'ledger/note': ['ledger', 'npm:@noble/hashes', 'npm:@noble/curves'],
  'ledger/events': ['ledger', 'npm:cbor-x'],
  'ledger/streams': ['ledger', 'ledger/merkle', 'ledger/events'],
  'ledger/store': ['ledger', 'npm:better-sqlite3', 'npm:kysely', 'npm:pg', 'node:'],
  'ledger/log': ['ledger/*', 'node:crypto'],
  verify: ['ledger', 'ledger/merkle', 'ledger/note', 'ledger/events', 'ledger/streams'],
  'verify/pack': ['verify', 'ledger', 'ledger/merkle', 'ledger/note', 'ledger/events', 'ledger/streams'],
  'verify/sigstore': ['verify', 'ledger/*', 'npm:@noble/curves', 'node:crypto'],
  evidence: ['ledger', 'verify', 'verify/sigstore', 'npm:saxes', 'npm:xmllint-wasm', 'npm:@secvisogram/csaf-validator-lib'],
  scanner: ['ledger', 'ledger/merkle', 'evidence/*', 'npm:ae-cvss-calculator', 'npm:yaml', 'node:zlib', 'node:crypto'],
  policy: ['ledger', 'npm:re2js', 'npm:yaml', 'npm:@noble/hashes', 'npm:@noble/curves', 'node:crypto', 'node:zlib'],
  'policy/gate': ['ledger', 'ledger/merkle', 'ledger/events', 'policy', 'projections', 'evidence', 'scanner/match'],
  projections: ['ledger', 'ledger/merkle', 'ledger/events', 'ledger/streams', 'scanner/versions', 'scanner/purl', 'npm:kysely'],
  actions: ['ledger/*', 'verify/*', 'evidence/*', 'scanner/*', 'policy/*', 'projections/*'],
  api: ['actions/*', 'projections/*', 'ledger', 'ledger/log', 'ledger/merkle', 'verify/*', 'npm:hono', 'npm:@hono/node-server', 'node:http'],
  web: ['verify', 'ledger', 'api'],
  cli: ['ledger/*', 'actions/*', 'projections/*', 'scanner', 'verify/*', 'policy/*', 'api/*', 'node:'],
};

/** Rooms whose folders are one room: what holds for `policy` holds for everything below it. */
const DEEP = 'ledger/merkle ledger/note ledger/events ledger/streams ledger/store ledger/log verify/sigstore verify/pack policy/gate'
  .concat(' evidence scanner policy projections actions api web cli')
  .split(' ');

const files = (folders: string) => globSync(`{${folders}}/**/*.{ts,js,mjs}`, { cwd: root }).filter((file) => !file.includes('node_modules')).sort();
const sources = files('ledger,verify,evidence,scanner,policy,projections,actions,api,web,cli');
const all = [...sources, ...files('test,bench,tools')];
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/** The room a file or folder belongs to, by the longest name in the map; null outside the house. */
function roomOf(file: string): string | null {
  const folder = dirname(file);
  if (folder in IMPORTS) return folder;
  return DEEP.find((room) => `${folder}/`.startsWith(`${room}/`)) ?? null;
}

/** Why `file` may not import `specifier`, or null where it may. */
function complaint(file: string, specifier: string): string | null {
  const room = roomOf(file);
  if (room === null) return `${file} lies in no room of the import map`;
  const allowed = IMPORTS[room] as readonly string[];
  if (specifier.startsWith('.')) {
    const target = relative(root, join(root, dirname(file), specifier));
    if (target.endsWith('.json')) return null;
    // The launcher's second door: the same cli/main.ts after `npm run build`.
    if (file === 'cli/stella.js' && target === 'dist/cli/main.js') return null;
    const there = roomOf(target);
    if (there === null) return `${file} imports ${specifier}, which lies in no room`;
    const folder = `${dirname(target)}/`;
    const fits = (entry: string) => {
      if (entry.endsWith('/*')) return folder.startsWith(entry.slice(0, -1));
      // An entry that is no room of its own names a folder of a deep room, such as `scanner/versions`.
      return entry in IMPORTS ? entry === there : folder.startsWith(`${entry}/`);
    };
    return there === room || allowed.some(fits) ? null : `${file} (${room}) imports ${target} (${there})`;
  }
  if (specifier.startsWith('node:')) {
    return allowed.includes('node:') || allowed.includes(specifier) ? null : `${file} (${room}) imports ${specifier}`;
  }
  const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return allowed.includes(`npm:${name}`) ? null : `${file} (${room}) imports the package ${name}`;
}

describe('imports', () => {
  test('every file imports only what its room may', () => {
    const complaints = sources.flatMap((file) => specifiersOf(file, text(file)).map((specifier) => complaint(file, specifier)));
    expect(complaints.filter((found) => found !== null)).toEqual([]);
  });

  test.each([
    ['static', "import { a } from '../log/a.ts';"],
    ['side effect', "import '../log/a.ts';"],
    ['dynamic', "const a = await import('../log/a.ts');"],
    ['dynamic template', 'const a = await import(`../log/a.ts`);'],
    ['dynamic, computed', "const a = await import('../log/' + name);"],
    ['re-export', "export { a } from '../log/a.ts';"],
    ['re-export all', "export * from '../log/a.ts';"],
    ['type only', "import type { A } from '../log/a.ts';"],
    ['inline type', "type A = import('../log/a.ts').A;"],
    ['require', "const a = createRequire(import.meta.url)('../log/a.ts');"],
    ['third-party package in the wrong room', "import Database from 'better-sqlite3';"],
    ['a built-in of Node in the wrong room', "import { createHash } from 'node:crypto';"],
    ['a built-in of Node without its prefix', "import { createHash } from 'crypto';"],
  ])('a planted import is found: %s', (_, code) => {
    const file = 'ledger/merkle/planted.ts';
    const found = specifiersOf(file, code).map((specifier) => complaint(file, specifier));
    expect(found.filter((line) => line !== null)).not.toEqual([]);
  });

  test('the map in ARCHITECTURE.md is this map', () => {
    const page = text('ARCHITECTURE.md');
    for (const [room, allowed] of Object.entries(IMPORTS)) {
      const cells = allowed.map((entry) => `\`${entry}\``).join(' ') || 'nothing';
      expect(page).toContain(`| \`${room}\` | ${cells} |`);
    }
  });
});

describe('words and shapes', () => {
  const BANNED: readonly [RegExp, string, (file: string) => boolean][] = [
    [/\bBuffer\b/, 'Buffer', (file) => !BUFFER_FILES.includes(file)],
    [/\bDate\.now\(|new Date\(\)/, 'the clock', (file) => !file.startsWith('cli/') && !file.startsWith('api/')],
    [/\bMath\.random\b/, 'Math.random', () => true],
    [/\bconsole\./, 'console', () => true],
    [/\bFIXME\b|\bTODO\b/, 'unfinished work', () => true],
    [/\bprocess\.(env|exit|stdout|stderr|argv)\b/, 'the process', (file) => !file.startsWith('cli/') && !file.startsWith('api/')],
    [/\bas any\b/, 'as any', () => true],
  ];

  test.each(BANNED)('%s stands only where it may (%s)', (pattern, _, applies) => {
    expect(sources.filter((file) => applies(file) && pattern.test(withoutComments(text(file))))).toEqual([]);
  });

  test('lines have at most 160 characters, and only named files more than 500 lines', () => {
    const long = all.filter((file) => !file.includes('.generated.')).flatMap((file) => {
      const lines = text(file).split('\n');
      const wide = lines.findIndex((line) => line.length > 160);
      const found = wide < 0 ? [] : [`${file}:${wide + 1} is wider than 160`];
      return lines.length > 500 && !LONG_FILES.includes(file) ? [...found, `${file} has ${lines.length} lines`] : found;
    });
    expect(long).toEqual([]);
  });

  test('every source file opens with a sentence that says what it is for', () => {
    expect(all.filter((file) => !/^(#!.*\n)?\/[/*]/.test(text(file)))).toEqual([]);
  });

  test('every refusal code is documented once in spec/errors.md, in the order of the code', () => {
    expect([...text('spec/errors.md').matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((row) => row[1])).toEqual([...CODES]);
  });
});

/** A measured hot path may use Buffer in one file, named here with its reason beside it. */
const BUFFER_FILES: readonly string[] = ['ledger/log/fast-engines.ts'];

/** Files that are one thing and longer than 500 lines all the same: each needs its reason here. */
const LONG_FILES: readonly string[] = [];

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;{}(,])\/\/.*$/gm, '$1');
}
