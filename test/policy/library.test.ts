// The policies we ship, by their own tests: all pass, and every rule of theirs fires in some test.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BUILTINS } from '../../policy/builtins/registry.ts';
import { compile, formatJson, parseJson, testPolicy } from '../../policy/index.ts';
import { formatJunit } from '../../policy/test-runner.ts';

const clock = 1_795_219_200_000_000_000n;
const modules = () => globSync('policy/library/*.rego').sort().map((file) => ({ file, text: readFileSync(file, 'utf8') }));
const ready = ['sprintf', 'semver.compare', 'time.parse_rfc3339_ns', 'regex.match'].every((name) => BUILTINS.has(name));

describe.skipIf(!ready)('the library', () => {
  test('every test passes, as many as `opa test` counts', () => {
    const { results, uncovered } = testPolicy(compile(modules(), { strict: true }), { clock });
    expect(results.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
    expect(results).toHaveLength(84);
    expect(uncovered.map(({ path, row }) => `${path}:${row}`)).toEqual(UNCOVERED);
  });

  test.each(['criticals', 'exploits', 'inclusion', 'kubernetes', 'licences', 'provenance', 'sbom'])('%s denies what is empty, absent or of another shape', (name) => {
    const policy = compile(modules());
    for (const input of ['null', '[]', '1', '"x"', '{}', '{"findings": {}, "attestations": {}, "sbom": []}', '{"findings": [1]}']) {
      expect([input, formatJson(policy.evaluate(`data.stella.${name}.allow`, { clock, input: parseJson(input) }).value)]).toEqual([input, 'false']);
    }
    expect(policy.evaluate(`data.stella.${name}.allow`, { clock }).value).toBe(false);
  });
});

const UNCOVERED: readonly string[] = [];

test('a test that fails, one that errs and one to do are told apart, in JUnit too', () => {
  const text = 'package p_test\ntest_a if true\ntest_b if 1 == 2\ntest_c := 1 if true\ntest_c := 2 if true\ntodo_test_d if false\ntest_e if input["<&"]\n';
  const report = testPolicy(compile([{ file: 'p_test.rego', text }]), { clock, input: parseJson('{}') });
  expect(report.results.map(({ path, outcome }) => `${path.slice(12)} ${outcome}`)).toEqual([
    'test_a pass', 'test_b fail', 'test_c error', 'test_c error', 'todo_test_d skip', 'test_e fail',
  ]);
  expect(formatJunit(report)).toContain('<testsuite name="p_test.rego" tests="6" failures="2" errors="2" skipped="1">');
});
