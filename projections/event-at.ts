// An event as folds see it: its place and what it says, from an event somebody decoded or read in place from the log's own bytes.
import {
  decodeCbor, decodeEvent, skimMember, skimMembers, skimPayload, EVENTS, Span, type CborMap, type CborWriter, type Event, type EventName, type Skim,
} from '../ledger/events/index.ts';

/** One event at its place; `T` narrows `data` when `type` is compared. Times are milliseconds since 1970. */
export type EventAt<T extends EventName = EventName> = {
  [K in T]: Pick<Event<K>, 'type' | 'at' | 'by' | 'data' | 'claimed' | 'payloads'> & { readonly index: number };
}[T];

/** An event that was decoded and checked before. */
export function eventAt(index: number, { type, at, by, data, claimed, payloads }: Event): EventAt {
  return { index, type, at, by, data, ...(claimed === undefined ? {} : { claimed }), ...(payloads === undefined ? {} : { payloads }) } as EventAt;
}

/**
 * An event of the log's own bytes, whose parts are decoded when they are first asked for.
 *
 * One object serves for one entry after another: nobody keeps it. Nothing is checked again here, for only what the log wrote
 * and has checked is read so; data of an older version is read by `decodeEvent`, which lifts it.
 */
export class SkimmedEvent {
  index = 0;
  type!: EventName;
  at = 0;
  /** The members of its data that are read; null for all. */
  #only: readonly string[] | null = null;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Which of `places` are this event's. */
  #places: Int32Array = new Int32Array(0);
  #first = 0;
  readonly #span = new Span();
  // Decoded once for all documents that an event moves: they share what they keep of it.
  #by: unknown;
  #data: unknown;
  #claimed: unknown;
  #payloads: unknown;

  /** How many places `write` writes. */
  static readonly places = 11;

  /** Notes where the parts of the entry at `bytes[start, end)` stand, as it was skimmed. */
  static write(skim: Skim, start: number, end: number, places: Int32Array, first: number): void {
    places[first] = skim.byStart;
    places[first + 1] = skim.byEnd;
    places[first + 2] = skim.dataStart;
    places[first + 3] = skim.dataEnd;
    places[first + 4] = skim.claimedStart;
    places[first + 5] = skim.claimedEnd;
    places[first + 6] = skim.payloadsStart;
    places[first + 7] = skim.payloadsEnd;
    places[first + 8] = start;
    places[first + 9] = end;
    places[first + 10] = skim.schema;
  }

  /** Moves on to an event. @param places - in `bytes`, as `write` wrote them from `first` on @param only - the members of its data that are read */
  move(index: number, type: EventName, at: number, bytes: Uint8Array, places: Int32Array, first: number, only: readonly string[] | null): void {
    this.index = index;
    this.type = type;
    this.at = at;
    this.#bytes = bytes;
    this.#places = places;
    this.#first = first;
    this.#only = only;
    this.#by = this.#data = this.#claimed = this.#payloads = undefined;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether its data is of the newest version, and may be read and copied as it stands. */
  get isNewest(): boolean {
    return this.#places[this.#first + 10] === EVENTS[this.type].length;
  }

  /** Where a member of its data stands in `bytes`, encoded, until it is asked again; null where there is none, or the data has to be lifted. */
  memberAt(name: string): Readonly<Span> | null {
    return this.isNewest && skimMember(this.#bytes, this.#place(2), this.#place(3), name, this.#span) ? this.#span : null;
  }

  // What is encoded in the event and stands so in a document too is copied. @returns false where there is no such thing

  copyBy(into: CborWriter): boolean {
    into.part(this.#bytes, this.#place(0), this.#place(1));
    return true;
  }

  copyMember(name: string, into: CborWriter): boolean {
    return skimMember(this.#bytes, this.#place(2), this.#place(3), name, this.#span) && this.#copySpan(into);
  }

  /** The time that its document states. */
  copyClaimed(into: CborWriter): boolean {
    return this.#place(4) >= 0 && skimMember(this.#bytes, this.#place(4), this.#place(5), 'at', this.#span) && this.#copySpan(into);
  }

  /** The digest of its payload of a role. */
  copyPayload(role: string, into: CborWriter): boolean {
    return this.#place(6) >= 0 && skimPayload(this.#bytes, this.#place(6), this.#place(7), role, this.#span) && this.#copySpan(into);
  }

  #copySpan(into: CborWriter): true {
    into.part(this.#bytes, this.#span.start, this.#span.end);
    return true;
  }

  #place(which: number): number {
    return this.#places[this.#first + which] as number;
  }

  get by(): unknown {
    return (this.#by ??= this.#part(0));
  }

  get data(): unknown {
    if (this.#data !== undefined) return this.#data;
    // Data of the newest version is taken as it is; anything older is lifted.
    if (!this.isNewest) this.#data = this.#decoded().data;
    else if (this.#only === null) this.#data = this.#part(2);
    else this.#data = skimMembers(this.#bytes, this.#place(2), this.#place(3), this.#only);
    return this.#data;
  }

  get claimed(): unknown {
    return (this.#claimed ??= this.#part(4));
  }

  get payloads(): unknown {
    return (this.#payloads ??= this.#part(6));
  }

  #part(which: number): unknown {
    const start = this.#places[this.#first + which] as number;
    return start < 0 ? undefined : decodeCbor(this.#bytes.subarray(start, this.#places[this.#first + which + 1]));
  }

  #decoded(): { readonly data: CborMap } {
    const bytes = this.#bytes.subarray(this.#places[this.#first + 8], this.#places[this.#first + 9]);
    return decodeEvent(bytes) as unknown as { data: CborMap };
  }
}
