// stella scan of an image as a process: findings say file, layer and whether the entry point reaches them; the layer cache changes no byte.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ociArchive, sha256, tar, type Member } from '../scanner/image/make.ts';
import { program, script } from '../scanner/trace/make.ts';

const stellaFile = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'stella-image-'));
const environment = { ...process.env, STELLA_LEDGER: 'ledger', STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(directory, 'state'),
  TMPDIR: join(directory, 'tmp') };
mkdirSync(environment.TMPDIR);

const run = (...args: string[]) => spawnSync(process.execPath, [stellaFile, ...args], { cwd: directory, env: environment, encoding: 'utf8', timeout: 60_000 });

function stella(...args: string[]): { exit: number | null; json: Record<string, unknown> } {
  const { status, stdout } = run(...args, '--json');
  return { exit: status, json: JSON.parse(stdout) as Record<string, unknown> };
}

const pack = (name: string, content: string): Member[] => [
  { path: `app/node_modules/${name}/package.json`, content: JSON.stringify({ name, version: '1.0.0' }) }, { path: `app/node_modules/${name}/index.js`,
    content },
];
const base = tar([program('usr/bin/node'), program('usr/bin/sh'), { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.1\n' }]);
const application = tar([
  script('app/start.sh', '#!/bin/sh\nif [ "$READY" ]; then exec node server.js; fi\n'), { path: 'app/server.js', content: "require('used')\n" },
  ...pack('used', ''), ...pack('unused', ''), { path: 'bin', link: 'usr/bin' },
  script('app/other.sh', '#!/bin/sh\nnode server.js\nexec "$(choose)"\n'),
]);

beforeAll(() => {
  const advisory = (id: string, name: string) => JSON.stringify({
    id, modified: '2026-01-01T00:00:00Z',
      affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }] }],
  });
  writeFileSync(join(directory, 'passphrase'), 'test\n');
  writeFileSync(join(directory, 'osv.jsonl'), `${advisory('CVE-2026-1', 'used')}\n${advisory('CVE-2026-2', 'unused')}\n`);
  const config = { config: { Entrypoint: ['/app/start.sh'], WorkingDir: '/app', Env: ['PATH=/usr/bin:/bin'] } };
  const image = tar(ociArchive([base, application], config, (layer) => new Uint8Array(gzipSync(layer))));
  writeFileSync(join(directory, 'image.tar'), image);
  writeFileSync(join(directory, 'image.tar.gz'), gzipSync(image));
  writeFileSync(join(directory, 'other.tar'), tar(ociArchive([base, application], { config: { ...config.config, Entrypoint: ['/app/other.sh'] } })));
  expect(stella('init').exit).toBe(0);
  expect(stella('feed', 'import', 'osv:osv.jsonl').exit).toBe(0);
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Scanned {
  readonly document: { readonly findings: readonly { readonly id: string; readonly component: Record<string, unknown> }[] };
}

test('of an image, packed or not, cold, warm and with a damaged cache', { timeout: 180_000 }, () => {
  const scan = (file: string) => {
    const { exit, json } = stella('scan', file);
    expect(exit).toBe(0);
    return (json.scans as Scanned[])[0]?.document;
  };
  const cold = scan('image.tar');
  const layers = [`sha256:${sha256(application)}`];
  expect(cold?.findings.map(({ id, component }) => ({ id, entryTrace: component.entryTrace, layers: component.layers, paths: component.paths }))).toEqual([
    { id: 'CVE-2026-2', entryTrace: { state: 'not_reached' }, layers, paths: ['/app/node_modules/unused/package.json'] },
    { id: 'CVE-2026-1', entryTrace: { state: 'reached' }, layers, paths: ['/app/node_modules/used/package.json'] },
  ]);
  const cache = join(directory, 'ledger/cache/layers');
  const entries = readdirSync(cache);
  expect(entries.length).toBe(2);
  expect(scan('image.tar.gz')).toEqual(cold);
  for (const name of entries) {
    const bytes = readFileSync(join(cache, name));
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(join(cache, name), bytes);
  }
  expect(scan('image.tar')).toEqual(cold);
  rmSync(cache, { recursive: true });
  expect(scan('image.tar')).toEqual(cold);
  expect(existsSync(cache)).toBe(true);
  // Nothing of the unpacked layers stays behind.
  expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
});

interface Answer {
  readonly outcome: string;
  readonly recomputed: string;
  readonly component: { readonly purl: string };
  readonly end: unknown;
  readonly steps: readonly { readonly path: string; readonly why: string; readonly layer: string; readonly sha256: string }[];
}

test('explain answers from the ledger alone with the whole chain, and after a rescan too', { timeout: 180_000 }, () => {
  const { json } = stella('scan', 'image.tar');
  const [{ subject }] = json.scans as [{ subject: string }];
  const layer = `sha256:${sha256(application)}`;
  const files = ['image.tar', 'image.tar.gz'].map((name) => [name, readFileSync(join(directory, name))] as const);
  const explain = (id: string, of = subject) => run('explain', id, '--subject', of);
  // The image is gone: what the ledger has is enough.
  for (const [name] of files) rmSync(join(directory, name));
  const lines = (text: string) => text.split('\n').map((line) => line.replace(/sha256:[0-9a-f]{64}/g, 'sha256:…').replace(/imported .*?;/, 'imported …;'));
  const [short, early] = [layer, `sha256:${sha256(base)}`].map((one) => `${one.slice(0, 19)}…`);
  const reached = explain('CVE-2026-1');
  expect(lines(reached.stdout)).toEqual([
    'CVE-2026-1',
    'affected  pkg:npm/used@1.0.0',
    '    range 0 holds 1.0.0: from every version before 2.0.0',
    '    record  CVE-2026-1 of osv, sha256:…, entry 0, computed again',
    '    file    /app/node_modules/used/package.json',
    '    layer   sha256:…',
    '    entry   reached',
    `            the image starts /app/start.sh  ${short}`,
    `            > starts /usr/bin/sh (/bin/sh /app/start.sh)  ${early}`,
    `            > interprets /app/start.sh (/bin/sh /app/start.sh)  ${short}`,
    `            > starts /usr/bin/node (node server.js), from line 2, only if line 2 holds  ${early}`,
    `            > interprets /app/server.js (node server.js), only if line 2 holds  ${short}`,
    `            > imports /app/node_modules/used/index.js  ${short}`,
    `by snapshot sha256:…, imported …; scan in entry ${(json.scans as [{ index: number }])[0].index}`,
    '',
  ]);
  expect(reached.status).toBe(0);
  expect(explain('CVE-2026-2').stdout).toContain('\n    entry   not reached by anything that the image starts as it is configured\nby snapshot');

  const [answer] = stella('explain', 'CVE-2026-1', '--subject', subject).json.answers as [Answer];
  expect(answer.end).toBeNull();
  expect(answer.steps.map(({ path, why }) => `${why} ${path}`)).toEqual([
    'starts /app/start.sh', 'starts /usr/bin/sh', 'interprets /app/start.sh', 'starts /usr/bin/node', 'interprets /app/server.js',
    'import /app/node_modules/used/index.js',
  ]);
  expect(answer.steps.at(-1)).toMatchObject({ layer, sha256: sha256(new Uint8Array()) });

  // A rescan of the same inventory names the same trace.
  const changed = readFileSync(join(directory, 'osv.jsonl'), 'utf8').replaceAll('2.0.0', '3.0.0');
  writeFileSync(join(directory, 'osv.jsonl'), changed);
  expect(stella('feed', 'import', 'osv:osv.jsonl').exit).toBe(0);
  expect(stella('rescan').exit).toBe(0);
  const again = stella('explain', 'CVE-2026-1', '--subject', subject).json as { scan: number; answers: [Answer] };
  expect(again.scan).toBeGreaterThan((json.scans as [{ index: number }])[0].index);
  expect(again.answers[0].steps).toEqual(answer.steps);
  for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes);
});

test('explain says where what is known ends', { timeout: 180_000 }, () => {
  const { json } = stella('scan', 'other.tar');
  const [{ subject }] = json.scans as [{ subject: string }];
  const { stdout, status } = run('explain', 'CVE-2026-2', '--subject', subject);
  expect(status).toBe(0);
  expect(stdout).toContain('\n    entry   unknown: program_absent, choose (/app/other.sh, line 3)\n            the image starts /app/other.sh  sha256:');
});
