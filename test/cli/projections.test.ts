// Catching-up projections on the command line: seen, brought up, spoilt and named, built anew, and read where nothing can be written.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-cli-'));
const file = join(home, 'ledger/projections.db');
const image = `sha256:${'2c'.repeat(32)}`;
afterAll(() => rmSync(home, { recursive: true, force: true }));

function stella(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args], {
    cwd: home, encoding: 'utf8', timeout: 60_000, input: '',
    env: { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE_FILE: 'pass', XDG_STATE_HOME: join(home, 'state') },
  });
}

const json = (...args: string[]) => JSON.parse(stella(...args, '--json').stdout) as Record<string, unknown>;

function add(name: string, purl: string, subject = image): void {
  const component = { type: 'library', name: 'a', version: '1', purl, 'bom-ref': 'a' };
  writeFileSync(join(home, name), JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components: [component] }));
  expect(stella('add', '--subject', subject, name).status).toBe(0);
}

beforeAll(() => {
  writeFileSync(join(home, 'pass'), 'a passphrase\n', { mode: 0o600 });
  expect(stella('init', '--origin', 'ledger.example.org').status).toBe(0);
  add('a.cdx.json', 'pkg:npm/%40scope/left-pad@1.3.0');
}, 60_000);

describe('projections', () => {
  test('are shown with their cursors, and brought up by whoever reads them', () => {
    expect(existsSync(file)).toBe(false);
    expect(json('projections')).toMatchObject({ size: 2, projections: [{ name: 'decisions', size: 0, of: 2, serving: false, stopped: null }, {}, {}, {}] });
    expect(existsSync(file)).toBe(false);
    const artifacts = [{ artifact: image, entry: 1, purls: ['pkg:npm/%40scope/left-pad@1.3.0'] }];
    expect(json('show', 'pkg:npm/@scope/*')).toMatchObject({ of: 2, at: { size: 2 }, artifacts });
    const sizes = () => (json('projections')['projections'] as { name: string; size: number }[]).map(({ name, size }) => `${name} ${size}`);
    expect(sizes()).toEqual(['decisions 0', 'findings 0', 'inventory 2', 'timeline 0']);
    expect(stella('projections', '--catch-up').status).toBe(0);
    expect(sizes()).toEqual(['decisions 2', 'findings 2', 'inventory 2', 'timeline 2']);
    add('b.cdx.json', 'pkg:npm/b@2.0.0');
    const { projections } = json('status') as unknown as { projections: { size: number; of: number }[] };
    expect(projections.map(({ size, of }) => [size, of])).toEqual([[2, 3], [2, 3], [2, 3], [2, 3]]);
    expect(stella('status').stdout).toContain('inventory 2 of 3');
    expect(json('show', 'pkg:npm/b')).toMatchObject({ at: { size: 3 }, artifacts: [{ entry: 2 }] });
    expect(json('show', 'pkg:npm/b', '--at', '@2')).toMatchObject({ at: { size: 2 }, artifacts: [] });
  });

  test('a spoilt row is named by fsck, and goes when the projection is built anew', () => {
    expect(json('fsck')).toMatchObject({ faults: [], projections: [{}, {}, { name: 'inventory', size: 3, unchecked: null }, {}] });
    const database = new Database(file);
    database.prepare('UPDATE inventory_v1_bill SET entry = 7 WHERE entry = 1').run();
    database.close();
    const { status, stdout } = stella('fsck');
    expect(status).toBe(1);
    expect(stdout).toContain('FAULT  table inventory_v1_bill, 0000000000000001: its column entry is 7');
    expect(stdout).toContain('one fault. Build the projection anew: "stella projections --rebuild NAME"');
    expect(stella('projections', '--rebuild', 'inventory').status).toBe(0);
    expect(stella('fsck').status).toBe(0);
    expect(stella('projections', '--rebuild', 'artifact')).toMatchObject({ status: 3, stderr: expect.stringContaining('NAME_UNKNOWN') as string });
  });

  test('what is no database, or cannot be written, costs speed and no answer', () => {
    writeFileSync(file, 'this is no database, and longer than a header of one: '.repeat(20));
    const { status, stdout, stderr } = stella('show', 'pkg:npm/b');
    expect([status, stdout.includes('by entry 2: pkg:npm/b@2.0.0')]).toEqual([0, true]);
    expect(stderr).toContain('projections are not caught up');
    expect(stella('fsck').stdout).toContain('FAULT  projection file');
    rmSync(file);
    // Root may write everywhere; what it cannot do is tested where it is not root.
    if (process.getuid?.() === 0) return;
    chmodSync(join(home, 'ledger'), 0o500);
    expect(stella('show', 'pkg:npm/b').stdout).toContain('by entry 2: pkg:npm/b@2.0.0');
    chmodSync(join(home, 'ledger'), 0o700);
  });
});
