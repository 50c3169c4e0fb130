// Matches a component list against a snapshot: looks up each package, evaluates every record about it, and keeps every answer.
import type { JcsValue } from '../../ledger/jcs.ts';
import { candidateOf, evaluate, prepareEntry, type Evaluation, type OutcomeName, type PreparedRecord } from '../advisories/evaluate.ts';
import type { RecordRef } from '../snapshot/format.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { lookupsOf, type Lookup, type Lookups, type ScanComponent } from './components.ts';
import { Findings } from './finding.ts';
import { findingsDocument, type Finding, type FindingsDocument, type ScanReason, type Unmatched } from './findings.ts';
import { groupComponents, type ScanInput } from './group.ts';
import { closeByOwner } from './ownership.ts';

export interface ScanOptions {
  /** The product's version, as it will stand in the document. */
  readonly engineVersion: string;
  readonly config?: JcsValue;
  /** Asked before each component; a text stops the scan with it as the reason (time, memory). */
  readonly stop?: () => string | null;
}

/** A scan that a limit ended: no document, for half a list of findings reads as a whole one. */
export interface ScanStopped {
  readonly stopped: string;
}

/** One record's answer for one lookup. */
export interface Match {
  readonly ref: RecordRef;
  readonly lookup: Lookup;
  readonly evaluation: Evaluation;
  readonly reasons: readonly ScanReason[];
  readonly outcome: OutcomeName;
}

export function scan(input: ScanInput, snapshot: Snapshot, options: ScanOptions): FindingsDocument | ScanStopped {
  const counts = { affected: 0, components: 0, indeterminate: 0, lookups: 0, not_affected: 0, records: 0, unmatched: 0, unsupported: 0, unversioned: 0 };
  const unmatched: Unmatched[] = [];
  const findings: Finding[] = [];
  const groups = groupComponents(input);
  const matcher = new Matcher(snapshot);
  const owners = ownerMatches(input.components, matcher);
  const making = new Findings(snapshot);
  for (const { found, component, purl } of groups) {
    const reason = options.stop?.() ?? null;
    if (reason !== null) return { stopped: reason };
    counts.components += 1;
    const lookups = lookupsOf(component, purl);
    if ('unsupported' in lookups) {
      counts.unmatched += 1;
      unmatched.push({ component: found, reason: lookups.unsupported });
      continue;
    }
    counts.lookups += lookups.lookups.length;
    const owned = component.ownedBy === undefined ? undefined : owners.get(component.ownedBy);
    const matches = owned === undefined ? matcher.matches(lookups) : closeByOwner(matcher.matches(lookups), owned);
    counts.records += matches.length;
    for (const { outcome } of matches) counts[outcome] += 1;
    findings.push(...making.of(found, matches));
  }
  return findingsDocument(groups, options, { counts, findings, snapshot: snapshot.digest, unmatched });
}

/** What the records say of each package that owns others, by ref. */
function ownerMatches(components: readonly ScanComponent[], matcher: Matcher): ReadonlyMap<string, readonly Match[]> {
  const owners = new Set(components.flatMap(({ ownedBy }) => (ownedBy === undefined ? [] : [ownedBy])));
  return new Map(components.filter(({ ref }) => owners.has(ref)).map((component) => [component.ref, matcher.matches(lookupsOf(component))]));
}

interface Prepared {
  ref: RecordRef;
  prepared: PreparedRecord;
}

export class Matcher {
  readonly #snapshot: Snapshot;
  /** The package looked up last: a list in order asks for its versions one after the other, and memory stays small. */
  #last: { key: string; records: readonly Prepared[] } = { key: '', records: [] };

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  matches(found: Lookups): Match[] {
    const matches: Match[] = [];
    if (!('unsupported' in found)) for (const lookup of found.lookups) this.#match(lookup, matches);
    return matches;
  }

  #match(lookup: Lookup, matches: Match[]): void {
    const candidate = candidateOf(lookup);
    for (const { ref, prepared } of this.#records(lookup.ecosystem, candidate.nameKey)) {
      const evaluation = evaluate(prepared, candidate);
      if (evaluation === null) continue;
      const { outcome, reasons } = answerFor(lookup, evaluation, prepared);
      matches.push({ ref, lookup, evaluation, reasons, outcome });
    }
  }

  #records(ecosystem: string, name: string): readonly Prepared[] {
    const key = `${ecosystem}\n${name}`;
    if (this.#last.key !== key) {
      this.#last = { key, records: this.#snapshot.recordsOf(ecosystem, name).map(prepareView) };
    }
    return this.#last.records;
  }
}

function prepareView(ref: RecordRef): Prepared {
  const { affected = [], withdrawn } = ref[5];
  const entries = affected.map(([index, ecosystem, name, ranges, size, text]) =>
    prepareEntry(index, ecosystem, name, ranges, { size, has: (version) => size > 0 && !version.includes('\n') && text.includes(`\n${version}\n`) }));
  return { ref, prepared: { withdrawn, entries } };
}

interface Answer {
  outcome: OutcomeName;
  reasons: readonly ScanReason[];
}

/** A record's answer for one release is no answer for a component whose release nobody states. */
export function answerFor(lookup: Lookup, evaluation: Evaluation, prepared: PreparedRecord): Answer {
  const { outcome, reasons, entry } = evaluation;
  if (lookup.releaseUnknown !== true || outcome !== 'affected') return evaluation;
  const released = prepared.entries.find(({ index }) => index === entry)?.ecosystem.includes(':') ?? false;
  return released ? { outcome: 'indeterminate', reasons: [{ rule: 'release_unknown' }, ...reasons] } : evaluation;
}
