// The three scanners as programs: how each is asked, what it cost, and what it found as (purl, vulnerability id).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Databases } from './databases.ts';

export const VERSIONS = { trivy: '0.74.0', grype: '0.110.0', 'osv-scanner': '2.6.0' } as const;

export type ScannerName = keyof typeof VERSIONS;

/** A component as the tests' lists have it: the name is the ecosystem's whole name, so that a bare name can be joined to its purl. */
export interface ListedComponent {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

export interface ScannerCost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
}

export interface ScannerRun extends ScannerCost {
  readonly found: readonly (readonly [purl: string, id: string])[];
}

export function cyclonedxOf(components: readonly ListedComponent[]): string {
  return JSON.stringify({
    bomFormat: 'CycloneDX', specVersion: '1.6', version: 1,
    components: components.map((component) => ({ type: 'library', 'bom-ref': component.purl, ...component })),
  });
}

/** Runs a scanner once over a CycloneDX file, offline and on its pinned database. @param file - named `*.cdx.json` */
export function runScanner(name: ScannerName, bin: string, databases: Databases, file: string, out: string): ScannerRun {
  const { args, env, read } = ASK[name];
  // osv-scanner says "findings" with 1.
  const cost = measured(`${out}.time`, join(bin, name), args(databases, file, out), env(databases), name === 'osv-scanner' ? [0, 1] : [0]);
  const components = (JSON.parse(readFileSync(file, 'utf8')) as { components: ListedComponent[] }).components;
  return { found: read(JSON.parse(readFileSync(out, 'utf8')), components), ...cost };
}

/** One run of a program, and what it cost. @throws when it ends with a status that is none of `fine` */
export function measured(
  timeFile: string, program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, fine: readonly number[] = [0],
): ScannerCost {
  const started = performance.now();
  const ran = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', timeFile, program, ...args], {
    encoding: 'utf8', timeout: 600_000, maxBuffer: 1 << 28, env: { ...process.env, ...env },
  });
  const wallMs = performance.now() - started;
  if (!fine.includes(ran.status ?? -1)) throw new Error(`${program} ended with ${ran.status}: ${ran.stderr.slice(-500)}`);
  const [user = 0, system = 0, kilobytes = 0] = (readFileSync(timeFile, 'utf8').trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { wallMs, cpuMs: 1000 * (user + system), rssMiB: kilobytes / 1024 };
}

interface Ask {
  args(databases: Databases, file: string, out: string): string[];
  env(databases: Databases): Record<string, string>;
  read(report: unknown, components: readonly ListedComponent[]): [string, string][];
}

interface OsvReport {
  results?: { packages?: { package: { name: string; version: string }; vulnerabilities?: { id: string }[] }[] }[];
}

const ASK: Readonly<Record<ScannerName, Ask>> = {
  trivy: {
    args: ({ trivy }, file, out) => [
      'sbom', '-q', '--cache-dir', trivy, '--skip-db-update', '--skip-java-db-update', '--skip-vex-repo-update', '--offline-scan',
      '--format', 'json', '-o', out, file,
    ],
    env: () => ({}),
    read: (report) => ((report as { Results?: { Vulnerabilities?: { PkgIdentifier: { PURL: string }; VulnerabilityID: string }[] }[] }).Results ?? [])
      .flatMap(({ Vulnerabilities = [] }) => Vulnerabilities.map((one): [string, string] => [one.PkgIdentifier.PURL, one.VulnerabilityID])),
  },
  grype: {
    args: (_, file, out) => [`sbom:${file}`, '-q', '-o', 'json', '--file', out],
    env: ({ grype }) => ({
      GRYPE_DB_CACHE_DIR: grype, GRYPE_DB_AUTO_UPDATE: 'false', GRYPE_DB_VALIDATE_AGE: 'false', GRYPE_CHECK_FOR_APP_UPDATE: 'false',
    }),
    read: (report) => (report as { matches: { artifact: { purl: string }; vulnerability: { id: string } }[] }).matches
      .map(({ artifact, vulnerability }) => [artifact.purl, vulnerability.id]),
  },
  'osv-scanner': {
    args: (_, file, out) => ['scan', 'source', '--offline', '-L', file, '-f', 'json', '--output-file', out],
    env: ({ osvScanner }) => ({ OSV_SCALIBR_LOCAL_DB_CACHE_DIRECTORY: osvScanner, OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY: osvScanner }),
    read(report, components) {
      const key = (name: string, version: string) => `${name.toLowerCase()}\n${version.replace(/^v/, '')}`;
      const purls = new Map(components.map(({ name, version, purl }) => [key(name, version), purl]));
      // It prints the bare name: `group/artifact` of a Maven purl with a slash or a colon.
      // Of a gem's prerelease it prints the release.
      const longer = ({ name, version }: { name: string; version: string }) =>
        components.find((one) => one.name.toLowerCase() === name.toLowerCase() && one.version.startsWith(`${version}-`))?.purl;
      const purlOf = (named: { name: string; version: string }) =>
        purls.get(key(named.name, named.version)) ?? purls.get(key(named.name.replace('/', ':'), named.version)) ?? longer(named) ?? named.name;
      return ((report as OsvReport).results ?? []).flatMap(({ packages = [] }) => packages.flatMap(({ package: named, vulnerabilities = [] }) =>
        vulnerabilities.map(({ id }): [string, string] => [purlOf(named), id])));
    },
  },
};
