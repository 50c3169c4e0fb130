// Which component lists a changed snapshot can concern: those that name a changed package, or have a finding of a changed id.
import { nameKey, ecosystemBase } from '../advisories/ecosystems.ts';
import type { RecordChange } from '../snapshot/diff.ts';
import { lookupsOf, type ScanComponent } from './components.ts';
import type { FindingsDocument } from './findings.ts';

/** What must be kept of a scanned list, to know later whether a new snapshot can change its findings. */
export interface Footprint {
  /** `ecosystem \n name`, each once, ascending. */
  readonly packages: readonly string[];
  /** Ids, aliases and upstream ids of its findings, ascending. */
  readonly ids: readonly string[];
}

export function footprintOf(components: readonly ScanComponent[], document: FindingsDocument): Footprint {
  const packages = components.flatMap((component) => {
    const found = lookupsOf(component);
    return 'unsupported' in found ? [] : found.lookups.map(({ ecosystem, name }) => `${ecosystemBase(ecosystem)}\n${nameKey(ecosystem, name)}`);
  });
  const ids = document.findings.flatMap(({ id, aliases, upstream }) => [id, ...aliases, ...upstream]);
  return { packages: [...new Set(packages)].sort(), ids: [...new Set(ids)].sort() };
}

/**
 * Tells which lists must be scanned again.
 *
 * A changed record concerns the lists that name one of its packages, and those with a finding of one of its ids: a new link
 * between two aliases, or a score, changes findings of packages it does not name. Nothing else can change a document but the
 * digest of the snapshot it names.
 */
export function concerned(changes: readonly RecordChange[]): (footprint: Footprint) => boolean {
  const packages = new Set(changes.flatMap((change) => change.packages.map((entry) => entry.join('\n'))));
  const ids = new Set(changes.flatMap((change) => change.ids));
  return (footprint) => footprint.packages.some((key) => packages.has(key)) || footprint.ids.some((id) => ids.has(id));
}
