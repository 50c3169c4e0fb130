// Documents that grow: kept as what events did to them, in one piece of memory, and made when somebody asks.
import { encodeCbor, type CborMap, type CborValue } from '../ledger/events/index.ts';
import { encodeDocument } from './digest.ts';
import { decodeDocument, extendDocument, extendedBytesMax, type Addition } from './encoded.ts';
import { encodedItem } from './items.ts';
import { evolve, moveOn, type Adding, type Deed, type Document, type Projection } from './projection.ts';
import { grown, type StreamTable, type Tags } from './stream-table.ts';
import type { Reader, ShownEvent } from './walk.ts';

/** Words of a document's state: its newest entry (a float64), its newest addition, and its newest other deed, or its decoded document. */
const stateWords = 4;
const adding = 2, others = 3;

/**
 * Documents by the places of their streams.
 *
 * Most events put an item at the end of a list, or count. That takes a few words here, and nothing that the garbage collector
 * would have to look at; a document of objects costs 3 µs to begin, and on a large ledger five far reads to move. One that an event
 * did anything else to is decoded, and stays so.
 */
export class GrowingDocuments {
  readonly #streams: StreamTable;
  #state = new Int32Array(stateWords * 1024);
  #last = new Float64Array(this.#state.buffer);
  /**
   * Deeds, each behind its stream's one before (0 where there is none) and its reader's number: of `adds` the item's place, of
   * `addsOnce` that and the key's, of `counts` two float64. Items and keys: their length in bytes, and the bytes. Word 0 is nobody's.
   */
  #words = new Int32Array(1 << 16);
  #bytes = new Uint8Array(this.#words.buffer);
  #view = new DataView(this.#words.buffer);
  #end = 1;
  readonly #readers: Reader[] = [];
  /** Decoded documents; the state has one's number as −1 − number. */
  readonly #decoded: Document[] = [];
  /** The item that was written last: one for all the documents that an event moves. */
  #written = { reader: null as Reader | null, entry: -1, item: 0 };
  /** Documents as they begin, of projections where that does not depend on the stream. */
  readonly #beginnings = new Map<Projection, Uint8Array>();

  constructor(streams: StreamTable) {
    this.#streams = streams;
  }

  /** Has near what these tags' documents need: short loops, for the processor to have many reads under way at once. */
  near({ count, place }: Tags): number {
    while (stateWords * this.#streams.size > this.#state.length) {
      this.#state = grown(this.#state, new Int32Array(2 * this.#state.length));
      this.#last = new Float64Array(this.#state.buffer);
    }
    const [state, words] = [this.#state, this.#words];
    let touched = 0;
    for (let i = 0; i < count; i++) touched += state[stateWords * (place[i] as number) + others] as number;
    for (let i = 0; i < count; i++) touched += words[Math.max(0, state[stateWords * (place[i] as number) + others] as number)] as number;
    return touched;
  }

  /** Moves the document at a place on by an event; `near` has seen its tag. @param index - of the entry in the stream */
  move(place: number, reader: Reader, event: ShownEvent, index: number): void {
    const at = stateWords * place;
    const state = this.#state;
    const { deed } = reader;
    const kept = state[at + others] as number;
    if (kept < 0) moveOn(reader.projection, this.#decoded[-1 - kept] as Document, event, index);
    else if (deed === null) this.#decode(place, reader, event, index);
    else if (deed.is === 'adds') state[at + adding] = this.#put(state[at + adding] as number, reader, this.#itemOf(reader, event));
    else if (deed.is === 'counts') this.#count(at, reader, event.index);
    else this.#addOnce(at, reader, event, deed);
    this.#last[at >> 1] = index;
  }

  /** The document at a place as it is now, or null where no event moved one. It may be what events go on to change. */
  documentAt(place: number, projection: Projection): Document | null {
    const kept = this.#others(place);
    if (kept < 0) return this.#decoded[-1 - kept] as Document;
    const bytes = this.encodedAt(place, projection);
    return bytes === null ? null : decodeDocument(bytes);
  }

  encodedAt(place: number, projection: Projection): Uint8Array | null {
    const kept = this.#others(place);
    if (kept < 0) return encodeDocument(this.#decoded[-1 - kept] as Document);
    const added = this.#state[stateWords * place + adding] ?? 0;
    if (kept === 0 && added === 0) return null;
    const last = this.#last[(stateWords * place) >> 1] as number;
    const counted: Record<string, CborValue> = {};
    const additions: Addition[] = [];
    for (let cell = kept; cell !== 0; cell = this.#words[cell] as number) {
      const deed = this.#deedAt(cell);
      if (deed.is === 'counts') counted[deed.in] = { count: this.#view.getFloat64(4 * cell + 8), newest: this.#view.getFloat64(4 * cell + 16) };
      else additions.push(this.#additionAt(cell));
    }
    for (let cell = added; cell !== 0; cell = this.#words[cell] as number) additions.push(this.#additionAt(cell));
    const begun = this.#begin(place, projection, counted);
    const into = new Uint8Array(extendedBytesMax(begun, additions));
    return into.subarray(0, extendDocument(begun, additions.reverse(), last, into, 0));
  }

  /** A document as it begins, with what was counted in it, encoded. */
  #begin(place: number, projection: Projection, counted: CborMap): Uint8Array {
    const isAlike = projection.begin.length === 0 && Object.keys(counted).length === 0;
    const known = isAlike ? this.#beginnings.get(projection) : undefined;
    if (known !== undefined) return known;
    const begun = encodeCbor({ ...(projection.begin(this.#streams.nameAt(place)) as unknown as CborMap), ...counted, last: 0 });
    if (isAlike) this.#beginnings.set(projection, begun);
    return begun;
  }

  /** Streams that were met since tags were last seen have no state. */
  #others(place: number): number {
    return this.#state[stateWords * place + others] ?? 0;
  }

  #decode(place: number, { projection }: Reader, event: ShownEvent, index: number): void {
    const document = this.documentAt(place, projection);
    this.#decoded.push(evolve(projection, document === null ? this.#streams.nameAt(place) : '', document, event, index));
    this.#state[stateWords * place + others] = -this.#decoded.length;
  }

  #count(at: number, reader: Reader, entry: number): void {
    const [words, view] = [this.#words, this.#view];
    for (let cell = this.#state[at + others] as number; cell !== 0; cell = words[cell] as number) {
      const deed = this.#deedAt(cell);
      if (deed.is !== 'counts' || deed.in !== (reader.deed as { in: string }).in) continue;
      view.setFloat64(4 * cell + 8, view.getFloat64(4 * cell + 8) + 1);
      view.setFloat64(4 * cell + 16, entry);
      return;
    }
    const cell = this.#take(6);
    this.#words[cell] = this.#state[at + others] as number;
    this.#words[cell + 1] = this.#numberOf(reader);
    this.#view.setFloat64(4 * cell + 8, 1);
    this.#view.setFloat64(4 * cell + 16, entry);
    this.#state[at + others] = cell;
  }

  /** Adds an item, unless the list has one with the key that the event's data has. */
  #addOnce(at: number, reader: Reader, event: ShownEvent, { to, key }: { readonly to: string; readonly key: string }): void {
    const words = this.#words;
    const place = event.memberAt(key);
    const said = place === null ? encodeCbor((event.data as unknown as CborMap)[key] as string) : event.bytes;
    const [start, end] = place === null ? [0, said.length] : [place.start, place.end];
    for (let cell = this.#state[at + others] as number; cell !== 0; cell = words[cell] as number) {
      const deed = this.#deedAt(cell);
      if (deed.is === 'addsOnce' && deed.to === to && this.#isAt(words[cell + 3] as number, said, start)) return;
    }
    const named = this.#write(said, start, end);
    const cell = this.#put(this.#state[at + others] as number, reader, this.#itemOf(reader, event), 1);
    this.#words[cell + 3] = named;
    this.#state[at + others] = cell;
  }

  #put(before: number, reader: Reader, item: number, more = 0): number {
    const cell = this.#take(3 + more);
    this.#words[cell] = before;
    this.#words[cell + 1] = this.#numberOf(reader);
    this.#words[cell + 2] = item;
    return cell;
  }

  #itemOf(reader: Reader, event: ShownEvent): number {
    const written = this.#written;
    if (written.reader === reader && written.entry === event.index) return written.item;
    const bytes = encodedItem((reader.deed as Adding).item, event);
    const item = this.#write(bytes, 0, bytes.length);
    this.#written = { reader, entry: event.index, item };
    return item;
  }

  #additionAt(cell: number): Addition {
    const { to } = this.#deedAt(cell) as Adding;
    const item = this.#words[cell + 2] as number;
    return { key: encodeCbor(to), item: this.#bytes.subarray(4 * item + 4, 4 * item + 4 + (this.#words[item] as number)) };
  }

  #deedAt(cell: number): Deed {
    return (this.#readers[this.#words[cell + 1] as number] as Reader).deed as Deed;
  }

  #numberOf(reader: Reader): number {
    this.#readers[reader.number] = reader;
    return reader.number;
  }

  /** Keeps `bytes[start, end)`. */
  #write(bytes: Uint8Array, start: number, end: number): number {
    const at = this.#take(1 + ((end - start + 3) >> 2));
    this.#words[at] = end - start;
    const own = this.#bytes;
    for (let i = start, to = 4 * at + 4; i < end; i++, to++) own[to] = bytes[i] as number;
    return at;
  }

  #isAt(place: number, bytes: Uint8Array, start: number): boolean {
    const [own, from, length] = [this.#bytes, 4 * place + 4, this.#words[place] as number];
    for (let i = 0; i < length; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #take(count: number): number {
    const at = this.#end;
    this.#end += count;
    if (this.#end > this.#words.length) {
      this.#words = grown(this.#words, new Int32Array(Math.max(2 * this.#words.length, this.#end)));
      this.#bytes = new Uint8Array(this.#words.buffer);
      this.#view = new DataView(this.#words.buffer);
    }
    return at;
  }
}
