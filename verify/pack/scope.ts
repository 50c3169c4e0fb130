// What the scope of a pack promises: the decision with all that it read, the artifact's stream, every entry of the period.
import type { Event } from '../../ledger/events/index.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { clip } from '../../ledger/errors.ts';
import { no } from '../../ledger/verdict.ts';
import type { PackAnswer } from './codes.ts';
import type { Manifest } from './manifest.ts';
import type { PinsOf } from './pins.ts';
import type { PackEntry } from './receipts.ts';

/** What is known of a pack when its scope is asked about. */
export interface ScopeEvidence {
  readonly manifest: Manifest;
  readonly entries: ReadonlyMap<number, PackEntry>;
  /** The streams that are there whole, by name: their events in the order of the log. */
  readonly whole: ReadonlyMap<string, { readonly events: readonly { readonly index: number }[] }>;
  /** The size at which the stream index says that they are whole. */
  readonly indexedSize: number;
  readonly pins: PinsOf;
}

/** @returns what is proven and what is not, in sentences */
export function verifyScope(evidence: ScopeEvidence): PackAnswer<Told> {
  const { manifest: { scope, size }, entries, whole } = evidence;
  // A log's beginning says what its entries are: behind that of a raw ledger they are anybody's bytes, and what looks like an event is none.
  if (entries.get(0)?.event?.type !== 'ledger.created') return unmet('entry 0, which says what the entries of the log are, is not there');
  if (!whole.has('ledger')) return unmet('the stream "ledger", which has the log\'s keys, is not there whole');
  if (scope.kind === 'period') return verifyPeriod(scope, size, entries);
  const stream = `artifact:${scope.artifact}`;
  if (!whole.has(stream)) return unmet(`the stream "${stream}" is not there whole`);
  if (scope.kind === 'artifact') return { ok: true, proven: [`all that the log says of ${scope.artifact} is there`], notProven: [] };
  return verifyDecision(scope, evidence);
}

interface Told {
  readonly proven: string[];
  readonly notProven: string[];
}

type Decision = Extract<Manifest['scope'], { kind: 'decision' }>;

function verifyDecision({ decision, artifact }: Decision, { entries, whole, indexedSize, pins: pinsOf }: ScopeEvidence): PackAnswer<Told> {
  // 1. It is there, and about the artifact.
  const event = entries.get(decision)?.event ?? null;
  if (event?.type !== 'decision.recorded') return unmet(`entry ${decision} is no decision, or not there`);
  if (`sha256:${formatHex(event.data.artifact[1])}` !== artifact) return unmet(`the decision in entry ${decision} is about another artifact`);
  // 2. Every stream that it read is there whole, up to the version and place that it read. An index over fewer entries than it read says
  //    nothing of what came between: a stream cut there would be whole, and an old head the newest.
  const { size } = event.data.tree;
  if (indexedSize < size) return unmet(`the stream index speaks of ${indexedSize} entries, and the decision in entry ${decision} read ${size}`);
  const pins = pinsOf(event);
  if (pins === null) return unmet(`the pins of the decision in entry ${decision} are not there`);
  if (!pins.ok) return pins;
  if (pins.value.streams.length !== event.data.pins) return unmet(`the decision read ${event.data.pins} streams, its pins name ${pins.value.streams.length}`);
  for (const { name, version, index } of pins.value.streams) {
    const events = whole.get(name)?.events;
    if (events === undefined) return unmet(`the stream "${clip(name)}", which the decision read, is not there whole`);
    // An operator who pins an old head had the decision made without what came after it.
    const had = countBefore(events, event.data.tree.size);
    if (had !== version || (events[had - 1]?.index ?? null) !== index) {
      return unmet(`the decision pins version ${version} of "${clip(name)}", which had ${had} at size ${event.data.tree.size}`);
    }
  }
  const { outcome } = event.data;
  // The index speaks of the size that was read; a reader of all entries sees what came between (DECISION_STATE_OLD).
  const notProven = size < decision ? [`that nothing it read was moved between size ${size} and its own entry ${decision}`] : [];
  return { ok: true, proven: [`the decision in entry ${decision} is there (${outcome}), and each stream it read as it was then`], notProven };
}

/** How many of a stream's events are among the first `size` entries. @param events - in the order of the log */
export function countBefore(events: readonly { readonly index: number }[], size: number): number {
  let count = events.length;
  while (count > 0 && (events[count - 1] as { readonly index: number }).index >= size) count--;
  return count;
}

type Period = Extract<Manifest['scope'], { kind: 'period' }>;

function verifyPeriod({ from, to, start, end }: Period, size: number, entries: ScopeEvidence['entries']) {
  if (end > size) return unmet(`the period ends at ${end}, beyond the tree of ${size}`);
  // 1. Places in the log have no gaps, so that nothing between the first and the last entry can be left out.
  for (let index = start; index < end; index++) if (!entries.has(index)) return unmet(`entry ${index} of the period is not there`);
  const proven = [`every entry from ${start} to ${end - 1} is there`];
  // 2. The entries beside the period show that it begins and ends where it should. Where the clock was set, times do not tell.
  const wasSet = [...entries.values()].some(({ event }) => event?.type === 'ledger.clock_set');
  if (wasSet) return { ok: true as const, proven, notProven: ['that these are all entries of that time: the clock was set meanwhile'] };
  const at = (index: number): number | null => timeOf(entries.get(index)?.event ?? null);
  for (let index = start; index < end; index++) {
    const time = at(index);
    if (time !== null && (time < from || time > to)) return unmet(`entry ${index} was recorded outside the period`);
  }
  const [before, after] = [at(start - 1), at(end)];
  if (start > 0 && (before === null || before >= from)) return unmet(`that nothing before entry ${start} is of the period is not shown`);
  if (end < size && (after === null || after <= to)) return unmet(`that nothing from entry ${end} on is of the period is not shown`);
  return { ok: true as const, proven: [...proven, 'and none beside them was recorded in that time'], notProven: [] };
}

function timeOf(event: Event | null): number | null {
  return event?.at ?? null;
}

function unmet(what: string) {
  return no('PACK_SCOPE_UNMET', what);
}
