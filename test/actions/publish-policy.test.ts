// Policies on record: published, found again by name, compiled from their payload alone; and what is refused before anything is stored.
import { describe, expect, test } from 'vitest';
import { findPolicy, loadPolicy, policyVersions, publishPolicy, type PolicyToPublish } from '../../actions/publish-policy.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { capabilitiesDigest, formatJson, parseJson, type PolicyErrors, type RegoObject } from '../../policy/index.ts';
import { by } from '../log/kit.ts';
import { Bench } from './kit.ts';

const gate = (limit: number) => `package gate\n\n# METADATA\n# entrypoint: true\ndefault allow := false\n\nallow if input.n < data.limit + ${limit}\n`;

function policyOf(text: string, more: Partial<PolicyToPublish> = {}): PolicyToPublish {
  const bundle = { modules: [{ file: 'gate.rego', text }], data: parseJson('{"limit": 1.50}') as RegoObject, revision: 'abc', regoVersion: 1 } as const;
  return { name: 'gate', bundle, entrypoints: [], ...more };
}

const decide = async (bench: Bench, n: string) => {
  const { policy, bundle: { data } } = await loadPolicy(bench.payloads, await findPolicy(bench.log, 'gate'));
  return formatJson(policy.evaluate('data.gate.allow', { input: parseJson(`{"n": ${n}}`), data, clock: 0n }).value);
};

describe('published', () => {
  test('one, another and the first again are three events, and the newest decides', async () => {
    const bench = await Bench.begin();
    const answers = [];
    for (const limit of [0, 5, 0]) {
      await publishPolicy(bench.stores, policyOf(gate(limit)), by);
      answers.push(await decide(bench, '1.6'));
    }
    expect(answers).toEqual(['false', 'true', 'false']);
    expect(await bench.types()).toEqual(['policy.published', 'policy.published', 'policy.published']);
    const versions = [];
    for await (const { index, version, event } of policyVersions(bench.log, 'gate')) versions.push([index, version, formatHex(event.data.bundle[1])]);
    expect(versions.map(([index, version]) => [index, version])).toEqual([[3, 3], [2, 2], [1, 1]]);
    expect(versions[0]?.[2]).toBe(versions[2]?.[2]);
    expect(versions[0]?.[2]).not.toBe(versions[1]?.[2]);
    expect(bench.payloads.held.size).toBe(2);
    await bench.check();
  });

  test('the event says what decides, and holds none of its words', async () => {
    const bench = await Bench.begin();
    await publishPolicy(bench.stores, policyOf(gate(0), { entrypoints: ['data.gate', 'data.gate.allow'] }), by);
    const { event } = await findPolicy(bench.log, 'gate');
    const { bundle } = await loadPolicy(bench.payloads, { event });
    const named = (digest: readonly [string, Uint8Array]) => `sha256:${formatHex(digest[1])}`;
    expect({ bundle: named(event.data.bundle), modules: named(event.data.modules), data: named(event.data.data) }).toEqual(bundle.digests);
    expect(named(event.data.capabilities)).toBe(capabilitiesDigest());
    expect(event.data).toMatchObject({ name: 'gate', count: 1, entrypoints: ['data.gate', 'data.gate.allow'], rego: 1, semantics: 2 });
    expect(event.payloads).toMatchObject([{ role: 'bundle', media: 'application/vnd.stella-ledger.policy+json' }]);
    expect(bundle.revision).toBe('abc');
    expect(new TextDecoder('latin1').decode(await bench.log.entry(1))).not.toContain('abc');
  });

  test('an expected version, and a key', async () => {
    const bench = await Bench.begin();
    await publishPolicy(bench.stores, policyOf(gate(0), { expected: 0, key: 'k' }), by);
    await expect(publishPolicy(bench.stores, policyOf(gate(1), { expected: 0 }), by)).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    expect(await publishPolicy(bench.stores, policyOf(gate(0), { key: 'k' }), by)).toMatchObject({ index: 1, repeated: true });
    await expect(publishPolicy(bench.stores, policyOf(gate(1), { key: 'k' }), by)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await publishPolicy(bench.stores, policyOf(gate(1), { expected: 1 }), by);
    expect((await findPolicy(bench.log, 'gate')).version).toBe(2);
    await bench.check();
  });
});

describe('refused, and nothing is stored', () => {
  test.each([
    ['a policy that does not compile', policyOf('package gate\n\nallow if x\n\nb := y\n'), 'POLICY_INVALID'],
    ['no entrypoint', policyOf('package gate\n\nallow := true\n'), 'POLICY_INVALID'],
    ['an entrypoint that no rule gives', policyOf(gate(0), { entrypoints: ['data.gate.alow'] }), 'POLICY_INVALID'],
    ['an entrypoint that only data gives', policyOf(gate(0), { entrypoints: ['data.limit'] }), 'POLICY_INVALID'],
    ['a rule where the data has a value', policyOf('package limit\n\n# METADATA\n# entrypoint: true\nallow := true\n'), 'POLICY_INVALID'],
    ['a name with capitals', policyOf(gate(0), { name: 'Gate' }), 'EVENT_INVALID'],
    ['a function whose answer no record gives back', policyOf('package gate\n\nallow := http.send({})\n'), 'POLICY_INVALID'],
  ])('%s', async (_, publishing, code) => {
    const bench = await Bench.begin();
    await expect(publishPolicy(bench.stores, publishing, by)).rejects.toMatchObject({ code });
    expect([bench.log.published.size, bench.payloads.held.size]).toEqual([1, 0]);
  });

  test('every error is kept', async () => {
    const bench = await Bench.begin();
    const error = await publishPolicy(bench.stores, policyOf('package gate\n\nb if not y\n\nallow if not x\n'), by).catch((cause: unknown) => cause as Error);
    expect(((error as Error).cause as PolicyErrors).errors.map(({ location }) => location?.row)).toEqual([3, 5]);
  });
});

test('a name nobody published, a payload that is gone, and one that is another', async () => {
  const bench = await Bench.begin();
  await expect(findPolicy(bench.log, 'gate')).rejects.toMatchObject({ code: 'POLICY_UNKNOWN' });
  await publishPolicy(bench.stores, policyOf(gate(0)), by);
  const found = await findPolicy(bench.log, 'gate');
  await expect(loadPolicy(bench.payloads, found, 99)).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
  const [name] = [...bench.payloads.held.keys()];
  bench.payloads.held.set(name as string, new TextEncoder().encode('{}'));
  await expect(loadPolicy(bench.payloads, found)).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
  bench.payloads.held.clear();
  await expect(loadPolicy(bench.payloads, found)).rejects.toMatchObject({ code: 'PAYLOAD_MISSING' });
});
