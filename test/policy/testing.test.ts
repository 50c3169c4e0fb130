// Tests of policies: outcomes, cases and covered lines as OPA 1.22.0 tells them ("opa test -f json", "opa test --coverage").
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rowsOf, testPolicy } from '../../policy/index.ts';

const clock = 1_795_219_200_000_000_000n;
const read = (name: string) => readFileSync(new URL(`testing/${name}`, import.meta.url), 'utf8');
const module = (file: string) => ({ file, text: read(file) });

test('every outcome and every case is what opa test says, and only true passes', () => {
  const { results } = testPolicy([module('outcomes_test.rego')], {}, { clock });
  expect(results.map(({ path, row, outcome, cases }) => ({ path, row, outcome, cases }))).toEqual(JSON.parse(read('outcomes.json')));
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['pass', 'fail', 'error', 'skip']));
});

test('covered and not covered ranges are those of opa test --coverage', () => {
  const { coverage } = testPolicy([module('covered.rego'), module('covered_test.rego')], {}, { clock });
  expect(coverage).toEqual(JSON.parse(read('coverage.json')));
  expect(coverage.not_covered_lines).toBeGreaterThan(5);
  const [first] = rowsOf(coverage.files['covered.rego']?.not_covered ?? []);
  expect(first).toEqual([5, 5]);
});

test('what a case reaches before it fails is known, and a test whose cases never begin passes no case', () => {
  const text = 'package p_test\n\ntest_a[name] if {\n\tsome name, x in input.cases\n\tx > 1\n}\n';
  const [result] = testPolicy([{ file: 'p_test.rego', text }], {}, { clock }).results;
  expect(result).toMatchObject({ outcome: 'pass', cases: [] });
});
