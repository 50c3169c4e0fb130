// Where documents and rules end: whole documents patched, text that is no YAML, JSON or UTF-8, data where rules are; results and errors of OPA 1.22.
import { describe, expect, test } from 'vitest';
import { compile, formatJson, parseJson, PolicyErrors } from '../../policy/index.ts';

const ask = (call: string) => compile([{ file: 'm.rego', text: `package m\n\nx := ${call}\n` }]).evaluate('data.m.x', { clock: 0n, strictBuiltinErrors: true });
const resultOf = (call: string) => {
  const { defined, value, error } = ask(call);
  return error === null ? (defined ? formatJson(value) : 'undefined') : error.code;
};

function conflictsOf(text: string, data: string): unknown[] {
  try {
    compile([{ file: 'm.rego', text }], { data: parseJson(data) });
    return [];
  } catch (error) {
    if (!(error instanceof PolicyErrors)) throw error;
    return error.errors.map(({ code, message, location }) => [location?.row, location?.col, code, message]);
  }
}

test.each([
  ['%v|%d'], ['%'], ['%a'], ['%FOO\\n---\\na'], ['%YAML 1.1'], ['%YAML 1.2\\n---\\na'], ['%YAML 2.0\\n---\\na'], ['%TAG ! tag:x,2000:'], ['a: 1\\n%b'],
  ['a\\n...\\n%b\\n'], ['@a'], ['[%a]'],
])('"%s" is no YAML', (text) => {
  expect(resultOf(`yaml.unmarshal("${text}")`)).toBe('eval_builtin_error');
  expect(resultOf(`yaml.is_valid("${text}")`)).toBe('false');
});

test.each([
  ['', 'null'], ['# x\\n', 'null'], ['a%b', '"a%b"'], ['a\\n%b', '"a %b"'], ['%YAML 1.1\\n---\\na', '"a"'], ['%TAG ! tag:x,2000:\\n---\\na', '"a"'],
])('"%s" is YAML', (text, expected) => {
  expect(resultOf(`yaml.unmarshal("${text}")`)).toBe(expected);
});

describe('json.patch on the whole document', () => {
  const failed = 'eval_builtin_error';
  const removed = '{"op": "remove", "path": ""}';
  test.each([
    ['{"op": "add", "path": "", "value": 3}', '3'],
    ['{"op": "replace", "path": [], "value": 3}', '3'],
    ['{"op": "move", "from": "/a", "path": ""}', '{"b":2}'],
    ['{"op": "copy", "from": "", "path": "/c"}', '{"a":{"b":2},"c":{"a":{"b":2}}}'],
    ['{"op": "move", "from": "", "path": ""}', '{"a":{"b":2}}'],
    ['{"op": "move", "from": "", "path": "/c"}', failed],
    [`${removed}, {"op": "add", "path": "", "value": 3}`, '3'],
    [`${removed}, {"op": "add", "path": "/x", "value": 3}`, failed],
    [`${removed}, {"op": "test", "path": "", "value": null}`, failed],
    [`${removed}, {"op": "replace", "path": "", "value": 1}`, failed],
    [`${removed}, {"op": "copy", "from": "", "path": "/a"}`, failed],
    [`${removed}, ${removed}`, failed],
    // OPA panics.
    [removed, 'undefined'],
  ])('%s', (operations, expected) => {
    expect(resultOf(`json.patch({"a": {"b": 2}}, [${operations}])`)).toBe(expected);
  });
});

test.each([
  ['regex.match(hex.decode("ab"), "a")', 'eval_builtin_error'],
  ['regex.is_valid(hex.decode("ab"))', 'false'],
  ['regex.match("a", hex.decode("ab"))', 'false'],
  ['strings.render_template("a", {"k": {1, 2}})', 'eval_builtin_error'],
  ['strings.render_template("a", {"k": [set()]})', 'eval_builtin_error'],
  ['strings.render_template("a", {"k": {1: 2}})', 'eval_builtin_error'],
  ['strings.render_template("a", {"k": "\\u0001"})', 'eval_builtin_error'],
  ['strings.render_template("{{.k}}", {"k": "a\\nb\\\\x"})', '"a\\nb\\\\x"'],
  ['crypto.x509.parse_and_verify_certificates_with_options("x", {"k": 1})', '[false,[]]'],
])('%s', (call, expected) => {
  expect(resultOf(call)).toBe(expected);
});

describe('rules where the data has a value', () => {
  const text = 'package a.b\n\nx := 1\n\nf(z) := z\n\nq.r.s := 2\n\nt[k] := 1 if some k in ["m"]\n\nl[3] := 1\n\ns["a/b"] := 1\n\nx := 2 if false\n';
  const conflict = (row: number, path: string) => [row, 1, 'rego_compile_error', `conflicting rule for data path a/b/${path} found`];
  const all = [conflict(3, 'x'), conflict(5, 'f'), conflict(7, 'q/r/s'), conflict(9, 't'), conflict(13, 's/a/b')];
  test.each([
    ['{}', []], ['{"a": {"b": {"y": 1}, "c": 2}}', []],
    ['{"a": {"b": {"x": null}}}', [conflict(3, 'x')]], ['{"a": {"b": {"x": {}}}}', [conflict(3, 'x')]],
    ['{"a": {"b": {"q": {"r": {}}}}}', []], ['{"a": {"b": {"q": {"r": 1}}}}', [conflict(7, 'q/r/s')]],
    ['{"a": {"b": {"t": {"z": 1}, "f": 1}}}', [conflict(5, 'f'), conflict(9, 't')]],
    ['{"a": {"b": {"l": [1]}}}', []], ['{"a": {"b": {"s": {"a": 1}}}}', []], ['{"a": {"b": {"s": {"a/b": 1}}}}', [conflict(13, 's/a/b')]],
    ['{"a": {"b": 1}}', all], ['{"a": []}', all],
  ])('%s', (data, expected) => {
    expect(conflictsOf(text, data)).toEqual(expected);
  });

  test('beside rules that conflict with one another, by row', () => {
    const found = conflictsOf('package a\n\ny contains 1\n\ny := 2\n\nx := 1\n', '{"a": {"x": 1}}');
    expect(found).toEqual([
      [3, 1, 'rego_type_error', 'conflicting rules data.a.y found'],
      [7, 1, 'rego_compile_error', 'conflicting rule for data path a/x found'],
    ]);
  });
});

test('a key with quotes stands in messages as it is, one with controls or backslashes is escaped', () => {
  const text = 'package a\n\nr["é\\n\\t\\"\\\\x"] := 1\n\nr := 2\n\ns[`a"b`].c := 1\n\ns[`a"b`] := 1\n';
  const found = conflictsOf(text, '{}').map((row) => (row as unknown[])[3]);
  expect(found).toEqual([
    'rule data.a.r conflicts with:\n  rule data.a.r["é\\n\\t\\"\\\\x"] at m.rego:3',
    'rule data.a.s["a"b"] conflicts with:\n  rule data.a.s["a"b"].c at m.rego:7',
  ]);
});

test('so do keys in what the parser expects', () => {
  const found = conflictsOf('package a\n\nr[`a"b`] = = 3\n', '{}').map((row) => (row as unknown[])[3]);
  expect(found).toContain('unexpected eq token: expected rule value term (e.g., r["a"b"][<nil>] = <VALUE> { ... })');
});

describe('a type that doubles with each rule', () => {
  const twice = { array: (d: string) => `[${d}, ${d}]`, object: (d: string) => `{"a": ${d}, "b": ${d}}`, set: (d: string) => `{${d}, [${d}, ${d}]}` };
  const rules = (name: string, count: number, of: (d: string) => string) =>
    [`${name}0 := [1]`, ...Array.from({ length: count }, (_, i) => `${name}${i + 1} := ${of(`${name}${i}`)}`)];
  const module = (lines: readonly string[]) => [{ file: 'm.rego', text: ['package m', ...lines, ''].join('\n') }];

  // Without a bound each of these takes for ever.
  test.each(Object.entries(twice))('of an %s is compiled, and compared with another', (_, of) => {
    const lines = [...rules('d', 200, of), ...rules('e', 200, of)];
    const compared = ['same if d200 == e200', 'one := d200', 'one := e200', 'several contains d200', 'several contains e200'];
    expect(() => compile(module([...lines, ...compared]))).not.toThrow();
  });

  test('in the body of one rule, and in functions', () => {
    const local = Array.from({ length: 200 }, (_, i) => `d${i + 1} := [d${i}, d${i}]`).join('; ');
    expect(() => compile(module([`a if { d0 := [1]; ${local} }`]))).not.toThrow();
    expect(() => compile(module(['f0(x) := [x, x]', ...Array.from({ length: 200 }, (_, i) => `f${i + 1}(x) := [f${i}(x), f${i}(x)]`)]))).not.toThrow();
  });

  test('is known as long as it has few parts', () => {
    expect(() => compile(module([...rules('d', 10, twice.array), 'a if d10 == "text"']))).toThrow(PolicyErrors);
  });
});
