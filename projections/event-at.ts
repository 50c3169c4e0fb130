// An event as folds see it: its place and what it says, from an event somebody decoded or read in place from the log's own bytes.
import {
  decodeCbor, decodeEvent, skimEntry, skimmedText, Skim, EVENTS, type CborMap, type Event, type EventName,
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
  #data: CborMap | null = null;

  /** Moves on to the event at `bytes[start, end)`. @throws {LedgerError} INPUT_MALFORMED when it is none */
  move(index: number, bytes: Uint8Array, start: number, end: number): void {
    this.index = index;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#data = null;
    skimEntry(bytes, start, end, this.skim);
  }

  get at(): number {
    return this.skim.at;
  }

  get by(): unknown {
    return this.#part(this.skim.byStart, this.skim.byEnd);
  }

  get data(): unknown {
    if (this.#data !== null) return this.#data;
    // Data of the newest version is taken as it is; anything older is lifted.
    const { schema, dataStart, dataEnd } = this.skim;
    this.#data = schema === EVENTS[this.type].length ? (this.#part(dataStart, dataEnd) as CborMap) : this.#decoded().data;
    return this.#data;
  }

  get claimed(): unknown {
    return this.#part(this.skim.claimedStart, this.skim.claimedEnd);
  }

  get payloads(): unknown {
    return this.#part(this.skim.payloadsStart, this.skim.payloadsEnd);
  }

  /** The name of its stream `i`. */
  stream(i: number): string {
    return skimmedText(this.#bytes, this.skim.nameStart[i] as number, this.skim.nameEnd[i] as number);
  }

  /** Whether the name of its stream `i` begins with these bytes, or is them. */
  streamBegins(i: number, prefix: Uint8Array, whole: boolean): boolean {
    const from = this.skim.nameStart[i] as number;
    const length = (this.skim.nameEnd[i] as number) - from;
    if (whole ? length !== prefix.length : length <= prefix.length) return false;
    for (let j = 0; j < prefix.length; j++) if (this.#bytes[from + j] !== prefix[j]) return false;
    return true;
  }

  /** The type as it stands in the entry. */
  typeText(): string {
    return skimmedText(this.#bytes, this.skim.typeStart, this.skim.typeEnd);
  }

  #part(start: number, end: number): unknown {
    return start < 0 ? undefined : decodeCbor(this.#bytes.subarray(start, end));
  }

  #decoded(): { readonly data: CborMap } {
    return decodeEvent(this.#bytes.subarray(this.#start, this.#end)) as unknown as { data: CborMap };
  }
}
