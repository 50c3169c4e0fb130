// Makes findings of one component's matches: grouped by vulnerability, with severity, conflicts, enrichment and fingerprint.
import { hash } from 'node:crypto';
import { compareIds, preferredId } from '../advisories/aliases.ts';
import type { OutcomeName } from '../advisories/evaluate.ts';
import { severityOf, type Severity } from '../advisories/severity.ts';
import type { Snapshot } from '../snapshot/open.ts';
import type { Finding, FoundComponent, RecordMatch } from './findings.ts';
import type { Match } from './match.ts';

/** Of the outcomes of one vulnerability's records, the first of these is the finding's. */
const LOUDEST: readonly OutcomeName[] = ['affected', 'indeterminate', 'unversioned', 'unsupported', 'not_affected'];
const SEVERITIES: readonly Severity[] = ['UNKNOWN', 'NONE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

/** A record's own ids and those that others link to it. */
export function idsOf({ ref: [, , , , alsoKnownAs, view] }: Match): string[] {
  return [view.id, ...(view.aliases ?? []), ...alsoKnownAs];
}

export class Findings {
  readonly #snapshot: Snapshot;
  /** Sources that speak of vulnerabilities by their ids. */
  readonly #enriching: ReadonlySet<string>;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#enriching = new Set(snapshot.manifest.sources.filter(({ enriches }) => enriches === true).map(({ name }) => name));
  }

  /** @returns by vulnerability, in the order of their ids; what every record answers with "not affected" is none */
  of(component: FoundComponent, matches: readonly Match[]): Finding[] {
    // Most components are affected by nothing.
    if (matches.every(({ outcome }) => outcome === 'not_affected')) return [];
    const byVulnerability = new Map<string, Match[]>();
    for (const match of matches) {
      const id = preferredId(idsOf(match));
      const group = byVulnerability.get(id);
      if (group === undefined) byVulnerability.set(id, [match]);
      else group.push(match);
    }
    const findings: Finding[] = [];
    for (const [id, group] of byVulnerability) {
      const outcome = LOUDEST.find((name) => group.some((match) => match.outcome === name)) as OutcomeName;
      if (outcome !== 'not_affected') findings.push(this.#finding(id, outcome, component, group));
    }
    return findings.sort((a, b) => compareIds(a.id, b.id));
  }

  #finding(id: string, outcome: Exclude<OutcomeName, 'not_affected'>, component: FoundComponent, group: readonly Match[]): Finding {
    const records = group.map(recordMatchOf).sort((a, b) => (a.source === b.source ? (a.record < b.record ? -1 : 1) : a.source < b.source ? -1 : 1));
    const aliases = [...new Set(group.flatMap(idsOf))].filter((alias) => alias !== id).sort(compareIds);
    const upstream = [...new Set(group.flatMap(({ ref }) => ref[5].upstream ?? []))].sort(compareIds);
    const { kev, epss, scored } = this.#enrichment([id, ...aliases, ...upstream]);
    const own = worst(records);
    // Many records about packages state no score: then it is that of who speaks of the vulnerability itself.
    const { score, severity } = own.score === undefined && scored !== null ? scored : own;
    return {
      aliases,
      component,
      conflicts: conflictsOf(records),
      epss: epss ?? undefined,
      fingerprint: fingerprintOf(id, component),
      id,
      kev,
      outcome,
      records,
      score,
      scoredBy: own.score === undefined ? scored?.source : undefined,
      severity,
      upstream,
    };
  }

  /** KEV and EPSS are the snapshot's records about an id, without packages. */
  #enrichment(ids: readonly string[]): { kev: boolean; epss: string | null; scored: Scored | null } {
    let [kev, epss, scored]: [boolean, string | null, Scored | null] = [false, null, null];
    if (this.#enriching.size === 0) return { kev, epss, scored };
    for (const id of ids) {
      for (const [, , , , , { facts, scores, source, withdrawn }] of this.#snapshot.recordsNamed(id)) {
        kev ||= facts?.kev !== undefined;
        const score = (facts?.epss as { score?: string } | undefined)?.score;
        if (score !== undefined && (epss === null || Number(score) > Number(epss))) epss = score;
        const top = scores?.[0];
        if (top === undefined || withdrawn !== undefined || !this.#enriching.has(source)) continue;
        const found = { score: top.score, severity: severityOf(top.type, top.score), source };
        if (scored === null || rankOf(found) > rankOf(scored)) scored = found;
      }
    }
    return { kev, epss, scored };
  }
}

interface Scored {
  readonly score: string;
  readonly severity: Severity;
  readonly source: string;
}

function recordMatchOf({ ref: [, , , leafHash, , view], lookup, evaluation, reasons, outcome }: Match): RecordMatch {
  const top = view.scores?.[0];
  const answering = view.affected?.find(([entry]) => entry === evaluation.entry);
  const fixed: string[] = [];
  for (const { type, events } of answering?.[3] ?? []) {
    if (type !== 'GIT') for (const event of events) if (event.fixed !== undefined && !fixed.includes(event.fixed)) fixed.push(event.fixed);
  }
  return {
    ecosystem: lookup.ecosystem,
    entry: evaluation.entry,
    fixed,
    id: view.id,
    name: lookup.name,
    outcome,
    reasons,
    record: `sha256:${leafHash}`,
    score: top?.score,
    severity: top === undefined ? 'UNKNOWN' : severityOf(top.type, top.score),
    source: view.source,
    version: lookup.version,
  };
}

function rankOf({ severity, score }: Pick<RecordMatch, 'score' | 'severity'>): number {
  return SEVERITIES.indexOf(severity) * 100 + Number(score ?? 0);
}

function worst(records: readonly RecordMatch[]): RecordMatch {
  return records.reduce((a, b) => (rankOf(b) > rankOf(a) ? b : a));
}

function conflictsOf(records: readonly RecordMatch[]): string[] {
  if (records.length === 1) return [];
  const differ = (of: (record: RecordMatch) => string, among = records) => new Set(among.map(of)).size > 1;
  return [
    ...(differ(({ fixed }) => fixed.join(' ')) ? ['fixed'] : []),
    ...(differ(({ outcome }) => outcome) ? ['outcome'] : []),
    ...(differ(({ severity }) => severity, records.filter(({ severity }) => severity !== 'UNKNOWN')) ? ['severity'] : []),
  ];
}

/** A canonical purl's version begins at the last `@`, after which no `/` stands but in qualifiers. */
function fingerprintOf(id: string, { purl, name, paths }: FoundComponent): string {
  const packageName = purl === null ? name : purl.replace(/[?#].*$/, '').replace(/@[^@/]*$/, '');
  return hash('sha256', ['stella-finding/1', id, packageName, paths[0] ?? ''].join('\n'), 'hex');
}
