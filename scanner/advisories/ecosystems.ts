// Ecosystems as OSV names them: how each orders versions, how names and versions are spelled, and which name its records use.
import { SCHEMES, type Scheme, type SchemeName } from '../versions/index.ts';

interface Ecosystem {
  /** Orders versions in ranges of type ECOSYSTEM; null where nobody wrote the order down. */
  scheme: SchemeName | null;
  /** The spelling under which names are compared; names are compared as they stand where it is left out. */
  name?: (name: string) => string;
  version?: (version: string, name: string) => string;
  /** Distributions: whether records name source or binary packages. */
  packages?: 'source' | 'binary';
}

const lower = (name: string) => name.toLowerCase();
/** PEP 503. */
const pythonName = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, '-');
const withoutV = (version: string) => (/^[vV]\d/.test(version) ? version.slice(1) : version);

/**
 * A Go version as OSV writes it: modules without `v`; the toolchain's `go1.21rc2` as `1.21.0-rc.2`, as the Go database does.
 *
 * @see go.dev/ref/mod, "Versions"; go.dev/doc/toolchain, "Go versions"
 */
function goVersion(version: string, name: string): string {
  if (name !== 'stdlib' && name !== 'toolchain') return withoutV(version);
  const found = /^(?:go)?(\d+)\.(\d+)(?:\.(\d+))?(?:(rc|beta)(\d+))?(?:[ -].*)?$/.exec(version);
  if (found === null || /^\d+\.\d+\.\d+-/.test(version)) return withoutV(version);
  const [, major, minor, patch = '0', pre, number] = found;
  return `${major}.${minor}.${patch}${pre === undefined ? '' : `-${pre}.${number}`}`;
}

const apk: Ecosystem = { scheme: 'alpine', packages: 'source' };
const deb: Ecosystem = { scheme: 'debian', packages: 'source' };
const rpmSource: Ecosystem = { scheme: 'rpm', packages: 'source' };
const rpmBinary: Ecosystem = { scheme: 'rpm', packages: 'binary' };

/** By the part before the colon, which carries a release, a repository or a CPE. */
const ECOSYSTEMS: Readonly<Record<string, Ecosystem>> = {
  npm: { scheme: 'semver' },
  'crates.io': { scheme: 'semver', version: withoutV },
  Go: { scheme: 'semver', version: goVersion },
  Hex: { scheme: 'semver', name: lower },
  SwiftURL: { scheme: 'semver', name: lower, version: withoutV },
  'GitHub Actions': { scheme: 'semver', name: lower, version: withoutV },
  Bitnami: { scheme: 'semver', name: lower },
  ConanCenter: { scheme: 'semver', name: lower },
  Julia: { scheme: 'semver', version: withoutV },
  Kubernetes: { scheme: 'semver', version: withoutV },
  VSCode: { scheme: 'semver', name: lower },
  GHC: { scheme: 'hackage' },
  Hackage: { scheme: 'hackage' },
  PyPI: { scheme: 'pep440', name: pythonName },
  Maven: { scheme: 'maven' },
  RubyGems: { scheme: 'rubygems' },
  Packagist: { scheme: 'packagist', name: lower },
  NuGet: { scheme: 'nuget', name: lower },
  Pub: { scheme: 'pub', name: lower },
  CRAN: { scheme: 'cran' },
  Bioconductor: { scheme: 'cran' },
  Debian: deb,
  Ubuntu: deb,
  Echo: deb,
  TuxCare: deb,
  Alpine: apk,
  Wolfi: apk,
  Chainguard: apk,
  Alpaquita: apk,
  'BellSoft Hardened Containers': apk,
  MinimOS: apk,
  CleanStart: apk,
  'Red Hat': rpmBinary,
  AlmaLinux: rpmBinary,
  'Rocky Linux': rpmSource,
  SUSE: rpmSource,
  openSUSE: rpmSource,
  Mageia: rpmSource,
  openEuler: rpmSource,
  'Azure Linux': rpmSource,
  'Photon OS': rpmSource,
};

const NONE: Ecosystem = { scheme: null };

/** The ecosystem's own name, before the release: `Debian:12` is `Debian`, `Root:Alpine:3.18` counts as `Alpine`. */
export function ecosystemBase(ecosystem: string): string {
  if (!ecosystem.includes(':')) return ecosystem;
  const [base = '', inner = ''] = ecosystem.split(':', 2);
  return base === 'Root' && inner !== '' ? inner : base;
}

function rulesOf(ecosystem: string): Ecosystem {
  const base = ecosystemBase(ecosystem);
  return Object.hasOwn(ECOSYSTEMS, base) ? (ECOSYSTEMS[base] as Ecosystem) : NONE;
}

/** The order of versions in ranges of type ECOSYSTEM; null where there is none to follow. */
export function schemeOf(ecosystem: string): Scheme | null {
  const { scheme } = rulesOf(ecosystem);
  return scheme === null ? null : SCHEMES[scheme];
}

/** The spelling under which two names are one package. */
export function nameKey(ecosystem: string, name: string): string {
  return rulesOf(ecosystem).name?.(name) ?? name;
}

/** The version as the ecosystem's records spell it. */
export function versionText(ecosystem: string, name: string, version: string): string {
  return rulesOf(ecosystem).version?.(version, name) ?? version;
}

/** Whether records of this distribution name source or binary packages; null for language ecosystems. */
export function packagesNamed(ecosystem: string): 'source' | 'binary' | null {
  return rulesOf(ecosystem).packages ?? null;
}

/**
 * Whether a record's ecosystem covers a component's.
 *
 * A record without a release speaks of every release, a component without one is looked up in every release; else the releases
 * must be equal. Ubuntu's `:LTS` is part of the release's title, not of its number.
 */
export function ecosystemCovers(record: string, component: string): boolean {
  if (record === component) return true;
  if (ecosystemBase(record) !== ecosystemBase(component)) return false;
  const [ours, theirs] = [releaseOf(record), releaseOf(component)];
  if (ours === null || theirs === null || ours === theirs) return true;
  // Red Hat names repositories: `enterprise_linux:9::baseos` is a part of `enterprise_linux:9`.
  return record.startsWith('Red Hat:') && ours.startsWith(`${theirs}:`);
}

function releaseOf(ecosystem: string): string | null {
  const colon = ecosystem.indexOf(':');
  if (colon < 0) return null;
  const release = ecosystem.slice(colon + 1);
  if (ecosystem.startsWith('Ubuntu:')) return release.replace(/:LTS$/, '');
  return ecosystem.startsWith('Alpine:') ? release.replace(/^v/, '') : release;
}
