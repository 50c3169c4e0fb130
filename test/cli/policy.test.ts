// The policy commands as processes: errors at their places, tests, explanations, and policies put on record and taken out again.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const stellaFile = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'stella-cli-policy-'));
const environment = { ...process.env, STELLA_LEDGER: 'ledger', STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(directory, 'state') };

function run(...args: string[]): { exit: number | null; stdout: string; stderr: string } {
  const how = { cwd: directory, env: environment, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [stellaFile, ...args], how);
  return { exit: status, stdout, stderr };
}

function json(...args: string[]): Record<string, unknown> & { exit: number } {
  return JSON.parse(run(...args, '--json').stdout) as Record<string, unknown> & { exit: number };
}

function write(name: string, text: string): void {
  mkdirSync(join(directory, dirname(name)), { recursive: true });
  writeFileSync(join(directory, name), text);
}

const GATE = `package gate

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

deny contains finding.id if {
	some finding in input.findings
	finding.score >= data.limits.score
}

never if input.never
`;
const TESTS = `package gate_test

import data.gate

test_low if gate.allow with input as {"findings": [{"id": "a", "score": 1}]} with data.limits.score as 7

test_high if not gate.allow with input as {"findings": [{"id": "a", "score": 9}]} with data.limits.score as 7

todo_test_later if false
`;

beforeAll(() => {
  write('passphrase', 'test\n');
  write('gate/gate.rego', GATE);
  write('gate/gate_test.rego', TESTS);
  write('gate/limits/data.yaml', 'score: 7.50\n');
  write('gate/.git/x.rego', 'no rego');
  write('bad/one.rego', 'package one\n\np if {\n\tq\n\n');
  write('bad/two.rego', 'package two\n\np := {\n');
  write('unsafe.rego', 'package a\n\np if not x\n\nq if not y\n');
  write('old.rego', 'package old\n\np[x] { x := input.xs[_] }\n');
  write('clock.rego', 'package c\n\np if time.now_ns() > 1\n\nq if time.now_ns() > 1 with time.now_ns as 5\n');
  write('high.json', '{"findings": [{"id": "CVE-1", "score": 12345678901234567890.10}]}');
  write('low.yaml', 'findings: [{id: CVE-1, score: 1}]\n');
  write('late.rego', 'package l\n\np := 1 if input.a\n\np := 2 if input.b\n\nr := x if { print("seen", input.a); x := input.a }\n');
  write('both.json', '{"a": 1, "b": 2}');
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('check', () => {
  test('every file that does not parse is named, each error at its place', () => {
    const { exit, stdout } = run('policy', 'check', 'bad');
    expect([exit, stdout.split('\n').map((line) => line.replace(/(error: \w+).*/, '$1'))]).toEqual([
      1, ['bad/one.rego:6:0: rego_parse_error: unexpected', ...Array<string>(2).fill('bad/two.rego:4:0: rego_parse_error: unexpected'), '3 errors', ''],
    ]);
    expect(json('policy', 'check', 'unsafe.rego')).toMatchObject({
      exit: 1, errors: [
        { code: 'rego_unsafe_var_error', message: 'var x is unsafe', location: { file: 'unsafe.rego', row: 3, col: 6 } },
        { code: 'rego_unsafe_var_error', message: 'var y is unsafe', location: { file: 'unsafe.rego', row: 5, col: 6 } },
      ],
    });
  });

  test('what compiles is named by its digests; the language before is read where it is asked for', () => {
    expect(json('policy', 'check', 'gate')).toMatchObject({
      exit: 0, errors: [], warnings: [], modules: 2, entrypoints: ['data.gate.allow'],
      digests: { bundle: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
    });
    expect([json('policy', 'check', 'old.rego').exit, json('policy', 'check', '--v0', 'old.rego').exit]).toEqual([1, 0]);
    expect(json('policy', 'check').exit).toBe(2);
    expect(json('policy', 'check', 'nowhere').exit).toBe(6);
  });

  test('a policy that reads the clock is warned of, where nothing stands for it', () => {
    const warnings = [{ code: 'CLOCK_NOT_IN_INPUT', location: { file: 'clock.rego', row: 3, col: 6 } }];
    expect(json('policy', 'check', 'clock.rego')).toMatchObject({ exit: 0, warnings });
  });
});

test('fmt names what would change, writes it once, and tells what does not parse', () => {
  write('fmt/a.rego', 'package a\np:=1 # one\n');
  write('fmt/b.rego', 'package b\n\np := 1\n');
  expect(json('policy', 'fmt', '--check', 'fmt')).toMatchObject({ exit: 1, files: 2, changed: ['fmt/a.rego'] });
  expect(run('policy', 'fmt', 'fmt/a.rego').stdout).toBe('package a\n\np := 1 # one\n');
  expect(json('policy', 'fmt', '--write', 'fmt')).toMatchObject({ exit: 0, changed: ['fmt/a.rego'] });
  expect(json('policy', 'fmt', '--check', 'fmt')).toMatchObject({ exit: 0, changed: [] });
  expect(json('policy', 'fmt', 'bad')).toMatchObject({ exit: 1, errors: [{ location: { file: 'bad/one.rego' } }, {}, {}] });
});

describe('test', () => {
  test('passes, and what never fired is named', () => {
    const { stdout, exit } = run('policy', 'test', '--coverage', '--junit', 'junit.xml', 'gate');
    expect([exit, stdout.split('\n')]).toEqual([0, [
      'not covered  gate/gate.rego:14', 'not covered  gate/gate_test.rego:9', 'never fired  data.gate.never  gate/gate.rego:14', '77.78 % of 9 lines covered',
      '2 passed, 0 failed, 0 in error, 1 skipped', '',
    ]]);
    expect(readFileSync(join(directory, 'junit.xml'), 'utf8')).toContain('tests="3" failures="0" errors="0" skipped="1"');
    expect(json('policy', 'test', '--threshold', '80', 'gate').exit).toBe(1);
    expect(json('policy', 'test', '--run', 'test_low', 'gate')).toMatchObject({ exit: 0, passed: 1, rules: { count: 4 } });
  });

  test('a failure, and no test at all, are no', () => {
    write('fails_test.rego', 'package f_test\n\ntest_no if 1 == 2\n');
    expect(json('policy', 'test', 'fails_test.rego')).toMatchObject({ exit: 1, failed: 1, tests: [{ path: 'data.f_test.test_no', outcome: 'fail', row: 3 }] });
    expect(json('policy', 'test', 'old.rego', '--v0')).toMatchObject({ exit: 1, tests: [] });
  });
});

describe('eval', () => {
  test('the marked entrypoint, data under its directory, and why', () => {
    const answer = json('policy', 'eval', '-i', 'high.json', 'gate');
    expect(answer).toMatchObject({ exit: 0, entrypoint: 'data.gate.allow', defined: true, value: false });
    const { stdout } = run('policy', 'eval', '--entrypoint', 'data.gate.deny', '--explain', '-i', 'high.json', 'gate');
    expect(stdout.replace(/\d+ steps/, 'N steps')).toBe([
      '["CVE-1"]', '  data.gate.deny  gate/gate.rego:9', '      finding = {"id":"CVE-1","score":12345678901234567890.10}', '  N steps', '',
    ].join('\n'));
    expect(json('policy', 'eval', '-i', 'low.yaml', 'gate')).toMatchObject({ value: true });
  });

  test('numbers keep their text in JSON', () => {
    expect(run('policy', 'eval', '--query', 'x = input.findings[_].score', '-i', 'high.json', 'gate', '--json').stdout)
      .toContain('"answers":[{"x":12345678901234567890.10}]');
  });

  test('undefined, a conflict and a failing built-in are told apart from a value', () => {
    expect(json('policy', 'eval', '--entrypoint', 'data.gate.never', 'gate')).toMatchObject({ exit: 1, defined: false });
    expect(json('policy', 'eval', '--entrypoint', 'data.l.p', '-i', 'both.json', 'late.rego')).toMatchObject({
      exit: 1, defined: false, failure: { code: 'eval_conflict_error', location: { file: 'late.rego' } },
    });
    expect(json('policy', 'eval', '--query', '1 / 0', '--strict-builtin-errors', 'gate')).toMatchObject({ exit: 1, failure: { code: 'eval_builtin_error' } });
    expect(json('policy', 'eval', '--entrypoint', 'data.l.r', '-i', 'both.json', 'late.rego')).toMatchObject({
      value: 1, printed: [{ text: 'seen 1', row: 7 }],
    });
    expect(json('policy', 'eval', '--entrypoint', 'nonsense', 'gate').exit).toBe(3);
    expect(json('policy', 'eval', 'late.rego').exit).toBe(2);
  });

  test('the clock is given, and an earlier semantics; one that is unknown is refused', () => {
    expect(json('policy', 'eval', '--query', 'x = time.now_ns()', '--clock', '2026-01-01', 'gate')).toMatchObject({
      answers: [{ x: 1_767_225_600_000_000_000 }],
    });
    const floor = (semantics: string) => json('policy', 'eval', '--query', 'x = floor(-0.5)', '--semantics', semantics, 'gate');
    expect([floor('1'), floor('0'), floor('77')]).toMatchObject([{ answers: [{ x: 0 }] }, { answers: [{ x: -1 }] }, { exit: 3 }]);
  });
});

test('published, listed, shown, taken out, evaluated by name, and one version expected', () => {
  expect(run('init', '--origin', 'ledger.example.org').exit).toBe(0);
  expect(json('policy', 'eval', '--name', 'gate')).toMatchObject({ exit: 3, error: { code: 'POLICY_UNKNOWN' } });
  const first = json('policy', 'publish', '--name', 'gate', '--expect', '0', 'gate');
  expect(first).toMatchObject({ exit: 0, index: 1, version: 1, repeated: false });
  expect(json('policy', 'publish', '--name', 'gate', '--expect', '0', 'gate')).toMatchObject({ exit: 4, error: { code: 'VERSION_CONFLICT' } });
  expect(json('policy', 'publish', '--name', 'gate', '--with-tests', 'gate')).toMatchObject({ index: 2, version: 2 });
  expect(json('policy', 'publish', '--name', 'other/clock', '--entrypoint', 'data.c.p', 'clock.rego')).toMatchObject({ index: 3, version: 1 });
  const refused = run('policy', 'publish', '--name', 'gate', 'unsafe.rego');
  expect([refused.exit, refused.stdout.split('\n').length, refused.stderr]).toEqual([3, 3, expect.stringContaining('POLICY_INVALID')]);
  expect(json('policy', 'list')).toMatchObject({ policies: [
    { name: 'gate', version: 2, index: 2, count: 2, entrypoints: ['data.gate.allow'], rego: 1, semantics: 2 },
    { name: 'other/clock', version: 1, index: 3 },
  ] });
  expect(json('policy', 'list', 'gate')).toMatchObject({ policies: [{ version: 2 }, { version: 1, bundle: (first['digests'] as { bundle: string }).bundle }] });
  expect(json('policy', 'show', 'gate', '--version', '1')).toMatchObject({ files: [{ file: 'gate.rego', text: GATE }], content: { limits: { score: 7.5 } } });
  expect(run('policy', 'show', 'gate', '--module', 'gate.rego').stdout).toBe(GATE);
  expect(run('policy', 'show', 'gate', '--out', 'taken').exit).toBe(0);
  expect([readFileSync(join(directory, 'taken/gate_test.rego'), 'utf8'), readFileSync(join(directory, 'taken/data.json'), 'utf8')])
    .toEqual([TESTS, '{"limits":{"score":7.5}}\n']);
  expect(json('policy', 'eval', '--name', 'gate', '-i', 'high.json')).toMatchObject({ value: false });
  expect(json('fsck')).toMatchObject({ exit: 0, payloadsMissing: 0 });
});
