// Another scanner's report beside ours: what both found, what only one did, and why, by component and alias cluster.
import { compareIds } from '../advisories/aliases.ts';
import { versionText } from '../advisories/ecosystems.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { lookupsOf, shownPurl } from './components.ts';
import { explain } from './explain.ts';
import type { FindingsDocument } from './findings.ts';
import type { ScanInput } from './group.ts';

/** One result of an imported report; a vulnerability result of `evidence/` gives these. */
export interface TheirResult {
  readonly vulnerability: string;
  readonly purl: string | null;
  readonly name: string | null;
  readonly version: string | null;
}

/** Why one side has it and the other has not. */
export type ReconcileReason =
  /** Theirs names a component our list has not. */
  | 'component_unknown'
  /** Ours could not look the component up. */
  | 'component_unmatched'
  /** No record of the snapshot names the vulnerability. */
  | 'vulnerability_unknown'
  /** Records name the vulnerability, none of them for this package. */
  | 'package_not_named'
  /** A record of ours says "not affected": which rule and bound stands in the explanation. */
  | 'not_affected'
  /** Withdrawn by its source. */
  | 'withdrawn'
  /** Closed by the record of the distribution that owns the files. */
  | 'closed_by_owner'
  /** Ours is undecided: indeterminate, unsupported or unversioned. */
  | 'undecided'
  /** Theirs does not report it. */
  | 'not_reported';

export interface Reconciled {
  readonly component: string;
  /** The cluster's first id, as ours shows it. */
  readonly vulnerability: string;
  readonly side: 'both' | 'ours' | 'theirs';
  readonly reason: ReconcileReason | null;
}

/** Compares by canonical purl without qualifiers, or by name and version where theirs has no purl. */
function componentKey(purl: string | null, name: string | null, version: string | null): string {
  return purl === null ? `${name ?? ''}@${version ?? ''}` : shownPurl(purl).replace(/[?#].*$/, '');
}

/** Reconciles one imported report with our document of the same list; ascending by component and id. */
export function reconcile(document: FindingsDocument, theirs: readonly TheirResult[], input: ScanInput, snapshot: Snapshot): Reconciled[] {
  const ours = new Map<string, { component: string; vulnerability: string; affected: boolean }>();
  const byName = keysByName(input);
  for (const { component, id, aliases, upstream, outcome } of document.findings) {
    const key = componentKey(component.purl, component.name, component.version);
    for (const name of [id, ...aliases, ...upstream]) ours.set(`${key}\n${name}`, { component: key, vulnerability: id, affected: outcome === 'affected' });
  }
  const known = new Set([...byName.values()].flatMap((keys) => [...keys]));
  const seen = new Set<string>();
  const answers = new Map<string, Reconciled>();
  for (const result of theirs) {
    const direct = componentKey(result.purl, result.name, result.version);
    const named = byName.get(componentKey(null, result.name, result.version)) ?? new Set([direct]);
    const keys = known.has(direct) ? [direct] : [...named];
    const agreed = keys.filter((key) => ours.get(`${key}\n${result.vulnerability}`)?.affected === true);
    for (const key of agreed) {
      const found = ours.get(`${key}\n${result.vulnerability}`) as { component: string; vulnerability: string };
      seen.add(`${found.component}\n${found.vulnerability}`);
      answers.set(`${key}\n${found.vulnerability}`, { component: key, vulnerability: found.vulnerability, side: 'both', reason: null });
    }
    // A result without a version is about those versions of the package that have the vulnerability.
    for (const key of agreed.length > 0 ? [] : keys) {
      const found = ours.get(`${key}\n${result.vulnerability}`);
      const reason = found === undefined ? whyNot(key, result.vulnerability, known, input, snapshot) : ('undecided' as const);
      const vulnerability = found?.vulnerability ?? result.vulnerability;
      answers.set(`${key}\n${vulnerability}`, { component: key, vulnerability, side: 'theirs', reason });
    }
  }
  for (const { component, vulnerability, affected } of ours.values()) {
    const key = `${component}\n${vulnerability}`;
    if (affected && !seen.has(key)) answers.set(key, { component, vulnerability, side: 'ours', reason: 'not_reported' });
  }
  return [...answers.values()].sort((a, b) =>
    a.component === b.component ? compareIds(a.vulnerability, b.vulnerability) : a.component < b.component ? -1 : 1);
}

/** Components by the names that reports give them, with the version and without: their own, with the group, and what their records say. */
function keysByName({ components }: ScanInput): ReadonlyMap<string, ReadonlySet<string>> {
  const keys = new Map<string, Set<string>>();
  for (const component of components) {
    const { name, group, purl = null, version = null } = component;
    const key = componentKey(purl, name, version);
    const found = lookupsOf(component);
    const looked = 'unsupported' in found ? [] : found.lookups.map((one): [string, string | null] =>
      [one.name, one.version === null ? null : versionText(one.ecosystem, one.name, one.version)]);
    const slashed = looked.map(([text, stated]): [string, string | null] => [text.replace(':', '/'), stated]);
    const names: [string, string | null][] = [[name, version], ...looked, ...slashed];
    if (group !== undefined) for (const mark of ['/', ':']) names.push([`${group}${mark}${name}`, version]);
    for (const [text, stated] of names.flatMap(([text, stated]): [string, string | null][] => [[text, stated], [text, null]])) {
      const place = componentKey(null, text, stated);
      keys.set(place, new Set([...(keys.get(place) ?? []), key]));
    }
  }
  return keys;
}

function whyNot(key: string, vulnerability: string, known: ReadonlySet<string>, input: ScanInput, snapshot: Snapshot): ReconcileReason {
  if (!known.has(key)) return 'component_unknown';
  const components = input.components.filter(({ purl, name, version }) => componentKey(purl ?? null, name, version ?? null) === key);
  if (components.every((component) => 'unsupported' in lookupsOf(component))) return 'component_unmatched';
  const owners = input.components.filter(({ ref }) => components.some(({ ownedBy }) => ownedBy === ref));
  const { records, answers } = explain(vulnerability, { components: [...components, ...owners] }, snapshot);
  if (records.length === 0) return 'vulnerability_unknown';
  const about = answers.filter(({ component }) => componentKey(component.purl, component.name, component.version) === key);
  if (about.length === 0) return 'package_not_named';
  const rules = about.map(({ reasons }) => reasons[0]?.rule);
  return rules.includes('closed_by_owner') ? 'closed_by_owner' : rules.every((rule) => rule === 'withdrawn') ? 'withdrawn' : 'not_affected';
}
