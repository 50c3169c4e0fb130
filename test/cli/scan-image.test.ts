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

function stella(...args: string[]): { exit: number | null; json: Record<string, unknown> } {
  const { status, stdout } = spawnSync(process.execPath, [stellaFile, ...args, '--json'], { cwd: directory, env: environment, encoding: 'utf8',
    timeout: 60_000 });
  return { exit: status, json: JSON.parse(stdout) as Record<string, unknown> };
}

const pack = (name: string, content: string): Member[] => [
  { path: `app/node_modules/${name}/package.json`, content: JSON.stringify({ name, version: '1.0.0' }) }, { path: `app/node_modules/${name}/index.js`,
    content },
];
const base = tar([program('usr/bin/node'), program('usr/bin/sh'), { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.1\n' }]);
const application = tar([
  script('app/start.sh', '#!/bin/sh\nexec node server.js "$@"\n'), { path: 'app/server.js', content: "require('used')\n" }, ...pack('used', ''),
    ...pack('unused', ''), { path: 'bin', link: 'usr/bin' },
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
