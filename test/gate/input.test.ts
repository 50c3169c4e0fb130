// The policy input: one truth for the check, the type and the JSON Schema, and nothing that is missing or misspelt passes.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inputComplaint, type PolicyInput } from '../../policy/gate/input-shape.ts';
import { formatSchema } from '../../tools/policy-input.ts';
import { app, day, Gates, noCriticals } from './kit.ts';

const page = readFileSync(new URL('../../spec/policy-input.schema.json', import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(page) as object);

async function inputOf(): Promise<PolicyInput> {
  const gates = await Gates.begin();
  await gates.policy('release', noCriticals);
  await gates.feed('osv', 'snapshot 1');
  const found = [{ id: 'CVE-1', purl: 'pkg:npm/a@1' }, { id: 'GHSA-2', aliases: ['CVE-2'], purl: 'pkg:npm/b@2', upstream: ['CVE-3'], kev: true }];
  await gates.scan(app, await gates.sbom(app, ['pkg:npm/a@1', 'pkg:npm/b@2']), found);
  await gates.trust('vendor');
  await gates.vex(app, [{ vulnerability: 'CVE-3', part: 'pkg:npm/b' }], 'vendor');
  await gates.vex(app, [{ vulnerability: 'CVE-1', status: 'fixed' }, { vulnerability: 'CVE-1', part: 'pkg:npm/z' }], 'nobody');
  await gates.attestation(app, 'vendor', { builder: 'https://b.example', kind: 'provenance', version: '1' });
  await gates.act('waiver.approved', 'w-1', 'CVE-1', await gates.request('w-1', 'CVE-1', gates.world.clock.wall + day));
  return (await gates.gate()).decided.shown.input as PolicyInput;
}

const input = await inputOf();

/** Every place in a JSON value. */
function placesOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, one]) => placesOf(one, [...path, Array.isArray(value) ? Number(key) : key]))];
}

function changed(path: readonly (string | number)[], change: (holder: Record<string | number, unknown>, key: string | number) => void): unknown {
  const copy = structuredClone(input) as unknown as Record<string | number, unknown>;
  const holder = path.slice(0, -1).reduce<Record<string | number, unknown>>((at, key) => at[key] as Record<string | number, unknown>, copy);
  change(holder, path.at(-1) as string | number);
  return copy;
}

const places = placesOf(input).filter((path) => path.length > 0);

describe('the shape', () => {
  test('is what spec/policy-input.schema.json says', () => {
    expect(page === formatSchema(), 'run node tools/policy-input.ts').toBe(true);
  });

  test('takes what the gate builds, in which every member is filled', () => {
    expect(inputComplaint(input)).toBe(null);
    expect(validate(input)).toBe(true);
    for (const member of Object.values(input)) expect(Array.isArray(member) ? member.length : 1).toBeGreaterThan(0);
  });

  test('agrees with the JSON Schema on every change of every place', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(null, '', ' ', 0, -1, 1.5, 2 ** 53, true, [], {}, 'critical', 'CRITICAL', 'sha256:', 'pkg:npm/a@1', '2026-11-21T00:00:00Z'),
      fc.constantFrom<unknown>('2026-11-21T00:00:00.000Z', `sha256:${'0'.repeat(64)}`, 'x'.repeat(5000), [null], { id: 1 }, 'entry:1', 'CVE-1', 0.5),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), value, (path, other) => {
        const lied = changed(path, (holder, key) => (holder[key] = other));
        expect([path, inputComplaint(lied) === null]).toEqual([path, validate(lied)]);
      }),
      { numRuns: 3_000 },
    );
  });

  test('misses no member that must be there, and takes none that is not part of it', () => {
    for (const path of places.filter((one) => typeof one.at(-1) === 'string')) {
      const without = changed(path, (holder, key) => delete holder[key]);
      expect([path, inputComplaint(without) === null]).toEqual([path, validate(without)]);
      const renamed = changed(path, (holder, key) => {
        holder[`${key}s`] = holder[key];
        delete holder[key];
      });
      expect(inputComplaint(renamed)).not.toBe(null);
    }
    expect(inputComplaint({ ...input, findings: undefined })).toBe('/findings is no array');
    const { id: _, ...nameless } = input.findings[0] as PolicyInput['findings'][number];
    expect(inputComplaint({ ...input, findings: [nameless] })).toBe('/findings/0/id is missing');
    expect(inputComplaint([])).toBe('/ is no object');
    const [first, second] = input.findings as [PolicyInput['findings'][number], PolicyInput['findings'][number]];
    expect(inputComplaint({ ...input, findings: [first, { ...second, aliases: ['CVE-2', ''] }] })).toBe('/findings/1/aliases/1 is no text');
    expect(inputComplaint({ ...input, findings: [first, { ...second, extra: 1 }] })).toBe('/findings/1/extra is not part of the policy input');
  });
});

describe('what stands in it', () => {
  test('statements that count, and those that do not with their reasons', () => {
    expect(input.vex).toMatchObject([{ vuln_id: 'GHSA-2', status: 'not_affected', trusted: true, products: ['pkg:npm/b@2'] }]);
    expect(input.vex_rejected.map(({ vuln_id, reason, products }) => [vuln_id, reason, products])).toEqual([
      ['CVE-1', 'untrusted', ['pkg:npm/a@1']], ['CVE-1', 'unmatched', []],
    ]);
  });

  test('findings as VEX and waivers leave them: an accepted risk stays affected', () => {
    expect(input.findings.map(({ id, aliases, exploitability, waived }) => [id, aliases, exploitability, waived])).toEqual([
      ['CVE-1', [], 'affected', true], ['GHSA-2', ['CVE-2', 'CVE-3'], 'not_affected', false],
    ]);
  });

  test('our own proof with a verified attestation, and none with another', () => {
    expect(input.attestations).toMatchObject([{ verified: true, predicate: 'slsa-provenance', rekor: { inclusion_proof: { log_index: 8 } } }]);
  });
});
