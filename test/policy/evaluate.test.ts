// Evaluation: answers and conflicts, explanation, limits, refused functions, `with`, semantics, order of modules and rules.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, type CompileOptions, type EvaluateOptions, formatJson, parseJson, type PolicyErrors, type Value } from '../../policy/index.ts';
import { TEST_SEMANTICS } from '../../policy/semantics.ts';

const clock = 1_795_219_200_000_000_000n;
const policyOf = (text: string, options?: CompileOptions) => compile([{ file: 'p.rego', text }], options);
const evaluate = (text: string, options: Partial<EvaluateOptions> = {}, entrypoint = 'data.p.x') => policyOf(text).evaluate(entrypoint, { clock, ...options });
const result = (text: string, input?: string) => {
  const { defined, value, error } = evaluate(`package p\n${text}`, input === undefined ? {} : { input: parseJson(input) });
  return error === null ? (defined ? formatJson(value) : 'undefined') : error.code;
};
const errorsOf = (text: string, options?: CompileOptions) => {
  try {
    policyOf(text, options);
    return [];
  } catch (cause) {
    return (cause as PolicyErrors).errors.map(({ code, message, location }) => `${location?.row}:${location?.col} ${code} ${message}`);
  }
};

describe('answers', () => {
  test.each([
    ['x := 1 + 2 * 3', undefined, '7'],
    ['x contains y if some y in input', '[2, 1, 2]', '[1,2]'],
    ['x[k] := v if some k, v in input', '{"a": 1.10}', '{"a":1.10}'],
    ['x.a.b := 1\nx.a.c := 2', undefined, '{"a":{"b":1,"c":2}}'],
    ['x := [y | y := input[_]; y > 1]', '[1, 2, 3]', '[2,3]'],
    ['default x := "no"\nx := "yes" if input.ok', '{}', '"no"'],
    ['x := 1 if input.a else := 2 if input.b else := 3', '{"b": true}', '2'],
    ['x := f(3)\nf(n) := n * n', undefined, '9'],
    ['x if not input.missing', '{}', 'true'],
    ['x if every n in input { n > 0 }', '[1, 2]', 'true'],
    ['x := y if [y, 1] = [2, 1]', undefined, '2'],
    ['x := [a, b] if {"k": [a, b]} = input', '{"k": [1, 2]}', '[1,2]'],
    ['x := count({[a, b] | some a, b in input})', '["u", "v", "u"]', '3'],
    ['x := y if y := input.a.b with input.a as {"b": 5}', '{}', '5'],
    ['x := 1 / 0', undefined, 'undefined'],
    ['x := 1 if input\nx := 2 if input', '{}', 'eval_conflict_error'],
    ['x := f(1)\nf(n) := 1 if n > 0\nf(n) := 2 if n > 0', undefined, 'eval_conflict_error'],
    ['x := {k: v | some v in input; k := "a"}', '[1, 2]', 'eval_conflict_error'],
    ['x[k] := v if { some v in input; k := "a" }', '[1, 2]', 'eval_conflict_error'],
    ['import rego.v2\nx if { input.a or input.b and input.c }', '{"b": true}', 'undefined'],
    ['import rego.v2\nx if { (input.a or input.b) and not { input.c } }', '{"b": true}', 'true'],
    ['x := $"{input.n} of {input.missing}"', '{"n": 1}', '"1 of <undefined>"'],
    ['x := [p | walk(input, [p, 1])]', '{"a": [1, {"b": 1}]}', '[["a",0],["a",1,"b"]]'],
  ])('%s on %s is %s', (text, input, expected) => {
    expect(result(text, input)).toBe(expected);
  });

  test('base data lies under rules, and a number finds the key that is its text', () => {
    const policy = compile([{ file: 'a.rego', text: 'package a\nv := data.nums[2]\nw := 1\n' }]);
    const data = parseJson('{"nums": {"2": "two"}, "a": {"base": true}}');
    expect(formatJson(policy.evaluate('data.a', { clock, data }).value)).toBe('{"base":true,"v":"two","w":1}');
  });

  test('an entrypoint that is no reference into data is refused', () => {
    expect(() => policyOf('package p').evaluate('input.x', { clock })).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
  });
});

describe('explanation', () => {
  const text = 'package p\n\nx contains msg if {\n\tsome f in input.findings\n\tf.severity == "HIGH"\n\tprint("seen", f.id, f.missing)\n\tmsg := f.id\n}\n';

  test('rules that fired stand with file, line and bindings; prints with their line', () => {
    const input = parseJson('{"findings": [{"id": "a", "severity": "LOW"}, {"id": "b", "severity": "HIGH"}]}');
    const { fired, printed, stats } = evaluate(text, { input });
    expect(fired.map(({ path, file, row }) => `${path} ${file}:${row}`)).toEqual(['data.p.x p.rego:3']);
    expect(Object.fromEntries([...(fired[0]?.bindings ?? [])].map(([name, value]) => [name, formatJson(value)]))).toEqual({
      f: '{"id":"b","severity":"HIGH"}', msg: '"b"',
    });
    expect(printed).toEqual([{ text: 'seen b <undefined>', file: 'p.rego', row: 6 }]);
    expect(stats.steps).toBeGreaterThan(2);
  });

  test('a rule without an answer did not fire', () => {
    expect(evaluate(text, { input: parseJson('{"findings": []}') }).fired).toEqual([]);
  });
});

describe('limits', () => {
  test.each([
    ['a range of a thousand million', 'x := count(numbers.range(0, 1000000000))', {}],
    ['nested loops', 'x := count([1 | some a in input; some b in input; some c in input])', { steps: 100_000 }],
    ['a walk over a large document', 'x := count([p | walk(input, [p, _])])', { steps: 50 }],
    ['a shift by a million million', 'x := bits.lsh(1, 1000000000000)', {}],
    ['rules inside one another', `x := r0\n${Array.from({ length: 40 }, (_, i) => `r${i} := r${i + 1}`).join('\n')}\nr40 := 1`, { depth: 20 }],
  ])('%s ends with eval_limit_error', (_, text, limits) => {
    const input = parseJson(`[${Array.from({ length: 200 }, (_n, i) => i).join(',')}]`);
    const { error, defined } = evaluate(`package p\n${text}\n`, { input, limits });
    expect(error?.code).toBe('eval_limit_error');
    expect(defined).toBe(false);
  });

  test.each(['Map maximum size exceeded', 'Maximum BigInt size exceeded', 'Invalid string length'])('what the engine has no room for is one: %s', (message) => {
    const full = new Proxy(parseJson('{}') as object, {
      get: () => {
        throw new RangeError(message);
      },
    });
    expect(evaluate('package p\nx := input.a\n', { input: full as Value }).error?.code).toBe('eval_limit_error');
  });

  test('a document nested 10,000 levels is refused before anything reads it', () => {
    expect(() => parseJson('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000))).toThrowError(expect.objectContaining({ code: 'INPUT_TOO_DEEP' }));
  });
});

describe('functions that cannot be replayed', () => {
  test.each([
    ['http.send({"url": "x"})', 'http.send'], ['rand.intn("a", 3)', 'rand.intn'], ['uuid.rfc4122("a")', 'uuid.rfc4122'],
    ['opa.runtime()', 'opa.runtime'], ['net.lookup_ip_addr("a")', 'net.lookup_ip_addr'],
  ])('%s is a compile error naming its line', (call, name) => {
    expect(errorsOf(`package p\n\nx := y if {\n\ty := ${call}\n}\n`)).toEqual([
      `4:7 rego_type_error unsafe built-in function calls in expression: ${name} (its answer could not be replayed; replace it using \`with\`)`,
    ]);
  });

  test('a rule that is only read with the function replaced may call it', () => {
    const text = 'package p\n\ny := http.send({"url": "u"}).body\n\nmock(_) := {"body": 7}\n\nx := v if v := y with http.send as mock\n';
    expect(formatJson(evaluate(text).value)).toBe('7');
  });

  test('and is an error as soon as one reader does not replace it', () => {
    const text = 'package p\n\ny := http.send({"url": "u"}).body\n\nx := v if v := y with http.send as {"body": 7}\n\nz := y\n';
    expect(errorsOf(text)).toHaveLength(1);
  });
});

test('semantics are selected by number, and an unknown one is refused', () => {
  const text = 'package p\nx := floor(-0.5)\n';
  expect(formatJson(policyOf(text).evaluate('data.p.x', { clock }).value)).toBe('0');
  expect(formatJson(policyOf(text, { semantics: TEST_SEMANTICS }).evaluate('data.p.x', { clock }).value)).toBe('-1');
  expect(policyOf(text).semantics).toBe(2);
  expect(() => policyOf(text, { semantics: 3 })).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED' }));
});

test('a failing built-in is undefined, or ends the evaluation where errors are strict', () => {
  expect(evaluate('package p\nx if not f(0)\nf(n) := 1 / n\n').value).toBe(true);
  expect(evaluate('package p\nx if not f(0)\nf(n) := 1 / n\n', { strictBuiltinErrors: true }).error?.code).toBe('eval_builtin_error');
});

test('the result does not depend on the order of modules, rules and members', () => {
  const rules = [
    'x contains [a, b] if { some a in input.s; some b in input.s; a < b; not skip(a) }', 'skip(n) if n == input.skip', 'x contains y if y := total',
    'total := sum([n | some n in input.s])', 'o[k] := v if { some v in input.s; k := v % 3; v < 3 }', 'x contains o', 'default q := 0',
    'q := 1 if input.skip > 2', 'x contains q',
  ];
  const input = (s: readonly number[], skip: number) => parseJson(JSON.stringify({ s, skip }));
  fc.assert(fc.property(
    fc.shuffledSubarray(rules, { minLength: rules.length }), fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), fc.nat(6), fc.nat(8),
    (order, s, skip, cut) => {
      const parts = [order.slice(0, cut), order.slice(cut)].map((part, i) => {
        return { file: `${skip % 2 === 0 ? i : 1 - i}.rego`, text: `package p\n${part.join('\n')}\n` };
      });
      const reference = evaluate(`package p\n${rules.join('\n')}\n`, { input: input([0, 1, 2, 3, 4, 5], skip) });
      const shuffled = compile(parts).evaluate('data.p.x', { clock, input: input(s, skip) });
      expect(formatJson(shuffled.value)).toBe(formatJson(reference.value));
    },
  ), { numRuns: 60 });
});

describe('joins by index', () => {
  const text = [
    'package p', 'x contains f.id if { some f in input.fs; closed(f) }',
    'closed(f) if { some v in input.vs; v.id in ids(f); f.purl in v.products; v.status == "fixed" }', 'ids(f) := {f.id} | {a | some a in f.aliases}',
    'y contains [f.id, v.n] if { some f in input.fs; some v in input.vs; v.id == f.id }',
    'z := [v.n | some f in input.fs; some v in input.vs; f.purl in v.products]',
  ].join('\n');
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const findings = fc.array(fc.record({ id: name, aliases: fc.array(name, { maxLength: 2 }), purl: name }), { maxLength: 6 });
  const statement = fc.record({ id: name, products: fc.array(name, { maxLength: 3 }), status: fc.constantFrom('fixed', 'open'), n: fc.nat(99) });
  const statements = fc.array(statement, { minLength: 16, maxLength: 30 });

  test('answer as a plain reading of the loops does, order included', () => {
    const policy = policyOf(text);
    fc.assert(fc.property(findings, statements, (fs, vs) => {
      const input = parseJson(JSON.stringify({ fs, vs }));
      const ask = (what: string) => JSON.parse(formatJson(policy.evaluate(`data.p.${what}`, { clock, input }).value)) as unknown;
      const ids = (f: (typeof fs)[number]) => [f.id, ...f.aliases];
      const closed = fs.filter((f) => vs.some((v) => ids(f).includes(v.id) && v.products.includes(f.purl) && v.status === 'fixed'));
      expect(ask('x')).toEqual([...new Set(closed.map((f) => f.id))].sort());
      const pairs = new Set(fs.flatMap((f) => vs.filter((v) => v.id === f.id).map((v) => JSON.stringify([f.id, v.n]))));
      expect(new Set((ask('y') as unknown[]).map((pair) => JSON.stringify(pair)))).toEqual(pairs);
      expect(ask('z')).toEqual(fs.flatMap((f) => vs.filter((v) => v.products.includes(f.purl)).map((v) => v.n)));
    }), { numRuns: 150 });
  });
});

describe("the vision's examples", () => {
  const read = (name: string) => readFileSync(new URL(`vision/${name}.rego`, import.meta.url), 'utf8');
  const hint = 'unexpected identifier token: expected \\n or ; or } (hint: `import future.keywords.in` for `some x in xs` expressions)';

  test('7.1 as written loads in no version, with the errors OPA gives', () => {
    const [func, rule] = ['function', 'rule'].map((kind) => `rego_parse_error \`if\` keyword is required before ${kind} body`);
    expect(errorsOf(read('critical'))).toEqual([`5:1 ${func}`, `10:1 ${rule}`, `14:1 ${rule}`, `20:1 ${func}`]);
    expect(errorsOf(read('critical'), { regoVersion: 0 })).toEqual([`15:10 rego_parse_error ${hint}`]);
  });

  test('7.2 as written loads in no version, with the errors OPA gives', () => {
    expect(errorsOf(read('inclusion'))).toEqual([
      '3:1 rego_parse_error `if` keyword is required before rule body', '3:1 rego_parse_error `contains` keyword is required for partial set rules',
    ]);
    expect(errorsOf(read('inclusion'), { regoVersion: 0 })).toEqual([`4:10 rego_parse_error ${hint}`]);
  });

  // The values are those of `opa eval` 1.22.0; the library's policies are the strict ones, which deny where these are silent.
  const results = JSON.parse(readFileSync(new URL('vision/results.json', import.meta.url), 'utf8')) as
    { policy: string; query: string; input: unknown; value: unknown }[];
  test.each(results.map((row) => [row.policy, JSON.stringify(row.input), row] as const))('%s, corrected, on %s', (policy, input, { query, value }) => {
    for (const regoVersion of [0, 1] as const) {
      const decision = compile([{ file: 'a.rego', text: read(`${policy}-corrected`) }], { regoVersion }).evaluate(query, { input: parseJson(input), clock });
      expect([decision.error, formatJson(decision.value)]).toEqual([null, JSON.stringify(value)]);
    }
  });
});

test('of one key written twice in an object the last value counts, and the others are never seen', () => {
  expect(result('x := {"1": 1, "2": 2, "1": 3}')).toBe('{"1":3,"2":2}');
  expect(errorsOf('package p\n\nx if { every y in input { {"1": y, "1": -1} } }\n')).toEqual(['3:27 rego_compile_error declared var y unused']);
});

describe('null is a value', () => {
  test.each([
    ['p := null', 'p', null],
    ['f(x) := null\np := [x | x := f(1)]', 'p', [null]],
    ['default p := 1\np := null', 'p', null],
    ['p := null if input.no else := null', 'p', null],
    ['p := object.get({"a": null}, "a", 1)', 'p', null],
    ['q := null\np if q == null', 'p', true],
  ])('%s', (text, name, expected) => {
    const decision = compile([{ file: 'a.rego', text: `package t\n${text}` }]).evaluate(`data.t.${name}`, { input: parseJson('{}'), clock });
    expect([decision.defined, decision.value]).toEqual([true, expected]);
  });
});
