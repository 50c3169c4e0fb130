// What a process keeps between gates changes nothing: each decision is, byte for byte, the one that a fresh process makes.
import { describe, expect, test } from 'vitest';
import { StreamState } from '../../actions/stream-state.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { compile, parseJson } from '../../policy/index.ts';
import { decide, LIMITS, PolicyShelf, type Decided } from '../../policy/gate/decide.ts';
import { inputComplaint } from '../../policy/gate/input-shape.ts';
import type { State } from '../../policy/gate/source.ts';
import { digestOf } from '../log/kit.ts';
import { app, day, findingOf, Gates, textOf, type FindingParts } from './kit.ts';

const other = digestOf('other');

/** Says the whole input, and joins over lists that are long enough for an index: of the data, of the input, and within one finding. */
const policy = {
  'gate.rego': `package gate

import rego.v1

allow if input.artifact

deny contains input

warn contains sprintf("%s %s", [f.id, p.owner]) if {
	some f in input.findings
	some p in data.owners
	p.purl == f.purl
}

warn contains [f.id, s.status] if {
	some f in input.findings
	some s in input.vex
	s.vuln_id in f.aliases
}

warn contains [f.id, c.name] if {
	some f in input.findings
	some c in input.sbom.components
	c.purl == f.purl
}

warn contains f.id if {
	some f in input.findings
	some alias in f.aliases
	alias == "ALIAS-3"
}
`,
};

const purls = Array.from({ length: 24 }, (_, i) => `pkg:npm/${i % 3 === 0 ? 'größe' : 'package'}-${i}@1.${i}`);
const found = (count: number, from = 0): FindingParts[] => Array.from({ length: count }, (_, i) => ({
  id: `CVE-2026-${from + i}`, purl: purls[(from + i) % purls.length] as string, severity: i % 2 === 0 ? 'CRITICAL' : 'LOW', epss: `0.${i}1`, kev: i % 5 === 0,
  aliases: i % 4 === 0 ? Array.from({ length: 20 }, (__, k) => `ALIAS-${k + i}`) : [`GHSA-${from + i}`], upstream: i % 6 === 1 ? [`UP-${i}`] : [],
  outcome: i % 7 === 3 ? 'indeterminate' : 'affected',
}));

async function begun(): Promise<Gates> {
  const gates = await Gates.begin();
  const owners = purls.map((purl, i) => ({ owner: `team-${i}`, purl }));
  await gates.policy('release', policy, JSON.stringify({ owners }));
  await gates.feed('osv', 'snapshot 1');
  await gates.trust('vendor');
  await gates.scan(app, await gates.sbom(app, purls), found(30));
  await gates.scan(other, await gates.sbom(other, purls.slice(4)), found(26, 10));
  return gates;
}

async function stateOf({ log, payloads }: Gates): Promise<State> {
  const { size } = await log.readStreamIndex();
  return { size, root: await log.rootAt(size), origin: log.control.genesis.origin, source: new StreamState(log, payloads, size) };
}

async function decided(gates: Gates, artifact: Uint8Array, policies: PolicyShelf): Promise<Decided> {
  const request = { artifact, policy: 'release', contracts: [], effective: gates.world.clock.wall, weakened: [], limits: LIMITS };
  return decide(request, await stateOf(gates), { policies });
}

async function expectAlike(gates: Gates, warm: PolicyShelf): Promise<void> {
  for (const artifact of [app[1], other[1]]) {
    const fresh = await decided(gates, artifact, new PolicyShelf());
    const text = textOf(fresh.input);
    expect(formatJcs(JSON.parse(text) as JcsValue)).toBe(text);
    expect(JSON.parse(text)).toEqual(fresh.shown.input);
    // What the policy was asked with is what is on record.
    expect(fresh.shown.results.denials.map((denial) => denial.text === text)).toEqual([true]);
    expect(fresh.shown.results.warnings.length).toBeGreaterThan(40);
    for (let again = 0; again < 3; again++) {
      const { data, pins, input, results } = await decided(gates, artifact, warm);
      expect(data).toEqual(fresh.data);
      expect([input, pins, results].map(textOf)).toEqual([text, textOf(fresh.pins), textOf(fresh.results)]);
    }
  }
}

describe('a process that goes on', () => {
  test('decides as a fresh one does, whatever VEX, waivers and scans say meanwhile', async () => {
    const gates = await begun();
    const warm = new PolicyShelf();
    await expectAlike(gates, warm);
    // The first finding, the last, neighbours, and one that only its upstream name tells.
    const said = ['CVE-2026-0', 'CVE-2026-29', 'CVE-2026-14', 'CVE-2026-15', 'UP-7'];
    for (const [i, vulnerability] of said.entries()) {
      await gates.vex(app, [{ vulnerability, status: i % 2 === 0 ? 'not_affected' : 'fixed' }], i === 3 ? 'nobody' : 'vendor');
      await expectAlike(gates, warm);
    }
    await gates.vex(app, [{ vulnerability: 'CVE-2026-0', status: 'affected' }], 'vendor');
    const request = await gates.request('w-1', 'CVE-2026-20', gates.world.clock.wall + day);
    const approved = await gates.act('waiver.approved', 'w-1', 'CVE-2026-20', request);
    expect(approved).toBeGreaterThan(request);
    await expectAlike(gates, warm);
    await gates.act('waiver.revoked', 'w-1', 'CVE-2026-20', request);
    await gates.scan(app, await gates.sbom(app, purls.slice(0, 20)), found(28, 3));
    await expectAlike(gates, warm);
  }, 120_000);

  test('refuses an input that has not its shape with the same words', async () => {
    const gates = await begun();
    const wrong = found(4).map((parts, i) => (i === 1 ? { ...parts, id: 'CVE 1' } : i === 2 ? { ...parts, purl: 'none' } : parts));
    await gates.scan(app, await gates.sbom(app, purls), wrong);
    const warm = new PolicyShelf();
    for (const vulnerability of ['CVE-2026-3', 'CVE-2026-0']) {
      for (let again = 0; again < 2; again++) {
        const [one, fresh] = [await decided(gates, app[1], warm), await decided(gates, app[1], new PolicyShelf())];
        expect(one.data).toMatchObject({ outcome: 'deny', codes: ['INPUT_INVALID'] });
        expect(inputComplaint(fresh.shown.input)).toBe('/findings/1/id is of another form');
        expect(one.shown.results.notes).toEqual(['the policy input: /findings/1/id is of another form']);
        expect([one.data, one.input]).toEqual([fresh.data, fresh.input]);
      }
      await gates.vex(app, [{ vulnerability }], 'vendor');
    }
  });
});

test('each finding is written as its payload has it, whatever of it is absent', async () => {
  const gates = await begun();
  // More than are written at once, of all combinations of what may be absent, in ASCII and beyond it.
  const parts = Array.from({ length: 700 }, (_, i): FindingParts => ({
    id: `CVE-2026-${i}`, purl: `pkg:npm/${i > 300 && i % 5 === 0 ? 'größe' : 'package'}-${i}@1.${i}`, severity: 'HIGH',
    epss: i % 2 === 0 ? `0.${(i % 90) + 10}` : null,
    ...(i % 3 === 0 ? {} : { path: `/app/${i > 500 ? '📦' : 'p'}-${i}` }), ...(i % 7 < 3 ? {} : { score: `${i % 10}.${i % 4}` }), kev: i % 11 === 0,
    ...(i % 4 === 0 ? {} : { fixed: ['2.0.0', '1.9.9'].slice(i % 3) }), aliases: i % 5 === 0 ? [] : [`GHSA-${i}`, `GHSA-${i % 50}`],
    upstream: [[], [`UP-${i}`], [`CVE-2026-${i}`], ['A', 'B']][i % 4] as string[], outcome: i % 6 === 5 ? 'indeterminate' : 'affected',
  }));
  await gates.scan(app, await gates.sbom(app, purls), parts);
  const warm = new PolicyShelf();
  const named = (i: number) => {
    const { id, aliases = [], upstream = [] } = parts[i] as FindingParts;
    return [...aliases, ...(upstream.length === 1 && upstream[0] !== id ? upstream : [])];
  };
  const told = [new Map<string, string>(), new Map([['CVE-2026-1', 'fixed'], ['CVE-2026-600', 'fixed']])];
  for (const statuses of told) {
    for (const [vulnerability, status] of statuses) await gates.vex(app, [{ vulnerability, status: status as 'fixed' }], 'vendor');
    const expected = parts.map((one, i) => {
      const found_ = findingOf(one);
      const status = statuses.get(one.id) ?? (one.outcome === 'affected' ? 'affected' : 'unknown');
      return {
        aliases: named(i), conflicts: [], entry_trace: 'unknown', ...(found_.epss === undefined ? {} : { epss: Number(found_.epss) }), exploitability: status,
        fingerprint: found_.fingerprint, fixed_versions: one.outcome === 'affected' ? [...(one.fixed ?? [])].sort() : [], id: one.id, kev: one.kev,
        outcome: one.outcome,
        ...(one.path === undefined ? {} : { path: one.path }), purl: one.purl, ...(one.score === undefined ? {} : { score: Number(one.score) }),
        severity: 'HIGH', waived: false,
      };
    });
    const { data, input, pins, shown } = await decided(gates, app[1], warm);
    expect(data.codes ?? []).not.toContain('INPUT_INVALID');
    const text = textOf(input);
    expect(JSON.parse(text).findings).toEqual(expected);
    expect(formatJcs(JSON.parse(text) as JcsValue)).toBe(text);
    expect(shown.results.denials.map((denial) => denial.text === text)).toEqual([true]);
    const streams = [...new Set(parts.flatMap(({ id }, i) => [id, ...named(i)]))].sort().map((id) => `vuln:${id}`);
    const pinned = (JSON.parse(textOf(pins)).streams as [string, number, number?][]).filter(([name]) => name.startsWith('vuln:'));
    expect(pinned.map(([name]) => name)).toEqual(streams);
    expect(pinned.filter(([, version]) => version > 0).map(([name]) => name)).toEqual([...statuses.keys()].map((id) => `vuln:${id}`));
  }
}, 60_000);

test('steps of an evaluation do not hang on those before it', () => {
  const compiled = compile([{ file: 'gate.rego', text: policy['gate.rego'] }]);
  const data = parseJson(JSON.stringify({ owners: purls.map((purl) => ({ owner: purl, purl })) }));
  const input = parseJson(JSON.stringify({ findings: found(30), sbom: { components: purls.map((purl) => ({ name: purl, purl })) }, vex: [] }));
  const steps = [1, 2, 3].map(() => compiled.evaluate('data.gate.warn', { input, data, clock: 0n }).stats.steps);
  expect(new Set(steps).size).toBe(1);
});
