// Bundles: unpacked within limits, read as OPA reads them, and named by one digest however they were packed.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compile, formatJson, readBundle, unpackArchive } from '../../policy/index.ts';

const encoder = new TextEncoder();

interface Entry {
  path: string;
  text: string;
  type?: string;
}

function tar(entries: readonly Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, text, type = '0' }) => {
    const content = encoder.encode(text);
    const header = new Uint8Array(512);
    const put = (at: number, value: string) => header.set(encoder.encode(value), at);
    put(0, path);
    put(124, content.length.toString(8).padStart(11, '0'));
    put(148, '        ');
    put(156, type);
    put(257, 'ustar');
    put(263, '00');
    put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `);
    const padded = new Uint8Array(Math.ceil(content.length / 512) * 512);
    padded.set(content);
    return [...header, ...padded];
  });
  return gzipSync(Uint8Array.from([...blocks, ...new Uint8Array(1024)]));
}

const files = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries).map(([path, text]) => [path, encoder.encode(text)]));
const gate = 'package gate\n\nallow if data.config.ok\n';

describe('archives', () => {
  test('directories and what else is no content are passed over, long names are read', () => {
    const long = `${'a/'.repeat(80)}x.rego`;
    const unpacked = unpackArchive(tar([
      { path: 'd/', text: '', type: '5' }, { path: './d/a', text: 'A' }, { path: 'p', text: `${long.length + 10} path=${long}\n`, type: 'x' },
      { path: 'short', text: 'B' },
    ]));
    expect([...unpacked].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)])).toEqual([['d/a', 'A'], [long, 'B']]);
  });

  test.each([
    ['a path that leads outside', [{ path: '../a', text: '' }], 'INPUT_MALFORMED'],
    ['an absolute path', [{ path: '/a', text: '' }], 'INPUT_MALFORMED'],
    ['a link', [{ path: 'a', text: '', type: '2' }], 'INPUT_MALFORMED'],
    ['a file twice', [{ path: 'a', text: '' }, { path: './a', text: '' }], 'INPUT_MALFORMED'],
    ['too many files', [{ path: 'a', text: '' }, { path: 'b', text: '' }, { path: 'c', text: '' }], 'INPUT_TOO_LARGE'],
    ['too many bytes', [{ path: 'a', text: 'x'.repeat(9_000) }], 'INPUT_TOO_LARGE'],
  ])('%s is refused', (_, entries, code) => {
    expect(() => unpackArchive(tar(entries), { bytes: 8_192, files: 2 })).toThrowError(expect.objectContaining({ code }));
  });

  test('what is no archive, damaged or cut short is refused', () => {
    const refused = expect.objectContaining({ code: 'INPUT_MALFORMED' });
    expect(() => unpackArchive(encoder.encode('no'))).toThrowError(refused);
    expect(() => unpackArchive(gzipSync(new Uint8Array(512).fill(65)))).toThrowError(refused);
    expect(() => unpackArchive(tar([{ path: 'a', text: 'x' }]).slice(0, 40))).toThrowError(refused);
  });
});

describe('bundles', () => {
  test('data lies under its directories and is merged', () => {
    const bundle = readBundle(files({ 'data.json': '{"a": {"b": 1.10}}', 'a/c/data.yaml': '- x\n', 'gate.rego': gate, 'README.md': 'x' }));
    expect(formatJson(bundle.data)).toBe('{"a":{"b":1.10,"c":["x"]}}');
    expect(bundle.modules.map(({ file }) => file)).toEqual(['gate.rego']);
  });

  test('it decides', () => {
    const { modules, data, regoVersion } = readBundle(files({ 'gate.rego': gate, 'config/data.json': '{"ok": true}' }));
    expect(compile(modules, { regoVersion }).evaluate('data.gate.allow', { data, clock: 0n }).value).toBe(true);
  });

  test('its digest depends on modules, data and version, not on the packing', () => {
    const one = readBundle(files({ 'a.rego': gate, 'data.json': '{"x": {"y": 1}}' })).digests.bundle;
    expect(one).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(readBundle(files({ 'x/data.json': '{"y": 1}', 'a.rego': gate, 'notes.txt': '' })).digests.bundle).toBe(one);
    expect(readBundle(files({ 'b.rego': gate, 'data.json': '{"x": {"y": 1}}' })).digests.bundle).not.toBe(one);
    expect(readBundle(files({ 'a.rego': gate, 'data.json': '{"x": {"y": 2}}' })).digests.bundle).not.toBe(one);
    const old = { '.manifest': '{"rego_version": 0}', 'a.rego': 'package gate\n\nallow { data.config.ok }\n' };
    expect(readBundle(files(old)).regoVersion).toBe(0);
  });

  test.each([
    ['data outside its roots', { '.manifest': '{"roots": ["a"]}', 'data.json': '{"b": 1}' }, "manifest roots [a] do not permit data at path '/b'"],
    ['a package outside its roots', { '.manifest': '{"roots": ["a"]}', 'x.rego': gate }, "do not permit 'package gate' in module 'x.rego'"],
    ['roots inside one another', { '.manifest': '{"roots": ["a", "a/b"]}' }, 'overlapped roots'],
    ['one document twice', { 'data.json': '{"a": 1}', 'a/data.json': '2' }, 'two documents define data.a'],
    ['a root document that is no object', { 'data.json': '[]' }, 'data.json is no object'],
    ['an unknown version', { '.manifest': '{"rego_version": 2}' }, 'rego_version'],
  ])('%s is refused', (_, entries, message) => {
    expect(() => readBundle(files(entries as Record<string, string>))).toThrowError(message);
  });
});
