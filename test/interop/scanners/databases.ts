// One set of OSV records as the databases of three scanners: zips for osv-scanner, and what Trivy's and Grype's builders read.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OsvAffected, OsvRecord } from '../../../scanner/advisories/osv.ts';
import { writeZip } from '../../../verify/pack/zip-writer.ts';

export interface Databases {
  readonly osvScanner: string;
  readonly trivy: string;
  readonly grype: string;
}

/** Ecosystems as Grype's GitHub provider names them. */
const GRYPE: Readonly<Record<string, string>> = {
  PyPI: 'python', npm: 'npm', Go: 'go', 'crates.io': 'rust', RubyGems: 'gem', Maven: 'maven', Packagist: 'composer',
};

/** Builds what the programs in `bin` can read. @param bin - where `mktrivydb` and `mkgrypedb` lie; a database without its builder is left out */
export async function writeDatabases(folder: string, bin: string, given: Iterable<OsvRecord>): Promise<Databases> {
  const records = [...new Map([...given].map((record) => [record.id, record])).values()].map(withTimes);
  const databases = { osvScanner: join(folder, 'osv'), trivy: join(folder, 'trivy'), grype: join(folder, 'grype') };
  await writeZips(databases.osvScanner, records);
  for (const record of records) put(join(folder, 'trivy-source/osv', fileNameOf(record)), record);
  mkdirSync(join(databases.trivy, 'db'), { recursive: true });
  run(join(bin, 'mktrivydb'), [join(folder, 'trivy-source'), join(databases.trivy, 'db')]);
  run(join(bin, 'mkgrypedb'), [writeProvider(join(folder, 'grype-source'), records), join(databases.grype, '6')]);
  return databases;
}

function run(program: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, [...args], { encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 28 });
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  if (status !== 0 && !isMissing) throw new Error(`${program} ended with ${status}: ${stderr.slice(-500)}`);
}

function put(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
}

/** Ids such as `RHSA-2026:1` are no file's name everywhere. */
function fileNameOf({ id }: OsvRecord): string {
  return `${id.replace(/[^A-Za-z0-9._-]/g, '_')}.json`;
}

/** Records of Go's own repository carry the year 1, which the builders refuse. */
function withTimes(record: OsvRecord): OsvRecord {
  const { modified, published } = record as unknown as { modified?: string; published?: string };
  const time = (stated: string | undefined) => (stated === undefined || stated.startsWith('0001') ? '2026-01-01T00:00:00Z' : stated);
  return { ...record, modified: time(modified), published: time(published) } as OsvRecord;
}

async function writeZips(folder: string, records: readonly OsvRecord[]): Promise<void> {
  const byEcosystem = new Map<string, OsvRecord[]>();
  for (const record of records) {
    for (const base of new Set((record.affected ?? []).flatMap(({ package: named }) => named?.ecosystem.split(':', 1) ?? []))) {
      byEcosystem.set(base, [...(byEcosystem.get(base) ?? []), record]);
    }
  }
  for (const [ecosystem, all] of byEcosystem) {
    const file = join(folder, 'osv-scalibr', ecosystem, 'all.zip');
    mkdirSync(dirname(file), { recursive: true });
    const opened = openSync(file, 'w');
    const members = all.map((record) => ({ name: fileNameOf(record), open: () => [new TextEncoder().encode(JSON.stringify(record))] }));
    for await (const piece of writeZip(members)) writeSync(opened, piece);
    closeSync(opened);
  }
}

/** A provider's workspace in the shape of GitHub's advisories. @returns its metadata file */
function writeProvider(folder: string, records: readonly OsvRecord[]): string {
  const schemas = 'https://raw.githubusercontent.com/anchore/vunnel/main/schema';
  const paths: string[] = [];
  for (const record of records) {
    const FixedIn = (record.affected ?? []).flatMap(constraintsOf);
    if (FixedIn.length === 0) continue;
    const CVE = (record.aliases ?? []).filter((alias) => alias.startsWith('CVE-'));
    const { modified, published, withdrawn = '' } = record as unknown as { modified: string; published: string; withdrawn?: string };
    const Advisory = {
      ghsaId: record.id, Classification: 'GENERAL', Summary: '', Severity: 'Unknown', url: '', CVE, Metadata: { CVE },
      namespace: FixedIn[0]?.namespace, FixedIn, published, updated: modified, withdrawn,
    };
    paths.push(`results/${fileNameOf(record)}`);
    const schema = `${schemas}/vulnerability/github-security-advisory/schema-1.0.1.json`;
    put(join(folder, paths.at(-1) as string), { schema, identifier: record.id, item: { Vulnerability: {}, Advisory } });
  }
  const unchecked = '0'.repeat(16);
  writeFileSync(join(folder, 'results/listing.xxh64'), paths.map((path) => `${unchecked}  ${path}\n`).join(''));
  const metadata = join(folder, 'metadata.json');
  put(metadata, {
    provider: 'github', version: 1, distribution_version: 1, processor: 'records', urls: [], store: 'flat-file', stale: false,
    timestamp: '2026-11-20T00:00:00+00:00', schema: { version: '1.0.3', url: `${schemas}/provider-workspace-state/schema-1.0.3.json` },
    listing: { path: 'results/listing.xxh64', digest: unchecked, algorithm: 'xxh64' },
  });
  return metadata;
}

/** An affected entry as constraints: one for each stretch of its ranges, or its list of versions where it has no range. */
function constraintsOf({ package: named, ranges = [], versions = [] }: OsvAffected) {
  const ecosystem = named === undefined ? undefined : GRYPE[named.ecosystem];
  if (named === undefined || ecosystem === undefined) return [];
  const found: { range: string; identifier: string }[] = [];
  for (const { type, events } of ranges) {
    if (type === 'GIT') continue;
    let from: string | null = null;
    for (const { introduced, fixed, last_affected: last } of events) {
      if (introduced !== undefined) {
        from = introduced;
        continue;
      }
      const end = fixed === undefined ? `<= ${last}` : `< ${fixed}`;
      found.push({ range: from === null || from === '0' ? end : `>= ${from}, ${end}`, identifier: fixed ?? '' });
      from = null;
    }
    if (from !== null) found.push({ range: `>= ${from}`, identifier: '' });
  }
  if (found.length === 0 && versions.length > 0) found.push({ range: versions.map((version) => `= ${version}`).join(' || '), identifier: '' });
  return found.map((one) => ({ name: named.name, ecosystem, namespace: `github:${ecosystem}`, ...one }));
}
