// Documents in memory: a fold over the whole log, to any size, and one stream's fold from given events.
import { encodeUtf8 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Event, EventName } from '../ledger/events/index.ts';
import type { Hasher } from '../ledger/merkle/index.ts';
import { digestOf, type EncodedDocument } from './digest.ts';
import { eventAt } from './event-at.ts';
import { projectionList, type Documents, type ProjectionName } from './gate-critical.ts';
import { GrowingDocuments } from './growing.ts';
import { evolve, type Document, type Projection } from './projection.ts';
import type { StreamTable, Tags } from './stream-table.ts';
import { EntryWalker, mainOf, partOf, stopped, type Follower, type PackedEntries, type Visit } from './walk.ts';

/** A fold that takes entries one after another, from entry 0 on. */
export class MemoryFold {
  readonly #walker: EntryWalker;
  readonly #documents: GrowingDocuments;
  readonly #projections: readonly Projection[];
  /** By projection, and how many entries there were when it was made. */
  readonly #maps = new Map<string, { readonly size: number; readonly documents: ReadonlyMap<string, Document> }>();
  #size = 0;

  /** @param projections - which documents are made; all gate-critical ones when left out */
  constructor(projections: readonly Projection[] = projectionList, follower: Follower | null = null) {
    this.#walker = new EntryWalker(projections, follower);
    this.#documents = new GrowingDocuments(this.#walker.streams);
    this.#projections = projections;
  }

  /** How many entries it has taken. */
  get size(): number {
    return this.#size;
  }

  /** The streams met so far. */
  get streams(): Pick<StreamTable, 'size' | 'placeOf' | 'namesFrom'> {
    return this.#walker.streams;
  }

  /** Takes the next entry. @throws {LedgerError} PROJECTION_STOPPED at one that this version cannot read: nothing after it counts */
  add(entry: Uint8Array): void {
    this.#walker.entry(this.#size, entry, 0, entry.length, this.#visit, this.#near);
    this.#size += 1;
  }

  /** Takes a run of entries that begins where the fold stands. @throws {LedgerError} as `add` */
  addRun(run: PackedEntries): void {
    if (run.start !== this.#size) throw new RangeError(`a run from ${run.start} for a fold of ${this.#size}`);
    this.#walker.walk(run, this.#visit, this.#near);
    this.#size += run.count;
  }

  /** Takes what a run holds from where the fold stands, up to a size. @throws {LedgerError} as `add` */
  addPart(run: PackedEntries, size: number): void {
    this.addRun(partOf(run, this.#size, size));
  }

  /** A stream's document at this size, or null where nothing moved one. It may change when the fold goes on. */
  get<N extends ProjectionName>(name: N, stream: string): Documents[N] | null {
    const projection = this.#projection(name);
    const place = this.#walker.streams.placeOf(encodeUtf8(stream));
    if (place < 0 || !this.#isOf(projection, place)) return null;
    return this.#documents.documentAt(place, projection) as unknown as Documents[N] | null;
  }

  /** All documents of a projection by their streams, in the order in which these were met. They may change when the fold goes on. */
  all<N extends ProjectionName>(name: N): ReadonlyMap<string, Documents[N]> {
    const known = this.#maps.get(name);
    if (known?.size === this.#size) return known.documents as ReadonlyMap<string, Document> as ReadonlyMap<string, Documents[N]>;
    const projection = this.#projection(name);
    const documents = new Map<string, Document>();
    for (const place of this.#placesOf(projection)) {
      const document = this.#documents.documentAt(place, projection);
      if (document !== null) documents.set(this.#walker.streams.nameAt(place), document);
    }
    this.#maps.set(name, { size: this.#size, documents });
    return documents as ReadonlyMap<string, Document> as ReadonlyMap<string, Documents[N]>;
  }

  *encoded(name: string): Iterable<EncodedDocument> {
    const projection = this.#projection(name);
    for (const place of this.#placesOf(projection)) {
      const document = this.#documents.encodedAt(place, projection);
      if (document !== null) yield { key: this.#walker.streams.nameAt(place), document };
    }
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

  #isOf(projection: Projection, place: number): boolean {
    return this.#projections[this.#walker.streams.projectionAt(place)] === projection;
  }

  *#placesOf(projection: Projection): Iterable<number> {
    for (let place = 0; place < this.#walker.streams.size; place++) if (this.#isOf(projection, place)) yield place;
  }

  readonly #visit: Visit = (place, reader, event, index) => this.#documents.move(place, reader, event, index);
  readonly #near = (tags: Tags): void => void (tags.touched += this.#documents.near(tags));
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
