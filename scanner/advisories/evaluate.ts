// OSV's evaluation (osv-schema 1.7.5, "Evaluation"): is this version of this package affected, and by which rule.
import type { Scheme } from '../versions/index.ts';
import { SCHEMES } from '../versions/index.ts';
import { ecosystemCovers, nameKey, schemeOf, versionText } from './ecosystems.ts';
import { EVENT_KINDS, type EventKind, type OsvRange, type OsvRecord } from './osv.ts';

/** What a scan answers for a component and a record; never silence. */
export type OutcomeName = 'affected' | 'not_affected' | 'indeterminate' | 'unsupported' | 'unversioned';

/** A rule that was looked at, with the bound that decided it. `range` counts from 0 within the affected entry. Keys are made ascending. */
export type Reason =
  | { readonly rule: 'listed'; readonly version: string }
  | { readonly rule: 'not_listed'; readonly listed: number }
  | { readonly rule: 'in_range'; readonly range: number; readonly introduced: string; readonly until?: EventKind; readonly bound?: string }
  | { readonly rule: 'before_introduced' | 'at_or_after_fixed' | 'after_last_affected' | 'at_or_after_limit'; readonly range: number; readonly bound: string }
  | { readonly rule: 'version_ill_formed'; readonly range: number; readonly scheme: string }
  | { readonly rule: 'bound_ill_formed'; readonly range: number; readonly scheme: string; readonly bound: string }
  | { readonly rule: 'range_malformed'; readonly range: number; readonly why: string }
  | { readonly rule: 'range_type_unknown'; readonly range: number; readonly type: string }
  | { readonly rule: 'commit_graph_needed'; readonly range: number }
  | { readonly rule: 'no_scheme'; readonly range: number; readonly ecosystem: string }
  | { readonly rule: 'withdrawn'; readonly at: string }
  | { readonly rule: 'unversioned' };

export interface Evaluation {
  readonly outcome: OutcomeName;
  /** Which of the record's affected entries answered, from 0. */
  readonly entry: number;
  /** The deciding rule first. */
  readonly reasons: readonly Reason[];
}

export interface PackageVersion {
  readonly ecosystem: string;
  readonly name: string;
  /** As the component states it; null or empty where it states none. */
  readonly version: string | null;
}

/** A package version made ready to meet many records. */
export interface Candidate extends PackageVersion {
  readonly nameKey: string;
  /** As the ecosystem's records spell it. */
  readonly text: string;
  readonly parsed: Map<Scheme, { wellFormed: boolean; version: unknown }>;
}

export function candidateOf({ ecosystem, name, version }: PackageVersion): Candidate {
  return { ecosystem, name, version, nameKey: nameKey(ecosystem, name), text: versionText(ecosystem, name, version ?? ''), parsed: new Map() };
}

/** Of several entries for one package, the first of these answers for all. */
const PRECEDENCE: readonly OutcomeName[] = ['affected', 'indeterminate', 'unversioned', 'unsupported', 'not_affected'];

/** A record whose affected entries are read once for many components. */
export interface PreparedRecord {
  readonly withdrawn: string | undefined;
  readonly entries: readonly PreparedEntry[];
}

export interface PreparedEntry {
  /** The entry's place in the record's `affected`. */
  index: number;
  ecosystem: string;
  name: string;
  versions: ListedVersions;
  /** Prepared when first asked for: a version that is listed needs none, and most records meet one component. */
  ranges(): readonly PreparedRange[];
}

type PreparedRange =
  | { is: 'events'; scheme: Scheme; events: readonly PreparedEvent[]; limits: readonly PreparedEvent[]; illFormed: string | null }
  | { is: 'git' }
  | { is: 'answered'; reason: Reason };

interface PreparedEvent {
  kind: EventKind;
  bound: string;
  /** Null for the bounds outside every order: `introduced: "0"` and `limit: "*"`. */
  parsed: unknown;
}

export function prepareRecord(record: OsvRecord): PreparedRecord {
  const entries = (record.affected ?? []).map(({ package: named, ranges, versions }, i) =>
    prepareEntry(i, named?.ecosystem ?? '', named?.name ?? '', ranges ?? [], new Set(versions ?? [])));
  return { withdrawn: record.withdrawn, entries };
}

/** Versions as strings, compared literally. */
export interface ListedVersions {
  readonly size: number;
  has(version: string): boolean;
}

/** @param index - the entry's place in the record's `affected` @param name - as the record spells it */
export function prepareEntry(index: number, ecosystem: string, name: string, ranges: readonly OsvRange[], versions: ListedVersions): PreparedEntry {
  let prepared: readonly PreparedRange[] | null = null;
  const prepare = () => ranges.map((range, i) => prepareRange(ecosystem, range, i));
  return { index, ecosystem, name: nameKey(ecosystem, name), versions, ranges: () => (prepared ??= prepare()) };
}

function prepareRange(ecosystem: string, range: OsvRange, index: number): PreparedRange {
  if (range.type === 'GIT') return { is: 'git' };
  if (range.type !== 'SEMVER' && range.type !== 'ECOSYSTEM') return { is: 'answered', reason: { range: index, rule: 'range_type_unknown', type: range.type } };
  const kinds = kindsOf(range);
  if (typeof kinds === 'string') return { is: 'answered', reason: { range: index, rule: 'range_malformed', why: kinds } };
  const scheme = range.type === 'SEMVER' ? SCHEMES.semver : schemeOf(ecosystem);
  if (scheme === null) return { is: 'answered', reason: { ecosystem, range: index, rule: 'no_scheme' } };
  const events: PreparedEvent[] = [];
  const limits: PreparedEvent[] = [];
  let illFormed: string | null = null;
  for (const [i, kind] of kinds.entries()) {
    const bound = range.events[i]?.[kind] as string;
    const outside = (kind === 'introduced' && bound === '0') || (kind === 'limit' && bound === '*');
    if (!outside && illFormed === null && !scheme.wellFormed(bound)) illFormed = bound;
    (kind === 'limit' ? limits : events).push({ kind, bound, parsed: outside ? null : scheme.parse(bound) });
  }
  return { is: 'events', scheme, events: illFormed === null ? sortEvents(scheme, events) : [], limits, illFormed };
}

/** What each event says, or which of the schema's rules the range breaks: none of these an evaluation may guess around. */
function kindsOf(range: OsvRange): EventKind[] | string {
  const kinds: EventKind[] = [];
  for (const event of range.events) {
    const before = kinds.length;
    for (const kind of EVENT_KINDS) if (event[kind] !== undefined) kinds.push(kind);
    if (kinds.length !== before + 1) return 'an event needs exactly one of introduced, fixed, last_affected and limit';
  }
  if (!kinds.includes('introduced')) return 'no event says introduced';
  return kinds.includes('fixed') && kinds.includes('last_affected') ? 'fixed and last_affected stand in one range' : kinds;
}

/**
 * Events in the order of their versions; `introduced: "0"` before everything.
 *
 * Where several stand at one version, an end of what began earlier comes first, then the introductions, then the other ends:
 * `fixed 2, introduced 2` goes on at 2 under another cause, and `introduced 2, fixed 2` is empty. Any fixed order of the kinds
 * would read one of the two wrong, and records of both sorts are in the field.
 */
function sortEvents(scheme: Scheme, events: readonly PreparedEvent[]): readonly PreparedEvent[] {
  const order = (a: PreparedEvent, b: PreparedEvent) =>
    a.parsed === null || b.parsed === null ? Number(b.parsed === null) - Number(a.parsed === null) : scheme.order(a.parsed, b.parsed);
  // Most records write them in order, each at a version of its own: then nothing is left to decide.
  if (events.every((event, i) => i === 0 || order(events[i - 1] as PreparedEvent, event) < 0)) return events;
  const sorted: PreparedEvent[] = [];
  let open = false;
  for (const group of groupsOfEqual(events.toSorted(order), order)) {
    const begins = group.filter(({ kind }) => kind === 'introduced');
    const ends = group.filter(({ kind }) => kind === 'fixed');
    const last = group.filter(({ kind }) => kind === 'last_affected');
    sorted.push(...(open ? [...ends, ...begins] : [...begins, ...ends]), ...last);
    open = last.length === 0 && (open ? begins.length > 0 || ends.length === 0 : begins.length > 0 && ends.length === 0);
  }
  return sorted;
}

function* groupsOfEqual<T>(sorted: readonly T[], order: (a: T, b: T) => number): Generator<T[]> {
  let group: T[] = [];
  for (const item of sorted) {
    if (group.length > 0 && order(group[0] as T, item) !== 0) {
      yield group;
      group = [];
    }
    group.push(item);
  }
  if (group.length > 0) yield group;
}

/**
 * Evaluates one package version against one record.
 *
 * @returns null when the record has no entry for the package at all
 */
export function evaluate(prepared: PreparedRecord, component: Candidate): Evaluation | null {
  let best: Evaluation | null = null;
  for (const entry of prepared.entries) {
    if (entry.name !== component.nameKey || !ecosystemCovers(entry.ecosystem, component.ecosystem)) continue;
    const found = evaluateEntry(prepared.withdrawn, entry, component);
    if (best === null || PRECEDENCE.indexOf(found.outcome) < PRECEDENCE.indexOf(best.outcome)) best = found;
    if (best.outcome === 'affected') return best;
  }
  return best;
}

function evaluateEntry(withdrawn: string | undefined, entry: PreparedEntry, component: Candidate): Evaluation {
  const answer = (outcome: OutcomeName, reasons: readonly Reason[]): Evaluation => ({ outcome, entry: entry.index, reasons });
  const { text, version } = component;
  if (withdrawn !== undefined) return answer('not_affected', [{ at: withdrawn, rule: 'withdrawn' }]);
  if (version === null || version === '') return answer('unversioned', [{ rule: 'unversioned' }]);
  // In `versions` literally, or in a range: each alone is enough (a filled list does not silence the ranges).
  if (entry.versions.has(text)) return answer('affected', [{ rule: 'listed', version: text }]);
  if (text !== version && entry.versions.has(version)) return answer('affected', [{ rule: 'listed', version }]);
  const reasons: Reason[] = [];
  for (const range of entry.ranges()) {
    const reason = evaluateRange(range, reasons.length, component);
    if (reason.rule === 'in_range') return answer('affected', [reason]);
    reasons.push(reason);
  }
  const unknown = reasons.filter(({ rule }) => rule === 'version_ill_formed' || rule === 'bound_ill_formed' || rule === 'range_malformed');
  if (unknown.length > 0) return answer('indeterminate', unknown);
  const unsupported = reasons.filter(({ rule }) => rule === 'no_scheme' || rule === 'range_type_unknown');
  if (unsupported.length > 0) return answer('unsupported', unsupported);
  const decided = reasons.filter(({ rule }) => rule !== 'commit_graph_needed');
  // Commits need a graph nobody brings along: the list decides, and where there is none, nothing does.
  if (decided.length === 0 && entry.versions.size === 0 && reasons.length > 0) return answer('unsupported', reasons);
  if (entry.versions.size > 0 || decided.length === 0) decided.push({ listed: entry.versions.size, rule: 'not_listed' });
  return answer('not_affected', decided);
}

function evaluateRange(range: PreparedRange, index: number, component: Candidate): Reason {
  if (range.is === 'git') return { range: index, rule: 'commit_graph_needed' };
  if (range.is === 'answered') return range.reason;
  const { scheme } = range;
  const { wellFormed, version } = parsedUnder(scheme, component);
  if (!wellFormed) return { range: index, rule: 'version_ill_formed', scheme: scheme.name };
  if (range.illFormed !== null) return { bound: range.illFormed, range: index, rule: 'bound_ill_formed', scheme: scheme.name };
  const limit = beforeLimits(range.scheme, range.limits, version);
  if (limit !== null) return { bound: limit, range: index, rule: 'at_or_after_limit' };

  let since: PreparedEvent | null = null;
  let ended: PreparedEvent | null = null;
  for (const [i, event] of range.events.entries()) {
    const order = event.parsed === null ? 1 : scheme.order(version, event.parsed);
    const passed = event.kind === 'last_affected' ? order > 0 : order >= 0;
    if (!passed) {
      if (since === null) break;
      // Events ascend: the next end is the bound that the version has not reached.
      const open: Reason = { introduced: since.bound, range: index, rule: 'in_range' };
      const until = range.events.slice(i).find(({ kind }) => kind !== 'introduced');
      return until === undefined ? open : { bound: until.bound, ...open, until: until.kind };
    }
    if (event.kind === 'introduced') since ??= event;
    else [since, ended] = [null, event];
  }
  if (since !== null) return { introduced: since.bound, range: index, rule: 'in_range' };
  if (ended === null) return { bound: (range.events[0] as PreparedEvent).bound, range: index, rule: 'before_introduced' };
  return { bound: ended.bound, range: index, rule: ended.kind === 'fixed' ? 'at_or_after_fixed' : 'after_last_affected' };
}

function parsedUnder(scheme: Scheme, component: Candidate): { wellFormed: boolean; version: unknown } {
  const known = component.parsed.get(scheme);
  if (known !== undefined) return known;
  const found = { wellFormed: scheme.wellFormed(component.text), version: scheme.parse(component.text) };
  component.parsed.set(scheme, found);
  return found;
}

/** Null when the version is before the limits (or there are none), else the limit that shuts it out. */
function beforeLimits(scheme: Scheme, limits: readonly PreparedEvent[], version: unknown): string | null {
  if (limits.length === 0 || limits.some(({ parsed }) => parsed === null || scheme.order(version, parsed) < 0)) return null;
  return (limits[0] as PreparedEvent).bound;
}
