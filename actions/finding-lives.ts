// The life of a finding: what scans saw, and from when to when VEX and waivers counted for it, by the functions that the gate asks.
import { formatHex } from '../ledger/bytes.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { actsOf, covers, waiverState, type ActProof } from '../projections/active-waivers.ts';
import { episodesOf, isOpen, type Episode, type FindingDocument, type ResolvedBy } from '../projections/catch-up/findings.ts';
import { effectiveVex, vexClaims, type VexClaim, type VexStatus, type VexTarget } from '../projections/effective-vex.ts';
import type { VexPointer } from '../projections/evidence.ts';
import type { TrustDocument } from '../projections/trust.ts';
import type { Waiver } from '../projections/waiver.ts';
import { namesOf } from '../policy/gate/findings.ts';
import { proveActs } from './act-statement.ts';
import { VexOnRecord, type VexPorts } from './vex-on-record.ts';

/** One change; `entry` is absent where time alone made it. Times are milliseconds since 1970. */
export type LifeChange = { readonly at: number; readonly entry?: number } & (
  | { readonly is: 'opened' | 'reopened' | 'changed' }
  | { readonly is: 'resolved'; readonly by: ResolvedBy; readonly seen: number }
  /** What trusted VEX comes to for it; null: nothing any more. */
  | { readonly is: 'vex'; readonly status: VexStatus | null }
  | { readonly is: 'waived' | 'waiver ended'; readonly waiver: string }
);

/** How a finding stands: resolved by a scan, else waived, else what VEX says, else open. */
export type LifeState = 'open' | 'resolved' | 'waived' | VexStatus;

export interface FindingLife {
  readonly finding: FindingDocument;
  readonly state: LifeState;
  /** The entry of the scan that saw it first, and, of one that is resolved, that of the last scan that did. */
  readonly firstSeen: number;
  readonly lastSeen: number | null;
  /** Oldest first. */
  readonly changes: readonly LifeChange[];
}

interface SizeAndTime {
  readonly size: number;
  readonly effective: number;
}

/**
 * What became of a finding from one state to another: by entries between their sizes, or by time alone between their times.
 *
 * @param from, to - sizes, and effective times in milliseconds since 1970
 */
export function changesBetween(
  { changes }: Pick<FindingLife, 'changes'>, from: SizeAndTime, to: SizeAndTime,
): LifeChange[] {
  return changes.filter(({ entry, at }) =>
    (entry === undefined ? at > from.effective && at <= to.effective : entry >= from.size && entry < to.size));
}

/** What may change what counts: an entry, or a time at which something ends by itself. */
interface Moment {
  readonly at: number;
  /** Absent where it is time alone: then all entries recorded by then count. */
  readonly entry?: number;
}

interface VexRead {
  readonly pointer: VexPointer;
  readonly statements: Awaited<ReturnType<VexOnRecord['statements']>>;
  /** Where it was superseded; null where it was not. */
  readonly gone: { readonly entry: number; readonly at: number } | null;
}

interface Record {
  readonly trust: TrustDocument | null;
  readonly pointers: readonly VexRead[];
  readonly waivers: readonly Waiver[];
  readonly proof: ActProof;
}

/**
 * The lives of findings, as of the documents' size.
 *
 * Nothing of this is stored: a waiver ends by time alone, and trust that is taken back takes back what VEX said.
 *
 * @param t - effective time, milliseconds since 1970
 */
export async function findingLives(ports: VexPorts & { readonly log: LogView }, list: readonly FindingDocument[], t: number): Promise<FindingLife[]> {
  const { documents, log } = ports;
  const vex = new VexOnRecord(ports);
  const names = [...new Set(list.flatMap((finding) => episodesOf(finding).flatMap(({ said }) => namesOf({ ...said, id: finding.id }))))];
  const artifacts = [...new Map(list.map(({ artifact }) => [formatHex(artifact), artifact])).values()];
  const pointers: VexRead[] = [];
  for (const pointer of await vex.naming(names, artifacts)) {
    const by = pointer.superseded?.entry;
    const gone = by === undefined ? null : { entry: by, at: decodeEvent(await log.entry(by)).at };
    pointers.push({ pointer, statements: await vex.statements(pointer), gone });
  }
  const named = [...(await documents.documents('vulnerability', names.map((name) => `vuln:${name}`))).values()].flatMap(({ waivers }) => waivers);
  // As their own streams have them: an act on one stands there, whatever else it names.
  const own = await documents.documents('waiver', [...new Set(named.map(({ id }) => `waiver:${id}`))]);
  const entries = new Set(named.map(({ entry }) => entry));
  const waivers = [...own.values()].flatMap((document) => document.waivers).filter(({ entry }) => entries.has(entry)).sort((a, b) => a.entry - b.entry);
  const record: Record = { trust: await documents.get('trust', 'trust'), pointers, waivers, proof: await proveActs(ports, waivers) };
  const lives = [];
  for (const finding of list) lives.push(lifeOf(finding, record, await vex.artifact(finding.artifact), t));
  return lives;
}

function lifeOf(finding: FindingDocument, record: Record, artifact: VexTarget['artifact'], t: number): FindingLife {
  const episodes = episodesOf(finding);
  const about = aboutFinding(finding, record);
  const changes: LifeChange[] = finding.changes.filter(({ at }) => at <= t).map((change) => {
    const { entry, at } = change;
    return change.is === 'resolved' ? { is: change.is, entry, at, by: change.by, seen: change.seen.entry } : { is: change.is, entry, at };
  });
  let status: VexStatus | null = null;
  let [waived, isWaived]: [ReadonlySet<string>, boolean] = [new Set(), false];
  for (const moment of momentsOf(finding, about, t)) {
    const episode = episodes.find(({ from, to }) => isBy(from, moment) && (to === null || !isBy(to, moment)));
    // What is gone needs neither VEX nor waiver: they do not end with it.
    if (episode === undefined) continue;
    const now = countingAt(finding, episode, about, artifact, moment);
    const where = moment.entry === undefined ? { at: moment.at } : { at: moment.at, entry: moment.entry };
    if (now.status !== status) changes.push({ ...where, is: 'vex', status: now.status });
    for (const waiver of now.waived) if (!waived.has(waiver)) changes.push({ ...where, is: 'waived', waiver });
    for (const waiver of waived) if (!now.waived.has(waiver)) changes.push({ ...where, is: 'waiver ended', waiver });
    [status, waived, isWaived] = [now.status, now.waived, now.isWaived];
  }
  const rank = ({ is }: LifeChange) => (is === 'vex' || is === 'waived' || is === 'waiver ended' ? 1 : 0);
  changes.sort((a, b) => a.at - b.at || (a.entry ?? Number.POSITIVE_INFINITY) - (b.entry ?? Number.POSITIVE_INFINITY) || rank(a) - rank(b));
  const newest = finding.changes.at(-1);
  return {
    finding, changes, firstSeen: (finding.changes[0] as { entry: number }).entry, lastSeen: newest?.is === 'resolved' ? newest.seen.entry : null,
    state: !isOpen(finding) ? 'resolved' : isWaived ? 'waived' : (status ?? 'open'),
  };
}

/** The part of the record that names the finding. */
function aboutFinding(finding: FindingDocument, record: Record): Record {
  const names = [...new Set(episodesOf(finding).flatMap(({ said }) => namesOf({ ...said, id: finding.id })))];
  const isNamed = (ids: readonly string[]) => ids.some((id) => names.includes(id));
  const pointers = record.pointers.filter(({ statements }) => statements.some(({ vulnerability, aliases = [] }) => isNamed([vulnerability, ...aliases])));
  return { ...record, pointers, waivers: record.waivers.filter(({ vulnerabilities }) => isNamed(vulnerabilities)) };
}

function momentsOf(finding: FindingDocument, { pointers, waivers, trust }: Record, t: number): Moment[] {
  const moments: Moment[] = finding.changes.map(({ at, entry }) => ({ at, entry }));
  for (const { pointer, gone } of pointers) {
    moments.push({ at: pointer.at, entry: pointer.entry });
    if (gone !== null) moments.push(gone);
  }
  if (pointers.length > 0) {
    for (const { entry, at, removed } of trust?.entries ?? []) {
      moments.push({ at, entry });
      if (removed !== undefined) moments.push({ at: removed.at, entry: removed.entry });
    }
  }
  for (const waiver of waivers) {
    for (const { at, entry } of actsOf(waiver)) moments.push({ at, entry });
    moments.push({ at: waiver.expires });
  }
  return moments.filter(({ at }) => at <= t).sort((a, b) => a.at - b.at || (a.entry ?? Number.POSITIVE_INFINITY) - (b.entry ?? Number.POSITIVE_INFINITY));
}

/** What counts at a moment for all components that have the finding then. */
function countingAt(
  finding: FindingDocument, { said }: Episode, { pointers, trust, waivers, proof }: Record, artifact: VexTarget['artifact'], moment: Moment,
): { status: VexStatus | null; waived: ReadonlySet<string>; isWaived: boolean } {
  const ids = namesOf({ ...said, id: finding.id });
  const trusted = trust === null ? null : { ...trust, entries: trust.entries.filter((one) => isBy(one, moment)).map((one) => untilThen(one, moment)) };
  const claims: VexClaim[] = pointers.filter(({ pointer }) => isBy(pointer, moment)).flatMap(({ pointer, statements, gone }) => {
    const { superseded, ...rest } = pointer;
    const isGone = superseded !== undefined && gone !== null && isBy(gone, moment);
    return vexClaims(isGone ? pointer : rest, statements, trusted);
  });
  const active = waivers.filter((waiver) => isBy(waiver, moment)).map((waiver) => {
    const byThen = (acts: Waiver['approvals']) => acts.filter((act) => isBy(act, moment));
    return { ...waiver, approvals: byThen(waiver.approvals), rejections: byThen(waiver.rejections), revocations: byThen(waiver.revocations) };
  }).filter((waiver) => waiverState(waiver, moment.at, proof).active);
  const waived = new Set<string>();
  let isWaived = said.components.length > 0;
  const statuses = said.components.map(({ purl = null }) => {
    const covering = active.filter((waiver) => covers(waiver, { ids, artifact: finding.artifact, purl }));
    for (const { id } of covering) waived.add(id);
    isWaived &&= covering.length > 0;
    return effectiveVex(claims, { ids, artifact, purl }, moment.at).status;
  });
  return { status: worst(statuses), waived, isWaived };
}

/** Where components differ, the finding is what the worst of them is; where nothing is said of one, nothing is said of it. */
function worst(statuses: readonly (VexStatus | null)[]): VexStatus | null {
  const order: readonly VexStatus[] = ['affected', 'under_investigation', 'fixed', 'not_affected'];
  return statuses.includes(null) ? null : (order.find((one) => statuses.includes(one)) ?? null);
}

function untilThen<T extends { removed?: { entry: number; at: number } }>(one: T, moment: Moment): T {
  if (one.removed === undefined || isBy(one.removed, moment)) return one;
  const { removed: _, ...rest } = one;
  return rest as T;
}

/** Whether what is recorded there belongs to what counts at the moment. */
function isBy({ entry, at }: { readonly entry: number; readonly at: number }, moment: Moment): boolean {
  return moment.entry === undefined ? at <= moment.at : entry <= moment.entry;
}
