// Documents in memory: a fold over the whole log, to any size, and one stream's fold from given events.
import { LedgerError } from '../ledger/errors.ts';
import type { Event, EventName } from '../ledger/events/index.ts';
import type { Hasher } from '../ledger/merkle/index.ts';
import { digestOf, encodeDocument, type EncodedDocument } from './digest.ts';
import { eventAt } from './event-at.ts';
import { projectionList, type Documents, type ProjectionName } from './gate-critical.ts';
import { evolve, type Document, type Projection } from './projection.ts';
import type { StreamTable } from './stream-table.ts';
import { EntryWalker, mainOf, partOf, stopped, type Follower, type PackedEntries, type Visit } from './walk.ts';

/** A fold that takes entries one after another, from entry 0 on. */
export class MemoryFold {
  readonly #walker: EntryWalker<Document>;
  readonly #projections: readonly Projection[];
  /** By projection, and how many documents there were when it was made. */
  readonly #maps = new Map<Projection, { readonly begun: number; readonly documents: Map<string, Document> }>();
  #size = 0;
  /** How many documents there are. */
  #begun = 0;

  /** @param projections - which documents are made; all gate-critical ones when left out */
  constructor(projections: readonly Projection[] = projectionList, follower: Follower | null = null) {
    this.#walker = new EntryWalker(projections, follower);
    this.#projections = projections;
  }

  /** How many entries it has taken. */
  get size(): number {
    return this.#size;
  }

  /** The streams met so far. */
  get streams(): Pick<StreamTable<Document>, 'size' | 'placeOf' | 'namesFrom'> {
    return this.#walker.streams;
  }

  /** Takes the next entry. @throws {LedgerError} PROJECTION_STOPPED at one that this version cannot read: nothing after it counts */
  add(entry: Uint8Array): void {
    this.#walker.entry(this.#size, entry, 0, entry.length, this.#visit);
    this.#size += 1;
  }

  /** Takes a run of entries that begins where the fold stands. @throws {LedgerError} as `add` */
  addRun(run: PackedEntries): void {
    if (run.start !== this.#size) throw new RangeError(`a run from ${run.start} for a fold of ${this.#size}`);
    this.#walker.walk(run, this.#visit);
    this.#size += run.count;
  }

  /** Takes what a run holds from where the fold stands, up to a size. @throws {LedgerError} as `add` */
  addPart(run: PackedEntries, size: number): void {
    this.addRun(partOf(run, this.#size, size));
  }

  /** A stream's document at this size, or null where nothing moved one. It changes when the fold goes on. */
  get<N extends ProjectionName>(name: N, stream: string): Documents[N] | null {
    return (this.#map(name).get(stream) as Documents[N] | undefined) ?? null;
  }

  /** All documents of a projection by their streams, in the order in which they began. */
  all<N extends ProjectionName>(name: N): ReadonlyMap<string, Documents[N]> {
    return this.#map(name) as ReadonlyMap<string, Document> as ReadonlyMap<string, Documents[N]>;
  }

  *encoded(name: string): Iterable<EncodedDocument> {
    for (const [key, document] of this.#map(name)) yield { key, document: encodeDocument(document) };
  }

  /** The digest of a projection's documents. @see digestOf */
  digest(name: string, hasher?: Hasher): Uint8Array {
    return digestOf(this.#projection(name), this.encoded(name), hasher);
  }

  #projection(name: string): Projection {
    const found = this.#projections.find((projection) => projection.name === name);
    if (found === undefined) throw new TypeError(`this fold makes no documents of "${name}"`);
    return found;
  }

  #map(name: string): Map<string, Document> {
    const projection = this.#projection(name);
    const known = this.#maps.get(projection);
    if (known?.begun === this.#begun) return known.documents;
    const own = this.#walker.streams.all.filter((stream) => stream.projection === projection && stream.kept !== null);
    const documents = new Map(own.map((stream) => [stream.name, stream.kept as Document]));
    this.#maps.set(projection, { begun: this.#begun, documents });
    return documents;
  }

  readonly #visit: Visit<Document> = (stream, event, index) => {
    const { kept } = stream;
    if (kept === null) this.#begun += 1;
    const moved = evolve(stream.projection, stream.name, kept, event, index);
    if (moved !== kept) stream.kept = moved;
  };
}

/**
 * Folds a log's first entries.
 *
 * @param entries - in the order of the log, from entry 0 on
 * @param size - how many of them; all of them when left out
 * @throws {LedgerError} PROJECTION_STOPPED
 */
export async function foldEntries(
  entries: AsyncIterable<Uint8Array>, size = Number.POSITIVE_INFINITY, projections?: readonly Projection[],
): Promise<MemoryFold> {
  const fold = new MemoryFold(projections);
  if (size === 0) return fold;
  for await (const entry of entries) {
    fold.add(entry);
    if (fold.size === size) break;
  }
  return fold;
}

/** An event of a stream, decoded and checked, and for a `*.linked` one the event that stands `back` entries before it. */
export interface StreamEvent {
  readonly index: number;
  readonly event: Event;
  readonly main?: { readonly index: number; readonly event: Event };
}

/**
 * Folds one stream from its events: what a pack and the log give alike.
 *
 * @param events - all of the stream, oldest first
 * @returns null where no event moved a document
 * @throws {LedgerError} PROJECTION_STOPPED for a linked event whose main event is not given, or is another
 */
export function foldStream<D extends Document>(projection: Projection<D>, stream: string, events: Iterable<StreamEvent>): D | null {
  let document: D | null = null;
  for (const { index, event, main } of events) {
    const linkedTo = mainOf(event.type);
    let shown = { index, event };
    if (linkedTo !== null) {
      const { back } = event.data as { back: number };
      if (main === undefined || main.index !== index - back || main.event.type !== linkedTo) {
        throw stopped(index, new LedgerError('EVENT_INVALID', `no ${linkedTo} stands ${back} entries before it`));
      }
      shown = main;
    }
    if (projection.on[shown.event.type as EventName] === undefined) continue;
    document = evolve(projection, stream, document, eventAt(shown.index, shown.event), index);
  }
  return document;
}
