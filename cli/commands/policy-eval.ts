// stella policy eval: ask a policy, and be told which rules answered.
import { findPolicy, loadPolicy } from '../../actions/publish-policy.ts';
import { compile, EvaluationError, type Evaluation, formatJson, type Policy, PolicyErrors, type RegoObject, type Value } from '../../policy/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { jsonOf } from '../json.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';
import { CLOCK, clockOf, readInput, readPolicies, sayPolicyErrors, V0 } from '../policies.ts';

export const command: Command = {
  usage: '[--input FILE] [--entrypoint REF | --query TEXT] [--explain] [OPTIONS] (PATH… | --name NAME)',
  help: `Evaluates an entrypoint, by default the one that METADATA marks, or a query; PATH takes data files too, and --name takes the
policy as it was published last. It is no decision: nothing is recorded. Exit code 1 where the result is undefined or the
evaluation ended early.`,
  options: {
    input: { type: 'string', short: 'i', takes: 'FILE', help: 'the input, JSON or YAML; left out, input is undefined' },
    entrypoint: { type: 'string', takes: 'REF', help: 'such as data.gate.allow' },
    query: { type: 'string', takes: 'TEXT', help: 'any query; every answer is printed' },
    explain: { type: 'boolean', help: 'which rules answered, with which values' },
    name: { type: 'string', takes: 'NAME', help: 'the published policy of this name' },
    semantics: { type: 'string', takes: 'N', help: 'of the engine, for the results of an earlier one (else the current)' },
    'strict-builtin-errors': { type: 'boolean', help: 'a failing built-in ends the evaluation' },
    ...V0,
    ...CLOCK,
  },
  examples: [
    ['stella policy eval --input findings.json --explain policies/', 'the marked entrypoint, and why'],
    ['stella policy eval --query "data.gate.deny[x]" -i findings.json policies/ --json', 'every answer, for a program'],
    ['stella policy eval --name gate --input findings.json', 'what is on record'],
  ],

  async run(call) {
    try {
      const { policy, data } = await policyOf(call);
      const input = call.value('input');
      const options = {
        data, clock: clockOf(call), strictBuiltinErrors: call.flag('strict-builtin-errors'), ...(input === undefined ? {} : { input: readInput(input) }),
      };
      const query = call.value('query');
      if (query !== undefined) return tellAnswers(call, policy.query(query, options));
      const entrypoint = call.value('entrypoint') ?? onlyEntrypoint(policy);
      return tell(call, entrypoint, policy.evaluate(entrypoint, options));
    } catch (error) {
      if (error instanceof PolicyErrors) return sayPolicyErrors(call, error);
      if (!(error instanceof EvaluationError)) throw error;
      const { code, message, location } = error;
      call.out.say(`${location === null ? '' : `${location.source.file}:${location.row}: `}${code}: ${message}`);
      call.out.answer({ failure: failureOf(error) });
      return 'no';
    }
  },
};

async function policyOf(call: Call): Promise<{ policy: Policy; data: RegoObject }> {
  const text = call.value('semantics');
  const semantics = text === undefined ? {} : { semantics: parseCount(text, 'semantics') };
  const name = call.value('name');
  if (name === undefined) {
    const { modules, data, regoVersion } = readPolicies(call, call.positionals);
    return { policy: compile(modules, { data, regoVersion, ...semantics }), data };
  }
  if (call.positionals.length > 0) throw new UsageError('give a published policy or files, not both');
  const place = findPlace(call);
  const { policy, bundle: { data } } = await loadPolicy(openPlacePayloads(place), await findPolicy(await openForReading(place), name), semantics.semantics);
  return { policy, data };
}

function onlyEntrypoint({ entrypoints }: Policy): string {
  const [only, ...others] = entrypoints;
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError(entrypoints.length === 0 ? 'name an entrypoint: --entrypoint data.gate.allow' : `name one entrypoint of ${entrypoints.join(', ')}`);
}

function tell(call: Call, entrypoint: string, { defined, value, fired, printed, stats, error }: Evaluation): 'yes' | 'no' {
  for (const { text } of printed) call.out.warn(`print: ${text}`);
  if (error !== null) call.out.say(`ended early: ${error.code}: ${error.message}`);
  else call.out.say(defined ? formatJson(value) : 'undefined');
  if (call.flag('explain')) {
    for (const { path, file, row, bindings } of fired) {
      call.out.say(`  ${path}  ${file}:${row}`);
      for (const [name, bound] of bindings) call.out.say(`      ${name} = ${formatJson(bound)}`);
    }
    if (fired.length === 0) call.out.say('  no rule answered');
    call.out.say(`  ${stats.steps} steps`);
  }
  const rules = fired.map(({ path, file, row, bindings }) => ({ path, file, row, bindings: membersOf(bindings) }));
  call.out.answer({ entrypoint, defined, ...(defined ? { value: jsonOf(value) } : {}), fired: rules, printed, steps: stats.steps });
  if (error !== null) call.out.answer({ failure: failureOf(error) });
  return defined ? 'yes' : 'no';
}

function failureOf({ code, message, location }: Pick<EvaluationError, 'code' | 'message' | 'location'>): Record<string, unknown> {
  return { code, message, location: location === null ? null : { file: location.source.file, row: location.row, col: location.col } };
}

function tellAnswers(call: Call, answers: readonly ReadonlyMap<string, Value>[]): 'yes' | 'no' {
  for (const answer of answers) call.out.say([...answer].map(([name, value]) => `${name} = ${formatJson(value)}`).join('  ') || 'true');
  if (answers.length === 0) call.out.say('undefined');
  call.out.answer({ answers: answers.map(membersOf) });
  return answers.length > 0 ? 'yes' : 'no';
}

const membersOf = (values: ReadonlyMap<string, Value>) => Object.fromEntries([...values].map(([name, value]) => [name, jsonOf(value)]));
