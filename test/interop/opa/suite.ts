// OPA's own suite once more, this time asked of OPA: what its modules give is compared as bytes, and so are their errors.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { compile, EvaluationError, formatJson, parseJson, PolicyErrors, RegoObject, type Value } from '../../../policy/index.ts';
import { isArray } from '../../../policy/rego/value.ts';
import { fromYaml } from '../../conformance/rego.ts';
import type { Step } from '../client.ts';
import { runProgram } from '../programs.ts';
import { type Errors, errorsOf, type OpaServer, startOpa, writeModules } from './judge.ts';

/** What has another answer by design or by the moment: chance, the network, the process, signatures, the clock; and sets as input. */
// A zone's name means what the machine's database says.
const LEFT_OUT = new RegExp([
  'http\\.send', 'net\\.lookup_ip_addr', 'opa\\.runtime', 'rand\\.intn', 'uuid\\.rfc4122', 'io\\.jwt\\.encode_sign', 'time\\.now_ns', 'decode_verify',
  'parse_and_verify', 'sleep', '(?:America|Asia|Europe)/',
].join('|'));

interface Place {
  readonly opa: string;
  readonly scratch: string;
  readonly flags: readonly string[];
  readonly server: OpaServer;
}

interface Counts {
  cases: number;
  equal: number;
  refused: number;
  left: number;
  readonly differences: string[];
}

export async function* runSuite(opa: string, scratch: string, corpora: string): AsyncIterable<Step> {
  for (const version of [0, 1] as const) {
    const flags = version === 0 ? ['--v0-compatible'] : [];
    const server = await startOpa(opa, scratch, flags);
    const counts: Counts = { cases: 0, equal: 0, refused: 0, left: 0, differences: [] };
    try {
      const folder = join(corpora, 'rego', `v${version}`);
      for (const file of globSync('**/*.{yaml,yml}', { cwd: folder }).sort()) {
        const read = fromYaml(parseDocument(readFileSync(join(folder, file), 'utf8')).contents) as RegoObject | null;
        const cases = read?.get('cases');
        for (const [i, item] of (isArray(cases) ? cases : []).entries()) {
          await compareCase({ opa, scratch, flags, server }, item as RegoObject, version, `${file}#${i}`, counts);
        }
      }
    } finally {
      await server.stop();
    }
    const { cases, equal, refused, left, differences } = counts;
    for (const difference of differences.slice(0, 10)) process.stdout.write(`${difference}\n`);
    const seen = `${equal} results and ${refused} lists of errors of ${cases} cases equal, ${left} more left out, ${differences.length} differ`;
    yield { step: `the open suite v${version}: results of /v1/query and errors, byte for byte`, ok: differences.length === 0, seen };
  }
}

async function compareCase(place: Place, item: RegoObject, version: 0 | 1, id: string, counts: Counts): Promise<void> {
  const text = (key: string) => item.get(key) as string | undefined;
  const modules = ((item.get('modules') as readonly string[] | undefined) ?? []).map(String);
  const query = text('query') ?? '';
  const strict = item.get('strict_error') === true || item.get('input_term') !== undefined;
  if (strict || modules.some((module) => LEFT_OUT.test(module)) || LEFT_OUT.test(query)) {
    counts.left += 1;
    return;
  }
  counts.cases += 1;
  const [data, input] = [item.get('data'), item.get('input')];
  const theirs = await ask(place, modules, query, data, input);
  const ours = decide(modules, query, data, input, version);
  if (JSON.stringify(ours) === JSON.stringify(theirs)) {
    if ('errors' in ours) counts.refused += 1;
    else counts.equal += 1;
  } else counts.differences.push(`v${version}/${id}\nhere  ${show(ours)}\nthere ${show(theirs)}`);
}

type Answer = { readonly result: string } | { readonly errors: Errors } | { readonly failed: string };
const show = (answer: Answer) => JSON.stringify(answer).slice(0, 600);

async function ask(place: Place, modules: readonly string[], query: string, data: Value | undefined, input: Value | undefined): Promise<Answer> {
  const { server } = place;
  await server.load([]);
  await server.put('data', data === undefined ? '{}' : formatJson(data));
  const errors = await server.load(modules);
  // Modules that call one another's functions never come in one by one.
  if (errors !== null && modules.length > 1) return askAlone(place, modules, query, data, input);
  if (errors !== null) return { errors };
  const body = await server.query(query, input === undefined ? null : formatJson(input));
  const code = /"code": ?"(eval_\w+)"/.exec(body)?.[1];
  return code === undefined ? { result: body.trim() } : { failed: code };
}

/** One `opa eval` of its own; its bindings are read losslessly and written as the server writes them. */
function askAlone({ opa, scratch, flags }: Place, modules: readonly string[], query: string, data: Value | undefined, input: Value | undefined): Answer {
  const folder = join(scratch, 'case');
  writeModules(folder, new Map(modules.map((text, i) => [`m${i}`, text])));
  writeFileSync(join(folder, 'data.json'), data === undefined ? '{}' : formatJson(data));
  const given = input === undefined ? [] : ['-i', join(scratch, 'input.json')];
  if (input !== undefined) writeFileSync(join(scratch, 'input.json'), formatJson(input));
  const { stdout } = runProgram(opa, ['eval', '-f', 'json', ...flags, '-d', folder, ...given, query], { cwd: scratch });
  const answer = parseJson(stdout) as RegoObject;
  const errors = answer.get('errors');
  if (errors !== undefined) return asFailure(JSON.parse(stdout) as { errors: [] });
  const results = (answer.get('result') ?? []) as readonly RegoObject[];
  const bindings = results.map((row) => row.get('bindings') ?? RegoObject.of([]));
  return { result: bindings.length === 0 ? '{}' : `{"result":${formatJson(bindings, true)}}` };
}

function asFailure({ errors }: { errors: readonly { code?: string }[] }): Answer {
  const [first] = errors;
  return first?.code?.startsWith('eval_') === true ? { failed: first.code } : { errors: errorsOf(errors) };
}

function decide(modules: readonly string[], query: string, data: Value | undefined, input: Value | undefined, version: 0 | 1): Answer {
  try {
    const policy = compile(modules.map((text, i) => ({ file: `m${i}.rego`, text })), { regoVersion: version });
    const options = { clock: 0n, ...(data === undefined ? {} : { data }), ...(input === undefined ? {} : { input }) };
    const answers = policy.query(query, options).map((answer) => RegoObject.of([...answer]));
    return { result: answers.length === 0 ? '{}' : `{"result":${formatJson(answers, true)}}` };
  } catch (error) {
    if (error instanceof EvaluationError) return { failed: error.code };
    if (!(error instanceof PolicyErrors)) throw error;
    return { errors: error.errors.map(({ code, message, location }) => [code, message, location?.row ?? 0, location?.col ?? 0] as const) };
  }
}
