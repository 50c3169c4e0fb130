// stella policy test: run the tests of a policy, with coverage and JUnit's XML.
import { writeFileSync } from 'node:fs';
import { formatJunit, PolicyErrors, rowsOf, type TestCase, testPolicy, type TestReport } from '../../policy/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { CLOCK, clockOf, readPolicies, sayPolicyErrors, V0 } from '../policies.ts';

export const command: Command = {
  usage: '[--v0] [--run PATTERN] [--coverage] [--threshold PERCENT] [--verbose] [--junit FILE] [--clock TIME] PATH…',
  help: `Runs every rule named test_… and tells which pass, as "opa test" does: those that are true, and those whose every case is, as in
test_all[name]; todo_test_… are skipped. Coverage counts the lines that were evaluated. Exit code 1 when a test fails, when none ran,
or when fewer lines are covered than --threshold asks for.`,
  options: {
    ...V0,
    run: { type: 'string', takes: 'PATTERN', help: 'only tests whose path holds this text' },
    verbose: { type: 'boolean', short: 'v', help: 'passing tests too, and what they print' },
    coverage: { type: 'boolean', help: 'which lines no test reached, and which rules fired in none' },
    threshold: { type: 'string', takes: 'PERCENT', help: 'of lines that have to be covered, 0 to 100' },
    junit: { type: 'string', takes: 'FILE', help: 'write the results as JUnit\'s XML' },
    ...CLOCK,
  },
  examples: [
    ['stella policy test policies/', 'all of them'],
    ['stella policy test --coverage --threshold 100 --junit tests.xml policies/', 'in CI'],
  ],

  async run(call) {
    const threshold = thresholdOf(call);
    try {
      const { modules, data, regoVersion } = readPolicies(call, call.positionals);
      const report = testPolicy(modules, { data, regoVersion }, { clock: clockOf(call), data }, call.value('run'));
      const junit = call.value('junit');
      if (junit !== undefined) writeFileSync(junit, formatJunit(report));
      return tell(call, report, threshold);
    } catch (error) {
      if (error instanceof PolicyErrors) return sayPolicyErrors(call, error);
      throw error;
    }
  },
};

function thresholdOf(call: Call): number | null {
  const text = call.value('threshold');
  if (text === undefined) return null;
  if (!/^(?:100|\d{1,2})(?:\.\d+)?$/.test(text) || Number(text) > 100) throw new UsageError('give --threshold a percentage from 0 to 100');
  return Number(text);
}

function tell(call: Call, { results, covered, uncovered, coverage }: TestReport, threshold: number | null): 'yes' | 'no' {
  const count = (wanted: string) => results.filter(({ outcome }) => outcome === wanted).length;
  for (const { path, file, row, outcome, message, printed, cases } of results) {
    const shown = call.flag('verbose') || (outcome !== 'pass' && outcome !== 'skip');
    if (!shown) continue;
    call.out.say(`${outcome.toUpperCase().padEnd(5)} ${path}  ${file}:${row}${message === null ? '' : `  ${message}`}`);
    sayCases(call, cases, '      ');
    for (const text of printed) call.out.say(`      ${text}`);
  }
  const { files, ...total } = coverage;
  if (call.flag('coverage')) {
    for (const [file, { not_covered = [] }] of Object.entries(files)) {
      for (const [from, to] of rowsOf(not_covered)) call.out.say(`not covered  ${file}:${from}${from === to ? '' : `-${to}`}`);
    }
    for (const { path, file, row } of uncovered) call.out.say(`never fired  ${path}  ${file}:${row}`);
  }
  const lines = total.covered_lines + total.not_covered_lines;
  if (call.flag('coverage') || threshold !== null) call.out.say(`${Math.round(total.coverage * 100) / 100} % of ${lines} lines covered`);
  const [passed, failed, errors, skipped] = ['pass', 'fail', 'error', 'skip'].map(count);
  call.out.say(`${passed} passed, ${failed} failed, ${errors} in error, ${skipped} skipped`);
  const rules = { count: covered.length + uncovered.length, covered: covered.length, uncovered };
  call.out.answer({ tests: results, passed, failed, errors, skipped, coverage, rules });
  if (results.length === 0) call.out.say('no test ran: tests are rules named test_…');
  return failed === 0 && errors === 0 && results.length > 0 && total.coverage >= (threshold ?? 0) ? 'yes' : 'no';
}

function sayCases(call: Call, cases: readonly TestCase[], indent: string): void {
  for (const { name, outcome, cases: inner } of cases) {
    call.out.say(`${indent}${outcome.toUpperCase()} ${name}`);
    sayCases(call, inner, `${indent}  `);
  }
}
