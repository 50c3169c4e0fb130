// Gates as processes: the answer is told whatever becomes of the files asked for, and no name on record moves the reader's terminal.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-gate-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const artifact = `sha256:${'a1'.repeat(32)}`;

function stella(...args: string[]) {
  const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args], { cwd: home, encoding: 'utf8', input: '', env });
}

beforeAll(() => {
  stella('init', '--origin', 'gate.example');
  mkdirSync(join(home, 'policy'));
  writeFileSync(join(home, 'policy/gate.rego'), 'package gate\n\nimport rego.v1\n\ndefault allow := true\n');
  writeFileSync(join(home, 'policy/data.json'), '{"which": 1}');
  stella('policy', 'publish', '--name', 'release', '--entrypoint', 'data.gate.allow', 'policy');
}, 60_000);

test('a denial without an input says so, ends as a denial, and leaves no input of an earlier one there', () => {
  writeFileSync(join(home, 'input.json'), '{"findings": []}');
  const { status, stdout, stderr } = stella('gate', artifact, '--policy', 'release', '--write-input', 'input.json');
  expect([status, stdout.split('\n')[0]]).toEqual([1, `DENY  ${artifact}`]);
  expect(stdout).toContain('ARTIFACT_UNKNOWN');
  expect(stderr).toBe('warning: there is no policy input to write to input.json: the codes of the decision say why\n');
  expect(existsSync(join(home, 'input.json'))).toBe(false);
  const index = String(Number(/decision (\d+)/.exec(stdout)?.[1]));
  expect(stella('decision', 'show', index, '--write-input', 'input.json').status).toBe(5);
}, 60_000);

test('a file that cannot be written is an error beside the decision', () => {
  mkdirSync(join(home, 'taken'), { recursive: true });
  const text = stella('gate', artifact, '--policy', 'release', '--markdown', 'taken');
  expect([text.status, text.stdout.split('\n')[0], text.stderr.split(':')[0]]).toEqual([6, `DENY  ${artifact}`, 'EISDIR']);
  const { status, stdout } = stella('gate', artifact, '--policy', 'release', '--markdown', 'taken', '--json');
  expect([status, JSON.parse(stdout)]).toMatchObject([6, { ok: false, exit: 6, outcome: 'deny', artifact, error: { code: 'EISDIR' } }]);
}, 60_000);

test('a key that is not there is an error beside the decision', () => {
  const text = stella('gate', artifact, '--policy', 'release', '--vsa', 'vsa.json', '--key', 'nosuch.pem');
  expect([text.status, text.stdout.split('\n')[0], text.stderr.split(':')[0]]).toEqual([6, `DENY  ${artifact}`, 'ENOENT']);
  const { status, stdout } = stella('gate', artifact, '--policy', 'release', '--vsa', 'vsa.json', '--key', 'nosuch.pem', '--json');
  expect([status, JSON.parse(stdout)]).toMatchObject([6, { outcome: 'deny', artifact, error: { code: 'ENOENT' } }]);
}, 60_000);

test('a message of more lines is one line, in the gate and in a what-if', () => {
  mkdirSync(join(home, 'lines'));
  writeFileSync(join(home, 'lines/gate.rego'), 'package gate\n\nimport rego.v1\n\ndeny contains "so\\nALLOW  all is well"\n');
  stella('policy', 'publish', '--name', 'lines', '--entrypoint', 'data.gate', 'lines');
  const asked = stella('gate', artifact, '--policy', 'lines', '--weaken', 'SCAN_MISSING').stdout;
  expect(asked).toContain('  deny: so·ALLOW  all is well\n');
  const index = String(Number(/decision (\d+)/.exec(asked)?.[1]));
  expect(stella('replay', index, '--now').stdout).toContain('  deny: so·ALLOW  all is well\n');
}, 60_000);

test('the same answer again is said to be the same, with the data of the policy of then', () => {
  const bom = {
    bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [{ type: 'library', name: 'a', version: '1', purl: 'pkg:npm/a@1.0.0' }],
  };
  writeFileSync(join(home, 'bom.json'), JSON.stringify(bom));
  writeFileSync(join(home, 'osv.json'), '{"id": "CVE-2026-1", "modified": "2026-01-01T00:00:00Z"}');
  stella('add', '--subject', artifact, 'bom.json');
  stella('feed', 'import', 'osv:osv.json');
  expect(stella('scan', '--subject', artifact).status).toBe(0);
  const ask = () => stella('gate', artifact, '--policy', 'release', '--idempotency', 'build-7', '--write-input', 'in/input.json');
  expect(ask()).toMatchObject({ status: 0, stdout: expect.not.stringContaining('repeated') });
  writeFileSync(join(home, 'policy/data.json'), '{"which": 2}');
  stella('policy', 'publish', '--name', 'release', '--entrypoint', 'data.gate.allow', 'policy');
  expect(ask()).toMatchObject({ status: 0, stdout: expect.stringContaining('  repeated: this is the first answer under that key; nothing was decided now') });
  expect(JSON.parse(readFileSync(join(home, 'in/data.json'), 'utf8'))).toEqual({ which: 1 });
}, 120_000);

test('a reader who does not listen changes no status', () => {
  const quiet = (command: string) => {
    const env = { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE: 'for this test', XDG_STATE_HOME: join(home, 'state') };
    const line = `set -o pipefail; "${process.execPath}" "${join(root, 'cli/stella.js')}" ${command} 2>errors.txt | true`;
    const { status } = spawnSync('bash', ['-c', line], { cwd: home, encoding: 'utf8', env });
    return [status, readFileSync(join(home, 'errors.txt'), 'utf8')];
  };
  expect(quiet(`gate sha256:${'b2'.repeat(32)} --policy release`)).toEqual([1, '']);
  expect(quiet(`gate sha256:${'b2'.repeat(32)} --policy release --json`)).toEqual([1, '']);
  expect(quiet('log')).toEqual([0, '']);
  expect(quiet('log --limit nothing')).toMatchObject([2, expect.stringContaining('USAGE')]);
}, 60_000);

test.each([['nosuch'], ['waiver'], ['policy', 'nosuch']])('no command "%s %s" is one JSON object too', (...words) => {
  const { status, stdout } = stella(...words, '--json');
  expect([status, JSON.parse(stdout)]).toMatchObject([2, { command: words[0], ok: false, exit: 2, error: { code: 'USAGE' } }]);
});

test('an idempotency key of nothing is refused', () => {
  const { status, stdout } = stella('gate', artifact, '--policy', 'release', '--idempotency', '', '--json');
  expect([status, JSON.parse(stdout)]).toMatchObject([3, { error: { code: 'INPUT_MALFORMED' } }]);
  expect(stella('add', '--subject', artifact, '--key', ' ', 'bom.json').status).toBe(3);
}, 60_000);

test('control characters in names stand as a dot, on both outputs', () => {
  const name = 'b\u001B[31mom\u202E\u061C.json';
  writeFileSync(join(home, name), readFileSync(join(home, 'bom.json')));
  const { status, stdout } = stella('add', '--subject', artifact, name);
  expect(status).toBe(0);
  expect(stdout).toContain('b·[31mom··.json');
  const { stderr } = stella('gate', 'sha256:\u001B[2J', '--policy', 'release');
  expect((stderr + stdout).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
}, 60_000);

describe('what cannot be asked is refused before anything is opened, with what is expected', () => {
  test.each([
    ['--steps=0', '"0" is not a number of steps: give 1 to 2000000000'],
    ['--steps=-1', '"-1" is not a number of steps: give 1 to 2000000000'],
    ['--steps=many', '"many" is not a number of steps: give 1 to 2000000000'],
    ['--steps=2000000001', '"2000000001" is not a number of steps: give 1 to 2000000000'],
    ['--entrypoint=allow', '"allow" is no entrypoint: give a reference such as data.gate.allow'],
    ['--entrypoint=data..allow', '"data..allow" is no entrypoint: give a reference such as data.gate.allow'],
    ['--feed=OSV', '"OSV" is no name of a feed: lower-case letters, digits and . _ / -, at most 127'],
    ['--contract=a b', '"a b" is no name of a contract: lower-case letters, digits and . _ / -, at most 127'],
    ['--policy=A', '"A" is no name of a policy: lower-case letters, digits and . _ / -, at most 127'],
    ['--at=tomorrow', '"tomorrow" is no time: give 2026-01-01 or 2026-01-01T12:00:00Z'],
  ])('%s', (option, message) => {
    const { status, stdout } = stella('gate', artifact, '--policy', 'release', option, '--json', '--ledger', 'nowhere');
    expect([status, JSON.parse(stdout)]).toMatchObject([2, { error: { code: 'USAGE', message } }]);
  });

  test('nor is a time before the ledger, or far ahead; nothing is on record for it', () => {
    const size = () => (JSON.parse(stella('log', 'checkpoint', '--json').stdout) as { size: number }).size;
    const before = size();
    const ask = (at: string) => {
      const { status, stderr } = stella('gate', artifact, '--policy', 'release', '--at', at);
      return [status, stderr];
    };
    expect(ask('1999-01-01')).toEqual([3, expect.stringMatching(/^STATE_UNKNOWN: Cannot decide as of 1999-.*: the ledger begins at 20/)]);
    expect(ask('9999-01-01')).toEqual([3, expect.stringMatching(/^STATE_UNKNOWN: .* more than a year ahead, expected at most 20/)]);
    expect(size()).toBe(before);
  });

  test('an entrypoint that the policy does not have is a denial that names those it has', () => {
    const { status, stdout } = stella('gate', artifact, '--policy', 'release', '--entrypoint', 'data.gate.deny');
    expect([status, stdout]).toEqual([1, expect.stringContaining('  note: the policy has no rule at data.gate.deny, and publishes data.gate.allow\n')]);
  });

  test.each([
    [['contract', 'publish', 'A', 'bom.json'], 'a contract'], [['contract', 'assign', 'A', '--subject', artifact], 'a contract'],
    [['policy', 'publish', '--name', 'A', 'policy'], 'a policy'],
  ])('%j: a name that is none', (words, what) => {
    const { status, stderr } = stella(...words, '--ledger', 'nowhere');
    expect([status, stderr.split('\n')[0]]).toEqual([2, `USAGE: "A" is no name of ${what}: lower-case letters, digits and . _ / -, at most 127`]);
  });

  test('an option without its argument is one line too', () => {
    const { status, stderr } = stella('gate', artifact, '--policy', 'release', '--steps', '-1');
    expect([status, stderr.split('\n').slice(1)]).toEqual([2, ['Usage: stella gate sha256:HEX --policy NAME [OPTIONS]', 'See "stella gate --help"', '']]);
  });
}, 60_000);
