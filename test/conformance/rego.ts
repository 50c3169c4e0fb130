// OPA's own conformance suite, v0 and v1: every case of every YAML file, nothing skipped.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node } from 'yaml';
import { BUILTINS } from '../../policy/builtins/registry.ts';
import type { Builtin, Registered } from '../../policy/builtins/builtin.ts';
import { compile, EvaluationError, PolicyErrors } from '../../policy/index.ts';
import { formatJson } from '../../policy/rego/json.ts';
import { Num } from '../../policy/rego/number.ts';
import { isArray, keyOf, ObjectBuilder, RegoObject, RegoSet, type Value } from '../../policy/rego/value.ts';
import type { Outcome, Suite } from './suite.ts';

const clock = 1_795_219_200_000_000_000n;

/** What the suite's own runner adds to OPA. */
const sleep: Builtin = { name: 'test.sleep', type: '(string) => none', run: () => undefined };

interface Case {
  readonly query: string;
  readonly modules: readonly string[];
  readonly data: Value | undefined;
  readonly input: Value | undefined;
  readonly inputTerm: string | undefined;
  readonly strict: boolean;
  readonly sort: boolean;
  readonly ignoreGenerated: boolean;
  readonly wantResult: Value | undefined;
  readonly wantDefined: boolean | undefined;
  readonly wantError: string | undefined;
  readonly wantCode: string | undefined;
}

let texts = { equal: 0, other: 0 };
/** Cases that call neither graphql nor a refused built-in, by version. */
const core: Record<string, { cases: number; agreed: number }> = {};

export const rego: Suite = {
  argument: 'rego',
  needs: ['rego'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    (BUILTINS as Map<string, Registered>).set(sleep.name, { ...sleep, room: null });
    texts = { equal: 0, other: 0 };
    const root = join(corpora, 'rego');
    for (const version of [0, 1] as const) {
      const folder = join(root, `v${version}`);
      for (const file of globSync('**/*.{yaml,yml}', { cwd: folder }).sort()) {
        yield* casesOf(folder, file, version);
      }
    }
  },
  figures: () => [
    `error texts: ${texts.equal} equal, ${texts.other} reworded or other`,
    ...Object.entries(core).map(([version, { cases, agreed }]) => {
      return `${version} without graphql and refused built-ins: ${agreed} of ${cases} (${((agreed / cases) * 100).toFixed(2)} %)`;
    }),
  ],
};

function* casesOf(folder: string, file: string, version: 0 | 1): Iterable<Outcome> {
  const category = dirname(file) === '.' ? file : dirname(file);
  const suite = `rego/v${version}/${category}`;
  const read = fromYaml(parseDocument(readFileSync(join(folder, file), 'utf8')).contents) as RegoObject | null;
  const cases = read?.get('cases');
  for (const [i, item] of (isArray(cases) ? cases : []).entries()) {
    const id = `v${version}/${relative('.', file)}#${i}`;
    const found = parseCase(item as RegoObject);
    const wrong = disagreement(found, version);
    const special = /\b(?:graphql|http\.send|net\.lookup_ip_addr|opa\.runtime|rand\.intn|uuid\.rfc4122|io\.jwt\.encode_sign)/;
    if (![found.query, ...found.modules].some((text) => special.test(text))) {
      const row = (core[`v${version}`] ??= { cases: 0, agreed: 0 });
      row.cases += 1;
      if (wrong === null) row.agreed += 1;
    }
    yield wrong === null ? { suite, id, is: 'agreed' } : { suite, id, is: 'disagreed', ...wrong };
  }
}

function parseCase(item: RegoObject): Case {
  const text = (key: string) => {
    const value = item.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const modules = item.get('modules');
  const defined = item.get('want_defined');
  return {
    query: text('query') ?? '',
    modules: isArray(modules) ? (modules as readonly string[]) : [],
    data: item.get('data'),
    input: item.get('input'),
    inputTerm: text('input_term'),
    strict: item.get('strict_error') === true,
    sort: item.get('sort_bindings') === true,
    ignoreGenerated: item.get('ignore_generated_vars') === true,
    wantResult: item.get('want_result'),
    wantDefined: typeof defined === 'boolean' ? defined : undefined,
    wantError: text('want_error'),
    wantCode: text('want_error_code'),
  };
}

type Wrong = { expected: string; got: string } | null;

function disagreement(c: Case, version: 0 | 1): Wrong {
  const wantsError = c.wantError !== undefined || c.wantCode !== undefined;
  const code = c.wantCode ?? /eval_\w+_error/.exec(c.wantError ?? '')?.[0] ?? 'an error';
  try {
    const answers = run(c, version);
    if (wantsError) return { expected: code, got: `${answers.length} answers` };
    if (c.wantResult !== undefined) return compareAnswers(c, answers);
    if (c.wantDefined !== undefined) {
      const defined = answers.length > 0;
      return defined === c.wantDefined ? null : { expected: `defined: ${c.wantDefined}`, got: `defined: ${defined}` };
    }
    return { expected: 'something wanted', got: 'nothing' };
  } catch (cause) {
    if (cause instanceof EvaluationError && wantsError) {
      if (code !== 'an error' && cause.code !== code) return { expected: code, got: `${cause.code}: ${cause.message}` };
      if (c.wantError?.includes(cause.message) === true) texts.equal += 1;
      else texts.other += 1;
      return null;
    }
    const { message } = cause as Error;
    const kind = cause instanceof PolicyErrors ? 'does not compile: ' : cause instanceof EvaluationError ? `${cause.code}: ` : 'threw: ';
    return { expected: wantsError ? code : 'answers', got: (kind + message).slice(0, 300).replaceAll('\n', ' ') };
  }
}

function run(c: Case, version: 0 | 1): ReadonlyMap<string, Value>[] {
  const policy = compile(c.modules.map((text, i) => ({ file: `test-${i}.rego`, text })), { regoVersion: version });
  const options = { clock, strictBuiltinErrors: c.strict, ...(c.data === undefined ? {} : { data: c.data }) };
  let { input } = c;
  if (c.inputTerm !== undefined) {
    const [answer] = policy.query(`x = ${c.inputTerm}`, options);
    input = answer?.get('x');
  }
  return policy.query(c.query, input === undefined ? options : { ...options, input });
}

function compareAnswers(c: Case, answers: readonly ReadonlyMap<string, Value>[]): Wrong {
  const wanted = isArray(c.wantResult) ? c.wantResult : [];
  const expected = new Set(wanted.map((binding) => normal(binding, c)));
  const got = new Set(answers.map((answer) => normal(asObject(answer), c)));
  if (expected.size === got.size && [...expected].every((binding) => got.has(binding))) return null;
  return { expected: [...expected].join(' ').slice(0, 300), got: [...got].join(' ').slice(0, 300) || 'no answers' };
}

function asObject(answer: ReadonlyMap<string, Value>): RegoObject {
  return RegoObject.of([...answer].map(([name, value]): [Value, Value] => [name, value]));
}

/** A binding as text in which equal answers are equal: sets as arrays, keys as JSON text, numbers by value. */
function normal(binding: Value, c: Case): string {
  const object = asJson(binding) as RegoObject;
  const kept = new ObjectBuilder();
  for (const [key, value] of object) {
    if (c.ignoreGenerated && String(key).startsWith('__localq')) continue;
    const sorted = c.sort && isArray(value) ? value.toSorted((a, b) => (formatJson(a) < formatJson(b) ? -1 : 1)) : value;
    kept.set(key, sorted);
  }
  return formatJson(kept.build());
}

function asJson(value: Value): Value {
  if (value instanceof Num) {
    const key = keyOf(value);
    // A number's key is its exact value; what is no safe integer shows it without the mark before it.
    return typeof key === 'number' ? key : `number ${String(key).slice(2)}`;
  }
  if (value instanceof RegoSet) return value.sorted.map(asJson);
  if (isArray(value)) return value.map(asJson);
  if (value instanceof RegoObject) return RegoObject.of([...value].map(([k, v]) => [typeof k === 'string' ? k : formatJson(asJson(k)), asJson(v)]));
  return value;
}

/** YAML with every integer exact and every other number by its text. */
export function fromYaml(node: Node | null): Value {
  if (node === null) return null;
  if (isAlias(node)) throw new TypeError('the suite uses no aliases');
  if (isSeq(node)) return node.items.map((item) => fromYaml(item as Node));
  if (isMap(node)) return RegoObject.of(node.items.map((pair) => [fromYaml(pair.key as Node), fromYaml(pair.value as Node | null)]));
  if (!isScalar(node)) throw new TypeError('not a YAML value');
  const { value, source } = node;
  if (typeof value !== 'number') return value as Value;
  return Num.parse(source ?? '') ?? Num.parse(String(value)) ?? null;
}
