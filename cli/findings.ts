// Findings with their lives, for a command: from the projection where the state is today's, else from a fold of the log up to it.
import { findingLives, type FindingLife, type LifeChange } from '../actions/finding-lives.ts';
import { payloadOrNull } from '../actions/catch-up.ts';
import { formatHex } from '../ledger/bytes.ts';
import { clip } from '../ledger/errors.ts';
import type { LogView } from '../ledger/log/view.ts';
import { everNamed, findings, type FindingDocument } from '../projections/catch-up/findings.ts';
import { openerOf } from '../projections/catch-up/definition.ts';
import { Rebuild } from '../projections/catch-up/memory.ts';
import { findFindings, readAt } from '../projections/catch-up/queries.ts';
import type { DocumentReader } from '../projections/reader.ts';
import type { State } from '../projections/states.ts';
import { openCaughtUp, sayStanding } from './caught-up.ts';
import type { Call } from './command.ts';
import { openDocuments, openPlacePayloads, type Place } from './place.ts';

export interface FindingsAsked {
  readonly place: Place;
  readonly log: LogView;
  readonly documents: DocumentReader;
  readonly state: State;
}

/** An artifact in hexadecimal, or a vulnerability by any of its names. */
export type FindingsOf = { readonly artifact: string } | { readonly names: readonly string[] };

/** The findings of a thing, each with its life; those that are still open first. @param at - effective time, the state's when left out */
export async function livesOf(call: Call, asked: FindingsAsked, of: FindingsOf, at?: number): Promise<readonly FindingLife[]> {
  const { place, log, documents, state } = asked;
  const isNow = state.size === log.published.size;
  const list = (isNow ? await findingsNow(call, place, log, of) : null) ?? (await findingsThen(call, asked, of));
  // Of a past state, as it was then: nothing that time alone has ended since has ended.
  const t = at ?? (isNow ? call.now() : (state.effective ?? call.now()));
  const lives = list.length === 0 ? [] : await findingLives({ log, documents, payloads: openPlacePayloads(place) }, list, t);
  const rank = ({ state: is }: FindingLife) => (is === 'resolved' ? 1 : 0);
  const key = ({ finding }: FindingLife) => `${finding.id} ${formatHex(finding.artifact)} ${finding.fingerprint}`;
  return lives.toSorted((a, b) => rank(a) - rank(b) || (key(a) < key(b) ? -1 : 1));
}

async function findingsNow(call: Call, place: Place, log: LogView, of: FindingsOf): Promise<FindingDocument[] | null> {
  const opened = await openCaughtUp(call, place, log, [findings]);
  if (opened === null) return null;
  try {
    const found = await readAt(opened.db, findings, async (db, size) => (size > log.published.size ? null : findFindings(db, of)));
    if (found !== null) for (const standing of opened.standings) sayStanding(call, standing);
    return found;
  } finally {
    await opened.close();
  }
}

/** Folds of what was there then: of each artifact its own stream, for no other entry moves its findings. */
async function findingsThen(call: Call, { place, log, state }: FindingsAsked, of: FindingsOf): Promise<FindingDocument[]> {
  const artifacts = 'artifact' in of ? [of.artifact] : await artifactsWith(call, place, log, of.names);
  const payloads = openPlacePayloads(place);
  const found: FindingDocument[] = [];
  for (const artifact of artifacts) {
    const fold = new Rebuild(findings, openerOf((digest) => payloadOrNull(payloads, digest)));
    const scans: number[] = [];
    for await (const { index } of log.stream(`artifact:sha256:${artifact}`)) if (index < state.size) scans.unshift(index);
    for (const index of scans) await fold.addAt(index, await log.entry(index));
    for (const [, document] of fold.documents('finding')) found.push(document as FindingDocument);
  }
  return found.filter((finding) => 'artifact' in of || everNamed(finding).some((name) => of.names.includes(name)));
}

/** Every artifact that ever had the vulnerability: what it has no finding of today it may have had then. */
async function artifactsWith(call: Call, place: Place, log: LogView, names: readonly string[]): Promise<string[]> {
  const now = await findingsNow(call, place, log, { names });
  if (now !== null) return [...new Set(now.map(({ artifact }) => formatHex(artifact)))];
  const { documents, close } = await openDocuments(place, log);
  try {
    return (await documents.streamsBeginning('artifact', 'artifact:sha256:')).map((stream) => stream.slice('artifact:sha256:'.length));
  } finally {
    await close();
  }
}

/** Findings shown to a person; JSON has all. */
const shownMax = 20;

export function sayLives(call: Call, lives: readonly FindingLife[]): void {
  if (lives.length === 0) return;
  const counts = new Map<string, number>();
  for (const { state } of lives) counts.set(state, (counts.get(state) ?? 0) + 1);
  call.out.say(`findings: ${[...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([state, count]) => `${count} ${state}`).join(', ')}`);
  for (const { finding, state, changes } of lives.slice(0, shownMax)) {
    const components = finding.components.map(({ purl, name }) => purl ?? name).join(', ');
    const where = `sha256:${formatHex(finding.artifact).slice(0, 12)}…`;
    call.out.say(`  ${finding.id.padEnd(18)} ${finding.severity.padEnd(8)} ${state.padEnd(12)} ${clip(components)}  in ${where} by ${finding.feed}`);
    call.out.say(`    ${changes.map(changeText).join(', ')}`);
  }
  if (lives.length > shownMax) call.out.say(`  … ${lives.length - shownMax} more (--json has all)`);
}

export function changeText(change: LifeChange): string {
  const where = change.entry === undefined ? new Date(change.at).toISOString() : `entry ${change.entry}`;
  if (change.is === 'resolved') return `resolved by ${change.by} ${where}`;
  if (change.is === 'vex') return `${change.status === null ? 'no VEX' : `VEX ${change.status}`} ${where}`;
  if (change.is === 'waived' || change.is === 'waiver ended') return `${change.is === 'waived' ? 'waived by' : 'no more by'} ${change.waiver} ${where}`;
  return `${change.is} ${where}`;
}

export function lifeMembers({ finding, state, firstSeen, lastSeen, changes }: FindingLife): Record<string, unknown> {
  const { id, aliases, severity, score, feed, artifact, components, fingerprint } = finding;
  return {
    id, aliases, severity, ...(score === undefined ? {} : { score }), artifact: `sha256:${formatHex(artifact)}`, feed, components, fingerprint, state,
    firstSeen, lastSeen,
    changes: changes.map(({ at, ...change }) => ({ ...change, at: new Date(at).toISOString() })),
  };
}
