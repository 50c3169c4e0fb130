// The component list in one order, equal components as one with all their places, and the way to each from the root.
import { writePurl, type Purl } from '../purl/purl.ts';
import { notTraced, purlOf, type EntryTrace, type ScanComponent } from './components.ts';
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
  /** Its purl; null where it has none that can be read. */
  readonly purl: Purl | null;
}

interface Same {
  readonly purl: Purl | null;
  readonly group: ScanComponent[];
}

/**
 * Components by what they are, ascending: the document does not depend on the list's order, and a package that stands a hundred
 * times in it is matched once.
 */
export function groupComponents(input: ScanInput): Group[] {
  const groups = new Map<string, Same>();
  for (const component of input.components) {
    const { group = '', name, source, version = '', ownedBy = '' } = component;
    const purl = purlOf(component);
    // In canonical form, or as it stands where it is none: what names a component in findings.
    const shown = purl === null ? (component.purl ?? '') : writePurl(purl);
    const key = `${shown}\n${group}\n${name}\n${version}\n${source?.name ?? ''}\n${source?.version ?? ''}\n${ownedBy}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { purl, group: [component] });
    else known.group.push(component);
  }
  const pathOf = dependencyPaths(input);
  return [...groups.keys()].sort().map((key) => {
    const { purl, group } = groups.get(key) as Same;
    const component = group[0] as ScanComponent;
    const refs = group.length === 1 ? [component.ref] : ascending(group.map(({ ref }) => ref));
    const dependencyPath = pathOf === null ? undefined : shortest(refs, pathOf);
    const found: FoundComponent = {
      dependencyPath,
      entryTrace: traceOf(group),
      layers: group.length === 1 ? ascending(component.layers) : ascending(group.flatMap(({ layers }) => layers ?? [])),
      name: component.group === undefined ? component.name : `${component.group}/${component.name}`,
      ownedBy: component.ownedBy,
      paths: group.length === 1 ? ascending(component.paths) : ascending(group.flatMap(({ paths }) => paths ?? [])),
      purl: component.purl === undefined ? null : key.slice(0, key.indexOf('\n')),
      refs,
      version: component.version ?? null,
    };
    return { found, component, purl };
  });
}

/** Equal components at several places: one that is reached is enough, one of which nothing is known leaves all unknown. */
function traceOf(group: readonly ScanComponent[]): EntryTrace {
  if (group.length === 1 && group[0]?.entryTrace === undefined) return notTraced;
  const traces = group.map(({ entryTrace }) => entryTrace ?? notTraced);
  if (traces.some(({ state }) => state === 'reached')) return { state: 'reached' };
  const reasons = traces.flatMap((trace) => (trace.state === 'unknown' ? [trace.reason] : [])).sort();
  return reasons[0] === undefined ? { state: 'not_reached' } : { reason: reasons[0], state: 'unknown' };
}

function ascending(texts: readonly string[] = []): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)].sort();
}

function shortest(refs: readonly string[], pathOf: (ref: string) => string[] | null): string[] | undefined {
  return refs.map(pathOf).filter((path) => path !== null).sort((a, b) => a.length - b.length)[0];
}

/** The shortest way from the root, edges taken in ascending order; null for what the root does not reach, and where there is no root. */
function dependencyPaths({ components, edges = [], root }: ScanInput): ((ref: string) => string[] | null) | null {
  if (root === undefined || root === null || edges.length === 0) return null;
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
