// What is scanned: components of an SBOM or of a file system, and the packages under which records may speak of them.
import { LedgerError } from '../../ledger/errors.ts';
import { packagesNamed } from '../advisories/ecosystems.ts';
import type { PackageVersion } from '../advisories/evaluate.ts';
import { parsePurl, writePurl, type Purl } from '../purl/purl.ts';
import { distributionOf } from './distributions.ts';

/** A component as SBOM readers and package analyzers hand it over; a component of `evidence/` fits. */
export interface ScanComponent {
  /** The document's own name for it. */
  readonly ref: string;
  readonly name: string;
  readonly version?: string;
  readonly group?: string;
  readonly type?: string;
  readonly purl?: string;
  /** Files that show it is there. */
  readonly paths?: readonly string[];
  /** Digests of the image layers that brought it. */
  readonly layers?: readonly string[];
  /** The source package a distribution's binary was built from. */
  readonly source?: { readonly name: string; readonly version?: string };
  /** Ref of the distribution's package that owns its files. */
  readonly ownedBy?: string;
  /** Whether what the image runs reaches it; left out where nothing was traced. */
  readonly entryTrace?: EntryTrace;
}

/** Whether the entry point reaches a component's files. `not_reached` is a reason to write VEX, and never hides a finding. */
export type EntryTrace = { readonly state: 'not_reached' | 'reached' } | { readonly reason: string; readonly state: 'unknown' };

/** Of component lists that were not traced: a bill of materials names no entry point. */
export const notTraced: EntryTrace = { reason: 'not_traced', state: 'unknown' };

/** Why a component cannot be looked up at all. */
export type Unsupported = 'no_purl' | 'purl_malformed' | 'purl_type' | 'distribution';

export interface Lookup extends PackageVersion {
  /** The release of the distribution is not stated, so that a record's answer for one release is none for this component. */
  readonly releaseUnknown?: true;
}

export type Lookups = { readonly lookups: readonly Lookup[] } | { readonly unsupported: Unsupported };

/** The packages of an ecosystem by purl; the version's spelling is the ecosystem's business. */
const BY_TYPE: Readonly<Record<string, (purl: Purl) => { ecosystem: string; name: string }>> = {
  bioconductor: ({ name }) => ({ ecosystem: 'Bioconductor', name }),
  bitnami: ({ name }) => ({ ecosystem: 'Bitnami', name }),
  brew: ({ name }) => ({ ecosystem: 'Homebrew', name }),
  cargo: ({ name }) => ({ ecosystem: 'crates.io', name }),
  composer: (purl) => ({ ecosystem: 'Packagist', name: joined(purl, '/') }),
  conan: ({ name }) => ({ ecosystem: 'ConanCenter', name }),
  cran: ({ name }) => ({ ecosystem: 'CRAN', name }),
  gem: ({ name }) => ({ ecosystem: 'RubyGems', name }),
  githubactions: (purl) => ({ ecosystem: 'GitHub Actions', name: joined(purl, '/') }),
  golang: (purl) => ({ ecosystem: 'Go', name: joined(purl, '/') }),
  hackage: ({ name }) => ({ ecosystem: 'Hackage', name }),
  hex: (purl) => ({ ecosystem: 'Hex', name: joined(purl, '/') }),
  julia: ({ name }) => ({ ecosystem: 'Julia', name }),
  maven: (purl) => ({ ecosystem: 'Maven', name: joined(purl, ':') }),
  npm: (purl) => ({ ecosystem: 'npm', name: joined(purl, '/') }),
  nuget: ({ name }) => ({ ecosystem: 'NuGet', name }),
  opam: ({ name }) => ({ ecosystem: 'opam', name }),
  pub: ({ name }) => ({ ecosystem: 'Pub', name }),
  pypi: ({ name }) => ({ ecosystem: 'PyPI', name }),
  swift: (purl) => ({ ecosystem: 'SwiftURL', name: joined(purl, '/') }),
  'vscode-extension': (purl) => ({ ecosystem: 'VSCode', name: joined(purl, '/') }),
};

function joined({ namespace, name }: Purl, separator: string): string {
  return namespace === null ? name : `${namespace}${separator}${name}`;
}

/** Under which names, and in which ecosystems, records speak of a component. @param purl - of the component, where it was read before */
export function lookupsOf(component: ScanComponent, purl = purlOf(component)): Lookups {
  if (component.purl === undefined) return { unsupported: 'no_purl' };
  if (purl === null) return { unsupported: 'purl_malformed' };
  const version = purl.version ?? component.version ?? null;
  const map = Object.hasOwn(BY_TYPE, purl.type) ? BY_TYPE[purl.type] : undefined;
  if (map !== undefined) return { lookups: [{ ...map(purl), version }] };
  if (purl.type !== 'deb' && purl.type !== 'apk' && purl.type !== 'rpm') return { unsupported: 'purl_type' };
  const distribution = distributionOf(purl);
  if (distribution === null) return { unsupported: 'distribution' };
  const { ecosystem, releaseUnknown } = distribution;
  const named = packagesNamed(ecosystem) === 'source' ? sourceOf(component, purl, version) : { name: purl.name, version: withEpoch(purl, version) };
  return { lookups: [{ ecosystem, ...named, ...(releaseUnknown && { releaseUnknown: true as const }) }] };
}

/** Distributions publish by source package: `libssl3` is looked up as `openssl`, by the source's version where it has its own. */
function sourceOf(component: ScanComponent, purl: Purl, version: string | null): { name: string; version: string | null } {
  const binary = withEpoch(purl, version);
  if (component.source !== undefined) return { name: component.source.name, version: component.source.version ?? binary };
  const upstream = purl.qualifiers.upstream;
  if (upstream === undefined) return { name: purl.name, version: binary };
  // `curl-7.61.1-22.el8.src.rpm`, `openssl@1.1.1n-0+deb11u3` or `openssl`.
  const sourceRpm = /^(.+)-[^-]+-[^-]+\.src\.rpm$/.exec(upstream);
  if (sourceRpm !== null) return { name: sourceRpm[1] as string, version: binary };
  const at = upstream.indexOf('@');
  return at > 0 ? { name: upstream.slice(0, at), version: upstream.slice(at + 1) } : { name: upstream, version: binary };
}

/** RPM purls carry the epoch as a qualifier. */
function withEpoch(purl: Purl, version: string | null): string | null {
  const { epoch } = purl.qualifiers;
  return version !== null && epoch !== undefined && /^\d+$/.test(epoch) && !version.includes(':') ? `${epoch}:${version}` : version;
}

/** Null where it states none, or what is no purl. */
export function purlOf({ purl }: Pick<ScanComponent, 'purl'>): Purl | null {
  if (purl === undefined) return null;
  try {
    return parsePurl(purl, { tolerant: true });
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}

/** The purl in canonical form, or as it stands where it is none: what names a component in findings. */
export function shownPurl(text: string): string {
  const purl = purlOf({ purl: text });
  return purl === null ? text : writePurl(purl);
}
