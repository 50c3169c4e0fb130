// Wrong calls as processes: each is refused with what is expected, and nothing is taken for "there is none".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-wrong-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function stella(...args: string[]) {
  const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args], { cwd: home, encoding: 'utf8', input: '', env });
}
const error = (...args: string[]) => {
  const { status, stdout } = stella(...args, '--json');
  const { error: told } = JSON.parse(stdout) as { error?: { code: string; message: string; hint?: string } };
  return [status, told?.code, told?.message];
};

beforeAll(() => {
  stella('init', '--origin', 'wrong.example');
  writeFileSync(join(home, 'bom.json'), '{"bomFormat": "CycloneDX"}');
}, 60_000);

test.each([
  [['status', 'x'], '"x" is one word too many: it takes options alone'],
  [['log', '--limit', '0'], '"0" is not a number of entries: give a whole number from 1 on'],
  [['timeline', '--limit', '0'], '"0" is not a number of events: give a whole number from 1 on'],
  [['stream', 'ledger', '--limit', '0'], '"0" is not a number of events: give a whole number from 1 on'],
  [['feed', 'list', '--limit', '0'], '"0" is not a number of snapshots: give a whole number from 1 on'],
  [['feed', 'diff', '--limit', '0'], '"0" is not a number of records: give a whole number from 1 on'],
  [['decision', 'list', '--last', '0'], '"0" is not a number of decisions: give a whole number from 1 on'],
  [['decision', 'list', '--policy', 'A'], '"A" is no name of a policy: lower-case letters, digits and . _ / -, at most 127'],
  [['rescan', '--snapshot', 'newest'], '"newest" is no snapshot: give its digest, sha256:…, or a date such as 2026-01-01'],
  [['rescan', '--snapshot', '2026-13-01'], '"2026-13-01" is no time: give 2026-01-01 or 2026-01-01T12:00:00Z'],
  [['stream', 'artifact:4f2c'], expect.stringMatching(/^"artifact:4f2c" is no stream: give artifact:sha256:…, vuln:ID, /)],
  [['hold', 'place', '--stream', 'CVE-2026-1', '--basis', 'audit'], expect.stringMatching(/^"CVE-2026-1" is no stream: give /)],
  [['timeline', '--type', 'waiver.aproved'], '"waiver.aproved" is no type of event: give one of spec/events.md, such as waiver.approved'],
  [['show', '0', '--at', '@'], '--at is for what changes: an entry says the same for ever'],
  [['replay', '0', '--size', '0'], '"0" is not a size: give a whole number from 1 on'],
  [['replay', '0', '--policy', 'A'], '"A" is no name of a policy: lower-case letters, digits and . _ / -, at most 127'],
])('%j', (args, message) => expect(error(...args)).toEqual([2, 'USAGE', message]));

test('a word that names no place makes no ledger in another', () => {
  expect(error('init', 'mine', '--ledger', 'theirs')).toEqual([2, 'USAGE', '"mine" is one word too many: it takes options alone']);
  expect(existsSync(join(home, 'theirs'))).toBe(false);
});

test.each([
  [['log', '--from', '7'], 3, 'ENTRY_MISSING', 'Cannot read entry 7: the log has 1'],
  [['export', 'pack', '--from', '1990-01-01', '--to', '1991-01-01'], 3, 'ENTRY_MISSING', 'Cannot pack the period: nothing was recorded in it'],
  [['feed', 'import', 'osv:bom.json'], 3, 'INPUT_MALFORMED', 'Cannot import the feed: no record could be read, one was refused, the first of them in bom.json'],
  [['inspect', '.'], 6, 'EISDIR', 'Cannot go on: there is a directory where a file is expected'],
])('%j', (args, ...expected) => expect(error(...args)).toEqual(expected), 30_000);

test('whoever is trusted and is no person here yet is said', () => {
  expect(stella('trust', 'add', '--person', 'nobody')).toMatchObject({
    status: 0, stderr: 'warning: "nobody" is no person on this ledger yet: "stella person add nobody" adds one\n',
  });
}, 30_000);
