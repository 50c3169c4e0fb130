// Why a vulnerability is reported for a component list, and why not: every record that names it, against every component.
import { formatHex } from '../../ledger/bytes.ts';
import { compareIds } from '../advisories/aliases.ts';
import { ecosystemBase, nameKey } from '../advisories/ecosystems.ts';
import { candidateOf, evaluate, prepareRecord, type OutcomeName } from '../advisories/evaluate.ts';
import { severityOf, type Severity } from '../advisories/severity.ts';
import { decodeStored } from '../advisories/stored.ts';
import { hasher, type RecordRef } from '../snapshot/format.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { lookupsOf, type Lookup } from './components.ts';
import type { FoundComponent, ScanReason } from './findings.ts';
import { groupComponents, type ScanInput } from './group.ts';
import { answerFor, Matcher } from './match.ts';
import { closeByOwner } from './ownership.ts';

/** One record's answer for one component, with all that is needed to compute it again. */
export interface Explained {
  readonly component: FoundComponent;
  readonly lookup: Lookup;
  readonly source: string;
  readonly id: string;
  /** `sha256:` and the leaf hash of the record's stored bytes. */
  readonly record: string;
  readonly entry: number;
  readonly outcome: OutcomeName;
  readonly reasons: readonly ScanReason[];
}

/** What a source says of the vulnerability, whatever packages it names. */
export interface ExplainedRecord {
  readonly source: string;
  readonly id: string;
  readonly record: string;
  readonly packages: readonly string[];
  /** Its first score, with what that is called; absent where it has none. */
  readonly score?: string;
  readonly severity?: Severity;
  /** The publisher's own word for how bad it is, in its language. */
  readonly word?: string;
  readonly kev?: true;
  readonly epss?: string;
  readonly withdrawn?: true;
}

export interface Explanation {
  /** The id that was asked for, and all ids that are one with it. */
  readonly id: string;
  readonly ids: readonly string[];
  readonly snapshot: string;
  /** Records that name the vulnerability, by digest; those that no component meets among them. */
  readonly records: readonly ExplainedRecord[];
  readonly answers: readonly Explained[];
  /** Components that could not be looked up at all: nothing is known of them. */
  readonly unmatched: readonly { readonly component: FoundComponent; readonly reason: string }[];
}

/** Explains one vulnerability for a component list: what is affected, what is not and by which rule and bound, and what is unknown. */
export function explain(id: string, input: ScanInput, snapshot: Snapshot): Explanation {
  const ids = closure(id, snapshot);
  const refs = new Map(refsOf(ids, snapshot).map((ref) => [ref[3], ref]));
  const records = [...refs.values()].map((ref) => {
    const { osv } = snapshot.record(ref);
    const packages = (osv.affected ?? []).flatMap(({ package: named }) =>
      named === undefined ? [] : [`${ecosystemBase(named.ecosystem)} ${nameKey(named.ecosystem, named.name)}`]);
    return { source: ref[5].source, id: osv.id, record: `sha256:${ref[3]}`, packages: [...new Set(packages)].sort(), ...statedOf(ref) };
  });
  const matcher = new Matcher(snapshot);
  const answers: Explained[] = [];
  const unmatched: { component: FoundComponent; reason: string }[] = [];
  for (const { found, component } of groupComponents(input)) {
    const lookups = lookupsOf(component);
    if ('unsupported' in lookups) {
      unmatched.push({ component: found, reason: lookups.unsupported });
      continue;
    }
    const owner = component.ownedBy === undefined ? undefined : input.components.find(({ ref }) => ref === component.ownedBy);
    const matches = closeByOwner(matcher.matches(lookups), owner === undefined ? [] : matcher.matches(lookupsOf(owner)));
    for (const { ref, lookup, evaluation, outcome, reasons } of matches) {
      if (!refs.has(ref[3])) continue;
      answers.push({ component: found, lookup, source: ref[5].source, id: ref[5].id, record: `sha256:${ref[3]}`, entry: evaluation.entry, outcome, reasons });
    }
  }
  return { id, ids, snapshot: snapshot.digest, records: records.sort((a, b) => (a.record < b.record ? -1 : 1)), answers, unmatched };
}

function statedOf([, , , , , { scores, facts, withdrawn }]: RecordRef): Partial<ExplainedRecord> {
  const [top] = scores ?? [];
  const epss = (facts?.epss as { score?: string } | undefined)?.score;
  return {
    ...(top !== undefined && { score: top.score, severity: severityOf(top.type, top.score) }),
    ...(typeof facts?.severity === 'string' && { word: facts.severity }),
    ...(facts?.kev !== undefined && { kev: true as const }),
    ...(epss !== undefined && { epss }),
    ...(withdrawn !== undefined && { withdrawn: true as const }),
  };
}

/** Records under these ids, and those that distributions wrote for them under ids of their own. */
function refsOf(ids: readonly string[], snapshot: Snapshot): RecordRef[] {
  return ids.flatMap((one) => [...snapshot.recordsNamed(one), ...snapshot.recordsUpstream(one)]);
}

/** The asked id and all that are one with it, in the order in which ids are shown. */
function closure(id: string, snapshot: Snapshot): string[] {
  const named = snapshot.recordsNamed(id).flatMap(([, , , , alsoKnownAs, view]) => [view.id, ...(view.aliases ?? []), ...alsoKnownAs]);
  return [...new Set([id, ...named])].sort(compareIds);
}

/**
 * Computes an answer again from the record's stored bytes alone.
 *
 * @param bytes - the stored record, wherever it comes from; its hash must be the answer's
 * @returns whether outcome, entry and reasons come out the same, or which differs
 */
export function recompute(answer: Explained, bytes: Uint8Array): 'same' | 'another record' | 'another answer' {
  if (`sha256:${formatHex(hasher.leaf(bytes))}` !== answer.record) return 'another record';
  const prepared = prepareRecord(decodeStored(bytes).osv);
  const evaluation = evaluate(prepared, candidateOf(answer.lookup));
  if (evaluation === null || evaluation.entry !== answer.entry) return 'another answer';
  const found = answerFor(answer.lookup, evaluation, prepared);
  // Who owns the files is the list's statement, not the record's: below it lies the record's own answer.
  const [first, ...rest] = answer.reasons;
  const own = first?.rule === 'closed_by_owner' ? { outcome: found.outcome, reasons: rest } : { outcome: answer.outcome, reasons: answer.reasons };
  return own.outcome === found.outcome && JSON.stringify(own.reasons) === JSON.stringify(found.reasons) ? 'same' : 'another answer';
}

/** Tells which lists name a package that any record of the vulnerability names: the others need no explaining. */
export function inputNames(id: string, snapshot: Snapshot): (input: ScanInput) => boolean {
  const refs = refsOf(closure(id, snapshot), snapshot);
  const packages = new Set(refs.flatMap((ref) => (snapshot.record(ref).osv.affected ?? []).flatMap(({ package: named }) =>
    named === undefined ? [] : [`${ecosystemBase(named.ecosystem)}\n${nameKey(named.ecosystem, named.name)}`])));
  return ({ components }) => components.some((component) => {
    const found = lookupsOf(component);
    return !('unsupported' in found) && found.lookups.some(({ ecosystem, name }) => packages.has(`${ecosystemBase(ecosystem)}\n${nameKey(ecosystem, name)}`));
  });
}
