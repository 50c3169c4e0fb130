// Lists of waivers as of a time: what was recorded later was not so then.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-waivers-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function json(args: string): Record<string, unknown> {
  const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
  const { stdout } = spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args.split(' '), '--json'], { cwd: home, encoding: 'utf8', input: '', env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('a waiver is active from its approval to its end, whenever that is asked', () => {
  json('init --origin waivers.example');
  for (const name of ['ann', 'bob']) json(`person add ${name}`);
  const what = `CVE-2026-1 --subject sha256:${'a1'.repeat(32)} --expires 2999-01-01T00:00:00Z`;
  expect(json(`waiver request ${what} --owner ann --justification why --id w --as ann`)).toMatchObject({ ok: true, index: 3 });
  expect(json('waiver approve w --as bob')).toMatchObject({ ok: true, index: 4 });
  expect(json('waiver revoke w --reason fixed --as bob')).toMatchObject({ ok: true, index: 5 });
  const times = new Map((json('log')['entries'] as { index: number; at: number }[]).map(({ index, at }) => [index, at]));
  const at = (entry: number, ms = 0) => new Date((times.get(entry) as number) + ms).toISOString();
  const listed = (time: string) => {
    const said = json(`waiver list --all --at ${time}`);
    const waivers = said['waivers'] as { active: boolean; code?: string }[] | undefined;
    return [said['size'], waivers?.map(({ active, code }) => (active ? 'active' : code)) ?? (said['error'] as { code: string }).code];
  };
  expect(listed(at(3, -1))).toEqual([3, []]);
  expect(listed(at(3))).toEqual([4, ['WAIVER_NOT_APPROVED']]);
  expect(listed(at(4, -1))).toEqual([4, ['WAIVER_NOT_APPROVED']]);
  expect(listed(at(4))).toEqual([5, ['active']]);
  expect(listed(at(5, -1))).toEqual([5, ['active']]);
  expect(listed(at(5))).toEqual([6, ['WAIVER_REVOKED']]);
  expect(listed('2999-01-01T00:00:00Z')).toEqual([6, ['WAIVER_REVOKED']]);
  expect(listed(at(0, -1))).toEqual([undefined, 'STATE_UNKNOWN']);
}, 120_000);
