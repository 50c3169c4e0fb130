// OPA itself beside this engine: shipped policies, its own suite, and random policies, errors and results byte for byte.
//
// STELLA_FUZZ_PAIRS (500; 10,000 for the table) and STELLA_FUZZ_SEED choose what is made; STELLA_CORPORA names the unpacked corpora (.cache/corpora).
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { compile, parseJson, PolicyErrors, testPolicy } from '../../../policy/index.ts';
import type { Client, Step } from '../client.ts';
import { fuzz, rowsOf } from '../opa/fuzz.ts';
import { gates } from '../opa/gates.ts';
import { errorsOf, evalOutput, startOpa } from '../opa/judge.ts';
import { runSuite } from '../opa/suite.ts';
import { buildGo, runProgram } from '../programs.ts';

const version = '1.22.0';
const binary = (peers: string) => join(peers, 'bin/opa');
const clock = 1_795_219_200_000_000_000n;

export const opa: Client = {
  name: 'opa',
  version,
  fast: false,
  isBuilt: (peers) => existsSync(binary(peers)),
  build: async (peers) => buildGo(peers, `github.com/open-policy-agent/opa@v${version}`, 'opa', { opa: '.' }),
  async *run(peers, scratch) {
    yield* library(binary(peers), scratch);
    yield* gates(binary(peers), scratch);
    yield* vision(binary(peers), scratch);
    yield* corrected(binary(peers), scratch);
    const corpora = process.env['STELLA_CORPORA'] ?? '.cache/corpora';
    if (!existsSync(join(corpora, 'rego'))) yield { step: 'the open suite', ok: true, seen: `not run: no rego below ${corpora}` };
    else yield* runSuite(binary(peers), scratch, corpora);
    yield* random(binary(peers), scratch);
  },
};

const INPUTS = [
  '{}', '{"findings": [], "vex": [], "waivers": []}',
  '{"findings": [{"id": "CVE-1", "purl": "pkg:npm/a@1", "severity": "CRITICAL", "exploitability": "affected"}, {"id": "é<b>", "purl": "x", "severity": "LOW", '
    + '"exploitability": "unknown", "kev": true, "epss": 0.93}], "vex": [], "waivers": [], "coverage": {"missing": ["sbom"]}}',
  '{"attestations": [{"id": "a", "verified": true, "predicate_type": "https://slsa.dev/provenance/v1"}], '
    + '"sbom": {"components": [{"name": "z", "licences": ["MIT"]}]}}',
  '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i:latest"}]}}',
];

async function* library(opaBin: string, scratch: string): AsyncIterable<Step> {
  const files = globSync('policy/library/*.rego').sort();
  const modules = files.map((file) => ({ file, text: readFileSync(file, 'utf8') }));
  const folder = join(process.cwd(), 'policy/library');
  const checked = runProgram(opaBin, ['check', '--strict', folder], { cwd: scratch });
  yield { step: 'shipped policies pass opa check --strict', ok: checked.status === 0, seen: checked.stderr };
  const theirs = JSON.parse(runProgram(opaBin, ['test', '-f', 'json', folder], { cwd: scratch }).stdout) as { fail?: boolean }[];
  const policy = compile(modules, { strict: true });
  const { results, coverage } = testPolicy(modules, { strict: true }, { clock });
  const [here, there] = [results.filter(({ outcome }) => outcome === 'pass').length, theirs.filter(({ fail }) => fail !== true).length];
  const all = here === there && there === theirs.length && here === results.length;
  yield { step: 'their tests pass there and here', ok: all, seen: `${there} there, ${here} here` };
  const lines = JSON.parse(runProgram(opaBin, ['test', '--coverage', 'policy/library'], { cwd: process.cwd() }).stdout) as unknown;
  yield { step: 'they cover the same places', ok: isDeepStrictEqual(lines, coverage), seen: `${coverage.covered_lines} lines` };
  const listed = runProgram(opaBin, ['fmt', '-l', folder], { cwd: scratch }).stdout;
  yield { step: 'they are in the layout of opa fmt', ok: listed === '', seen: listed };
  let equal = 0;
  let asked = 0;
  for (const input of INPUTS) {
    writeFileSync(join(scratch, 'input.json'), input);
    for (const name of new Set(files.filter((file) => !file.endsWith('_test.rego')).map((file) => /(\w+)\.rego$/.exec(file)?.[1] ?? ''))) {
      const query = `data.stella.${name}`;
      const { value } = policy.evaluate(query, { clock, input: parseJson(input) });
      const ran = runProgram(opaBin, ['eval', '-f', 'json', '-d', folder, '-i', 'input.json', query], { cwd: scratch });
      asked += 1;
      if (ran.stdout === evalOutput(query, value)) equal += 1;
    }
  }
  yield { step: 'their results are the bytes of opa eval -f json', ok: equal === asked, seen: `${equal} of ${asked}` };
}

/** The two examples everybody begins with: as written they load nowhere, with these errors. */
async function* vision(opaBin: string, scratch: string): AsyncIterable<Step> {
  for (const file of globSync('test/policy/vision/*.rego').sort()) {
    for (const v of [0, 1] as const) {
      const path = join(process.cwd(), file);
      const ran = runProgram(opaBin, ['check', '-f', 'json', ...(v === 0 ? ['--v0-compatible'] : []), path], { cwd: scratch });
      const theirs = ran.status === 0 ? [] : errorsOf((JSON.parse(ran.stdout || ran.stderr) as { errors: [] }).errors);
      let ours: unknown = [];
      try {
        compile([{ file: path, text: readFileSync(path, 'utf8') }], { regoVersion: v });
      } catch (error) {
        if (!(error instanceof PolicyErrors)) throw error;
        ours = error.errors.map(({ code, message, location }) => [code, message, location?.row ?? 0, location?.col ?? 0]);
      }
      const ok = JSON.stringify(ours) === JSON.stringify(theirs);
      const seen = ok ? `${theirs.length}` : `${JSON.stringify(ours)} here, ${JSON.stringify(theirs)} there`;
      yield { step: `${file}, v${v}: the errors of opa check`, ok, seen };
    }
  }
}

/** Corrected, on the inputs whose results are committed. */
function* corrected(opaBin: string, scratch: string): Iterable<Step> {
  const folder = join(process.cwd(), 'test/policy/vision');
  const rows = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as { policy: string; query: string; input: unknown; value: unknown }[];
  const equal = rows.filter(({ policy, query, input, value }) => {
    writeFileSync(join(scratch, 'input.json'), JSON.stringify(input));
    const ran = runProgram(opaBin, ['eval', '-f', 'json', '-d', join(folder, `${policy}-corrected.rego`), '-i', 'input.json', query], { cwd: scratch });
    return ran.stdout === evalOutput(query, parseJson(JSON.stringify(value)));
  });
  yield { step: 'the examples corrected: the results of opa eval', ok: equal.length === rows.length, seen: `${equal.length} of ${rows.length}` };
}

async function* random(opaBin: string, scratch: string): AsyncIterable<Step> {
  const seed = Number(process.env['STELLA_FUZZ_SEED'] ?? '20261121');
  const pairs = Number(process.env['STELLA_FUZZ_PAIRS'] ?? '500');
  const server = await startOpa(opaBin, scratch);
  const start = performance.now();
  const report = await fuzz({ opa: opaBin, scratch, server, seed, pairs }).finally(() => server.stop());
  const seconds = Math.round((performance.now() - start) / 1000);
  const { faults, equal, refused, refusedEqual, decided, failed, differences, uses, formatted, formattedEqual, layouts } = report;
  const rows = rowsOf(uses);
  const excused = [...faults.values()].reduce((sum, n) => sum + n, 0);
  process.stdout.write(`${table(rows)}\n`);
  for (const difference of [...differences.slice(0, 20), ...layouts.slice(0, 10)]) process.stdout.write(`${difference}\n${'-'.repeat(60)}\n`);
  const seen = `seed ${seed}, ${seconds} s: ${pairs} pairs, ${equal} equal, ${failed} end in the same error, ${refused} refused, ${differences.length} differ`
    + [...faults].map(([cause, n]) => `, ${n} are OPA's own fault (${cause})`).join('');
  const ok = differences.length === 0 && equal + failed + refused + excused === pairs;
  yield { step: 'random policies: whole results are the bytes of opa eval -f json', ok, seen };
  yield { step: 'what is refused has the errors of OPA, each at its place', ok: refusedEqual === refused, seen: `${refusedEqual} of ${refused}` };
  yield { step: 'at least half compile and have a result that is not empty', ok: decided * 2 >= pairs, seen: `${decided} of ${pairs}` };
  const least = rows.toSorted(([, a], [, b]) => a - b)[0] as [string, number];
  const leastSeen = `the least: ${least[0]}, ${least[1]} times`;
  if (pairs >= 10_000) yield { step: 'every production and function is there at least 50 times', ok: least[1] >= 50, seen: leastSeen };
  yield { step: 'formatted here, opa fmt changes nothing', ok: formattedEqual === formatted, seen: `${formattedEqual} of ${formatted}` };
}

function table(rows: readonly (readonly [string, number])[]): string {
  const cells = rows.map(([name, count]) => `${name.padEnd(44)}${String(count).padStart(6)}`);
  const lines = Math.ceil(cells.length / 3);
  const line = (i: number) => [cells[i], cells[i + lines], cells[i + 2 * lines]].filter((cell) => cell !== undefined).join('   ');
  return Array.from({ length: lines }, (_, i) => line(i)).join('\n');
}

