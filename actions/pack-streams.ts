// What a pack of a scope holds of the log: its streams whole, with what the stream index says of each, and their entries.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeEvent, kindOf, type Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { mainOf } from '../projections/walk.ts';
import type { DecisionTree, PackStream, PackStreams, Scope } from '../verify/pack/index.ts';
import type { PackedDecisions } from './pack-decisions.ts';

/** What somebody asks a pack of. Times are milliseconds since 1970, both included. */
export type PackRequest =
  | { readonly kind: 'artifact'; readonly artifact: string }
  | { readonly kind: 'decision'; readonly decision: number }
  | { readonly kind: 'period'; readonly from: number; readonly to: number };

export interface PackEntries {
  readonly scope: Scope;
  readonly streams: PackStreams;
  /** Ascending by index; null for what is no event. */
  readonly entries: ReadonlyMap<number, Event | null>;
}

/**
 * Gathers what a scope promises, of the first `size` entries.
 *
 * @param stated - index of the entry that states the stream index
 * @param size - the size that the pack's checkpoint is of; the stated index speaks of fewer entries
 * @param decisions - those that the pack is about: the streams that they read are there whole
 */
export async function gatherStreams(log: LogView, scope: Scope, stated: number, size: number, decisions: PackedDecisions): Promise<PackEntries> {
  const events = new Map<number, Event | null>();
  const take = async (index: number): Promise<Event | null> => {
    if (!events.has(index)) events.set(index, eventOf(await log.entry(index)));
    return events.get(index) ?? null;
  };
  const stating = await take(stated);
  const indexSize = stating?.type === 'ledger.indexed' ? stating.data.size : stating?.type === 'decision.recorded' ? stating.data.tree.size : 0;
  const index = await log.readStreamIndexAt(indexSize);
  await take(0);
  const names = new Set<string>(['ledger', ...decisions.streams]);
  if (scope.kind === 'artifact') for (const name of await namesAround(log, `artifact:${scope.artifact}`)) names.add(name);
  if (scope.kind === 'decision') await take(scope.decision);
  if (scope.kind === 'period') {
    // The entries beside the period show where it begins and ends.
    for (let at = Math.max(0, scope.start - 1); at < Math.min(size, scope.end + 1); at++) await take(at);
  }
  const streams: PackStream[] = [];
  for (const name of [...names].sort()) {
    const head = index.prove(name);
    // The ledger's own stream goes on to the checkpoint, for keys may have come since; of others what the index speaks of is enough.
    const last = name === 'ledger' ? Number.POSITIVE_INFINITY : head.claim === 'present' ? head.version : 0;
    let version = 0;
    if (last > 0) {
      for await (const { index: at, event } of log.stream(name)) {
        const tag = event.streams.find((one) => one.name === name);
        if (tag === undefined || tag.version > last || at >= size) continue;
        version = Math.max(version, tag.version);
        events.set(at, event);
      }
    }
    streams.push({ name, version, head });
  }
  // An event that brings more streams to another is nothing without it.
  for (const [at, event] of events) if (event !== null && mainOf(event.type) !== null) await take(at - (event.data as { readonly back: number }).back);
  const growth = stating?.type === 'decision.recorded' ? await log.proveConsistency(stating.data.tree.size, size) : [];
  const trees = scope.kind === 'decision' ? [] : await treesOf(log, decisions, size);
  return { scope, streams: { stated, growth, trees, streams }, entries: new Map([...events].sort(([a], [b]) => a - b)) };
}

/** The trees that decisions read, with what shows that the log went on from them. */
async function treesOf(log: LogView, { made }: PackedDecisions, size: number): Promise<DecisionTree[]> {
  const trees: DecisionTree[] = [];
  for (const { index, event: { data: { tree } } } of made) {
    // One that claims a tree which the log has not come to has no proof, and says so when it is replayed.
    if (index >= size || tree.size > size) continue;
    trees.push({ decision: index, growth: await log.proveConsistency(tree.size, size) });
  }
  return trees;
}

/** The stream of an artifact, those that its events belong to beside it, and whom the ledger trusts. */
async function namesAround(log: LogView, stream: string): Promise<string[]> {
  const names = new Set<string>([stream, 'trust']);
  for await (const { event } of log.stream(stream)) for (const { name } of event.streams) names.add(name);
  return [...names];
}

/** Entries of the log, from `start` up to, but without, `end`; `start` is -1 where there are none. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The entries recorded in a time: those from the first that is not before it up to the last that is not after it.
 *
 * @param known - what the first `read` entries came to, where somebody has looked before
 */
export async function spanBetween(
  log: LogView, { from, to }: { readonly from: number; readonly to: number }, size: number, known: Span & { readonly read: number } = nothingRead,
): Promise<Span & { readonly read: number }> {
  if (known.read > size) return spanBetween(log, { from, to }, size);
  let { start, end, read } = known;
  for await (const entry of log.entries(read, size)) {
    const time = eventOf(entry)?.at ?? null;
    if (time !== null && time >= from && time <= to) {
      if (start < 0) start = read;
      end = read + 1;
    }
    read += 1;
  }
  return { start, end, read };
}

const nothingRead = { start: -1, end: 0, read: 0 } as const;

function eventOf(entry: Uint8Array): Event | null {
  return kindOf(entry) === 'event' ? decodeEvent(entry) : null;
}

/** The decision in an entry. @throws {LedgerError} ENTRY_MISSING where it is none */
export async function decisionOf(log: LogView, index: number): Promise<Event & { type: 'decision.recorded' }> {
  const event = eventOf(await log.entry(index));
  if (event?.type === 'decision.recorded') return event;
  throw new LedgerError('ENTRY_MISSING', `Cannot pack entry ${index}: it is no decision`, { hint: '"stella decision list" names decisions by their entries' });
}

/** `sha256:` and hexadecimal. */
export function artifactOf([algorithm, digest]: readonly [string, Uint8Array]): string {
  return `${algorithm}:${formatHex(digest)}`;
}
