// Things as people call them, found on record: which documents they have, and which entries concern them.
import { formatHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { decodeEnvelope, kindOf, Skim, skimEntry } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { projectionOf, type Documents, type ProjectionName } from '../projections/gate-critical.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { readThing, streamsNamed } from '../projections/things.ts';

export interface FoundThing {
  /** Its streams, with their documents where they have one. */
  readonly streams: readonly { readonly stream: string; readonly document: Documents[ProjectionName] | null }[];
  /** Indexes of the entries that concern it, newest first. */
  readonly entries: readonly number[];
}

export interface ThingPorts {
  readonly log: LogView;
  readonly documents: DocumentReader;
  /** Of the state that is asked about. */
  readonly size: number;
  /** The entries of actors whose pseudonyms begin so, by pseudonym; null, or left out, where all entries have to be looked at. */
  readonly entriesOf?: (digits: string) => Promise<ReadonlyMap<string, readonly number[]> | null>;
}

/**
 * Finds what a text calls.
 *
 * @throws {LedgerError} NAME_UNKNOWN where nothing on record is called so; NAME_AMBIGUOUS where the digits begin several digests or
 *   pseudonyms; DECISION_UNKNOWN for `decision:N` where entry N is none
 */
export async function findThing(text: string, ports: ThingPorts): Promise<FoundThing> {
  const thing = readThing(text);
  if (thing.kind === 'index') {
    await expectDecision(text, thing.index, ports);
    return { streams: [], entries: thing.index < ports.size ? [thing.index] : [] };
  }
  if (thing.kind === 'person') return expectEntries(text, await entriesBy(text, thing.digits, ports), []);
  const names = await streamsOf(text, thing, ports);
  const streams = [];
  const entries = new Set<number>();
  for (const stream of names) {
    const own: number[] = [];
    for await (const { index } of ports.log.stream(stream)) if (index < ports.size) own.push(index);
    if (own.length === 0) continue;
    const projection = projectionOf(stream);
    streams.push({ stream, document: projection === null ? null : await ports.documents.get(projection.name as ProjectionName, stream) });
    for (const index of own) entries.add(index);
  }
  return expectEntries(text, [...entries].sort((a, b) => b - a), streams);
}

/** `decision:7` names a decision, and nothing else. @throws {LedgerError} DECISION_UNKNOWN */
export async function expectDecision(text: string, index: number, { log, size }: Pick<ThingPorts, 'log' | 'size'>): Promise<void> {
  if (!text.startsWith('decision:')) return;
  const entry = index < size ? await log.entry(index) : null;
  if (entry !== null && kindOf(entry) === 'event' && decodeEnvelope(entry).type === 'decision.recorded') return;
  throw new LedgerError('DECISION_UNKNOWN', `Cannot find decision ${index}: ${entry === null ? `the log has ${size} entries` : 'that entry is none'}`, {
    hint: '"stella decision list" names them',
  });
}

async function streamsOf(
  text: string, thing: Exclude<ReturnType<typeof readThing>, { kind: 'index' | 'person' }>, { documents }: ThingPorts,
): Promise<readonly string[]> {
  switch (thing.kind) {
    case 'stream':
      return [thing.stream];
    case 'name':
      return streamsNamed(thing.name);
    case 'purl':
      // A package is no stream: where it is used stands in facts ("stella show").
      return [];
    case 'digest': {
      if (thing.digits.length === 64) return [`artifact:sha256:${thing.digits}`, `key:${thing.digits}`];
      const artifacts = await documents.streamsBeginning('artifact', `artifact:sha256:${thing.digits}`);
      const all = [...artifacts, ...(await documents.streamsBeginning('key', `key:${thing.digits}`))];
      if (all.length > 1) throw ambiguous(text, all);
      return all;
    }
    default:
      return thing satisfies never;
  }
}

/** What an actor did: an actor is in no stream of its own, so where no projection tells, all entries are looked at. */
async function entriesBy(text: string, digits: string, ports: ThingPorts): Promise<readonly number[]> {
  const found = (await ports.entriesOf?.(digits)) ?? (await lookThrough(digits, ports));
  if (found.size > 1) throw ambiguous(text, [...found.keys()].map((person) => `person:${person}`));
  return ([...found.values()][0] ?? []).filter((index) => index < ports.size);
}

async function lookThrough(digits: string, { log, size }: ThingPorts): Promise<ReadonlyMap<string, readonly number[]>> {
  const isRaw = (await log.readControl()).genesis.kinds.includes('raw');
  const found = new Map<string, number[]>();
  const skim = new Skim();
  let index = 0;
  for await (const entry of log.entries(0, size)) {
    if (kindOf(entry) === 'event' && !(isRaw && index > 0)) {
      skimEntry(entry, 0, entry.length, skim);
      const person = skim.person < 0 ? '' : formatHex(entry.subarray(skim.person, skim.person + 16));
      if (person !== '' && person.startsWith(digits)) found.set(person, [...(found.get(person) ?? []), index]);
    }
    index += 1;
  }
  for (const entries of found.values()) entries.reverse();
  return found;
}

/** Candidates that a refusal names. */
const candidatesMax = 8;

function ambiguous(text: string, candidates: readonly string[]): LedgerError {
  const named = candidates.toSorted().slice(0, candidatesMax).join(', ');
  const more = candidates.length > candidatesMax ? ` and ${candidates.length - candidatesMax} more` : '';
  return new LedgerError('NAME_AMBIGUOUS', `Cannot tell which "${clip(text)}" is meant: ${named}${more}`, { hint: 'give more of its digits' });
}

function expectEntries(text: string, entries: readonly number[], streams: FoundThing['streams']): FoundThing {
  if (entries.length > 0) return { streams, entries };
  throw new LedgerError('NAME_UNKNOWN', `Cannot find "${clip(text)}": nothing on record is called so`, {
    hint: 'name a digest or at least 6 of its digits, a vulnerability, a waiver, a policy, person:…, or an index',
  });
}
