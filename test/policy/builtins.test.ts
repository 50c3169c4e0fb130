// The built-ins' declarations against OPA's own list of capabilities, where the corpora are there.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BUILTINS } from '../../policy/builtins/registry.ts';

interface Type { type: string; of?: Type & Type[]; static?: (Type & { key: string; value: Type })[]; dynamic?: Type & { key: Type; value: Type } }

function notation(t: Type): string {
  const dynamic = (show: (d: NonNullable<Type['dynamic']>) => string) => (t.dynamic === undefined ? '' : `[${show(t.dynamic)}]`);
  const fixed = (show: (s: NonNullable<Type['static']>[number]) => string) => (t.static === undefined ? '' : `<${t.static.map(show).join(', ')}>`);
  if (t.type === 'any') return t.of === undefined ? 'any' : `any<${t.of.map(notation).join(', ')}>`;
  if (t.type === 'array') return `array${fixed(notation)}${dynamic(notation)}`;
  if (t.type === 'set') return `set[${notation(t.of as Type)}]`;
  if (t.type === 'object') return `object${fixed((s) => `${s.key}: ${notation(s.value)}`)}${dynamic((d) => `${notation(d.key)}: ${notation(d.value)}`)}`;
  return t.type;
}

const path = '.cache/corpora/rego/capabilities.json';

describe.skipIf(!existsSync(path))('declarations (needs the corpora)', () => {
  const { builtins } = JSON.parse(existsSync(path) ? readFileSync(path, 'utf8') : '{"builtins":[]}') as {
    builtins: { name: string; nondeterministic?: boolean; decl: { args?: Type[]; result?: Type; variadic?: Type } }[];
  };

  test('every type is the one OPA declares', () => {
    const declared = new Map(builtins.map(({ name, decl }) => {
      const operands = [...(decl.args ?? []).map(notation), ...(decl.variadic === undefined ? [] : [`${notation(decl.variadic)}...`])];
      return [name, `(${operands.join(', ')}) => ${decl.result === undefined ? 'none' : notation(decl.result)}`];
    }));
    for (const { name, type } of BUILTINS.values()) expect(`${name}: ${type}`).toBe(`${name}: ${declared.get(name)}`);
  });

  test('what OPA marks as not deterministic is refused or reads the clock', () => {
    // JSON Schema never fetches here, so its answer depends on its operands alone.
    const local = ['json.match_schema', 'json.verify_schema'];
    for (const { name, nondeterministic } of builtins) {
      const builtin = BUILTINS.get(name);
      if (nondeterministic === true && builtin !== undefined && !local.includes(name)) expect(`${name} ${builtin.mark}`).toMatch(/ (clock|refused)$/);
    }
  });
});
