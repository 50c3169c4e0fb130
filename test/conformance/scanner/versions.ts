// Suite `versions`: every comparison of the outside fixtures, both ways, under our schemes.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SCHEMES, type Scheme, type SchemeName } from '../../../scanner/versions/index.ts';
import type { Outcome, Suite } from '../suite.ts';

/** The fixtures' file and scheme names, ours behind them. */
const SCHEME_OF: Readonly<Record<string, SchemeName>> = {
  alpine: 'alpine', apk: 'alpine', cran: 'cran', debian: 'debian', hackage: 'hackage', maven: 'maven', nuget: 'nuget', packagist: 'packagist',
  pub: 'pub', pypi: 'pep440', redhat: 'rpm', rubygems: 'rubygems', semver: 'semver',
};
const REVERSED: Readonly<Record<string, string>> = { '<': '>', '=': '=', '>': '<' };

function sign(scheme: Scheme, a: string, b: string): string {
  try {
    const order = scheme.compare(a, b);
    return order < 0 ? '<' : order > 0 ? '>' : order === 0 ? '=' : `no order (${order})`;
  } catch (error) {
    return `thrown ${(error as Error).message}`;
  }
}

function judge(suite: string, id: string, scheme: Scheme, a: string, wanted: string, b: string): Outcome {
  const got = `${sign(scheme, a, b)} and reversed ${sign(scheme, b, a)}`;
  const expected = `${wanted} and reversed ${REVERSED[wanted]}`;
  return got === expected ? { suite, id, is: 'agreed' } : { suite, id, is: 'disagreed', expected, got };
}

function* linesOf(path: string): Generator<Outcome> {
  const name = basename(path).replace(/-versions(-generated)?\.txt$/, '');
  const suite = `versions/osv-scalibr/${name}`;
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (/^(?:\/\/|#|\s*$)/.test(line)) continue;
    const id = `${basename(path)}:${i + 1}`;
    const found = /^(.*) ([<=>]) (.*)$/.exec(line.trim());
    const scheme = SCHEME_OF[name];
    if (found === null) yield { suite, id, is: 'disagreed', expected: 'a comparison', got: line };
    else if (scheme === undefined) yield { suite, id, is: 'skipped', reason: `no scheme for ${name}` };
    else yield judge(suite, id, SCHEMES[scheme], found[1] as string, found[2] as string, found[3] as string);
  }
}

interface VersCase {
  test_type: string;
  input: { input_scheme?: string; versions?: [string, string] };
  expected_output: unknown;
}

function* casesOf(path: string): Generator<Outcome> {
  const suite = `versions/vers-spec/${basename(path, '.json').replace(/[-_]test$/, '')}`;
  const { tests } = JSON.parse(readFileSync(path, 'utf8')) as { tests: VersCase[] };
  for (const [i, test] of tests.entries()) {
    const id = `${basename(path)}#${i}`;
    const name = SCHEME_OF[test.input.input_scheme ?? ''];
    if (!['comparison', 'equality'].includes(test.test_type)) yield { suite, id, is: 'skipped', reason: `${test.test_type} is no comparison` };
    else if (test.input.input_scheme === 'nuget') yield { suite, id, is: 'skipped', reason: 'contradicts the other NuGet fixture, which decides' };
    else if (name === undefined) yield { suite, id, is: 'skipped', reason: `no scheme for ${test.input.input_scheme}` };
    else yield judgeVers(suite, id, SCHEMES[name], test);
  }
}

/** `comparison` gives the two in order, `equality` whether they are equal; two equal ones are in order either way. */
function judgeVers(suite: string, id: string, scheme: Scheme, test: VersCase): Outcome {
  const [a, b] = (test.test_type === 'comparison' ? test.expected_output : test.input.versions) as [string, string];
  const [there, back] = [sign(scheme, a, b), sign(scheme, b, a)];
  const consistent = REVERSED[there] === back;
  const right = test.test_type === 'comparison' ? there === '<' || there === '=' : (there === '=') === test.expected_output;
  return consistent && right ? { suite, id, is: 'agreed' }
    : { suite, id, is: 'disagreed', expected: JSON.stringify(test.expected_output), got: `${a} ${there} ${b}, reversed ${back}` };
}

function* skippedOf(path: string): Generator<Outcome> {
  const read = JSON.parse(readFileSync(path, 'utf8')) as { tests?: unknown[] } | unknown[];
  const tests = Array.isArray(read) ? read : (read.tests ?? []);
  const suite = `versions/univers/${basename(path, '.json')}`;
  for (const i of tests.keys()) yield { suite, id: `${basename(path)}#${i}`, is: 'skipped', reason: 'an earlier copy of the vers-spec suite' };
}

export const suite: Suite = {
  argument: 'versions',
  needs: ['scanner/versions'],
  async *outcomes(corpora) {
    const folder = join(corpora, 'scanner/versions');
    const files = (pattern: string) => globSync(pattern, { cwd: folder }).sort().map((path) => join(folder, path));
    for (const path of files('osv-scalibr/*.txt')) yield* linesOf(path);
    for (const path of files('vers-spec/*.json')) yield* casesOf(path);
    for (const path of files('univers/*.json')) yield* skippedOf(path);
  },
};
