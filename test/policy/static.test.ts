// Static checks: the same codes, texts, rows and columns as `opa check -f json` 1.22.0, whose answers stand beside (tools/policy/static.ts).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile, PolicyErrors } from '../../policy/index.ts';

interface Recorded {
  readonly kind: string;
  readonly version: 0 | 1;
  readonly strict: boolean;
  readonly modules: readonly string[];
  readonly errors?: readonly [string, number, number, string, string][];
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`./static/${name}.json`, import.meta.url), 'utf8')) as Recorded[];

function errorsOf({ modules, version, strict }: Recorded): [string, number, number, string, string][] {
  try {
    compile(modules.map((text, i) => ({ file: `m${i}.rego`, text })), { regoVersion: version, strict });
    return [];
  } catch (cause) {
    if (!(cause instanceof PolicyErrors)) throw cause;
    return cause.errors.map(({ code, message, location }) => [location?.source.file ?? '', location?.row ?? 0, location?.col ?? 0, code, message]);
  }
}

const failing = read('failing');
const kinds = [...new Set(failing.map(({ kind }) => kind))];

test('there are at least ten cases of every kind, four hundred in all', () => {
  for (const kind of kinds.filter((name) => name !== 'across modules')) expect(failing.filter((row) => row.kind === kind).length).toBeGreaterThanOrEqual(8);
  expect(failing.length).toBeGreaterThan(400);
  expect(read('compiling').length).toBeGreaterThan(400);
});

test.each(kinds)('%s: what OPA refuses is refused with the same words at the same places', (kind) => {
  for (const row of failing.filter((other) => other.kind === kind)) expect([row.modules, errorsOf(row)]).toEqual([row.modules, row.errors]);
});

test('what OPA takes compiles', () => {
  for (const row of read('compiling')) expect([row.modules, errorsOf(row)]).toEqual([row.modules, []]);
});
