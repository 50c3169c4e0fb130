// Tests written in Rego: every `test_*` rule by itself, and which rules of the policy no test made fire.
import type { EvaluateOptions, Policy, RuleName } from './index.ts';

export interface TestResult extends RuleName {
  /** `skip` for rules named `todo_test_*`, `error` where the evaluation ended early. */
  readonly outcome: 'pass' | 'fail' | 'error' | 'skip';
  readonly message: string | null;
  readonly printed: readonly string[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Rules of the policy that fired in some test, and those that never did; tests and their helpers left out. */
  readonly covered: readonly RuleName[];
  readonly uncovered: readonly RuleName[];
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('.') + 1);
const isTest = ({ path }: RuleName) => /^(?:todo_)?test_/.test(nameOf(path));

/** Runs the tests of a policy whose paths hold a text; a test passes when its rule is defined and not false, as `opa test` has it. */
export function testPolicy(policy: Policy, options: EvaluateOptions, holding = ''): TestReport {
  const tests = policy.rules.filter((rule) => isTest(rule) && rule.path.includes(holding));
  const fired = new Set<string>();
  const place = ({ file, row, path }: RuleName) => `${file}:${row}:${path}`;
  const results = tests.map((test): TestResult => {
    if (nameOf(test.path).startsWith('todo_')) return { ...test, outcome: 'skip', message: null, printed: [] };
    const { value, defined, error, printed, fired: rules } = policy.evaluate(test.path, options);
    for (const rule of rules) fired.add(place(rule));
    const outcome = error !== null ? 'error' : defined && value !== false ? 'pass' : 'fail';
    const message = error === null ? null : `${error.code}: ${error.message}`;
    return { ...test, outcome, message, printed: printed.map(({ text }) => text) };
  });
  const testFiles = new Set(policy.rules.filter(isTest).map(({ file }) => file));
  const own = policy.rules.filter(({ file }) => !testFiles.has(file));
  return { results, covered: own.filter((rule) => fired.has(place(rule))), uncovered: own.filter((rule) => !fired.has(place(rule))) };
}

/** The results in JUnit's XML, one suite for each file. */
export function formatJunit({ results }: TestReport): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) => {
    const rows = results.filter((result) => result.file === file);
    const count = (outcome: TestResult['outcome']) => rows.filter((row) => row.outcome === outcome).length;
    const attributes = `tests="${rows.length}" failures="${count('fail')}" errors="${count('error')}" skipped="${count('skip')}"`;
    return `  <testsuite name="${escapeXml(file)}" ${attributes}>\n${rows.map(formatCase).join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`;
}

function formatCase({ path, row, outcome, message }: TestResult): string {
  const start = `    <testcase name="${escapeXml(nameOf(path))}" classname="${escapeXml(path.slice(0, path.lastIndexOf('.')))}" line="${row}"`;
  if (outcome === 'pass') return `${start}/>\n`;
  if (outcome === 'skip') return `${start}><skipped/></testcase>\n`;
  return `${start}><${outcome === 'fail' ? 'failure' : 'error'} message="${escapeXml(message ?? 'undefined or false')}"/></testcase>\n`;
}

function escapeXml(text: string): string {
  // Control characters may not stand in XML 1.0 at all, escaped or not.
  const clean = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
  return clean.replace(/[&<>"\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
