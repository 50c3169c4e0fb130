// Going over entries: which documents each of them moves, told from its first bytes where it moves none.
import { encodeUtf8 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { decodeCbor, EVENTS, Skim, skimEntry, skimmedText, type EventName } from '../ledger/events/index.ts';
import { SkimmedEvent, type EventAt } from './event-at.ts';
import { deedOf, type Deed, type Projection } from './projection.ts';
import { StreamTable, Tags } from './stream-table.ts';

/** What a projection does with events of a type. */
export interface Reader {
  readonly projection: Projection;
  /** Null where that is for the handler alone to say. */
  readonly deed: Deed | null;
  /** Of those that a walker has. */
  readonly number: number;
}

/** An event of the log's own bytes, as folds see it. */
export type ShownEvent = EventAt & Pick<SkimmedEvent, 'bytes' | 'memberAt'>;

/**
 * Called for each document that an event moves.
 *
 * @param place - of the stream in the walker's table
 * @param event - valid until the call returns
 * @param index - of the entry in the stream: the event's own, or that of the `*.linked` entry which brought it here
 * @param version - that the entry gives the stream: 1 where it is its first
 */
export type Visit = (place: number, reader: Reader, event: ShownEvent, index: number, version: number) => void;

/** Who follows the streams of all entries, whatever they move. */
export interface Follower {
  /** Told of the tags of some entries, their streams found, before any of these entries is visited. */
  tags(tags: Tags): void;
  /** Told of each entry that states a root of the stream index, before its tags. */
  stated(index: number, entry: Uint8Array): void;
}

/** The types that state a root of the stream index about what stands before them; exports do too, and nobody decides on theirs. */
const STATING: ReadonlySet<EventName> = new Set(['ledger.indexed', 'decision.recorded']);

/** So many entries are read before their streams are looked for. */
const together = 256;

/** Entries as they are stored: `count` times a 16-bit length and that many bytes. */
export interface PackedEntries {
  readonly start: number;
  readonly count: number;
  readonly packed: Uint8Array;
}

/** The entries of a run from `start` up to, but without, `end`. */
export function partOf(run: PackedEntries, start: number, end: number): PackedEntries {
  const { packed } = run;
  const [from, to] = [Math.max(start, run.start), Math.min(end, run.start + run.count)];
  let [first, last, offset] = [0, packed.length, 0];
  for (let index = run.start; index <= to && offset < packed.length; index++) {
    if (index === from) first = offset;
    if (index === to) last = offset;
    offset += 2 + (((packed[offset] as number) << 8) | (packed[offset + 1] as number));
  }
  return { start: from, count: to - from, packed: packed.subarray(first, last) };
}

interface TypeRoute {
  readonly name: EventName;
  /** The same in ASCII, and the newest version of its data. */
  readonly text: Uint8Array;
  readonly newest: number;
  /** Those who read it, by the number of their projection, and null behind them. */
  readonly readers: readonly (Reader | null)[];
  readonly isRead: boolean;
  /** 1 at the letters that their streams' names begin with: what begins with another need not be looked for. */
  readonly letters: Uint8Array;
  /** What they read of its data; null for all. */
  readonly only: readonly string[] | null;
  /** For `sbom.linked` the route of `sbom.ingested`, whose event it brings. */
  readonly links: TypeRoute | null;
  /** Whether a `*.linked` entry may bring it to more streams. */
  readonly isLinked: boolean;
  readonly isStating: boolean;
}

/** What `*.linked` entries of a family are linked to. */
const LINKED: Readonly<Record<string, EventName>> = {
  'sbom.linked': 'sbom.ingested',
  'attestation.linked': 'attestation.recorded',
  'report.linked': 'report.ingested',
  'document.linked': 'document.stored',
  'vex.linked': 'vex.stated',
};

/** The type that a `*.linked` type brings to more streams, or null. */
export function mainOf(type: EventName): EventName | null {
  return LINKED[type] ?? null;
}

/** What an entry shows to documents: the event, and whose streams it is in. */
interface Shown {
  /** Places of the event's parts, from which number on: of these entries, or for an event linked to, of an earlier one. */
  index: number;
  route: TypeRoute;
  at: number;
  bytes: Uint8Array;
  places: Int32Array;
  first: number;
  /** Of the entry in the stream. */
  taggedIndex: number;
  /** Up to which tag the entry's own go; they begin where those of the one before end. */
  tagsEnd: number;
}

/** An event of a type that others may be linked to. */
interface Main {
  index: number;
  bytes: Uint8Array;
  at: number;
  readonly places: Int32Array;
}

/** Reads entries in the order of the log, and says which documents they move. It stops at one it cannot read, and never skips. */
export class EntryWalker {
  readonly #routes = new Map<string, TypeRoute>();
  readonly #types = new Map<number, TypeRoute>();
  #before: TypeRoute | null = null;
  /** Those of the entry at hand. */
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #skim = new Skim();
  readonly #event = new SkimmedEvent();
  readonly #tags = new Tags();
  readonly #follower: Follower | null;
  readonly streams: StreamTable;
  /** The newest event of each type that others may be linked to. */
  readonly #mains = new Map<EventName, Main>();
  /** What the entries at hand show, in objects that are used again, and where the parts of their events stand. */
  readonly #shown: Shown[] = [];
  #shownCount = 0;
  #places = new Int32Array(together * SkimmedEvent.places);
  #decodes = true;
  #readers = 0;

  /** @param follower - without one only streams that an event may move are looked for, and few others */
  constructor(projections: readonly Projection[], follower: Follower | null = null) {
    for (const name of Object.keys(EVENTS) as EventName[]) this.#route(name, projections);
    this.streams = new StreamTable(projections);
    this.#follower = follower;
  }

  /**
   * Goes over entries.
   *
   * @param near - told of the tags of some entries, their streams found, before these are visited
   * @throws {LedgerError} PROJECTION_STOPPED at an entry that this version cannot read; those before it have been gone over
   */
  walk({ start, count, packed }: PackedEntries, visit: Visit, near?: (tags: Tags) => void): void {
    let at = 0;
    for (let from = 0; from < count; from += together) {
      let refusal: LedgerError | null = null;
      for (let i = from; i < Math.min(count, from + together) && refusal === null; i++) {
        const end = at + 2 + (((packed[at] as number) << 8) | (packed[at + 1] as number));
        refusal = this.#take(start + i, packed, at + 2, end);
        at = end;
      }
      this.#show(packed, visit, near);
      if (refusal !== null) throw refusal;
    }
  }

  /** Goes over the entry at `bytes[start, end)`. @throws {LedgerError} as `walk` */
  entry(index: number, bytes: Uint8Array, start: number, end: number, visit: Visit, near?: (tags: Tags) => void): void {
    const refusal = this.#take(index, bytes, start, end);
    this.#show(bytes, visit, near);
    if (refusal !== null) throw refusal;
  }

  /** Notes what an entry shows. @returns why it cannot be read */
  #take(index: number, bytes: Uint8Array, start: number, end: number): LedgerError | null {
    // A Rekor body has its event behind it in the same batch.
    if (!this.#decodes || bytes[start] === 0x7b) return null;
    const skim = this.#skim;
    this.#bytes = bytes;
    try {
      const first = bytes[start] as number;
      if (first < 0xa1 || first > 0xb7) throw new LedgerError('ENTRY_KIND_UNKNOWN', 'its first byte begins no event');
      skimEntry(bytes, start, end, skim);
      const route = this.#routeOf(bytes, skim);
      if (route.isStating) this.#follower?.stated(index, bytes.subarray(start, end));
      if (route.isLinked) this.#noteMain(route, index, bytes, start, end);
      if (route.links !== null) this.#takeLinked(index, route.links, bytes, this.#partsOf(start, end));
      else if (route.isRead) this.#note(index, route, skim.at, bytes, this.#places, this.#partsOf(start, end), index);
      else if (this.#follower !== null) this.#note(index, route, skim.at, bytes, this.#places, 0, index);
      // Entries of a raw ledger are anybody's bytes: nothing is decoded behind the first.
      if (index === 0) this.#decodes = !isRaw(bytes.subarray(start, end));
      return null;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      return stopped(index, error);
    }
  }

  /** Notes the parts of the skimmed entry. @returns from which number on */
  #partsOf(start: number, end: number): number {
    const first = this.#shownCount * SkimmedEvent.places;
    SkimmedEvent.write(this.#skim, start, end, this.#places, first);
    return first;
  }

  #noteMain({ name }: TypeRoute, index: number, bytes: Uint8Array, start: number, end: number): void {
    let main = this.#mains.get(name);
    if (main === undefined) this.#mains.set(name, (main = { index, bytes, at: 0, places: new Int32Array(SkimmedEvent.places) }));
    main.index = index;
    main.bytes = bytes;
    main.at = this.#skim.at;
    SkimmedEvent.write(this.#skim, start, end, main.places, 0);
  }

  #takeLinked(index: number, route: TypeRoute, bytes: Uint8Array, first: number): void {
    const { dataStart, dataEnd } = this.#skim;
    const { back } = decodeCbor(bytes.subarray(dataStart, dataEnd)) as { back: number };
    const main = this.#mains.get(route.name);
    if (main?.index !== index - back) throw new LedgerError('EVENT_INVALID', `no ${route.name} stands ${back} entries before it`);
    if (route.isRead) this.#note(main.index, route, main.at, main.bytes, main.places.slice(), 0, index);
    else if (this.#follower !== null) this.#note(index, route, this.#skim.at, bytes, this.#places, first, index);
  }

  /** @param index - of the event that is shown @param taggedIndex - of the entry whose streams count */
  #note(index: number, route: TypeRoute, at: number, bytes: Uint8Array, places: Int32Array, first: number, taggedIndex: number): void {
    this.#tags.add(taggedIndex, this.#skim, this.#bytes, this.#follower === null ? route.letters : null);
    const tagsEnd = this.#tags.count;
    const known = this.#shown[this.#shownCount++];
    if (known === undefined) {
      this.#shown.push({ index, route, at, bytes, places, first, taggedIndex, tagsEnd });
      return;
    }
    known.index = index;
    known.route = route;
    known.at = at;
    known.bytes = bytes;
    known.places = places;
    known.first = first;
    known.taggedIndex = taggedIndex;
    known.tagsEnd = tagsEnd;
  }

  /** Finds the streams of all entries taken, and visits what they move. */
  #show(bytes: Uint8Array, visit: Visit, near?: (tags: Tags) => void): void {
    const tags = this.#tags;
    const { streams } = this;
    streams.findAll(bytes, tags);
    try {
      this.#follower?.tags(tags);
      near?.(tags);
      let tag = 0;
      for (let i = 0; i < this.#shownCount; i++) {
        const { index, route, at, places, first, taggedIndex, tagsEnd, bytes: own } = this.#shown[i] as Shown;
        const { readers, isRead } = route;
        if (!isRead) {
          tag = tagsEnd;
          continue;
        }
        const event = this.#event;
        event.move(index, route.name, at, own, places, first, route.only);
        for (; tag < tagsEnd; tag++) {
          const place = tags.place[tag] as number;
          const reader = readers[streams.projectionAt(place)] as Reader | null;
          if (reader === null) continue;
          visit(place, reader, event as unknown as ShownEvent, taggedIndex, tags.version[tag] as number);
        }
      }
    } finally {
      tags.count = 0;
      this.#shownCount = 0;
    }
  }

  #routeOf(bytes: Uint8Array, { typeStart, typeEnd, schema }: Skim): TypeRoute {
    // Mostly it is of the type before.
    const before = this.#before;
    if (before !== null && schema === before.newest && isText(before.text, bytes, typeStart, typeEnd)) return before;
    const known = this.#types.get(keyOf(bytes, typeStart, typeEnd));
    if (known !== undefined && schema === known.newest && isText(known.text, bytes, typeStart, typeEnd)) return (this.#before = known);
    const name = skimmedText(bytes, typeStart, typeEnd);
    const route = this.#routes.get(name);
    if (route === undefined) throw new LedgerError('EVENT_UNKNOWN', `type "${name}" is unknown`);
    if (schema > route.newest) throw new LedgerError('EVENT_VERSION_UNKNOWN', `version ${schema} of ${name} is unknown`);
    this.#types.set(keyOf(bytes, typeStart, typeEnd), route);
    return route;
  }

  #route(name: EventName, projections: readonly Projection[]): TypeRoute {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const main = mainOf(name);
    const readers = [...projections, null].map((projection) => {
      if (projection === null) return null;
      const handler = projection.on[name];
      return handler === undefined ? null : { projection, deed: deedOf(handler), number: this.#readers++ };
    });
    const read = readers.flatMap((reader) => (reader === null ? [] : [reader.projection.reads?.[name] as readonly string[] | undefined]));
    const only = read.length === 0 || read.includes(undefined) ? null : [...new Set(read.flat() as string[])];
    const links = main === null ? null : this.#route(main, projections);
    const isRead = read.length > 0;
    const letters = new Uint8Array(256);
    for (const reader of readers) if (reader !== null) letters[reader.projection.streams.charCodeAt(0)] = 1;
    const route = {
      name, text: encodeUtf8(name), newest: EVENTS[name].length, readers, isRead, letters, only, links,
      isLinked: Object.values(LINKED).includes(name), isStating: STATING.has(name),
    };
    this.#routes.set(name, route);
    return route;
  }
}

function isRaw(genesis: Uint8Array): boolean {
  const { data } = decodeCbor(genesis) as { data?: { kinds?: readonly string[] } };
  return data?.kinds?.includes('raw') === true;
}

export function stopped(index: number, cause: LedgerError): LedgerError {
  if (cause.code === 'PROJECTION_STOPPED') return cause;
  return new LedgerError('PROJECTION_STOPPED', `Cannot fold entry ${index}: ${cause.code}, ${cause.message}`, {
    hint: 'read this ledger with a newer version of Stella Ledger; if it is of this version, run "stella fsck"', cause,
  });
}

/** Tells types apart by their length and four letters; whoever finds one compares the rest. */
function keyOf(bytes: Uint8Array, start: number, end: number): number {
  const letter = (at: number) => (bytes[at] as number) & 0x3f;
  return ((end - start) << 24) | (letter(start) << 18) | (letter(start + 2) << 12) | (letter(end - 1) << 6) | letter(end - 4);
}

function isText(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[start + i]) return false;
  return true;
}
