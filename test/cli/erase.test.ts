// Erasing, holding and reading payloads as processes: exit codes, JSON, and that a hold stands between them.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-erase-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const artifact = `sha256:${'a1'.repeat(32)}`;

function json(args: string): Record<string, unknown> {
  const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
  const { stdout } = spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args.split(' '), '--json'], { cwd: home, encoding: 'utf8', input: '', env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const secrets = () => readdirSync(join(home, 'ledger/secrets'), { recursive: true }).filter((name) => /[0-9a-f]{64}$/.test(String(name)));

test('seal, read, hold, release, erase; and what a crash left is finished by the next command that writes', () => {
  json('init --origin erase.example');
  writeFileSync(join(home, 'words.txt'), 'words\n');
  expect(json(`add --seal --subject ${artifact} words.txt`)).toMatchObject({ ok: true });
  expect(json('payload 1 --purpose audit --out read.txt')).toMatchObject({ ok: true, index: 2, sealed: true, media: 'text/plain' });
  expect(readFileSync(join(home, 'read.txt'), 'utf8')).toBe('words\n');
  expect(json(`hold place --artifact ${artifact} --basis litigation`)).toMatchObject({ ok: true, index: 3 });
  expect(json('erase 1 --basis consent-withdrawn')).toMatchObject({ exit: 4, error: { code: 'PAYLOAD_HELD' } });
  expect(json('hold list')).toMatchObject({ holds: [{ index: 3, basis: 'litigation', streams: [`artifact:${artifact}`], released: null, stands: true }] });
  expect(json(`hold place --artifact ${artifact} --basis audit --until 2020-01-01`)).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
  expect(json('hold release 3')).toMatchObject({ ok: true, released: 3 });
  expect(json('hold release 3')).toMatchObject({ exit: 3, error: { code: 'HOLD_UNKNOWN' } });
  expect(json('hold list')).toMatchObject({ holds: [] });
  expect(json('erase 1 --basis not-needed')).toMatchObject({ exit: 4, error: { code: 'RETENTION_RUNS' } });
  expect(secrets()).toHaveLength(1);
  for (const kept of ['secrets', 'payloads']) cpSync(join(home, 'ledger', kept), join(home, 'kept', kept), { recursive: true });
  const erased = json('erase 1 --basis consent-withdrawn');
  expect(erased).toMatchObject({ ok: true, entry: 1, repeated: false });
  expect(secrets()).toHaveLength(0);
  expect(json('erase 1 --basis consent-withdrawn')).toMatchObject({ ok: true, index: erased['index'], repeated: true });
  expect(json('payload 1 --purpose audit')).toMatchObject({ exit: 5, error: { code: 'PAYLOAD_MISSING' } });
  expect(json('show 1')).toMatchObject({ ok: true, erased: [{ role: 'document', entry: erased['index'] }] });
  // A whole folder was restored: what the log says is gone is here again.
  for (const kept of ['secrets', 'payloads']) cpSync(join(home, 'kept', kept), join(home, 'ledger', kept), { recursive: true, force: false });
  expect(secrets()).toHaveLength(1);
  expect(json('payload 1 --purpose audit')).toMatchObject({ exit: 5, error: { code: 'PAYLOAD_MISSING' } });
  expect(json('fsck')).toMatchObject({ exit: 1, faults: [{ what: expect.stringContaining('the payload of entry 1 is erased, and it is here') }] });
  expect(json('erase 1 --basis consent-withdrawn')).toMatchObject({ ok: true, repeated: true });
  expect(secrets()).toHaveLength(0);
  expect(json('fsck')).toMatchObject({ ok: true, faults: [] });
  expect(json('fsck')).toMatchObject({ ok: true, faults: [] });

  // As a crash between the event and the secret leaves it: both there, and a note.
  const commitment = erased['commitment'] as string;
  const [folder, note] = [join(home, 'ledger/secrets', commitment.slice(0, 2)), join(home, 'ledger/secrets/erasing', commitment)];
  writeFileSync(join(folder, commitment), new Uint8Array(32), { mode: 0o600 });
  writeFileSync(note, '1\n', { mode: 0o600 });
  // And what a store that was stopped leaves, two days ago and now: another process may be at the young one.
  const arriving = join(home, 'ledger/payloads/arriving');
  for (const name of ['old', 'young']) writeFileSync(join(arriving, name), 'half');
  utimesSync(join(arriving, 'old'), Date.now() / 1_000 - 172_800, Date.now() / 1_000 - 172_800);
  expect(json('log index')).toMatchObject({ ok: true });
  expect(readdirSync(arriving)).toEqual(['young']);
  // How long things are kept is on record, and what counts is the newest.
  expect(json('retention')).toMatchObject({ profile: 'standard', entry: null, months: { acts: 36, evidence: 18 } });
  const set = json('retention ten-years');
  expect(set).toMatchObject({ ok: true, profile: 'ten-years', months: { acts: 120, evidence: 120 } });
  expect(json('retention')).toMatchObject({ profile: 'ten-years', entry: set['entry'] });
  json(`add --seal --subject ${artifact} words.txt`);
  expect(json('retention standard')).toMatchObject({ exit: 4, error: { code: 'RETENTION_RUNS', hint: expect.stringContaining('--shorten') } });
  expect(json('retention')).toMatchObject({ profile: 'ten-years', entry: set['entry'] });
  const shortened = { payloads: 1, atOnce: 0, next: expect.stringMatching(/^20.*Z$/) };
  expect(json('retention standard --shorten')).toMatchObject({ ok: true, profile: 'standard', shortened });
  const streams = ['vuln:CVE-2026-1', `artifact:${artifact}`];
  expect(json(`hold place --stream ${streams.join(' --stream ')} --basis audit`)).toMatchObject({ ok: true, empty: ['vuln:CVE-2026-1'] });
  expect([existsSync(join(folder, commitment)), existsSync(note)]).toEqual([false, false]);
}, 120_000);

test.each([
  ['erase', 2], ['erase 1', 2], ['erase 1 --basis because', 2], ['erase 1 --basis objected --retention short', 2], ['hold place --basis audit', 2],
  ['hold place --stream trust', 2], ['hold release', 2], ['payload 1', 2], ['erase 900 --basis objected', 3],
  ['retention five-years', 2], ['retention --shorten', 2], ['retention standard ten-years', 2],
])('%s: exit code %i', (args, exit) => {
  expect(json(args)['exit']).toBe(exit);
});
