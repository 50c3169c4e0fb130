// Two scanners' findings beside each other, and OSV's own rule, read naively, to decide where they differ.
import { ecosystemCovers, nameKey, schemeOf, versionText } from '../../../scanner/advisories/ecosystems.ts';
import { EVENT_KINDS, type OsvAffected, type OsvRecord } from '../../../scanner/advisories/osv.ts';
import { lookupsOf } from '../../../scanner/index.ts';
import { SCHEMES } from '../../../scanner/versions/index.ts';
import { naiveAffected } from '../../scanner/advisories/naive.ts';
import type { ListedComponent } from './programs.ts';

/** Why a scanner that OSV's rule contradicts may do so; told from the record and the version alone. */
export type DifferenceClass = 'boundary' | 'ill-formed' | 'listed' | 'pseudo-version' | 'prerelease' | 'name' | 'other';

export interface Compared {
  readonly ours: number;
  readonly theirs: number;
  readonly both: number;
  readonly jaccard: number;
  /** Differences that OSV's rule decides for us, by whether they missed or invented it, and by class. */
  readonly missed: Readonly<Partial<Record<DifferenceClass, readonly string[]>>>;
  readonly invented: readonly string[];
  /** What we call undecided and they report: the version, or a bound of the record's, is none of its ecosystem's. `other` would be a fault of ours. */
  readonly undecided: Readonly<Record<'bound' | 'other' | 'version', readonly string[]>>;
  /** Differences that OSV's rule decides against us. */
  readonly against: readonly string[];
}

/** A finding of ours, as far as it is compared; of the findings document. */
export interface OurFinding {
  readonly id: string;
  readonly outcome: string;
  readonly component: { readonly purl: string | null };
}

/** @param theirs - (purl, any id of the vulnerability); purls are compared without qualifiers and without case, as one of them lowers it */
export function compareFindings(
  records: readonly OsvRecord[], components: readonly ListedComponent[], ours: readonly OurFinding[], theirs: Iterable<readonly [string, string]>,
): Compared {
  const clusters = clustersOf(records);
  const keyed = (found: Iterable<readonly [string, string]>) => new Set([...found].map(([purl, id]) => `${normal(purl)} ${clusters(id)}`));
  const pairs = (is: boolean) => keyed(ours.filter(({ outcome }) => (outcome === 'affected') === is).map(({ component, id }) => [component.purl ?? '', id]));
  const [left, right, open] = [pairs(true), keyed(theirs), pairs(false)];
  const truth = new Truth(records, components, clusters);
  const missed: Partial<Record<DifferenceClass, string[]>> = {};
  const [invented, against]: [string[], string[]] = [[], []];
  const undecided = { bound: [] as string[], other: [] as string[], version: [] as string[] };
  let both = 0;
  for (const key of new Set([...left, ...right])) {
    if (left.has(key) && right.has(key)) both += 1;
    else if (open.has(key)) undecided[truth.illFormed(key) ?? 'other'].push(key);
    else if (left.has(key) !== truth.has(key)) against.push(key);
    else if (right.has(key)) invented.push(key);
    else (missed[truth.classOf(key)] ??= []).push(key);
  }
  const union = left.size + right.size - both;
  return { ours: left.size, theirs: right.size, both, jaccard: union === 0 ? 1 : both / union, missed, invented, undecided, against };
}

function normal(purl: string): string {
  return decodeURIComponent(purl).replace(/[?#].*$/, '').toLowerCase();
}

/** The name of an id's cluster. */
function clustersOf(records: readonly OsvRecord[]): (id: string) => string {
  const above = new Map<string, string>();
  const rootOf = (id: string): string => {
    let at = id;
    for (let next = above.get(at); next !== undefined; next = above.get(at)) at = next;
    return at;
  };
  for (const { id, aliases = [] } of records) {
    for (const alias of aliases) {
      const [a, b] = [rootOf(id), rootOf(alias)];
      if (a !== b) above.set(a, b);
    }
  }
  return rootOf;
}

class Truth {
  readonly #true = new Map<string, { affected: OsvAffected; version: string; ecosystem: string }>();

  readonly #illFormed = new Map<string, 'bound' | 'version'>();

  constructor(records: readonly OsvRecord[], components: readonly ListedComponent[], clusters: (id: string) => string) {
    const byName = new Map<string, { record: OsvRecord; affected: OsvAffected }[]>();
    for (const record of records) {
      if (record.withdrawn !== undefined) continue;
      for (const affected of record.affected ?? []) {
        if (affected.package === undefined) continue;
        const key = nameKey(affected.package.ecosystem, affected.package.name);
        byName.set(key, [...(byName.get(key) ?? []), { record, affected }]);
      }
    }
    for (const { name, version, purl } of components) {
      const found = lookupsOf({ ref: purl, name, version, purl });
      for (const lookup of 'unsupported' in found ? [] : found.lookups) {
        const text = versionText(lookup.ecosystem, lookup.name, lookup.version ?? '');
        for (const { record, affected } of byName.get(nameKey(lookup.ecosystem, lookup.name)) ?? []) {
          const ecosystem = affected.package?.ecosystem ?? '';
          if (!ecosystemCovers(ecosystem, lookup.ecosystem)) continue;
          const key = `${normal(purl)} ${clusters(record.id)}`;
          const illFormed = illFormedOf(affected, ecosystem, text);
          if (illFormed !== null && this.#illFormed.get(key) !== 'version') this.#illFormed.set(key, illFormed);
          if (naiveAffected(affected, ecosystem, text)) this.#true.set(key, { affected, version: text, ecosystem });
        }
      }
    }
  }

  has(key: string): boolean {
    return this.#true.has(key);
  }

  /** What of a component's version and a record's bounds is no version of the ecosystem. */
  illFormed(key: string): 'bound' | 'version' | undefined {
    return this.#illFormed.get(key);
  }

  classOf(key: string): DifferenceClass {
    const { affected, version, ecosystem } = this.#true.get(key) as { affected: OsvAffected; version: string; ecosystem: string };
    const bounds = (affected.ranges ?? []).flatMap(({ type, events }) => (type === 'GIT' ? [] : events));
    if (bounds.some(({ fixed }) => fixed === version) && bounds.some(({ introduced }) => introduced === version)) return 'boundary';
    if (ecosystem === 'Go' && /^0\.0\.0-\d{14}-/.test(version)) return 'pseudo-version';
    const listed = (affected.versions ?? []).includes(version);
    const ranged = naiveAffected({ ...affected, versions: [] }, ecosystem, version);
    if ((affected.versions ?? []).length > 0 && bounds.length > 0 && listed !== ranged) return 'listed';
    if (this.#illFormed.has(key)) return 'ill-formed';
    if (/[a-z]/i.test(version.replace(/^v/, '').replace(/\+.*$/, ''))) return 'prerelease';
    const name = affected.package?.name ?? '';
    return name !== name.toLowerCase() || /[-_.]{2}|_/.test(name) ? 'name' : 'other';
  }
}

function illFormedOf({ ranges = [] }: OsvAffected, ecosystem: string, version: string): 'bound' | 'version' | null {
  let found: 'bound' | null = null;
  for (const { type, events } of ranges) {
    const scheme = type === 'SEMVER' ? SCHEMES.semver : type === 'ECOSYSTEM' ? schemeOf(ecosystem) : null;
    if (scheme === null) continue;
    if (!scheme.wellFormed(version)) return 'version';
    const bounds = events.flatMap((event) => EVENT_KINDS.flatMap((kind) => event[kind] ?? [])).filter((bound) => bound !== '0' && bound !== '*');
    if (bounds.some((bound) => !scheme.wellFormed(bound))) found = 'bound';
  }
  return found;
}
