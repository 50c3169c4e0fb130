// osv-scanner, Grype and Trivy on one database made of the same OSV records as our snapshot: what each finds, and who is right.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkOsv, type OsvRecord } from '../../../scanner/advisories/osv.ts';
import { scan, Snapshot, type FindingsDocument } from '../../../scanner/index.ts';
import { build as buildSnapshot, fileOf, observationOf } from '../../scanner/snapshot/memory.ts';
import type { Client, Step } from '../client.ts';
import { buildGo } from '../programs.ts';
import { compareFindings } from '../scanners/compare.ts';
import { writeDatabases } from '../scanners/databases.ts';
import { cyclonedxOf, runScanner, VERSIONS, type ListedComponent, type ScannerName } from '../scanners/programs.ts';
import { sideBySide } from '../scanners/side-by-side.ts';

const root = new URL('../../../', import.meta.url);

type Events = Record<string, string>[];

const advisory = (id: string, ecosystem: string, name: string, events: Events[], versions?: string[]): OsvRecord => checkOsv({
  id, modified: '2026-01-01T00:00:00Z', published: '2026-01-01T00:00:00Z', aliases: [`CVE-2099-${id.slice(-4)}`],
  affected: [{
    package: { ecosystem, name }, ranges: events.map((one) => ({ type: 'ECOSYSTEM', events: one })), ...(versions === undefined ? {} : { versions }),
  }],
});

/** The ways in which scanners are known to be wrong, each as a record and a component that it holds by OSV's rule. */
const CASES: readonly { readonly record: OsvRecord; readonly component: ListedComponent; readonly says: string }[] = [
  {
    says: 'a version that ends one range and begins the next',
    record: advisory('GHSA-0000-0000-0001', 'Packagist', 'codeception/codeception', [
      [{ introduced: '0' }, { fixed: '3.1.3' }], [{ introduced: '4.0.0' }, { fixed: '4.1.0' }], [{ introduced: '4.1.0' }, { fixed: '4.1.22' }],
    ]),
    component: { name: 'codeception/codeception', version: '4.1.0', purl: 'pkg:composer/codeception/codeception@4.1.0' },
  },
  {
    says: 'a list of versions beside a range that holds one more',
    record: advisory('GHSA-0000-0000-0002', 'PyPI', 'mobsf', [[{ introduced: '0' }, { fixed: '3.9.7' }]], ['0.9.2', '1.0']),
    component: { name: 'mobsf', version: '0.9.3', purl: 'pkg:pypi/mobsf@0.9.3' },
  },
  {
    says: 'a pseudo-version under "introduced: 0"',
    record: advisory('GHSA-0000-0000-0003', 'Go', 'example.org/tool', [[{ introduced: '0' }]]),
    component: {
      name: 'example.org/tool', version: 'v0.0.0-20250101000000-0123456789ab', purl: 'pkg:golang/example.org/tool@v0.0.0-20250101000000-0123456789ab',
    },
  },
  {
    says: 'a Go module with capital letters',
    record: advisory('GHSA-0000-0000-0004', 'Go', 'github.com/0xERR0R/blocky', [[{ introduced: '0' }, { fixed: '0.24.0' }]]),
    component: { name: 'github.com/0xERR0R/blocky', version: 'v0.23.0', purl: 'pkg:golang/github.com/0xERR0R/blocky@v0.23.0' },
  },
  {
    says: 'Go’s own library',
    record: advisory('GHSA-0000-0000-0005', 'Go', 'stdlib', [[{ introduced: '0' }, { fixed: '1.21.4' }]]),
    component: { name: 'stdlib', version: '1.21.3', purl: 'pkg:golang/stdlib@1.21.3' },
  },
];

function material(): { records: OsvRecord[]; components: ListedComponent[] } {
  const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), 'utf8');
  const records = read('tools/demo/advisories/osv.jsonl').trim().split('\n').map((line) => checkOsv(JSON.parse(line)));
  const bom = JSON.parse(read('tools/demo/shop.cdx.json')) as { components: (ListedComponent & { group?: string })[] };
  // Distributions are not what these databases hold.
  const libraries = bom.components.filter(({ purl }) => !purl.startsWith('pkg:deb/'));
  const components = libraries.map(({ group, name, version, purl }) => ({ name: group === undefined ? name : `${group}:${name}`, version, purl }));
  return {
    records: [...records.filter(({ affected }) => affected?.[0]?.package?.ecosystem.includes(':') !== true), ...CASES.map(({ record }) => record)],
    components: [...components, ...CASES.map(({ component }) => component)],
  };
}

async function* steps(name: ScannerName, peers: string, scratch: string): AsyncIterable<Step> {
  const { records, components } = material();
  const databases = await writeDatabases(scratch, join(peers, 'bin'), records);
  const { bytes } = buildSnapshot(records.map((record) => observationOf('osv', record as never)));
  const input = { components: components.map((one) => ({ ref: one.purl, ...one })) };
  const { findings } = scan(input, new Snapshot(fileOf(bytes)), { engineVersion: '0.0.0' }) as FindingsDocument;
  const file = join(scratch, 'list.cdx.json');
  writeFileSync(file, cyclonedxOf(components));
  const run = runScanner(name, join(peers, 'bin'), databases, file, join(scratch, `${name}.json`));
  yield { step: 'reads the list on the pinned database', ok: run.found.length > 0, seen: `${run.found.length} findings` };
  const compared = compareFindings(records, components, findings, run.found);
  const classes = Object.entries(compared.missed).map(([is, keys]) => `${is} ${keys.length}`);
  yield {
    step: 'where it differs from us, OSV’s rule decides for us',
    ok: compared.against.length === 0,
    seen: `both ${compared.both} of our ${compared.ours}, Jaccard ${compared.jaccard.toFixed(3)}; it misses: ${classes.join(', ') || 'nothing'}; ` +
      `it invents: ${compared.invented.join(', ') || 'nothing'}${compared.against.length === 0 ? '' : `; against us: ${compared.against.join(', ')}`}`,
  };
  const ours = new Set(findings.filter(({ outcome }) => outcome === 'affected').map(({ component }) => component.purl));
  for (const { says, component } of CASES) yield { step: `we find ${says}`, ok: ours.has(component.purl) };
  yield* sideBySide(name, join(peers, 'bin'), scratch);
}

const MODULES: Readonly<Record<ScannerName, (peers: string) => void>> = {
  'osv-scanner': (peers) => install(peers, 'github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.6.0', { GOTOOLCHAIN: 'go1.27.0' }),
  grype: (peers) => {
    install(peers, 'github.com/anchore/grype/cmd/grype@v0.110.0');
    buildGo(peers, 'github.com/anchore/grype@v0.110.0', 'grype', { mkgrypedb: './mkgrypedb' }, { copy: { 'go/mkgrypedb': 'mkgrypedb' } });
  },
  trivy: (peers) => {
    // Its JSON reports are written by Go's second JSON package. Version 0.69.4 was compromised: never that one.
    process.env['GOEXPERIMENT'] = 'jsonv2';
    const programs = { trivy: './cmd/trivy', mktrivydb: './mktrivydb' };
    buildGo(peers, 'github.com/aquasecurity/trivy@v0.74.0', 'trivy', programs, { copy: { 'go/mktrivydb': 'mktrivydb' } });
  },
};

function install(peers: string, module: string, env: Readonly<Record<string, string>> = {}): void {
  mkdirSync(join(peers, 'bin'), { recursive: true });
  const environment = { ...process.env, CGO_ENABLED: '0', GOBIN: join(peers, 'bin'), ...env };
  const ran = spawnSync('go', ['install', module], { env: environment, encoding: 'utf8', timeout: 3_600_000 });
  if (ran.status !== 0) throw new Error(`Cannot build ${module}: ${ran.error?.message ?? ran.stderr.slice(-500)}`);
}

const BUILDERS: Readonly<Partial<Record<ScannerName, string>>> = { grype: 'mkgrypedb', trivy: 'mktrivydb' };

function clientOf(name: ScannerName): Client {
  return {
    name,
    version: VERSIONS[name],
    fast: false,
    isBuilt: (peers) => [name, BUILDERS[name]].every((one) => one === undefined || existsSync(join(peers, 'bin', one))),
    async build(peers) {
      MODULES[name](peers);
    },
    run: (peers, scratch) => steps(name, peers, scratch),
  };
}

export const osvScanner = clientOf('osv-scanner');
export const grype = clientOf('grype');
export const trivy = clientOf('trivy');
