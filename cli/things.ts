// Things as people call them, found on record: which documents they have, and which entries concern them.
import { formatHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { kindOf, Skim, skimEntry } from '../ledger/events/index.ts';
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
}

/**
 * Finds what a text calls.
 *
 * @throws {LedgerError} NAME_UNKNOWN where nothing on record is called so
 */
export async function findThing(text: string, ports: ThingPorts): Promise<FoundThing> {
  const thing = readThing(text);
  if (thing.kind === 'index') return { streams: [], entries: thing.index < ports.size ? [thing.index] : [] };
  if (thing.kind === 'person') return expectEntries(text, await entriesBy(thing.digits, ports), []);
  const names = await streamsOf(thing, ports);
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

async function streamsOf(thing: Exclude<ReturnType<typeof readThing>, { kind: 'index' | 'person' }>, { documents }: ThingPorts): Promise<readonly string[]> {
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
      const all = [...(await documents.all('artifact')).keys(), ...(await documents.all('key')).keys()];
      return all.filter((stream) => stream.replace(/^(?:artifact:sha256:|key:)/, '').startsWith(thing.digits));
    }
    default:
      return thing satisfies never;
  }
}

/** What an actor did: an actor is in no stream of its own, so all entries are looked at. */
async function entriesBy(digits: string, { log, size }: ThingPorts): Promise<number[]> {
  const isRaw = (await log.readControl()).genesis.kinds.includes('raw');
  const found: number[] = [];
  const skim = new Skim();
  let index = 0;
  for await (const entry of log.entries(0, size)) {
    if (kindOf(entry) === 'event' && !(isRaw && index > 0)) {
      skimEntry(entry, 0, entry.length, skim);
      if (skim.person >= 0 && formatHex(entry.subarray(skim.person, skim.person + 16)).startsWith(digits)) found.unshift(index);
    }
    index += 1;
  }
  return found;
}

function expectEntries(text: string, entries: readonly number[], streams: FoundThing['streams']): FoundThing {
  if (entries.length > 0) return { streams, entries };
  throw new LedgerError('NAME_UNKNOWN', `Cannot find "${clip(text)}": nothing on record is called so`, {
    hint: 'name a digest or at least 6 of its digits, a vulnerability, a waiver, a policy, person:…, or an index',
  });
}
