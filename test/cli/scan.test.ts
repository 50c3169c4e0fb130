// The commands around scanning as processes: every source and every option, what is printed, what is recorded, and the exit code.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ociArchive, sha256, tar } from '../scanner/image/make.ts';
import { SYNTHETIC } from '../scanner/import/synthetic.ts';

const stellaFile = fileURLToPath(new URL('../../cli/stella.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'stella-scan-'));
const environment = { ...process.env, STELLA_LEDGER: 'ledger', STELLA_PASSPHRASE_FILE: 'passphrase', XDG_STATE_HOME: join(directory, 'state') };
const at = (name: string) => join(directory, name);
const subject = `sha256:${'ab'.repeat(32)}`;

function run(...args: string[]): { exit: number | null; out: string; err: string } {
  const how = { cwd: directory, env: environment, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [stellaFile, ...args], how);
  return { exit: status, out: stdout, err: stderr };
}

function json(...args: string[]): Record<string, unknown> {
  const { exit, out, err } = run(...args, '--json');
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as Record<string, unknown>), exit };
}

function put(name: string, content: string | Uint8Array | object): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
}

const range = (ecosystem: string, name: string, fixed: string) =>
  ({ package: { ecosystem, name }, ranges: [{ type: ecosystem === 'npm' ? 'SEMVER' : 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] });
const V3 = (score: string) => [{ type: 'CVSS_V3', score }];

beforeAll(() => {
  put('passphrase', 'test\n');
  put('osv.jsonl', [
    { id: 'GHSA-aaaa-aaaa-0001', aliases: ['CVE-2099-0001'], affected: [range('npm', 'left', '2.0.0')], severity: V3(
      'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H') },
    { id: 'GHSA-aaaa-aaaa-0002', withdrawn: '2026-01-01T00:00:00Z', affected: [range('npm', 'left', '9.0.0')] },
    { id: 'PYSEC-2099-3', upstream: [], aliases: ['CVE-2099-9003'], affected: [range('PyPI', 'odd', '2.0')] },
  ].map((record) => JSON.stringify(record)).join('\n'));
  put('other/one.json', { id: 'OTHER-1', aliases: ['CVE-2099-0001'], affected: [range('npm', 'left', '1.4.0')], severity: V3(
    'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N') });
  put('ruby/gems/rack/CVE-2099-9001.yml', 'gem: rack\ncve: 2099-9001\ntitle: T\npatched_versions:\n- ">= 2.2.8"\n');
  put('php/acme/lib/CVE-2099-9002.yaml',
    'title: T\ncve: CVE-2099-9002\nbranches:\n  1.x:\n    versions: [">=1.0.0", "<1.2.3"]\nreference: composer://acme/lib\n');
  put('node/1.json', { id: 1, module_name: 'pad', vulnerable_versions: '<1.3.0', cves: ['CVE-2099-9004'], title: 'T' });
  put('epss.csv.gz', gzipSync('#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2099-0001,0.94358,0.99\n'));
  put('kev.json', { vulnerabilities: [{ cveID: 'CVE-2099-9001', dateAdded: '2026-01-01' }] });
  put('nvd.json', { vulnerabilities: [{ cve: { id: 'CVE-2099-9002', metrics: { cvssMetricV31: [{ cvssData: {
    vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } }] } } }] });
  for (const [name, text] of Object.entries(SYNTHETIC)) put(`${name}.feed`, text);
  put('app.cdx.json', { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [
    ['left', '1.3.0', 'npm'], ['pad', '1.2.0', 'npm'], ['rack', '2.2.7', 'gem'], ['acme/lib', '1.1.0', 'composer'], ['odd', 'zzz', 'pypi'],
    ['thing', '1', 'generic'],
  ].map(([name, version, type]) => ({ type: 'library', 'bom-ref': name, name, version, purl: `pkg:${type}/${name}@${version}` })) });
  expect(run('init', '--origin', 'ledger.example.org').exit).toBe(0);
}, 240_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SOURCES = ['ghsa=osv:osv.jsonl', 'other=osv:other', 'ruby-advisory-db:ruby', 'friendsofphp:php', 'nodejs-security-wg:node', 'epss:epss.csv.gz',
  'kev:kev.json', 'nvd:nvd.json', ...Object.keys(SYNTHETIC).map((name) => `${name}:${name}.feed`)];
const sources = ['bdu', 'cnnvd', 'cnvd', 'epss', 'euvd', 'friendsofphp', 'ghsa', 'jvn', 'kev', 'nodejs-security-wg', 'nvd', 'other', 'ruby-advisory-db'];

describe('feed import', () => {
  test('of every format makes one snapshot; a call with the same key is done once', { timeout: 240_000 }, () => {
    const args = ['feed', 'import', ...SOURCES, '--fetched', '2026-01-02T03:04:05Z', '--key', 'night 1'];
    const { exit, out } = run(...args);
    expect({ exit, out: out.replace(/sha256:[0-9a-f]{64}/, 'sha256:…') }).toEqual({
      exit: 0, out: `imported  entry 1  sha256:…\n          15 records of ${sources.join(', ')}, 0.0 MiB\n`,
    });
    expect(json(...args)).toMatchObject({ exit: 0, index: 1, repeated: true, size: 2 });
    expect(run('feed', 'list', '--limit', '1').out).toContain('    epss, fetched 2026-01-02T03:04:05.000Z\n');
  });

  test('without raw bytes has the same records in a smaller file; another feed is another one', { timeout: 240_000 }, () => {
    const lean = json('feed', 'import', '--feed', 'lean', '--without-raw', 'osv:osv.jsonl') as { bytes: number };
    const full = json('feed', 'import', '--feed', 'full', 'osv:osv.jsonl') as { bytes: number };
    expect(lean).toMatchObject({ exit: 0, feed: 'lean', records: 3 });
    expect(lean.bytes).toBeLessThan(full.bytes);
    expect(run('feed', 'diff', '--feed', 'lean')).toMatchObject({ exit: 3, err: expect.stringContaining('SNAPSHOT_UNKNOWN') as string });
    put('second.jsonl', JSON.stringify({ id: 'GHSA-aaaa-aaaa-0009', affected: [range('npm', 'left', '2.0.0')] }));
    expect(run('feed', 'import', '--feed', 'lean', 'osv:second.jsonl').exit).toBe(0);
    const { exit, out } = run('feed', 'diff', '--feed', 'lean', '--limit', '1');
    expect(exit).toBe(0);
    expect(out.split('\n').slice(2)).toEqual(['removed  osv  GHSA-aaaa-aaaa-0001  npm left', '… 3 more', '1 added, 3 removed, 0 changed', '']);
    expect(json('feed', 'verify', '--feed', 'lean')).toMatchObject({ exit: 0, verdict: 'OK' });
  });

  test.each([
    [['nothing:x'], 2, 'USAGE'], [['osv:absent'], 6, 'ENOENT'], [['osv:kev.json'], 3, 'INPUT_MALFORMED'], [['a=osv:osv.jsonl', 'a=kev:kev.json'], 2, 'USAGE'],
    [['osv:osv.jsonl', '--fetched', 'yesterday'], 2, 'USAGE'],
  ])('%j is refused', (args, exit, code) => {
    expect(json('feed', 'import', ...args)).toMatchObject({ exit, error: { code } });
  });
});

describe('scan', () => {
  const rows = (out: string) => out.split('\n').filter((line) => /^(?:CRITICAL|HIGH|MEDIUM|LOW|NONE|UNKNOWN)/.test(line)).map((line) => line.split(/ {2,}/));

  test('of a bill of materials: what is found, in which words, and what is known of nothing', { timeout: 240_000 }, () => {
    const { exit, out } = run('scan', 'app.cdx.json', '--subject', subject, '--sarif', 'f.sarif', '--vulns', 'f.vulns', '--findings', 'f.json');
    expect(exit).toBe(0);
    expect(rows(out)).toEqual([
      ['CRITICAL 9.8', 'CVE-2099-9002', 'acme/lib', '1.1.0', '1.2.3', 'affected'],
      ['CRITICAL 9.8', 'CVE-2099-0001', 'left', '1.3.0', '2.0.0, 1.4.0', 'affected; sources differ: fixed, severity'],
      ['UNKNOWN KEV', 'CVE-2099-9001', 'rack', '2.2.7', '2.2.8', 'affected'],
      ['UNKNOWN', 'CVE-2099-9004', 'pad', '1.2.0', '1.3.0', 'affected'],
      ['UNKNOWN', 'CVE-2099-9003', 'odd', 'zzz', '2.0', 'indeterminate: version_ill_formed'],
    ]);
    expect(out).toContain('\n6 components, 5 findings (4 affected, 1 undecided)\n1 component could not be looked up: 1 purl_type\nsnapshot sha256:');
    expect(out).toContain('sign it with "stella attest --predicate f.vulns --type https://in-toto.io/attestation/vulns/v0.2"\n');
    const read = (name: string) => JSON.parse(readFileSync(at(name), 'utf8')) as Record<string, unknown>;
    expect(read('f.sarif')).toMatchObject({ version: '2.1.0' });
    expect(read('f.json')).toMatchObject({ format: 'stella-findings/1', counts: { components: 6 } });
    expect((read('f.vulns') as { scanner: { result: { id: string }[] } }).scanner.result.map(({ id }) => id)).toEqual([
      'CVE-2099-9002', 'CVE-2099-9001', 'CVE-2099-0001', 'CVE-2099-9004',
    ]);
    expect(run('inspect', 'f.sarif', '--subject', subject)).toMatchObject({ exit: 0 });
  });

  test('the other formats, and a dry run that records nothing', { timeout: 240_000 }, () => {
    const before = json('status').size;
    const { exit, out } = run('scan', 'app.cdx.json', '--dry-run', '--format', 'markdown');
    expect({ exit, line: out.split('\n')[3] }).toEqual({
      exit: 0, line: '| CRITICAL 9.8 | CVE&#45;2099&#45;0001 | left | 1.3.0 | 2.0.0, 1.4.0 | affected; sources differ: fixed, severity |',
    });
    expect(json('scan', '--dry-run', '--subject', subject)).toMatchObject({ exit: 0, outcomes: { affected: 4, indeterminate: 1 } });
    expect(json('scan', 'app.cdx.json', '--dry-run', '--format', 'yaml')).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
    expect(json('status').size).toBe(before);
  });

  test('with a limit that is reached is a failed one on record, with its reason', { timeout: 240_000 }, () => {
    for (const [option, reason] of [['--timeout', 'time'], ['--max-memory', 'memory']] as const) {
      const { exit, out } = run('scan', '--subject', subject, option, reason === 'time' ? '0' : '1');
      expect({ exit, out: out.replace(/entry \d+/, 'entry N') }).toEqual({
        exit: 5, out: `FAILED   entry N  ${subject}\n         the limit of ${reason} was reached: there is no result, and nothing is known of this artifact\n`,
      });
      const index = /entry (\d+)/.exec(out)?.[1] as string;
      expect(json('show', index)).toMatchObject({ event: { type: 'scan.failed', data: { reason } } });
      expect(run('scan', 'app.cdx.json', '--dry-run', option, '0')).toMatchObject({
        exit: 5, out: `FAILED   the limit of ${reason} was reached: there is no result\n`,
      });
    }
    expect(json('scan', '--subject', subject, '--timeout', '600', '--max-memory', '4000')).toMatchObject({ exit: 0 });
    expect(json('scan', '--subject', subject, '--timeout', 'soon')).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
  });

  test('reconciles the reports of four tools, theirs first, each difference with its reason', { timeout: 240_000 }, () => {
    put('trivy.json', { SchemaVersion: 2, ArtifactName: 'x', Results: [{ Target: 't', Vulnerabilities: [
      { VulnerabilityID: 'CVE-2099-9001', PkgName: 'rack', PkgIdentifier: { PURL: 'pkg:gem/rack@2.2.7' }, InstalledVersion: '2.2.7' },
      { VulnerabilityID: 'CVE-1999-1', PkgName: 'rack', PkgIdentifier: { PURL: 'pkg:gem/rack@2.2.7' }, InstalledVersion: '2.2.7' },
      { VulnerabilityID: 'GHSA-aaaa-aaaa-0002', PkgName: 'left', PkgIdentifier: { PURL: 'pkg:npm/left@1.3.0' }, InstalledVersion: '1.3.0' },
    ] }] });
    put('grype.json', { descriptor: { name: 'grype', version: '0.110.0' }, source: {}, matches: [
      { vulnerability: { id: 'GHSA-aaaa-aaaa-0001' }, artifact: { name: 'left', version: '1.3.0', purl: 'pkg:npm/left@1.3.0' } },
      { vulnerability: { id: 'CVE-2099-9003' }, artifact: { name: 'odd', version: 'zzz', purl: 'pkg:pypi/odd@zzz' } },
    ] });
    put('osv-scanner.json', { results: [{ source: { path: '/x', type: 'sbom' }, packages: [
      { package: { name: 'acme/lib', version: '1.1.0', ecosystem: 'Packagist' }, vulnerabilities: [{ id: 'CVE-2099-9002' }] },
      { package: { name: 'absent', version: '1', ecosystem: 'npm' }, vulnerabilities: [{ id: 'CVE-2099-0001' }] },
    ] }] });
    put('npm-audit.json', { auditReportVersion: 2, vulnerabilities: { left: { name: 'left', severity: 'high', via: [
      { source: 1, name: 'left', url: 'https://github.com/advisories/GHSA-aaaa-aaaa-0001', severity: 'high', range: '<2.0.0' }] } } });
    const reports = ['trivy', 'grype', 'osv-scanner', 'npm-audit'];
    const { exit, out } = run('scan', '--subject', subject, ...reports.flatMap((name) => ['--reconcile', `${name}.json`]));
    expect(exit).toBe(0);
    const all = ['CVE-2099-9002  pkg:composer/acme/lib@1.1.0', 'CVE-2099-9001  pkg:gem/rack@2.2.7', 'CVE-2099-0001  pkg:npm/left@1.3.0',
      'CVE-2099-9004  pkg:npm/pad@1.2.0'];
    const ours = (found: string) => all.filter((line) => !line.startsWith(found)).map((line) => `  only ours    ${line}  not_reported`);
    expect(out.slice(out.indexOf('trivy:')).trimEnd().split('\n')).toEqual([
      'trivy: 1 agreed, 3 only ours, 2 only theirs', '  only theirs  CVE-1999-1  pkg:gem/rack@2.2.7  vulnerability_unknown',
      '  only theirs  GHSA-aaaa-aaaa-0002  pkg:npm/left@1.3.0  withdrawn', ...ours('CVE-2099-9001'),
      'grype 0.110.0: 1 agreed, 3 only ours, 1 only theirs', '  only theirs  CVE-2099-9003  pkg:pypi/odd@zzz  undecided', ...ours('CVE-2099-0001'),
      'osv-scanner: 1 agreed, 3 only ours, 1 only theirs', '  only theirs  CVE-2099-0001  absent@1  component_unknown', ...ours('CVE-2099-9002'),
      'npm audit: 1 agreed, 3 only ours, 0 only theirs', ...ours('CVE-2099-0001'),
    ]);
    put('none.json', { SchemaVersion: 2, ArtifactName: 'x', Results: [{ Target: 't', Secrets: [{ RuleID: 'aws' }] }] });
    expect(json('scan', '--subject', subject, '--reconcile', 'none.json')).toMatchObject({ exit: 3, error: { code: 'EVIDENCE_INVALID' } });
  });

  test('of an image for the platform that is asked for; of a directory, with its digest', { timeout: 240_000 }, () => {
    const layer = tar([{ path: 'app/node_modules/left/package.json', content: '{"name":"left","version":"1.3.0"}' }]);
    put('image.tar', tar(ociArchive([layer])));
    expect(json('scan', 'image.tar', '--platform', 'linux')).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
    expect(json('scan', '.', '--platform', 'linux/amd64', '--subject', `sha256:${'0'.repeat(64)}`)).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
    expect(json('scan', 'image.tar', '--dry-run', '--platform', 'linux/arm64')).toMatchObject({ exit: 3, error: { code: 'INPUT_MALFORMED' } });
    expect(json('scan', 'image.tar', '--dry-run', '--platform', 'linux/amd64')).toMatchObject({ exit: 0, outcomes: { affected: 1 } });
    const members = ociArchive([layer]);
    const { manifests } = JSON.parse(new TextDecoder().decode(members[1]?.content as Uint8Array)) as { manifests: [{ digest: string }] };
    const own = manifests[0].digest;
    expect(json('scan', 'image.tar', '--subject', own, '--dry-run')).toMatchObject({ exit: 0, outcomes: { affected: 1 } });
    const error = {
      code: 'SUBJECT_MISMATCH', message: `Cannot take the image for ${subject}: it is ${own}`, hint: 'leave the digest out: an image has its own',
    };
    for (const dry of [[], ['--dry-run']]) expect(json('scan', 'image.tar', '--subject', subject, ...dry)).toMatchObject({ exit: 3, error });
    put('tree/node_modules/left/package.json', { name: 'left', version: '1.3.0' });
    expect(json('scan', 'tree')).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
    expect(json('scan', 'tree', '--subject', `sha256:${sha256(layer)}`)).toMatchObject({ exit: 0, scans: [{ outcomes: { affected: 1 } }] });
    expect(json('scan', 'app.cdx.json')).toMatchObject({ exit: 3, error: { code: 'SUBJECT_UNKNOWN' } });
    expect(json('scan', '--subject', `sha256:${'00'.repeat(32)}`)).toMatchObject({ exit: 3, error: { code: 'SBOM_UNKNOWN' } });
    expect(json('scan', '--subject', subject, '--feed', 'nothing')).toMatchObject({ exit: 3, error: { code: 'SNAPSHOT_UNKNOWN' } });
  });
});

describe('explain and affected', () => {
  test('what each source says, and what none reports', { timeout: 240_000 }, () => {
    const { exit, out } = run('explain', 'GHSA-aaaa-aaaa-0001', '--subject', subject);
    expect({ exit, out: out.replace(/sha256:[0-9a-f]{64}/g, 'sha256:…').replace(/^by snapshot.*\n/m, '').replace(/^Nothing is known of[^]*/m, '') }).toEqual({
      exit: 0, out: [
        'CVE-2099-0001 = GHSA-aaaa-aaaa-0001 = GHSA-aaaa-bbbb-cccc = EUVD-2099-0001 = OTHER-1',
        'severity: euvd CRITICAL 9.3, ghsa CRITICAL 9.8, other LOW 1.8; the sources differ', 'EPSS 0.94358 by epss',
        'affected  pkg:npm/left@1.3.0', '    range 0 holds 1.3.0: from every version before 2.0.0',
        '    record  GHSA-aaaa-aaaa-0001 of ghsa, sha256:…, entry 0, computed again', 'affected  pkg:npm/left@1.3.0',
        '    range 0 holds 1.3.0: from every version before 1.4.0', '    record  OTHER-1 of other, sha256:…, entry 0, computed again', '',
      ].join('\n'),
    });
    const withdrawn = run('explain', 'GHSA-aaaa-aaaa-0002', '--subject', subject).out;
    expect(withdrawn).toContain('not_affected  pkg:npm/left@1.3.0\n    the record was withdrawn on 2026-01-01T00:00:00Z\n');
    expect(run('explain', 'CVE-2099-0004', '--subject', subject).out).toContain('CVE-2099-0004 = CNNVD-209901-001\nseverity: cnnvd "高危"\n');
    expect(run('explain', 'CVE-2099-9001', '--subject', subject).out).toContain('CVE-2099-9001\nknown to be exploited by kev\n');
    expect(json('explain', 'CVE-2099-0001', '--subject', subject, '--feed', 'full')).toMatchObject({ exit: 0, is: 'affected', scan: null });
    expect(json('explain', 'CVE-2099-0001', '--subject', subject, '--snapshot', '2020-01-01')).toMatchObject({ exit: 3, error: { code: 'SNAPSHOT_UNKNOWN' } });
    expect(json('explain', 'CVE-2099-0001')).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
  });

  test('affected: 1 where some are, 0 where none is, 5 where nothing is known', { timeout: 240_000 }, () => {
    expect(json('affected', 'CVE-2099-9001')).toMatchObject({ exit: 1, artifacts: [{ subject, is: 'affected' }] });
    expect(json('affected', 'GHSA-aaaa-aaaa-0002')).toMatchObject({ exit: 0, artifacts: [] });
    const all = json('affected', 'GHSA-aaaa-aaaa-0002', '--all') as { exit: number; artifacts: { is: string }[] };
    expect([all.exit, new Set(all.artifacts.map(({ is }) => is))]).toEqual([0, new Set(['not_affected'])]);
    expect(json('affected', 'CVE-1999-1')).toMatchObject({ exit: 5, records: 0 });
    expect(json('affected', 'CVE-2099-9001', '--feed', 'full')).toMatchObject({ exit: 5, records: 0 });
    expect(json('affected', 'CVE-2099-9001', '--snapshot', '2020-01-01')).toMatchObject({ exit: 3, error: { code: 'SNAPSHOT_UNKNOWN' } });
  });
});

describe('rescan', () => {
  test('on another feed, and on a stated snapshot', { timeout: 240_000 }, () => {
    const [first] = json('feed', 'list').snapshots as { snapshot: string }[];
    const scanned = json('rescan', '--snapshot', first?.snapshot as string);
    expect(scanned).toMatchObject({ exit: 0, snapshot: first?.snapshot });
    expect((scanned.artifacts as { is: string }[]).map(({ is }) => is)).toEqual(['holding', 'holding']);
    expect(scanned).toMatchObject({ unscanned: [] });
    // Nobody has looked at it with this feed: looking again passes it over, and says so.
    expect(json('rescan', '--feed', 'full')).toMatchObject({ exit: 0, artifacts: [], unscanned: [subject] });
    expect(json('rescan', '--feed', 'nothing')).toMatchObject({ exit: 3, error: { code: 'SNAPSHOT_UNKNOWN' } });
  });
});

describe('kit', () => {
  test('of a stated feed and snapshot, signed with a key of one’s own, imported into another feed without the rest', { timeout: 240_000 }, () => {
    put('policy/p.rego', 'package p\n\n# METADATA\n# entrypoint: true\nallow := true\n');
    expect(run('policy', 'publish', '--name', 'rules', 'policy')).toMatchObject({ exit: 0 });
    put('own.pem', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const [{ snapshot }] = json('feed', 'list', '--feed', 'full').snapshots as [{ snapshot: string }];
    const made = json('kit', 'create', '--builder', 'https://a.example/kits', '--out', 'a.kit', '--feed', 'full', '--snapshot', snapshot, '--policy', 'rules',
      '--key', 'own.pem', '--public-key', 'own.pub');
    expect(made).toMatchObject({ exit: 0, feed: 'full', snapshot, policies: ['rules'] });
    expect(existsSync(at('own.pub'))).toBe(true);
    expect(json('kit', 'verify', '--builder', 'https://a.example/kits', '--key', 'own.pub', 'a.kit')).toMatchObject({ exit: 0, verdict: 'OK',
      policies: ['rules'] });
    expect(run('trust', 'add', '--key', 'own.pub').exit).toBe(0);
    expect(json('kit', 'import', '--builder', 'https://a.example/kits', '--feed', 'carried', '--snapshot-only', 'a.kit')).toMatchObject({
      exit: 0, feed: 'carried', snapshot, published: [], trusted: 0,
    });
    expect(json('kit', 'create', '--builder', 'no uri', '--out', 'b.kit')).toMatchObject({ exit: 2, error: { code: 'USAGE' } });
    expect(json('kit', 'create', '--builder', 'https://a.example/kits', '--out', 'b.kit', '--policy', 'absent')).toMatchObject({ exit: 3 });
    expect(existsSync(at('b.kit'))).toBe(false);
  });
});
