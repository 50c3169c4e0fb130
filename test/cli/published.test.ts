// The command line as it is published: chunks that say what the sources say, and of which a scan loads few.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCommandLine } from '../../tools/command-line.ts';
import { build, observationOf } from '../scanner/snapshot/memory.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stella-published-'));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  for (const name of ['package/cli', 'package/dist']) mkdirSync(at(name), { recursive: true });
  for (const name of ['cli/stella.js', 'package.json']) cpSync(join(root, name), at(`package/${name}`));
  symlinkSync(join(root, 'node_modules'), at('package/node_modules'));
  symlinkSync(join(root, 'evidence'), at('package/dist/evidence'));
  await writeCommandLine(at('package/dist/cli'));
  const affected = [{ package: { ecosystem: 'npm', name: 'left-pad' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.3.1' }] }] }];
  writeFileSync(at('snapshot'), build([observationOf('ghsa', { id: 'GHSA-aaaa', affected })]).bytes);
  const components = [{ type: 'library', 'bom-ref': 'a', name: 'left-pad', version: '1.3.0', purl: 'pkg:npm/left-pad@1.3.0' }];
  const documentOf = (list: object[]) => JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: list });
  writeFileSync(at('list.cdx.json'), documentOf(components));
  // Enough of them that what is said does not fit into a pipe.
  const many = Array.from({ length: 2000 }, (_, i) =>
    ({ type: 'library', 'bom-ref': `b${i}`, name: 'left-pad', version: `1.2.${i}`, purl: `pkg:npm/left-pad@1.2.${i}` }));
  writeFileSync(at('long.cdx.json'), documentOf([...components, ...many]));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function stella(launcher: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, stdout, stderr };
}

const scanInto = (out: string, list = 'list.cdx.json') => ['scan', list, '--dry-run', '--snapshot-file', 'snapshot', '--findings', out];

test('the sources and the chunks write the same findings, and the same words', () => {
  const [source, published] = [stella(join(root, 'cli/stella.js'), scanInto('a')), stella(at('package/cli/stella.js'), scanInto('b'))];
  expect(source).toMatchObject({ status: 0, stderr: '' });
  expect(published).toEqual(source);
  expect(readFileSync(at('b'))).toEqual(readFileSync(at('a')));
  expect(JSON.parse(readFileSync(at('b'), 'utf8'))).toMatchObject({ counts: { affected: 1 } });
  for (const args of [['--help'], ['scan', '--help'], ['gate', '--help'], ['verify', '--help'], ['--version'], ['scan', 'nothing-here', '--dry-run']]) {
    expect([args, stella(at('package/cli/stella.js'), args)]).toEqual([args, stella(join(root, 'cli/stella.js'), args)]);
  }
}, 60_000);

test('what is compiled is kept in the cache of the user, and no place for it is no reason to stop', () => {
  const args = scanInto('c');
  expect(stella(at('package/cli/stella.js'), args, { XDG_CACHE_HOME: at('cache'), NODE_COMPILE_CACHE: '' })).toMatchObject({ status: 0, stderr: '' });
  expect(readdirSync(at('cache/stella-ledger/compiled')).length).toBeGreaterThan(0);
  writeFileSync(at('file'), '');
  expect(stella(at('package/cli/stella.js'), args, { XDG_CACHE_HOME: at('file') })).toMatchObject({ status: 0, stderr: '' });
  expect(existsSync(at('c'))).toBe(true);
}, 60_000);

test('every file that another one names is there', () => {
  const files = readdirSync(at('package/dist/cli'));
  const named = files.flatMap((name) => {
    const text = readFileSync(at(`package/dist/cli/${name}`), 'utf8');
    return [...text.matchAll(/"\.\/([a-z-]+-[A-Z0-9]{8}\.js)"/g)].map(([, file]) => file as string);
  });
  expect(named.filter((name) => !files.includes(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(100);
});

test('a scan of a bill of materials loads no package at all', () => {
  const files = readdirSync(at('package/dist/cli'));
  const text = (name: string) => readFileSync(at(`package/dist/cli/${name}`), 'utf8');
  const scan = files.filter((name) => name.startsWith('scan-') && text(name).includes('max-memory'));
  const [loaded, packages] = [new Set<string>(), new Set<string>()];
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const [, target] of text(name).matchAll(/(?:^|;)(?:import|export)\b[^;"]*"([^"]+)"/gm)) {
      if ((target as string).startsWith('./')) load((target as string).slice(2));
      else if (!(target as string).startsWith('node:')) packages.add(target as string);
    }
  };
  for (const name of ['main.js', ...scan]) load(name);
  expect(scan).toHaveLength(1);
  expect([...packages]).toEqual([]);
  expect([...loaded].sort()).toEqual(['core.js', 'main.js', ...scan]);
}, 60_000);

test('what is said arrives whole, however slowly it is read', async () => {
  const args = [at('package/cli/stella.js'), ...scanInto('d', 'long.cdx.json'), '--json'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  await new Promise((resolve) => setTimeout(resolve, 50));
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) {
    text += piece as string;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect((await ended)[0]).toBe(0);
  expect(JSON.parse(text)).toMatchObject({ document: { counts: { components: 2001, affected: 2001 } } });
}, 60_000);
