// A changed snapshot and lists that were scanned before: which can it concern, and what do they come to when only that is looked at.
import { nameKey, ecosystemBase } from '../advisories/ecosystems.ts';
import type { OutcomeName } from '../advisories/evaluate.ts';
import { diffSnapshots } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { lookupsOf, type Lookups, type ScanComponent } from './components.ts';
import { Findings } from './finding.ts';
import { findingsDocument, type Finding, type FindingsDocument, type FoundComponent } from './findings.ts';
import { groupComponents, type Group, type ScanInput } from './group.ts';
import { Matcher, type Match, type ScanOptions, type ScanStopped } from './match.ts';
import { closeByOwner } from './ownership.ts';

/** What must be kept of a scanned list, to know later whether a new snapshot can change its findings. */
export interface Footprint {
  /** `ecosystem \n name`, each once, ascending. */
  readonly packages: readonly string[];
  /** Ids, aliases and upstream ids of its findings, ascending. */
  readonly ids: readonly string[];
  /** A distribution's package owns some of it: what closes a finding is no finding, so that its ids stand nowhere. */
  readonly hasOwned: boolean;
}

export function footprintOf(components: readonly ScanComponent[], document: FindingsDocument): Footprint {
  const packages = components.flatMap((component) => packagesOf(lookupsOf(component)));
  const ids = document.findings.flatMap(idsOf);
  return { packages: [...new Set(packages)].sort(), ids: [...new Set(ids)].sort(), hasOwned: components.some(({ ownedBy }) => ownedBy !== undefined) };
}

function packagesOf(found: Lookups): string[] {
  return 'unsupported' in found ? [] : found.lookups.map(({ ecosystem, name }) => `${ecosystemBase(ecosystem)}\n${nameKey(ecosystem, name)}`);
}

function idsOf({ id, aliases, upstream }: Finding): string[] {
  return [id, ...aliases, ...upstream];
}

/** What changed between two snapshots, as far as lists meet it. */
export interface Changes {
  readonly packages: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
}

/** Null where the snapshots differ in whether anything enriches findings: then every finding may change, and all is scanned. */
export function changesBetween(before: Snapshot, after: Snapshot): Changes | null {
  const isEnriched = ({ manifest }: Snapshot) => manifest.sources.some(({ enriches }) => enriches === true);
  if (isEnriched(before) !== isEnriched(after)) return null;
  const changes = diffSnapshots(before, after);
  return {
    packages: new Set(changes.flatMap((change) => change.packages.map((entry) => entry.join('\n')))),
    ids: new Set(changes.flatMap((change) => change.ids)),
  };
}

/**
 * Tells which lists must be looked at again.
 *
 * A changed record concerns the lists that name one of its packages, and those with a finding of one of its ids: a new link
 * between two aliases, or a score, changes findings of packages it does not name. Nothing else can change a document but the
 * digest of the snapshot it names.
 */
export function concerned({ packages, ids }: Changes): (footprint: Footprint) => boolean {
  const isNothing = packages.size === 0 && ids.size === 0;
  return (footprint) => !isNothing
    && (footprint.hasOwned || footprint.packages.some((key) => packages.has(key)) || footprint.ids.some((id) => ids.has(id)));
}

/**
 * Scans a list again, and looks up only the components that the changes can touch; every other finding is taken from the document
 * before. The result is the one of a full scan on the new snapshot, byte for byte.
 *
 * @param before - of the same list on `old`, with the semantics and configuration of now
 */
export function rescanList(
  input: ScanInput, before: FindingsDocument, old: Snapshot, fresh: Snapshot, changes: Changes, options: ScanOptions,
): FindingsDocument | ScanStopped {
  const groups = groupComponents(input);
  const kept = new Map<string, Finding[]>();
  for (const finding of before.findings) {
    const key = keyOf(finding.component);
    const known = kept.get(key);
    if (known === undefined) kept.set(key, [finding]);
    else known.push(finding);
  }
  const [then, now] = [new Side(input, old), new Side(input, fresh)];
  const counts = { ...before.counts } as Record<OutcomeName | 'records', number> & FindingsDocument['counts'];
  const count = (matches: readonly Match[], sign: 1 | -1) => {
    counts.records += sign * matches.length;
    for (const { outcome } of matches) counts[outcome] += sign;
  };
  const making = new Findings(fresh);
  const findings: Finding[] = [];
  for (const group of groups) {
    const reason = options.stop?.() ?? null;
    if (reason !== null) return { stopped: reason };
    const own = kept.get(keyOf(group.found)) ?? [];
    if (!isTouched(group, own, changes)) {
      findings.push(...own);
      continue;
    }
    count(then.matches(group.component), -1);
    const matches = now.matches(group.component);
    count(matches, 1);
    findings.push(...making.of(group.found, matches));
  }
  return findingsDocument(groups, options, { counts, findings, snapshot: fresh.digest, unmatched: before.unmatched });
}

function keyOf({ name, purl, refs, version }: FoundComponent): string {
  return [purl, name, version, ...refs].join('\n');
}

function isTouched({ component }: Group, findings: readonly Finding[], { packages, ids }: Changes): boolean {
  if (component.ownedBy !== undefined || packagesOf(lookupsOf(component)).some((key) => packages.has(key))) return true;
  return findings.some((finding) => idsOf(finding).some((id) => ids.has(id)));
}

/** One of the two snapshots, asked about one component at a time. */
class Side {
  readonly #matcher: Matcher;
  readonly #byRef: ReadonlyMap<string, ScanComponent>;

  constructor({ components }: ScanInput, snapshot: Snapshot) {
    this.#matcher = new Matcher(snapshot);
    this.#byRef = new Map(components.map((component) => [component.ref, component]));
  }

  matches(component: ScanComponent): Match[] {
    const matches = this.#matcher.matches(lookupsOf(component));
    const owner = component.ownedBy === undefined ? undefined : this.#byRef.get(component.ownedBy);
    return owner === undefined ? matches : closeByOwner(matches, this.#matcher.matches(lookupsOf(owner)));
  }
}
