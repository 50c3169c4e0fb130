// The component list in one order, equal components as one with all their places, and the way to each from the root.
import { notTraced, shownPurl, type EntryTrace, type ScanComponent } from './components.ts';
import type { FoundComponent } from './findings.ts';

export interface ScanInput {
  readonly components: readonly ScanComponent[];
  /** Who needs whom, by ref, for dependency paths. */
  readonly edges?: readonly { readonly from: string; readonly to: string }[];
  readonly root?: string | null;
}

export interface Group {
  readonly found: FoundComponent;
  /** One of the equal ones: all that a lookup reads of them is the same. */
  readonly component: ScanComponent;
}

/**
 * Components by what they are, ascending: the document does not depend on the list's order, and a package that stands a hundred
 * times in it is matched once.
 */
export function groupComponents(input: ScanInput): Group[] {
  const groups = new Map<string, ScanComponent[]>();
  for (const component of input.components) {
    const { source } = component;
    const purl = component.purl === undefined ? '' : shownPurl(component.purl);
    const key = [
      purl, component.group ?? '', component.name, component.version ?? '', source?.name ?? '', source?.version ?? '', component.ownedBy ?? '',
    ].join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [component]);
    else group.push(component);
  }
  const pathOf = dependencyPaths(input);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, group]) => {
    const component = group[0] as ScanComponent;
    const refs = ascending(group.map(({ ref }) => ref));
    const dependencyPath = refs.map(pathOf).filter((path) => path !== null).sort((a, b) => a.length - b.length)[0];
    const found: FoundComponent = {
      ...(dependencyPath !== undefined && { dependencyPath }),
      entryTrace: traceOf(group),
      layers: ascending(group.flatMap(({ layers }) => layers ?? [])),
      name: component.group === undefined ? component.name : `${component.group}/${component.name}`,
      ...(component.ownedBy !== undefined && { ownedBy: component.ownedBy }),
      paths: ascending(group.flatMap(({ paths }) => paths ?? [])),
      purl: component.purl === undefined ? null : key.slice(0, key.indexOf('\n')),
      refs,
      version: component.version ?? null,
    };
    return { found, component };
  });
}

/** Equal components at several places: one that is reached is enough, one of which nothing is known leaves all unknown. */
function traceOf(group: readonly ScanComponent[]): EntryTrace {
  const traces = group.map(({ entryTrace }) => entryTrace ?? notTraced);
  if (traces.some(({ state }) => state === 'reached')) return { state: 'reached' };
  const reasons = traces.flatMap((trace) => (trace.state === 'unknown' ? [trace.reason] : [])).sort();
  return reasons[0] === undefined ? { state: 'not_reached' } : { reason: reasons[0], state: 'unknown' };
}

function ascending(texts: readonly string[]): string[] {
  return texts.length < 2 ? [...texts] : [...new Set(texts)].sort();
}

/** The shortest way from the root, edges taken in ascending order; null for what the root does not reach. */
function dependencyPaths({ components, edges = [], root }: ScanInput): (ref: string) => string[] | null {
  if (root === undefined || root === null || edges.length === 0) return () => null;
  const names = new Map(components.map(({ ref, name, version }) => [ref, version === undefined ? name : `${name}@${version}`]));
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const known = next.get(from);
    if (known === undefined) next.set(from, [to]);
    else known.push(to);
  }
  const before = new Map<string, string | null>([[root, null]]);
  for (let front = [root]; front.length > 0; ) {
    const beyond: string[] = [];
    for (const from of front) {
      for (const to of (next.get(from) ?? []).sort()) {
        if (before.has(to)) continue;
        before.set(to, from);
        beyond.push(to);
      }
    }
    front = beyond.sort();
  }
  return (ref) => {
    if (!before.has(ref)) return null;
    const path: string[] = [];
    for (let at: string | null = ref; at !== null; at = before.get(at) ?? null) path.push(names.get(at) ?? at);
    return path.reverse();
  };
}
