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

describe('stored decisions', () => {
  test.each(stored)('%s has the result it had, compiled and as published', (_, decision) => {
    expect(resultOf(decision, decision.semantics)).toBe(decision.result);
    expect(publishedResult(decision, decision.semantics)).toBe(decision.result);
  });

  test('are there under each semantics, and every question under both', () => {
    const under = (semantics: number) => stored.filter(([, decision]) => decision.semantics === semantics).map(([name]) => name.replace(/\.\d+$/, ''));
    expect(under(SEMANTICS)).toEqual(under(TEST_SEMANTICS));
    expect(under(SEMANTICS).length).toBeGreaterThanOrEqual(25);
  });

  test('under the other semantics differ in the floor of a negative number, and in nothing else', () => {
    const other = (semantics: number) => (semantics === SEMANTICS ? TEST_SEMANTICS : SEMANTICS);
    const differing = stored.filter(([, decision]) => resultOf(decision, other(decision.semantics)) !== decision.result);
    expect(differing.map(([name]) => name)).toEqual(['floor.0', 'floor.1']);
    expect(differing.map(([, { result }]) => result)).toEqual([digestOf('-1'), digestOf('0')]);
  });
});
