// Templates that Go refuses, when it reads them or when it runs them: an error each, and never another text.
import { expect, test } from 'vitest';
import { BuiltinError } from '../../../policy/builtins/builtin.ts';
import { templates } from '../../../policy/builtins/template/render.ts';
import { compile, parseJson } from '../../../policy/index.ts';

const data = parseJson('{"x": 1, "xs": [1, "b", {"k": 2}], "b": true, "f": 1.50, '
  + '"o": {"k": [1,null,"s"], "a": "<&\\"\'"}, "big": 12345678901234567890, "n": null, "s": "é b", "e": [], "z": 0, "no": false, "es": ""}');
const context = { clock: 0n, spend: () => {}, spendBytes: () => {}, cache: <T>(_family: string, _key: string, make: () => T) => make() };

test.each([
  "{{index .xs 9}}",
  "{{eq .x 1}}",
  "{{lt .x 2}}",
  "{{.x.y}}",
  "{{.n.y}}",
  "{{range .s}}x{{end}}",
  "{{.x",
  "{{end}}",
  "{{if .x}}",
  "{{foo}}",
  "{{$u}}",
  "{{nil}}",
  "{{call .x}}",
  "{{not}}",
  "{{len}}",
  "{{.xs | index 0}}",
  "{{eq .o .o}}",
])('%j', (template) => {
  expect(() => templates[0]?.run(context, template, data)).toThrowError(BuiltinError);
});

test('a template that never ends meets a limit', () => {
  const policy = compile([{ file: 'm', text: 'package m\n\np := strings.render_template(input.t, {})' }]);
  const ask = (t: string) => policy.evaluate('data.m.p', { input: parseJson(JSON.stringify({ t })), clock: 0n, limits: { steps: 100_000 } }).error?.code;
  expect(ask('{{range 99999999}}{{end}}')).toBe('eval_limit_error');
  expect(ask('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}')).toBe('eval_limit_error');
});
