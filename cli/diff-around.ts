// What a diff looks at beside the documents themselves: what a gate reads about an artifact, and what became of its findings.
import { changesBetween, type FindingLife, type LifeChange } from '../actions/finding-lives.ts';
import { formatHex } from '../ledger/bytes.ts';
import { decisions } from '../projections/catch-up/decisions.ts';
import { everNamed } from '../projections/catch-up/findings.ts';
import { findDecisions, readAt } from '../projections/catch-up/queries.ts';
import type { DocumentReader } from '../projections/reader.ts';
import type { State } from '../projections/states.ts';
import { openCaughtUp } from './caught-up.ts';
import type { Call } from './command.ts';
import { livesOf, type FindingsAsked } from './findings.ts';
import { thingPorts } from './thing-ports.ts';
import { findThing } from './things.ts';

/** Decisions whose policies are looked at: the newest. */
const decisionsMax = 100;

const artifactOf = (stream: string): string | null => /^artifact:sha256:([0-9a-f]{64})$/.exec(stream)?.[1] ?? null;
const vulnerabilityOf = (stream: string): string | null => (stream.startsWith('vuln:') ? stream.slice('vuln:'.length) : null);

/** The streams of a thing; of an artifact also those that a gate reads about it. @throws {LedgerError} as `findThing` */
export async function streamsMeant(call: Call, asked: FindingsAsked, thing: string): Promise<Set<string>> {
  const { place, log, documents, state } = asked;
  const found = await findThing(thing, thingPorts(call, place, log, documents, state.size));
  const own = found.streams.map(({ stream }) => stream);
  const streams = new Set(own);
  for (const stream of own) {
    const artifact = artifactOf(stream);
    if (artifact !== null) for (const more of await streamsAround(call, asked, artifact)) streams.add(more);
  }
  return streams;
}

async function streamsAround(call: Call, asked: FindingsAsked, artifact: string): Promise<string[]> {
  const { place, log, documents } = asked;
  const document = await documents.get('artifact', `artifact:sha256:${artifact}`);
  const names = [...new Set((await livesOf(call, asked, { artifact })).flatMap(({ finding }) => everNamed(finding)))];
  const said = await documents.documents('vulnerability', names.map((name) => `vuln:${name}`));
  const opened = await openCaughtUp(call, place, log, [decisions]);
  const decided = opened === null ? null : await readAt(opened.db, decisions, (db) => findDecisions(db, { artifact, limit: decisionsMax }));
  await opened?.close();
  return [
    'trust', ...(document?.scans ?? []).map(({ feed }) => `feed:${feed}`), ...(document?.contracts ?? []).map(({ name }) => `contract:${name}`),
    ...said.keys(), ...[...said.values()].flatMap(({ waivers }) => waivers.map(({ id }) => `waiver:${id}`)),
    ...(decided ?? []).map(({ policy }) => `policy:${policy}`),
  ];
}

/**
 * What became of findings from one state to the other: of the artifacts and vulnerabilities among the streams, of what a waiver
 * covered that ended by time alone, and, where trust moved, of everything that VEX speaks of.
 *
 * @param ofOne - whether one artifact was asked about: then of its findings alone
 */
export async function findingsBetween(
  call: Call, asked: FindingsAsked, from: State, streams: ReadonlySet<string>, ofOne: boolean,
): Promise<{ life: FindingLife; changes: LifeChange[] }[]> {
  const { documents, state: to } = asked;
  if (from.effective === null || to.effective === null) return [];
  const [before, after] = [{ size: from.size, effective: from.effective }, { size: to.size, effective: to.effective }];
  const lives = new Map<string, FindingLife>();
  const add = (life: FindingLife) => {
    const { id, artifact, feed, fingerprint } = life.finding;
    lives.set(`${id} ${formatHex(artifact)} ${feed} ${fingerprint}`, life);
  };
  for (const artifact of [...streams].map(artifactOf)) {
    if (artifact !== null) for (const life of await livesOf(call, asked, { artifact }, after.effective)) add(life);
  }
  const names = ofOne ? [] : await namesMoved(documents, streams, before.effective, after.effective);
  if (names.length > 0) for (const life of await livesOf(call, asked, { names }, after.effective)) add(life);
  const became = [...lives].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, life]) => ({ life, changes: changesBetween(life, before, after) }));
  return became.filter(({ changes }) => changes.length > 0);
}

/** Vulnerabilities that something was said of, or that a waiver covered which ended; where trust moved, all that VEX speaks of. */
async function namesMoved(documents: DocumentReader, streams: ReadonlySet<string>, after: number, until: number): Promise<string[]> {
  const names = new Set([...streams].map(vulnerabilityOf).filter((name) => name !== null));
  for (const { waivers } of (await documents.all('waiver')).values()) {
    for (const { expires, vulnerabilities } of waivers) {
      if (expires > after && expires <= until) for (const name of vulnerabilities) names.add(name);
    }
  }
  if (streams.has('trust')) {
    for (const [stream, { vex }] of await documents.all('vulnerability')) if (vex.length > 0) names.add(stream.slice('vuln:'.length));
  }
  return [...names];
}
