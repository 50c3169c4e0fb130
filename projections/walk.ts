// Going over entries: which documents each of them moves, told from its first bytes where it moves none.
import { LedgerError } from '../ledger/errors.ts';
import { EVENTS, skimmedText, type EventName } from '../ledger/events/index.ts';
import { SkimmedEvent, type EventAt } from './event-at.ts';
import { isStreamOf, type Projection } from './projection.ts';
import { StreamTable, type Stream } from './stream-table.ts';

/** Called for each document that an event moves. @param event - valid until the call returns @param index - of the entry in the stream */
export type Visit = (stream: Stream & { readonly projection: Projection }, event: EventAt, index: number) => void;

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
  /** The projections that read it. */
  readonly readers: readonly Projection[];
  /** For `sbom.linked` the route of `sbom.ingested`, whose event it brings. */
  readonly links: TypeRoute | null;
  /** Whether a `*.linked` entry may bring it to more streams. */
  readonly isLinked: boolean;
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

/** Reads entries in the order of the log, and says which documents they move. It stops at one it cannot read, and never skips. */
export class EntryWalker {
  readonly #routes = new Map<string, TypeRoute>();
  readonly #types = new Map<number, TypeRoute>();
  readonly #event = new SkimmedEvent();
  readonly #main = new SkimmedEvent();
  readonly streams: StreamTable;
  /** Where the newest event of a type that others may be linked to stands. */
  readonly #mains = new Map<EventName, { readonly index: number; readonly bytes: Uint8Array; readonly start: number; readonly end: number }>();
  #decodes = true;

  constructor(projections: readonly Projection[]) {
    for (const name of Object.keys(EVENTS) as EventName[]) this.#route(name, projections);
    this.streams = new StreamTable((name) => projections.find((projection) => isStreamOf(projection, name)) ?? null);
  }

  /**
   * Goes over entries.
   *
   * @throws {LedgerError} PROJECTION_STOPPED at an entry that this version cannot read
   */
  walk({ start, count, packed }: PackedEntries, visit: Visit): void {
    let at = 0;
    for (let i = 0; i < count; i++) {
      const end = at + 2 + (((packed[at] as number) << 8) | (packed[at + 1] as number));
      this.entry(start + i, packed, at + 2, end, visit);
      at = end;
    }
  }

  /** Goes over the entry at `bytes[start, end)`. @throws {LedgerError} as `walk` */
  entry(index: number, bytes: Uint8Array, start: number, end: number, visit: Visit): void {
    if (!this.#decodes) return;
    // A Rekor body has its event behind it in the same batch.
    if (bytes[start] === 0x7b) return;
    const event = this.#event;
    try {
      const first = bytes[start] as number;
      if (first < 0xa1 || first > 0xb7) throw new LedgerError('ENTRY_KIND_UNKNOWN', 'its first byte begins no event');
      event.move(index, bytes, start, end);
      const route = this.#routeOf(event);
      event.type = route.name;
      if (route.isLinked) this.#mains.set(route.name, { index, bytes, start, end });
      if (route.links !== null) this.#linked(route.links, visit);
      else if (route.readers.length > 0) this.#visit(route, event, event, visit);
      // Entries of a raw ledger are anybody's bytes: nothing is decoded behind the first.
      if (index === 0 && (event.data as { kinds?: readonly string[] }).kinds?.includes('raw') === true) this.#decodes = false;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      throw stopped(index, error);
    }
  }

  #linked(main: TypeRoute, visit: Visit): void {
    const { index, data } = this.#event;
    const before = this.#mains.get(main.name);
    if (before?.index !== index - (data as { back: number }).back) {
      throw new LedgerError('EVENT_INVALID', `no ${main.name} stands ${(data as { back: number }).back} entries before it`);
    }
    if (main.readers.length === 0) return;
    this.#main.move(before.index, before.bytes, before.start, before.end);
    this.#main.type = main.name;
    this.#visit(main, this.#event, this.#main, visit);
  }

  /** @param tags - the entry whose streams count @param event - what they are shown */
  #visit({ readers }: TypeRoute, tags: SkimmedEvent, event: SkimmedEvent, visit: Visit): void {
    const { streams, nameStart, nameEnd } = tags.skim;
    for (let i = 0; i < streams; i++) {
      const stream = this.streams.find(tags.bytes, nameStart[i] as number, nameEnd[i] as number);
      const { projection } = stream;
      if (projection !== null && readers.includes(projection)) visit(stream as Parameters<Visit>[0], event as unknown as EventAt, tags.index);
    }
  }

  #routeOf(event: SkimmedEvent): TypeRoute {
    const { typeStart, typeEnd } = event.skim;
    const known = this.#types.get(keyOf(event.bytes, typeStart, typeEnd));
    if (known !== undefined && isText(known.name, event.bytes, typeStart, typeEnd) && event.skim.schema === EVENTS[known.name].length) return known;
    const name = skimmedText(event.bytes, typeStart, typeEnd);
    const route = this.#routes.get(name);
    if (route === undefined) throw new LedgerError('EVENT_UNKNOWN', `type "${name}" is unknown`);
    if (event.skim.schema > EVENTS[route.name].length) throw new LedgerError('EVENT_VERSION_UNKNOWN', `version ${event.skim.schema} of ${name} is unknown`);
    this.#types.set(keyOf(event.bytes, typeStart, typeEnd), route);
    return route;
  }

  #route(name: EventName, projections: readonly Projection[]): TypeRoute {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const main = mainOf(name);
    const readers = projections.filter(({ on }) => on[name] !== undefined);
    const route = { name, readers, links: main === null ? null : this.#route(main, projections), isLinked: Object.values(LINKED).includes(name) };
    this.#routes.set(name, route);
    return route;
  }
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

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
