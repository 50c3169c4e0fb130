// Policies as they are kept on record: one spelling, digests of what decides, and what is refused.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHex } from '../../ledger/bytes.ts';
import { BUILTINS } from '../../policy/builtins/registry.ts';
import { type Bundle, capabilitiesDigest, encodePolicy, formatJson, parseJson, PolicyErrors, readPolicy, type RegoObject } from '../../policy/index.ts';
import { families } from '../events/vectors.ts';

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (text: string) => new TextEncoder().encode(text);
const spec = readFileSync(new URL('../../spec/policy.md', import.meta.url), 'utf8');
const example = /^\{"data":.*\}$/m.exec(spec)?.[0] as string;

const bundle = (modules: Readonly<Record<string, string>>, data = '{}', regoVersion: 0 | 1 = 1): Omit<Bundle, 'digests'> => ({
  modules: Object.entries(modules).map(([file, text]) => ({ file, text })), data: parseJson(data) as RegoObject, revision: '', regoVersion,
});

describe('the document', () => {
  test('the example of the specification is the payload of the golden event', () => {
    const event = families.get('policy')?.golden[0]?.event as { data: Record<string, unknown>; payloads: { size: number; digest: unknown }[] };
    const sha256 = (text: string) => ['sha256', new Uint8Array(createHash('sha256').update(text).digest())];
    expect(event.payloads).toMatchObject([{ size: encode(example).length, digest: sha256(example) }]);
    const { bundle: { digests }, policy } = readPolicy(encode(example));
    const hex = (digest: unknown) => `sha256:${formatHex((digest as [string, Uint8Array])[1])}`;
    expect(digests).toEqual({ bundle: hex(event.data['bundle']), modules: hex(event.data['modules']), data: hex(event.data['data']) });
    expect(spec).toContain(`\`${digests.bundle}\``);
    expect(policy.has('data.gate.allow')).toBe(true);
  });

  test('modules in any order, numbers as written, any text', () => {
    const one = bundle({ 'b.rego': 'package b\n\nx := "\u2028é"\n', 'a.rego': 'package a\n' }, '{"n": [1.10, 1e3, 12345678901234567890], "\\u0001": "😀"}');
    const bytes = encodePolicy(one);
    expect(encodePolicy({ ...one, modules: one.modules.toReversed() })).toEqual(bytes);
    const read = readPolicy(bytes);
    expect(formatJson(read.bundle.data)).toBe('{"\\u0001":"😀","n":[1.10,1e3,12345678901234567890]}');
    expect(read.bundle.modules.map(({ file }) => file)).toEqual(['a.rego', 'b.rego']);
    expect(read.policy.evaluate('data.b.x', { clock: 0n }).value).toBe('\u2028é');
  });

  test('is decided under the semantics asked for', () => {
    const bytes = encodePolicy(bundle({ 'a.rego': 'package a\n\nx := floor(-0.5)\n' }));
    expect([undefined, 1, 0].map((semantics) => {
      const { policy } = readPolicy(bytes, semantics === undefined ? {} : { semantics });
      return formatJson(policy.evaluate('data.a.x', { clock: 0n }).value);
    })).toEqual(['0', '0', '-1']);
    expect(() => readPolicy(bytes, { semantics: 99 })).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED' }) as Error);
  });

  test('whatever its texts, it reads back the same', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(fc.property(fc.dictionary(text, text, { maxKeys: 4 }), fc.json({ maxDepth: 3 }), (comments, data) => {
      const modules = Object.entries(comments).map(([file, comment]) => [file, `package a # ${comment.replaceAll(/[\r\n]/g, ' ')}\n`]);
      if (modules.length === 0) return;
      const made = bundle(Object.fromEntries(modules) as Record<string, string>, JSON.stringify({ data: JSON.parse(data) as unknown }));
      const bytes = encodePolicy(made);
      expect(encodePolicy(readPolicy(bytes).bundle)).toEqual(bytes);
    }));
  });
});

describe('refused', () => {
  test.each<[string, string, string]>([
    ['a space', example.replace('{"data"', '{ "data"'), 'INPUT_NOT_CANONICAL'],
    ['keys in another order', example.replace('"rego":1,"revision":""', '"revision":"","rego":1'), 'INPUT_NOT_CANONICAL'],
    ['an escape that is not needed', example.replace('gate.rego', 'g\\u0061te.rego'), 'INPUT_NOT_CANONICAL'],
    ['another spelling of a number', example.replace('"rego":1', '"rego":1.0'), 'INPUT_MALFORMED'],
    ['an unknown member', example.replace('"rego":1', '"more":1,"rego":1'), 'INPUT_NOT_CANONICAL'],
    ['an unknown member of a module', example.replace('"file":', '"a":1,"file":'), 'INPUT_NOT_CANONICAL'],
    ['a member twice', example.replace('"rego":1', '"rego":1,"rego":1'), 'INPUT_NOT_CANONICAL'],
    ['no modules', example.replace(/"modules":\[.*?\}\]/, '"modules":[]'), 'INPUT_MALFORMED'],
    ['one file twice', example.replace(/(\{"file".*?\})\]/, '$1,$1]'), 'INPUT_MALFORMED'],
    ['files out of order', example.replace(/(\{"file".*?\})\]/, '$1,{"file":"a","text":"package a"}]'), 'INPUT_NOT_CANONICAL'],
    ['a module without a text', example.replace(/,"text":".*?"\}/, '}'), 'INPUT_MALFORMED'],
    ['data that is no object', example.replace(/\{"refused".*?\}/, '[]'), 'INPUT_MALFORMED'],
    ['a later form', example.replace('policy/1', 'policy/2'), 'INPUT_VERSION_UNKNOWN'],
    ['another thing', '{"format":"else"}', 'INPUT_MALFORMED'],
    ['a line feed at its end', `${example}\n`, 'INPUT_NOT_CANONICAL'],
    ['a byte order mark', `\ufeff${example}`, 'INPUT_MALFORMED'],
    ['no JSON', 'package gate', 'INPUT_MALFORMED'],
  ])('%s', (_, text, code) => {
    expect(text).not.toBe(example);
    expect(() => readPolicy(encode(text))).toThrowError(expect.objectContaining({ code }) as Error);
  });

  test('a policy that does not compile', () => {
    expect(() => readPolicy(encodePolicy(bundle({ 'a.rego': 'package a\n\nx := y\n' })))).toThrowError(PolicyErrors);
  });
});

describe('capabilities', () => {
  test('are every function that may be called, by name and type', () => {
    const lines = [...BUILTINS.values()].filter(({ mark }) => mark !== 'refused').map(({ name, type }) => `${name} ${type}\n`).sort();
    expect(lines.length).toBeGreaterThan(190);
    expect(capabilitiesDigest()).toBe(`sha256:${createHash('sha256').update(`stella-ledger capabilities 1\n${lines.join('')}`).digest('hex')}`);
  });
});

test('entrypoints are what METADATA marks', () => {
  const text = 'package a\n\n# METADATA\n# entrypoint: true\nallow if b\n\nb if input.x\n\nc[x] := 1 if some x in input.y\n\n'
    + '# METADATA\n# entrypoint: true\nd.e if b\n';
  const { policy } = readPolicy(encodePolicy(bundle({ 'a.rego': text, 'b.rego': '# METADATA\n# entrypoint: true\npackage b["x-1"]\n\ny := 1\n' })));
  expect(policy.entrypoints).toEqual(['data.a.allow', 'data.a.d.e', 'data.b["x-1"]']);
  const asked = ['data.a', 'data.a.b', 'data.a.c', 'data.a.c.k', 'data.a.d', 'data.b["x-1"].y', 'data', 'data.z', 'data.al', 'data.a.none', 'input', ''];
  expect(asked.filter((entrypoint) => policy.has(entrypoint))).toEqual(asked.slice(0, 7));
  expect(decode(encodePolicy(bundle({ 'a.rego': text })))).toContain('"rego":1');
});
