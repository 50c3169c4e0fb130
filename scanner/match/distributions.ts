// Distributions: from a purl's namespace and `distro` qualifier to the ecosystem and release that OSV records name.
import type { Purl } from '../purl/purl.ts';

export interface Distribution {
  readonly ecosystem: string;
  readonly releaseUnknown: boolean;
}

/** Debian and Ubuntu releases by code name; their purls carry either. */
const CODE_NAMES: Readonly<Record<string, string>> = {
  wheezy: '7', jessie: '8', stretch: '9', buster: '10', bullseye: '11', bookworm: '12', trixie: '13', forky: '14',
  trusty: '14.04', xenial: '16.04', bionic: '18.04', focal: '20.04', jammy: '22.04', noble: '24.04', plucky: '25.04', questing: '25.10',
};

/** By purl namespace: the ecosystem and how its release is written after the colon; no release at all where records have none. */
const BY_NAMESPACE: Readonly<Record<string, { ecosystem: string; release?: (version: string) => string }>> = {
  'deb/debian': { ecosystem: 'Debian', release: major },
  'deb/ubuntu': { ecosystem: 'Ubuntu', release: (version) => version.split('.').slice(0, 2).join('.') },
  'deb/echo': { ecosystem: 'Echo' },
  'apk/alpine': { ecosystem: 'Alpine', release: (version) => `v${version.split('.').slice(0, 2).join('.')}` },
  'apk/wolfi': { ecosystem: 'Wolfi' },
  'apk/chainguard': { ecosystem: 'Chainguard' },
  'apk/minimos': { ecosystem: 'MinimOS' },
  'apk/alpaquita': { ecosystem: 'Alpaquita', release: (version) => version },
  'rpm/almalinux': { ecosystem: 'AlmaLinux', release: major },
  'rpm/alma': { ecosystem: 'AlmaLinux', release: major },
  'rpm/rocky': { ecosystem: 'Rocky Linux', release: major },
  'rpm/rockylinux': { ecosystem: 'Rocky Linux', release: major },
  'rpm/redhat': { ecosystem: 'Red Hat', release: (version) => `enterprise_linux:${major(version)}` },
  'rpm/rhel': { ecosystem: 'Red Hat', release: (version) => `enterprise_linux:${major(version)}` },
  'rpm/opensuse': { ecosystem: 'openSUSE', release: (version) => (/^\d/.test(version) ? `Leap ${version}` : 'Tumbleweed') },
  'rpm/suse': { ecosystem: 'SUSE', release: suseRelease },
  'rpm/sles': { ecosystem: 'SUSE', release: suseRelease },
  'rpm/mageia': { ecosystem: 'Mageia', release: major },
  'rpm/openeuler': { ecosystem: 'openEuler', release: (version) => version },
  'rpm/azurelinux': { ecosystem: 'Azure Linux', release: major },
  'rpm/photon': { ecosystem: 'Photon OS', release: (version) => version },
};

function major(version: string): string {
  return version.split('.', 1)[0] as string;
}

function suseRelease(version: string): string {
  const [release, pack] = version.split('.');
  return `Linux Enterprise Server ${release}${pack === undefined || pack === '0' ? '' : ` SP${pack}`}`;
}

/** @returns null for a distribution no OSV ecosystem speaks of */
export function distributionOf(purl: Purl): Distribution | null {
  const key = `${purl.type}/${purl.namespace ?? ''}`;
  if (!Object.hasOwn(BY_NAMESPACE, key)) return null;
  const { ecosystem, release } = BY_NAMESPACE[key] as { ecosystem: string; release?: (version: string) => string };
  if (release === undefined) return { ecosystem, releaseUnknown: false };
  const version = versionOf(purl.qualifiers.distro ?? '');
  return version === null ? { ecosystem, releaseUnknown: true } : { ecosystem: `${ecosystem}:${release(version)}`, releaseUnknown: false };
}

/** `debian-12`, `debian-12.5`, `bookworm`, `12`, `opensuse-leap-15.5`, `opensuse-tumbleweed-20240101`. */
function versionOf(distro: string): string | null {
  if (/tumbleweed/.test(distro)) return 'tumbleweed';
  const last = distro.toLowerCase().split('-').findLast((part) => /^v?\d/.test(part) || Object.hasOwn(CODE_NAMES, part));
  if (last === undefined) return null;
  return CODE_NAMES[last] ?? last.replace(/^v/, '');
}
