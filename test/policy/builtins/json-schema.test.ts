// JSON Schemas made to be endless or expensive: each ends within its depth, its steps, or at once.
import { expect, test } from 'vitest';
import { type Context, BuiltinError } from '../../../policy/builtins/builtin.ts';
import { jsonSchema } from '../../../policy/builtins/json-schema.ts';
import { hasFormat } from '../../../policy/builtins/schema/formats.ts';
import { toPlain } from '../../../policy/rego/json.ts';
import type { Value } from '../../../policy/rego/value.ts';

class Spent extends Error {}

function run(name: string, operands: readonly Value[], steps = 1e9): unknown {
  let left = steps;
  const spend = (n: number) => {
    left -= n;
    if (left < 0) throw new Spent();
  };
  const context: Context = { clock: 0n, spend, spendBytes: spend, cache: (_family, _key, make) => make() };
  const answer = jsonSchema.find((builtin) => builtin.name === name)?.run(context, ...operands);
  return answer === undefined ? undefined : toPlain(answer);
}

test('a reference that leads back to itself without a step into the document is refused', () => {
  const circle = '{"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}}';
  expect(() => run('json.match_schema', ['{}', circle])).toThrow(new BuiltinError('schemas are nested more than 1000 levels deep'));
});

test('recursion into the document goes as deep as the document', () => {
  const list = '{"properties": {"next": {"$ref": "#"}}, "required": ["value"]}';
  const document = `${'{"value": 1, "next": '.repeat(200)}{}${'}'.repeat(200)}`;
  const field = Array.from({ length: 200 }, () => 'next').join('.');
  const fault = { desc: 'value is required', error: `${field}: value is required`, field, type: 'required' };
  expect(run('json.match_schema', [document, list])).toEqual([false, [fault]]);
});

test('schemas that double at each step end with the steps', () => {
  const definitions = Array.from({ length: 60 }, (_, i) => `"d${i}": {"anyOf": [{"$ref": "#/definitions/d${i + 1}"}, {"$ref": "#/definitions/d${i + 1}"}]}`);
  const schema = `{"$ref": "#/definitions/d0", "definitions": {${definitions.join(', ')}, "d60": {"type": "string"}}}`;
  expect(() => run('json.match_schema', ['{}', schema], 1_000_000)).toThrow(Spent);
});

test('nothing is fetched, and no file is read', () => {
  expect(run('json.verify_schema', ['{"$ref": "http://127.0.0.1:1/a.json#/b"}']))
    .toEqual([false, 'jsonschema: remote reference loading disabled: http://127.0.0.1:1/a.json#/b']);
  expect(run('json.verify_schema', ['{"$ref": "file:///etc/hosts"}'])).toEqual([false, 'jsonschema: remote reference loading disabled: file:///etc/hosts']);
});

test('a schema of schemas accepts itself, in every draft', () => {
  for (const draft of ['04', '06', '07']) {
    const schema = `{"$ref": "http://json-schema.org/draft-${draft}/schema#"}`;
    expect(run('json.match_schema', ['{"type": "object", "properties": {"a": {"minLength": 3}}}', schema])).toEqual([true, []]);
    expect((run('json.match_schema', ['{"properties": {"a": {"minLength": -3}}}', schema]) as unknown[])[0]).toBe(false);
  }
});

test('a long text that is nearly a mailbox or a template is refused at once', () => {
  expect(hasFormat('email', `${'a'.repeat(4_000)}!`)).toBe(false);
  expect(hasFormat('email', `${'a '.repeat(2_000)}"`)).toBe(false);
  expect(hasFormat('uri-template', `${'a{b}'.repeat(20_000)}{`)).toBe(false);
  expect(hasFormat('hostname', `${'a-'.repeat(100)}`)).toBe(false);
});
