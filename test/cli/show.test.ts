// "show" takes whatever people call a thing by: each kind, its refusals, and what scans found, now and before.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'stella-cli-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function stella(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'cli/stella.js'), ...args], {
    cwd: home, encoding: 'utf8', timeout: 60_000, input: '',
    env: { PATH: process.env['PATH'] ?? '', STELLA_PASSPHRASE_FILE: 'pass', XDG_STATE_HOME: join(home, 'state') },
  });
}

type Answer = Record<string, unknown> & { entries: number[]; findings: { state: string; id: string }[] };
function json(...args: string[]): Answer {
  const { stdout, stderr } = stella(...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

const image = `sha256:2c${'1'.repeat(62)}`;
const alike = `sha256:2c${'1'.repeat(10)}${'2'.repeat(52)}`;
const advisory = {
  schema_version: '1.6.0', id: 'GHSA-aaaa-bbbb-cccc', modified: '2026-01-01T00:00:00Z', aliases: ['CVE-2026-0001'],
  affected: [{ package: { ecosystem: 'npm', name: 'left-pad' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.3.1' }] }] }],
};
const bill = (version: string) => JSON.stringify({
  bomFormat: 'CycloneDX', specVersion: '1.6',
  components: [{ type: 'library', name: 'left-pad', version, purl: `pkg:npm/left-pad@${version}`, 'bom-ref': 'l' }],
});
const policy = 'package gate\n\nimport rego.v1\n\ndefault allow := true\n';

beforeAll(() => {
  const run = (...args: string[]) => {
    const { status, stderr, stdout } = stella(...args);
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  };
  writeFileSync(join(home, 'pass'), 'a passphrase\n', { mode: 0o600 });
  writeFileSync(join(home, 'ghsa.json'), JSON.stringify(advisory));
  for (const [i, version] of ['1.3.0', '1.3.1'].entries()) writeFileSync(join(home, `${i}.cdx.json`), bill(version));
  writeFileSync(join(home, 'gate.rego'), policy);
  run('init', '--origin', 'ledger.example.org');
  run('add', '--subject', image, '0.cdx.json');
  run('feed', 'import', '--feed', 'osv', 'osv:ghsa.json');
  stella('scan', '--subject', image, '--feed', 'osv');
  run('person', 'add', 'ann');
  const why = ['--owner', 'ann', '--expires', '2999-12-31', '--justification', 'planned', '--id', 'w-1', '--as', 'ann'];
  run('waiver', 'request', 'CVE-2026-0001', '--subject', image, ...why);
  run('policy', 'publish', '--name', 'release', '--entrypoint', 'data.gate.allow', 'gate.rego');
  stella('gate', image, '--policy', 'release');
  run('add', '--subject', image, '1.cdx.json');
  stella('scan', '--subject', image, '--feed', 'osv');
  run('add', '--subject', alike, '0.cdx.json');
}, 300_000);

describe('a thing is called', () => {
  test('by its digest, or by its beginning where that is one thing\'s', () => {
    expect(json('show', image).streams).toMatchObject([{ stream: `artifact:${image}` }]);
    expect(json('show', '2c1111111111111').streams).toMatchObject([{ stream: `artifact:${image}` }]);
    const { status, stderr } = stella('show', '2c1111');
    expect(status).toBe(3);
    expect(stderr).toContain(`NAME_AMBIGUOUS: Cannot tell which "2c1111" is meant: artifact:${image}, artifact:${alike}`);
    expect(stella('show', 'ffffff').stderr).toContain('NAME_UNKNOWN');
  });

  test('by its name: a vulnerability by any of its names, a waiver, a policy, a feed', () => {
    const findings = [{ id: 'CVE-2026-0001', state: 'resolved' }];
    expect(json('show', 'CVE-2026-0001')).toMatchObject({ streams: [{ stream: 'vuln:CVE-2026-0001' }], findings });
    expect(json('show', 'GHSA-aaaa-bbbb-cccc')).toMatchObject({ streams: [], entries: [], findings: [{ id: 'CVE-2026-0001' }] });
    expect(json('show', 'w-1').streams).toMatchObject([{ stream: 'waiver:w-1' }]);
    expect(json('show', 'release').streams).toMatchObject([{ stream: 'policy:release' }]);
    expect(json('show', 'feed:osv').streams).toMatchObject([{ stream: 'feed:osv' }]);
    expect(stella('show', 'CVE-2026-9999').stderr).toContain('NAME_UNKNOWN');
  });

  test('by the person who did it, by name or pseudonym, and by its index', () => {
    const { entries } = json('show', 'person:ann');
    expect(entries.length).toBe(1);
    const { persons } = json('person', 'list') as unknown as { persons: { person: string }[] };
    expect(json('timeline', `person:${persons[0]?.person.slice(0, 8)}`)).toMatchObject({ events: [{ index: entries[0], type: 'waiver.requested' }] });
    expect(json('show', String(entries[0]))).toMatchObject({ index: entries[0], event: { type: 'waiver.requested' } });
    expect(stella('show', 'person:nobody').status).toBe(3);
    const types = (...args: string[]) => (json('timeline', ...args) as unknown as { events: { index: number; type: string }[] }).events;
    expect(types('--type', 'waiver.requested')).toMatchObject([{ index: entries[0] }]);
    expect(types('--type', 'sbom.ingested', '--limit', '2').map(({ type }) => type)).toEqual(['sbom.ingested', 'sbom.ingested']);
    expect(types(image, '--type', 'scan.completed').length).toBe(2);
    expect(types('--type', 'waiver.requested', '--at', `@${entries[0]}`)).toEqual([]);
  });

  test('by its decision', () => {
    const { decisions } = json('decision', 'list') as unknown as { decisions: { decision: number }[] };
    const [{ decision }] = decisions as [{ decision: number }];
    expect(json('show', `decision:${decision}`)).toMatchObject({ index: decision, event: { type: 'decision.recorded' } });
    const { status, stderr } = stella('show', 'decision:1');
    expect([status, stderr.split('\n')[0]]).toEqual([3, 'DECISION_UNKNOWN: Cannot find decision 1: that entry is none']);
    expect(stella('show', 'decision:999').stderr).toContain('DECISION_UNKNOWN');
  });
});

describe('what scans found', () => {
  test('stands with the artifact, from first to last, and as it was then', () => {
    const { findings } = json('show', image) as unknown as { findings: [{ firstSeen: number; lastSeen: number; changes: { entry: number }[] }] };
    expect(findings).toMatchObject([{
      id: 'CVE-2026-0001', aliases: ['GHSA-aaaa-bbbb-cccc'], feed: 'osv', components: [{ purl: 'pkg:npm/left-pad@1.3.0', version: '1.3.0' }], state: 'resolved',
      changes: [{ is: 'opened' }, { is: 'resolved', by: 'sbom' }],
    }]);
    const [{ firstSeen, lastSeen, changes }] = findings;
    expect(lastSeen).toBe(firstSeen);
    const then = `@${(changes[1]?.entry ?? 0)}`;
    expect(json('show', image, '--at', then).findings).toMatchObject([{ state: 'open', changes: [{ is: 'opened', entry: firstSeen }] }]);
    expect(json('show', 'CVE-2026-0001', '--at', then).findings).toMatchObject([{ state: 'open' }]);
    expect(json('show', image, '--at', `@${firstSeen}`).findings).toEqual([]);
    expect(stella('show', image).stdout).toContain('findings: 1 resolved');
    expect(json('show', alike).findings).toEqual([]);
  });

  test('and a diff says what became of it, and of all that a gate reads beside it', () => {
    const { findings } = json('show', image) as unknown as { findings: [{ changes: [{ entry: number }, { entry: number }] }] };
    const [{ changes: [opened, resolved] }] = findings;
    const diff = (...args: string[]) => json('diff', ...args) as unknown as { changed: { stream: string }[]; findings: { id: string; changes: object[] }[] };
    const all = diff(`@${opened.entry + 1}..@`, image);
    expect(all.findings).toMatchObject([{ id: 'CVE-2026-0001', changes: [{ is: 'resolved', by: 'sbom', entry: resolved.entry }] }]);
    // The waiver and the policy came after; the feed did not move.
    expect(all.changed.map(({ stream }) => stream)).toEqual([`artifact:${image}`, 'policy:release', 'vuln:CVE-2026-0001', 'waiver:w-1']);
    expect(diff(`@${opened.entry}..@${opened.entry + 1}`, image).findings).toMatchObject([{ changes: [{ is: 'opened' }] }]);
    expect(diff(`@${resolved.entry}..@`, 'CVE-2026-0001').findings).toMatchObject([{ changes: [{ is: 'resolved' }] }]);
    expect(diff(`@${resolved.entry + 1}..@`).findings).toEqual([]);
    expect(stella('diff', `@${resolved.entry}..@`).stdout).toContain(`! CVE-2026-0001 in sha256:2c1111111111…: resolved by sbom entry ${resolved.entry}`);
  });
});
