// What VEX on record is about: for each statement the findings it matches, and for one that matches none, what came nearest.
import { formatHex } from '../ledger/bytes.ts';
import { decodeEnvelope, decodeEvent, kindOf } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { effectiveVex, unmatchedVex, vexClaims, vexMismatch, type VexClaim, type VexMismatch, type VexTarget } from '../projections/effective-vex.ts';
import type { TrustDocument } from '../projections/trust.ts';
import { episodesOf, findings, type FindingDocument } from '../projections/catch-up/findings.ts';
import { findEntries, findFindings, readAt } from '../projections/catch-up/queries.ts';
import type { CatchUpDb } from '../projections/catch-up/tables.ts';
import { timeline } from '../projections/catch-up/timeline.ts';
import { namesOf } from '../policy/gate/findings.ts';
import { linkedTo } from './linked.ts';
import { VexOnRecord, type VexPorts } from './vex-on-record.ts';

/** A statement, and how many findings of any scan it matches; `why` it matches none. */
export interface VexMatch {
  readonly claim: VexClaim;
  readonly matched: number;
  readonly why: VexMismatch | null;
  /** It matches, and counts for none of them: the same author states something newer, whatever was recorded last. */
  readonly isOvertaken: boolean;
}

export interface VexMatches {
  readonly statements: readonly VexMatch[];
  /** How many entries of the log findings are told from. */
  readonly size: number;
  /** Entries whose words are not here. */
  readonly unreadable: readonly number[];
}

/**
 * Holds every statement against every finding that any scan had, whether or not it is still there and whoever stated it: one that
 * matches nothing is the usual accident (a purl spelt otherwise, another digest), and is never silent.
 *
 * @param t - effective time, milliseconds since 1970 @param only - of these entries alone; all when left out
 * @returns null where the projection does not answer
 */
export async function vexMatches(
  ports: VexPorts & { readonly db: CatchUpDb; readonly log: Pick<LogView, 'entries' | 'entry'> }, t: number, only?: readonly number[],
): Promise<VexMatches | null> {
  const { db, documents, log } = ports;
  const record = new VexOnRecord(ports);
  const trust = await documents.get('trust', 'trust');
  const claims: VexClaim[] = [];
  const entries = only === undefined ? await statedIn(ports) : await withLinked(only, log, documents.size);
  // Where nobody knows which entries they are, every document is looked through.
  const pointers = entries === null ? await record.all() : await record.naming(...(await namedBy(entries, log)));
  for (const pointer of pointers) {
    if (only === undefined || only.includes(pointer.entry)) claims.push(...vexClaims(pointer, await record.statements(pointer), trust));
  }
  const names = new Set(claims.flatMap(namesIn));
  const found = await readAt(db, findings, async (snapshot, size) => ({ size, all: await findFindings(snapshot, { names: [...names] }) }));
  if (found === null) return null;
  const targets = new Map<string, { finding: FindingDocument; targets: VexTarget[] }[]>();
  for (const finding of found.all) {
    const one = { finding, targets: await targetsOf(finding, record) };
    for (const id of new Set(one.targets.flatMap(({ ids }) => ids))) targets.set(id, [...(targets.get(id) ?? []), one]);
  }
  const asked = [...new Set([...targets.values()].flat())].flatMap((one) => one.targets);
  const others = only === undefined ? claims : await claimsAbout(asked, record, trust);
  const overtaken = overtakenIn(asked, others, t);
  const statements = claims.map((claim) => {
    const meant = [...new Set(namesIn(claim).flatMap((name) => targets.get(name) ?? []))];
    const matching = meant.map((one) => one.targets.filter((target) => vexMismatch(claim, target, t) === null)).filter((some) => some.length > 0);
    const isOvertaken = matching.length > 0 && matching.flat().every((target) => overtaken.get(target)?.has(placeOf(claim)) === true);
    return { claim, matched: matching.length, why: unmatchedVex([claim], meant.flatMap((one) => one.targets), t)[0]?.why ?? null, isOvertaken };
  });
  return { statements, size: found.size, unreadable: [...record.unreadable] };
}

const placeOf = ({ pointer, place }: VexClaim) => `${pointer.entry}/${place}`;

/** Every statement that may be about one of the targets. */
async function claimsAbout(targets: readonly VexTarget[], record: VexOnRecord, trust: TrustDocument | null): Promise<VexClaim[]> {
  const artifacts = new Map(targets.map(({ artifact: { digest } }) => [formatHex(digest), digest]));
  const pointers = await record.naming([...new Set(targets.flatMap(({ ids }) => ids))], [...artifacts.values()]);
  return (await Promise.all(pointers.map(async (pointer) => vexClaims(pointer, await record.statements(pointer), trust)))).flat();
}

/** The statements that count no more for a target, because their author states something newer of it. */
function overtakenIn(targets: readonly VexTarget[], claims: readonly VexClaim[], t: number): ReadonlyMap<VexTarget, ReadonlySet<string>> {
  const byName = new Map<string, VexClaim[]>();
  for (const claim of claims) for (const name of new Set(namesIn(claim))) {
    const named = byName.get(name);
    if (named === undefined) byName.set(name, [claim]);
    else named.push(claim);
  }
  return new Map(targets.map((target) => {
    const { overtaken } = effectiveVex(new Set(target.ids.flatMap((id) => byName.get(id) ?? [])), target, t);
    return [target, new Set(overtaken.map(placeOf))];
  }));
}

const ownTypes = ['vex.stated', 'vex.linked'] as const;

/** The entries that put VEX on record, and those that bring further streams to them; null where the timeline does not answer. */
async function statedIn({ db, documents, log }: VexPorts & { readonly db: CatchUpDb; readonly log: Pick<LogView, 'entries'> }): Promise<number[] | null> {
  const found = await readAt(db, timeline, async (snapshot, size) => {
    const entries: number[] = [];
    for (const type of ownTypes) entries.push(...((await findEntries(snapshot, 'type', type)).get(type) ?? []));
    return { entries: entries.filter((entry) => entry < documents.size), size };
  });
  if (found === null) return null;
  // What it has not taken in yet.
  let at = Math.min(found.size, documents.size);
  for await (const entry of log.entries(at, documents.size)) {
    if (kindOf(entry) === 'event' && (ownTypes as readonly string[]).includes(decodeEnvelope(entry).type)) found.entries.push(at);
    at += 1;
  }
  return found.entries;
}

/** Entries with VEX, and those that bring further streams to them: these follow in the same batch. */
async function withLinked(entries: readonly number[], log: Pick<LogView, 'entry'>, size: number): Promise<number[]> {
  const all = [...entries];
  for (const main of entries) for await (const { index } of linkedTo(log, main, size)) all.push(index);
  return all;
}

/** What entries with VEX name, and what they are about: their documents say whether somebody superseded them. @throws {LedgerError} ENTRY_MISSING */
async function namedBy(entries: readonly number[], log: Pick<LogView, 'entry'>): Promise<[names: string[], artifacts: Uint8Array[]]> {
  const names = new Set<string>();
  const artifacts = new Map<string, Uint8Array>();
  for (const index of entries) {
    const event = decodeEvent(await log.entry(index));
    if (event.type !== 'vex.stated' && event.type !== 'vex.linked') continue;
    for (const name of event.data.vulnerabilities ?? []) names.add(name);
    for (const [, digest] of event.data.subjects ?? []) artifacts.set(formatHex(digest), digest);
  }
  return [[...names], [...artifacts.values()]];
}

const namesIn = ({ statement: { vulnerability, aliases = [] } }: VexClaim): string[] => [vulnerability, ...aliases];

/** Every component that scans ever had it in, each once. */
async function targetsOf(finding: FindingDocument, record: VexOnRecord): Promise<VexTarget[]> {
  const artifact = await record.artifact(finding.artifact);
  const targets = new Map<string, VexTarget>();
  for (const { said } of episodesOf(finding)) {
    const ids = namesOf({ ...said, id: finding.id });
    for (const { purl = null } of said.components) targets.set(`${ids.join(' ')} ${purl}`, { ids, artifact, purl });
  }
  return [...targets.values()];
}

/** A statement in one line: what it is about, in its own words. */
export function productText({ statement: { product, part }, pointer }: VexClaim): string {
  const words = ({ purls = [], hashes = [], versions = [] }: NonNullable<typeof product>) =>
    [...purls, ...hashes.map(([algorithm, value]) => `${algorithm}:${value}`), ...versions].join(' ');
  const whole = product === undefined ? (pointer.subjects ?? []).map((digest) => `sha256:${formatHex(digest)}`).join(' ') : words(product);
  return part === undefined ? whole : `${words(part)} in ${whole}`;
}
