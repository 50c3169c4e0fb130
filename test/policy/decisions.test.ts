// Stored decisions made again, each under the semantics it was made under; and under the other one, which differs in one known way.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { encodePolicy, formatJson, parseJson, readPolicy, type RegoObject, SEMANTICS } from '../../policy/index.ts';
import { TEST_SEMANTICS } from '../../policy/semantics.ts';
import { digestOf, resultOf, type StoredDecision } from '../../tools/policy/decisions.ts';

const folder = fileURLToPath(new URL('decisions/', import.meta.url));
const stored = globSync('*.json', { cwd: folder }).sort().map((file): [string, StoredDecision] =>
  [basename(file, '.json'), JSON.parse(readFileSync(folder + file, 'utf8')) as StoredDecision]);

/** Through the bytes that a ledger keeps of a policy. */
function publishedResult({ modules, regoVersion, entrypoint, input, data, clock }: StoredDecision, semantics: number): string {
  const bytes = encodePolicy({ modules, regoVersion, data: parseJson(data) as RegoObject, revision: '' });
  const { policy, bundle } = readPolicy(bytes, { semantics });
  const { defined, value, error } = policy.evaluate(entrypoint, { input: parseJson(input), data: bundle.data, clock: BigInt(clock) });
  return digestOf(error === null ? (defined ? formatJson(value) : '') : error.code);
}

const SELECTABLE = [TEST_SEMANTICS, 1, SEMANTICS];

describe('stored decisions', () => {
  test.each(stored)('%s has the result it had, compiled and as published', (_, decision) => {
    expect(resultOf(decision, decision.semantics)).toBe(decision.result);
    expect(publishedResult(decision, decision.semantics)).toBe(decision.result);
  });

  test('are there under each semantics, and every question under all of them', () => {
    const under = (semantics: number) => stored.filter(([, decision]) => decision.semantics === semantics).map(([name]) => name.replace(/\.\d+$/, ''));
    for (const semantics of SELECTABLE) expect(under(semantics)).toEqual(under(SEMANTICS));
    expect(under(SEMANTICS).length).toBeGreaterThanOrEqual(25);
  });

  test('under another semantics differ in the floor of a negative number and in what takes too much memory, and in nothing else', () => {
    const differing = stored.flatMap(([name, decision]) => SELECTABLE
      .filter((semantics) => resultOf(decision, semantics) !== decision.result)
      .map((semantics) => `${name} under ${semantics}`));
    expect(differing).toEqual([
      'floor.0 under 1', 'floor.0 under 2', 'floor.1 under 0', 'floor.2 under 0',
      'memory.0 under 1', 'memory.1 under 0', 'memory.1 under 2', 'memory.2 under 1',
    ]);
    const results = new Map(stored.map(([name, { result }]) => [name, result]));
    expect(['floor.0', 'floor.1', 'floor.2'].map((name) => results.get(name))).toEqual(['-1', '0', '0'].map(digestOf));
    expect(['memory.0', 'memory.1', 'memory.2'].map((name) => results.get(name))).toEqual(['eval_memory_error', '31', 'eval_memory_error'].map(digestOf));
  });
});
