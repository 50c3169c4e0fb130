// The policies we ship, by their own tests: all pass, and every rule of theirs fires in some test.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, formatJson, parseJson, testPolicy } from '../../policy/index.ts';
import { formatJunit } from '../../policy/test-runner.ts';

const clock = 1_795_219_200_000_000_000n;
const modules = () => globSync('policy/library/*.rego').sort().map((file) => ({ file, text: readFileSync(file, 'utf8') }));
describe('the library', () => {
  test('every test passes, as many as `opa test` counts', () => {
    const { results, uncovered } = testPolicy(modules(), { strict: true }, { clock });
    expect(results.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
    expect(results).toHaveLength(107);
    expect(uncovered.map(({ path, row }) => `${path}:${row}`)).toEqual(UNCOVERED);
  });

  const shapes = [
    'null', '[]', '1', '"x"', '{}', '{"findings": {}, "attestations": {}, "sbom": []}', '{"findings": [1]}', '{"findings": "x", "vex": [], "waivers": []}',
    '{"findings": [1], "vex": [], "waivers": []}', '{"findings": [{}], "vex": [], "waivers": []}', '{"findings": [{"kev": "yes", "epss": 0}]}',
    '{"findings": [{"kev": true, "epss": 0}]}', '{"attestations": "x"}', '{"attestations": [1]}', '{"sbom": {"components": "x"}}',
    '{"sbom": {"components": 1}}',
    '{"sbom": {"components": [1]}}', '{"sbom": {"components": [{"licences": "GPL-3.0"}]}}', '{"sbom": {"components": [{"licences": [1]}]}}',
    '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [1]}}', '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": "x"}}',
    '{"apiVersion": "v1", "kind": "Pod", "spec": 1}', '{"attestations": [{}]}', '{"sbom": 5}', '{"coverage": 5}',
    '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"securityContext": "x"}], "securityContext": "x"}}',
    '{"apiVersion": "v1", "kind": "List", "items": []}',
  ];
  const library = modules();
  const names = library.map(({ file }) => /(\w+)\.rego$/.exec(file)?.[1] ?? '').filter((name) => !name.endsWith('_test'));

  test.each(names)('%s denies what is empty, absent or of another shape', (name) => {
    const policy = compile(library);
    const data = parseJson('{"stella": {"config": {"kubernetes": "1.34.0", "builders": ["b"]}}}');
    const decide = (input?: string) => {
      const given = input === undefined ? {} : { input: parseJson(input) };
      return policy.evaluate(`data.stella.${name}.allow`, { clock, data, ...given });
    };
    for (const input of shapes) expect([input, formatJson(decide(input).value)]).toEqual([input, 'false']);
    expect(decide().value).toBe(false);
  });
});

const UNCOVERED: readonly string[] = [];

test('a test that fails, one that errs and one to do are told apart, in JUnit too', () => {
  const text = 'package p_test\ntest_a if true\ntest_b if 1 == 2\n'
    + 'c := 1\nc := 2 if true\ntest_c if c == 1\ntest_c2 if c == 2\ntodo_test_d if false\ntest_e if input["<&"]\n';
  const report = testPolicy([{ file: 'p_test.rego', text }], {}, { clock, input: parseJson('{}') });
  expect(report.results.map(({ path, outcome }) => `${path.slice(12)} ${outcome}`)).toEqual([
    'test_a pass', 'test_b fail', 'test_c error', 'test_c2 error', 'todo_test_d skip', 'test_e fail',
  ]);
  expect(formatJunit(report)).toContain('<testsuite name="p_test.rego" tests="6" failures="2" errors="2" skipped="1">');
});
