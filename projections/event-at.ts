// An event as folds see it: its place and what it says, from an event somebody decoded or read in place from the log's own bytes.
import {
  decodeCbor, decodeEvent, skimEntry, Skim, EVENTS, type CborMap, type Event, type EventName,
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
  readonly skim = new Skim();
  type!: EventName;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  // Decoded once for all documents that an event moves: they share what they keep of it.
  #by: unknown;
  #data: unknown;
  #claimed: unknown;
  #payloads: unknown;

  /** Moves on to the event at `bytes[start, end)`. @throws {LedgerError} INPUT_MALFORMED when it is none */
  move(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.index = index;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#by = this.#data = this.#claimed = this.#payloads = undefined;
    skimEntry(bytes, start, end, this.skim);
  }

  get at(): number {
    return this.skim.at;
  }

  get by(): unknown {
    return (this.#by ??= this.#part(this.skim.byStart, this.skim.byEnd));
  }

  get data(): unknown {
    if (this.#data !== undefined) return this.#data;
    // Data of the newest version is taken as it is; anything older is lifted.
    const { schema, dataStart, dataEnd } = this.skim;
    this.#data = schema === EVENTS[this.type].length ? this.#part(dataStart, dataEnd) : this.#decoded().data;
    return this.#data;
  }

  get claimed(): unknown {
    return (this.#claimed ??= this.#part(this.skim.claimedStart, this.skim.claimedEnd));
  }

  get payloads(): unknown {
    return (this.#payloads ??= this.#part(this.skim.payloadsStart, this.skim.payloadsEnd));
  }

  /** The bytes it is read from. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  #part(start: number, end: number): unknown {
    return start < 0 ? undefined : decodeCbor(this.#bytes.subarray(start, end));
  }

  #decoded(): { readonly data: CborMap } {
    return decodeEvent(this.#bytes.subarray(this.#start, this.#end)) as unknown as { data: CborMap };
  }
}
