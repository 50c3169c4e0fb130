// The components of a file tree: a distribution's packages, those of languages, and which of the former own the latter.
import type { ScanComponent } from '../match/components.ts';
import { apkPackages, dpkgPackages, osReleaseOf, rpmPackages, type OsRelease, type OwnedPackage } from './distribution.ts';
import type { FileTree } from './files.ts';
import { languagePackages, type Unreadable } from './languages.ts';
import type { LayerCache } from './layer-cache.ts';

export interface Analysis {
  readonly os: OsRelease | null;
  readonly components: readonly ScanComponent[];
  /** What was there and could not be read: nothing is known of its packages. */
  readonly unreadable: readonly Unreadable[];
  /** The distribution's packages with their files: what the entry trace goes by. */
  readonly owned: readonly OwnedPackage[];
}

/**
 * Analyzes an image or a root file system.
 *
 * @param cache - saves work with layers that were seen before, and changes no result
 * @throws {LedgerError} INPUT_MALFORMED when a package database is damaged: half of one would read as a clean system
 */
export function analyzeFiles(tree: FileTree, cache: LayerCache | null = null): Analysis {
  const os = osReleaseOf(tree);
  const owned = [...dpkgPackages(tree, os), ...apkPackages(tree, os), ...rpmPackages(tree, os)];
  const ownerOf = new Map(owned.flatMap(({ component, files }) => files.map((path) => [path, component.ref] as const)));
  const { components, unreadable } = languagePackages(tree, cache);
  return {
    os,
    components: [...owned.map(({ component }) => component), ...components.map((component) => withOwner(component, ownerOf))],
    unreadable,
    owned,
  };
}

/** The file that shows a package, or for an archive in an archive the outer file, decides whose it is. */
function withOwner(component: ScanComponent, ownerOf: ReadonlyMap<string, string>): ScanComponent {
  const path = component.paths?.[0]?.replace(/^\//, '').split('!/', 1)[0] ?? '';
  const ownedBy = ownerOf.get(path) ?? ownerOf.get(path.replace(/\.egg-info\/PKG-INFO$/, '.egg-info'));
  return ownedBy === undefined ? component : { ...component, ownedBy };
}
