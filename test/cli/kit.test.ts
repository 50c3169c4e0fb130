// The kit commands as processes: made in one ledger, imported in another; killed at every step, and what then is the newest snapshot.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const fileAt = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'stella-kit-'));
const builder = 'https://security.example/kits';
const environment = (ledger: string) => ({ ...process.env, STELLA_LEDGER: ledger, STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(directory,
  'state') });

function stella(ledger: string, ...args: string[]): { exit: number | null; json: Record<string, unknown> } {
  const how = { cwd: directory, env: environment(ledger), encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout } = spawnSync(process.execPath, [fileAt('../../cli/stella.js'), ...args, '--json'], how);
  return { exit: status, json: JSON.parse(stdout) as Record<string, unknown> };
}

const osv = (id: string) => JSON.stringify({
  id, modified: '2026-01-01T00:00:00Z', affected: [{ package: { ecosystem: 'npm', name: 'a' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
});
const newest = () => (stella('there', 'feed', 'list').json.snapshots as { snapshot: string }[])[0]?.snapshot;

beforeAll(() => {
  writeFileSync(join(directory, 'passphrase'), 'test\n');
  writeFileSync(join(directory, 'old.jsonl'), `${osv('CVE-2026-1')}\n`);
  writeFileSync(join(directory, 'new.jsonl'), `${osv('CVE-2026-1')}\n${osv('CVE-2026-2')}\n`);
  for (const [ledger, file] of [['here', 'new.jsonl'], ['there', 'old.jsonl']] as const) {
    expect(stella(ledger, 'init').exit).toBe(0);
    expect(stella(ledger, 'feed', 'import', `osv:${file}`).exit).toBe(0);
  }
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('made, verified, refused, killed at every step, imported, known', { timeout: 240_000 }, () => {
  const made = stella('here', 'kit', 'create', '--builder', builder, '--out', 'update.kit', '--public-key', 'kits.pub');
  expect(made).toMatchObject({ exit: 0, json: { feed: 'advisories', policies: [], roots: 0 } });
  const { snapshot } = made.json;
  expect(stella('there', 'kit', 'verify', '--builder', builder, '--key', 'kits.pub', 'update.kit')).toMatchObject({ exit: 0,
    json: { verdict: 'OK', snapshot } });
  // Nobody is trusted by default.
  expect(stella('there', 'kit', 'import', '--builder', builder, 'update.kit')).toMatchObject({ exit: 3, json: { error: { code: 'KIT_UNTRUSTED' } } });
  expect(stella('there', 'trust', 'add', '--key', 'kits.pub').exit).toBe(0);
  const other = stella('there', 'kit', 'import', '--builder', 'https://other.example/kits', 'update.kit');
  expect(other).toMatchObject({ exit: 3, json: { error: { code: 'KIT_BUILDER_WRONG' } } });
  const bytes = readFileSync(join(directory, 'update.kit'));
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] as number) ^ 1;
  writeFileSync(join(directory, 'flipped.kit'), bytes);
  expect(stella('there', 'kit', 'import', '--builder', builder, 'flipped.kit')).toMatchObject({ exit: 3, json: { error: { code: 'KIT_DAMAGED' } } });
  expect(stella('there', 'kit', 'verify', '--builder', builder, 'flipped.kit')).toMatchObject({ exit: 1, json: { verdict: 'KIT_DAMAGED' } });

  const old = newest();
  expect(old).not.toBe(snapshot);
  for (const step of ['kit 1: verified', 'kit 2: snapshot stored', 'kit 3: payloads stored']) {
    const how = { cwd: directory, env: environment('there'), timeout: 60_000 } as const;
    const killed = spawnSync(process.execPath, [fileAt('../actions/kit-child.ts'), 'update.kit', builder, step], how);
    expect([step, killed.signal, newest()]).toEqual([step, 'SIGKILL', old]);
    expect(stella('there', 'fsck').exit).toBe(0);
  }
  // After the last step it is on record, whether its caller heard of it or not.
  const last = spawnSync(process.execPath, [fileAt('../actions/kit-child.ts'), 'update.kit', builder, 'kit 4: recorded'],
    { cwd: directory, env: environment('there'), timeout: 60_000 });
  expect([last.signal, newest()]).toEqual(['SIGKILL', snapshot]);
  expect(stella('there', 'kit', 'import', '--builder', builder, 'update.kit')).toMatchObject({ exit: 0, json: { repeated: true, snapshot } });
  expect((stella('there', 'feed', 'list').json.snapshots as unknown[]).length).toBe(2);
  expect(stella('there', 'fsck').exit).toBe(0);
});
