// Tests written in Rego: every `test_*` rule by itself, its cases, and which lines of the policy no test reached.
import { type Coverage, coverageOf, placesOf } from './coverage.ts';
import { compile, type CompileOptions, type EvaluateOptions, type ModuleSource, type Policy, type RuleName, type TestRule } from './index.ts';
import type { Location } from './rego/ast.ts';
import { formatJson } from './rego/json.ts';
import { parseModule } from './rego/parser.ts';
import { RegoObject, type Value } from './rego/value.ts';

/** One case of a test such as `test_all[name]`, or those of one name where the test has several keys. */
export interface TestCase {
  readonly name: string;
  readonly outcome: 'pass' | 'fail';
  readonly cases: readonly TestCase[];
}

export interface TestResult extends RuleName {
  /** `skip` for rules named `todo_test_*`, `error` where the evaluation ended early. */
  readonly outcome: 'pass' | 'fail' | 'error' | 'skip';
  readonly message: string | null;
  readonly printed: readonly string[];
  /** By their names; none where the test has none. */
  readonly cases: readonly TestCase[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Rules of the policy that fired in some test, and those that never did; tests and their helpers left out. */
  readonly covered: readonly RuleName[];
  readonly uncovered: readonly RuleName[];
  readonly coverage: Coverage;
}

/**
 * Runs the tests of a policy whose paths hold a text, and passes those that `opa test` passes: the value is true, or an object in which every
 * case that began is true.
 *
 * @throws {PolicyErrors} when the policy does not compile
 */
export function testPolicy(modules: readonly ModuleSource[], how: Omit<CompileOptions, 'tests'>, options: EvaluateOptions, holding = ''): TestReport {
  const policy = compile(modules, { ...how, tests: true });
  const places = new Map(modules.map(({ file, text }) => [file, placesOf(parseModule(file, text, how.regoVersion ?? 1))]));
  const fired = new Set<string>();
  const visited = new Set<Location>();
  const place = ({ file, row, path }: RuleName) => `${file}:${row}:${path}`;
  const results = policy.tests.filter(({ path }) => path.includes(holding)).map((test): TestResult => {
    const { result, rules, reached } = run(policy, test, options);
    for (const rule of rules) fired.add(place(rule));
    for (const location of reached) visited.add(location);
    return result;
  });
  const testFiles = new Set(policy.tests.map(({ file }) => file));
  const own = policy.rules.filter(({ file }) => !testFiles.has(file));
  const [covered, uncovered] = [own.filter((rule) => fired.has(place(rule))), own.filter((rule) => !fired.has(place(rule)))];
  return { results, covered, uncovered, coverage: coverageOf(places, visited) };
}

interface Ran {
  readonly result: TestResult;
  readonly rules: readonly RuleName[];
  readonly reached: ReadonlySet<Location>;
}

function run(policy: Policy, test: TestRule, options: EvaluateOptions): Ran {
  const { path, file, row, name, hasCases, isFunction } = test;
  const told = (outcome: TestResult['outcome'], more: Partial<TestResult> = {}): TestResult =>
    ({ path, file, row, outcome, message: null, printed: [], cases: [], ...more });
  if (name.startsWith('todo_')) return { result: told('skip'), rules: [], reached: new Set() };
  if (isFunction) {
    return { result: told('error', { message: `rego_type_error: function ${path} used as reference, not called` }), rules: [], reached: new Set() };
  }
  const { value, defined, error, printed, fired, cases, visited } = policy.evaluateTest(test, options);
  const output = { printed: printed.map(({ text }) => text) };
  const ran = (result: TestResult): Ran => ({ result, rules: fired, reached: visited });
  if (error !== null) return ran(told('error', { ...output, message: `${error.code}: ${error.message}` }));
  if (!defined || !hasCases) return ran(told(defined && value === true ? 'pass' : 'fail', output));
  const found = casesOf(value);
  for (const names of cases) noteBegun(found, names.map(textOf));
  const shown = shownCases(found);
  return ran(told(shown.some(({ outcome }) => outcome === 'fail') ? 'fail' : 'pass', { ...output, cases: shown }));
}

interface Case {
  outcome: TestCase['outcome'];
  readonly inner: Map<string, Case>;
}

const textOf = (value: Value) => (typeof value === 'string' ? value : formatJson(value));

function casesOf(value: Value): Map<string, Case> {
  const entries = value instanceof RegoObject ? [...value] : [];
  return new Map(entries.map(([key, member]): [string, Case] => {
    const inner = casesOf(member);
    const passes = member instanceof RegoObject ? [...inner.values()].every(({ outcome }) => outcome === 'pass') : member === true || member === null;
    return [textOf(key), { outcome: passes ? 'pass' : 'fail', inner }];
  }));
}

/** A case that began and has no value failed, and so did what holds it. */
function noteBegun(cases: Map<string, Case>, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  let one = cases.get(name);
  if (one === undefined) cases.set(name, (one = { outcome: 'fail', inner: new Map() }));
  if (rest.length === 0) return one.outcome === 'fail';
  const failed = noteBegun(one.inner, rest);
  if (failed) one.outcome = 'fail';
  return failed;
}

function shownCases(cases: ReadonlyMap<string, Case>): TestCase[] {
  return [...cases].map(([name, { outcome, inner }]) => ({ name, outcome, cases: shownCases(inner) })).sort((a, b) => (a.name < b.name ? -1 : 1));
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
  const dot = path.lastIndexOf('.');
  const start = `    <testcase name="${escapeXml(path.slice(dot + 1))}" classname="${escapeXml(path.slice(0, dot))}" line="${row}"`;
  if (outcome === 'pass') return `${start}/>\n`;
  if (outcome === 'skip') return `${start}><skipped/></testcase>\n`;
  return `${start}><${outcome === 'fail' ? 'failure' : 'error'} message="${escapeXml(message ?? 'undefined or false')}"/></testcase>\n`;
}

function escapeXml(text: string): string {
  // Control characters may not stand in XML 1.0 at all, escaped or not.
  const clean = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
  return clean.replace(/[&<>"\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
