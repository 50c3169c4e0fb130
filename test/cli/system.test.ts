// What the system refuses, in words: no bug of the program, and nothing said to be missing that only may not be looked at.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-system-'));
const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
afterAll(() => rmSync(home, { recursive: true, force: true }));

function stella(...args: string[]) {
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args], { cwd: home, encoding: 'utf8', timeout: 60_000, input: '', env });
}
const json = (...args: string[]) => JSON.parse(stella(...args, '--json').stdout) as Record<string, unknown>;

beforeAll(() => {
  expect(stella('init', '--ledger', 'read', '--origin', 'read.example').status).toBe(0);
}, 60_000);

test.each([
  [['--host', '192.0.2.1'], 6, 'EADDRNOTAVAIL'], [['--port', '65536'], 2, 'USAGE'],
])('an address that nothing can listen on is no bug: %j', (args, exit, code) => {
  expect(json('serve', '--ledger', 'read', ...args)).toMatchObject({ exit, error: { code } });
});

test('an anchor is found from anywhere, and lies in no backup of the ledger', () => {
  expect(json('init', '--ledger', 'near', '--origin', 'near.example', '--anchor', 'beside/anchor')).toMatchObject({ anchor: join(home, 'beside/anchor') });
  const elsewhere = ['status', '--ledger', join(home, 'near'), '--json'];
  const { stdout } = spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...elsewhere], { cwd: tmpdir(), encoding: 'utf8', input: '', env });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, able: true });
  for (const anchor of ['inner/anchor', join(home, 'inner/keys/anchor')]) {
    expect(json('init', '--ledger', 'inner', '--origin', 'inner.example', '--anchor', anchor)).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
  }
  expect(existsSync(join(home, 'inner'))).toBe(false);
}, 60_000);

test('a file of a name too long, and a link that leads to itself, are no bugs', () => {
  symlinkSync('loop', join(home, 'loop'));
  expect(json('verify', 'a'.repeat(300))).toMatchObject({ exit: 6, error: { code: 'ENAMETOOLONG' } });
  expect(json('verify', 'loop')).toMatchObject({ exit: 6, error: { code: 'ELOOP' } });
  // A ledger that cannot be looked at is not said to be missing, nor its anchor.
  mkdirSync(join(home, 'hidden'));
  symlinkSync('ledger.json', join(home, 'hidden/ledger.json'));
  expect(json('status', '--ledger', 'hidden')).toMatchObject({ exit: 6, error: { code: 'ELOOP' } });
  writeFileSync(join(home, 'file'), '');
  expect(stella('init', '--ledger', 'moved', '--origin', 'moved.example', '--anchor', join(home, 'apart/anchor')).status).toBe(0);
  const place = JSON.parse(readFileSync(join(home, 'moved/ledger.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(home, 'moved/ledger.json'), JSON.stringify({ ...place, anchor: join(home, 'file/anchor') }));
  expect(json('status', '--ledger', 'moved')).toMatchObject({ refusal: { code: 'ANCHOR_UNREACHABLE' } });
  const written = json('add', '--ledger', 'moved', '--as-document', '--subject', `sha256:${'2c'.repeat(32)}`, 'file');
  expect(written).toMatchObject({ error: { code: 'ANCHOR_UNREACHABLE', message: expect.stringContaining('anchor.lock') } });
  writeFileSync(join(home, 'moved/ledger.json'), '{');
  expect(json('status', '--ledger', 'moved')).toMatchObject({ exit: 3, error: { code: 'INPUT_MALFORMED', message: expect.stringContaining('ledger.json') } });
});
