// node tools/policy/decisions.ts: adds to test/policy/decisions what is not stored there yet. A stored decision is never written again:
// where one has another result under the semantics it was made under, results have changed and policy/semantics.ts needs a new number.
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, formatJson, parseJson } from '../../policy/index.ts';
import { knowsRegoSemantics } from '../../policy/semantics.ts';

interface Question {
  readonly modules: readonly { readonly file: string; readonly text: string }[];
  readonly regoVersion: 0 | 1;
  readonly entrypoint: string;
  /** JSON, as it was read: numbers keep their text. */
  readonly input: string;
  readonly data: string;
  /** Nanoseconds since 1970. */
  readonly clock: string;
}

export interface StoredDecision extends Question {
  readonly semantics: number;
  /** SHA-256 of the value's JSON, of nothing where it is undefined, of the error's code where the evaluation ended early. */
  readonly result: string;
}

/** What a stored question comes to under a semantics. */
export function resultOf({ modules, regoVersion, entrypoint, input, data, clock }: Question, semantics: number): string {
  const policy = compile(modules, { regoVersion, semantics });
  const { defined, value, error } = policy.evaluate(entrypoint, { input: parseJson(input), data: parseJson(data), clock: BigInt(clock) });
  return digestOf(error === null ? (defined ? formatJson(value) : '') : error.code);
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const root = fileURLToPath(new URL('../../', import.meta.url));
const CLOCK = '1795219200000000000';
const question = (text: string, entrypoint: string, input: string, rest: Partial<Question> = {}): Question =>
  ({ modules: [{ file: 'policy.rego', text }], regoVersion: 1, entrypoint, input, data: '{}', clock: CLOCK, ...rest });

/** The questions, by name. */
function* questions(): Iterable<[string, Question]> {
  yield ['floor', question('package p\n\nx := floor(input.n)\n', 'data.p.x', '{"n": -0.5}')];
  yield ['floor-of-positive', question('package p\n\nx := [floor(n) | some n in input.ns]\n', 'data.p.x', '{"ns": [0, 0.5, 1, 2.99, 1e3]}')];
  yield ['undefined', question('package p\n\nx if input.no\n', 'data.p.x', '{}')];
  yield ['conflict', question('package p\n\nx := n if some n in input.ns\n', 'data.p.x', '{"ns": [1, 2]}')];
  yield ['limit', question('package p\n\nx := count(numbers.range(0, 1000000000))\n', 'data.p.x', '{}')];
  // Nothing of it is kept: under 1 it has an answer.
  yield ['memory', question('package p\n\nx := count([k | some k in numbers.range(1, 31); count(numbers.range(k, 1000000)) > 0])\n', 'data.p.x', '{}')];
  yield ['clock', question('package p\n\nx := time.format([time.now_ns(), "UTC", "RFC3339"])\n', 'data.p.x', '{}')];
  yield ['numbers', question('package p\n\nx := [input.a, input.a + 0, input.a * 3, input.b / 3, input.b - 0.1, 7 % 4]\n', 'data.p.x',
    '{"a": 1.10, "b": 12345678901234567890}')];
  yield ['order', question('package p\n\nx := {v | some v in input.vs}\n', 'data.p.x',
    '{"vs": ["é", "z", null, true, [1], {"b": 1, "a": 2}, 3, 1.0, 1, "￿", "😀"]}')];
  yield ['with', question('package p\n\nf(n) := input.k + n\n\nx := [f(1), y] if { y := f(1) with input.k as data.k }\n', 'data.p.x',
    '{"k": 1}', { data: '{"k": 41}' })];
  yield ['version-0', question('package p\n\nx[v] { v := input.vs[_]; not v == 2 }\n', 'data.p.x',
    '{"vs": [1, 2, 3]}', { regoVersion: 0 })];
  for (const name of ['criticals', 'inclusion', 'sbom', 'kubernetes']) {
    const modules = [{ file: `${name}.rego`, text: readFileSync(`${root}policy/library/${name}.rego`, 'utf8') }];
    const input = '{"findings": [{"id": "CVE-1", "purl": "pkg:npm/a@1", "severity": "CRITICAL", "exploitability": "affected"}], "vex": [], "waivers": [], '
      + '"attestations": [{"id": "a", "verified": true}], "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "i:latest"}]}}';
    yield [`library-${name}`, { ...question('', `data.stella.${name}`, input), modules }];
  }
  // A few calls of each family that have an answer, from the vectors of the unit tests.
  for (const file of globSync('test/policy/builtins/vectors/*.json', { cwd: root }).sort()) {
    const rows = (JSON.parse(readFileSync(root + file, 'utf8')) as { call: string; args: unknown[]; value?: unknown }[])
      .filter(({ call, value }) => value !== undefined && call !== 'floor');
    const chosen = rows.filter((_, i) => i % Math.ceil(rows.length / 20) === 0);
    const rules = chosen.map(({ call, args }, i) => `x${i} := ${call}(${args.map((_arg, n) => `input[${i}][${n}]`).join(', ')})\n`);
    yield [`calls-${basename(file, '.json')}`, question(`package p\n\n${rules.join('\n')}`, 'data.p', JSON.stringify(chosen.map(({ args }) => args)))];
  }
}

if (import.meta.main) {
  const folder = `${root}test/policy/decisions/`;
  mkdirSync(folder, { recursive: true });
  let added = 0;
  for (const [name, asked] of questions()) {
    for (const semantics of [0, 1, 2].filter(knowsRegoSemantics)) {
      const path = `${folder}${name}.${semantics}.json`;
      if (existsSync(path)) continue;
      const stored: StoredDecision = { ...asked, semantics, result: resultOf(asked, semantics) };
      writeFileSync(path, `${JSON.stringify(stored, null, 1)}\n`);
      added += 1;
    }
  }
  process.stdout.write(`${added} decisions added\n`);
}
