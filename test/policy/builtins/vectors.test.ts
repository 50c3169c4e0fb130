// Built-in functions against answers and error texts of OPA 1.22.0 (`opa eval -f json --strict-builtin-errors`), one file a family.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Context, BuiltinError, OperandError } from '../../../policy/builtins/builtin.ts';
import { BUILTINS } from '../../../policy/builtins/registry.ts';
import { formatJson, parseJson } from '../../../policy/rego/json.ts';
import { isArray, RegoObject, type Value } from '../../../policy/rego/value.ts';

const folder = fileURLToPath(new URL('vectors/', import.meta.url));
const context: Context = { clock: 1_795_219_200_000_000_000n, spend: () => {}, spendBytes: () => {}, cache: (_family, _key, make) => make() };

/** The answer as JSON, `error: ` and its text, or `undefined`. */
function answer(name: string, operands: readonly Value[]): string {
  try {
    const value = BUILTINS.get(name)?.run(context, ...operands);
    // The vectors were read as text before they were written: of a byte that is no UTF-8 they have the character alone.
    return value === undefined ? 'undefined' : formatJson(value).replaceAll('\\ufffd', '\ufffd');
  } catch (cause) {
    if (cause instanceof BuiltinError || cause instanceof OperandError) return `error: ${cause.message}`;
    throw cause;
  }
}

describe.each(globSync('*.json', { cwd: folder }).sort())('%s', (file) => {
  const vectors = parseJson(readFileSync(folder + file, 'utf8'));
  test(`${basename(file, '.json')}: every answer and error text is OPA's`, () => {
    const wrong: string[] = [];
    for (const vector of isArray(vectors) ? vectors : []) {
      if (!(vector instanceof RegoObject)) throw new TypeError('a vector is an object');
      const [call, operands, value, error] = ['call', 'args', 'value', 'error'].map((key) => vector.get(key));
      const wanted = value === undefined ? (error === undefined ? 'undefined' : `error: ${String(error)}`) : formatJson(value);
      const got = answer(String(call), isArray(operands) ? operands : []);
      if (got !== wanted) wrong.push(`${String(call)}(${formatJson(operands ?? null)})\n  OPA:  ${wanted}\n  here: ${got}`);
    }
    expect(wrong).toEqual([]);
    expect(isArray(vectors) && vectors.length).toBeGreaterThan(10);
  });
});
