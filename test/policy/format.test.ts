// Formatting: what `opa fmt` 1.22.0 prints, the same syntax tree, every comment, and no change the second time.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatModule, PolicyErrors } from '../../policy/index.ts';
import { commentsOf, treeOf } from './tree.ts';

interface Case {
  readonly name: string;
  readonly version: 0 | 1;
  readonly text: string;
  /** What `opa fmt` (with `--v0-compatible` for version 0) printed. */
  readonly formatted: string;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as unknown;

function checkKept(text: string, version: 0 | 1): void {
  const formatted = formatModule('m.rego', text, version);
  expect([text, treeOf(formatted, version)]).toEqual([text, treeOf(text, version)]);
  expect([text, commentsOf(formatted, version)]).toEqual([text, commentsOf(text, version)]);
  expect(formatModule('m.rego', formatted, version)).toBe(formatted);
}

describe('as opa fmt', () => {
  test.each((read('./format.json') as Case[]).map((one) => [one.name, one] as const))('%s', (_, { text, version, formatted }) => {
    expect(formatModule('m.rego', text, version)).toBe(formatted);
    checkKept(text, version);
  });

  test('the policies we ship are formatted', () => {
    for (const file of globSync('policy/library/*.rego')) {
      const text = readFileSync(file, 'utf8');
      expect(formatModule(file, text)).toBe(text);
    }
  });
});

test('every module that compiles keeps its tree and its comments, and is formatted once', () => {
  const rows = read('./static/compiling.json') as { version: 0 | 1; modules: string[] }[];
  for (const { version, modules } of rows) for (const text of modules) checkKept(text, version);
  expect(rows.length).toBeGreaterThan(400);
});

describe('kept where opa fmt changes the meaning', () => {
  test.each([
    ['membership of a membership', 'p if 1, (2 in [2]) in [false, true]', 'p if 1, (2 in [2]) in [false, true]'],
    ['a membership as a head', 'p := [(x in input.a) | some x in input.b]', 'p := [(x in input.a) | some x in input.b]'],
    ['a literal in a template', 'p := $"{42}{"x"}"', 'p := $"{42}{"x"}"'],
  ])('%s', (_, rule, formatted) => {
    const text = `package a\n\n${rule}\n`;
    expect(formatModule('m.rego', text)).toBe(`package a\n\n${formatted}\n`);
    checkKept(text, 1);
  });
});

test('a union that begins with a parenthesis gets its own at once, where opa fmt adds them the second time', () => {
  const text = 'package a\n\np := count({1} & {2} | {3})\n';
  expect(formatModule('m.rego', text)).toBe('package a\n\np := count((({1} & {2}) | {3}))\n');
  checkKept(text, 1);
});

test('what does not parse is refused with every error', () => {
  expect(() => formatModule('m.rego', 'package a\n\np := {\n')).toThrowError(PolicyErrors);
});
