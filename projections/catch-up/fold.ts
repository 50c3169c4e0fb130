// The fold itself: entries in the order of the log, each given to the handlers of the projections, over whatever holds their documents.
import { equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { EVENTS, Skim, skimEntry, skimmedText, type EventName } from '../../ledger/events/index.ts';
import { SkimmedEvent, type EventAt } from '../event-at.ts';
import type { Document } from '../projection.ts';
import { groupOf, notingOpener, type CatchingUp, type Documents, type DocumentsOf, type OpenFacts } from './definition.ts';

/** Reads entries one after another: what each is, as far as this version of the program knows. */
export class EntryReader {
  readonly #event = new SkimmedEvent();
  readonly #skim = new Skim();
  readonly #places = new Int32Array(SkimmedEvent.places);
  #type = '';
  /** The type's bytes, and the version of its data. */
  #text: Uint8Array = new Uint8Array(0);
  #schema = -1;
  #refusal: LedgerError | null = null;
  #isRaw: boolean;

  /** @param isRaw - whether entries behind the first are anybody's bytes */
  constructor(isRaw = false) {
    this.#isRaw = isRaw;
  }

  /** The event; of a known type only where `refusal` is null. It is valid until the next entry is read. */
  get event(): EventAt {
    return this.#event as unknown as EventAt;
  }

  get isRaw(): boolean {
    return this.#isRaw;
  }

  /** The type in its own words. */
  get type(): string {
    return this.#type;
  }

  /** Why no fold can read it, save one that needs no types. */
  get refusal(): LedgerError | null {
    return this.#refusal;
  }

  /** @returns false for what no fold looks at: a Rekor body, whose event follows, or an entry of a raw ledger @throws {LedgerError} for no entry of ours */
  read(index: number, entry: Uint8Array): boolean {
    if (this.#isRaw || entry[0] === 0x7b) return false;
    const first = entry[0] as number;
    if (first < 0xa1 || first > 0xb7) throw new LedgerError('ENTRY_KIND_UNKNOWN', 'its first byte begins no event');
    const event = this.#event;
    skimEntry(entry, 0, entry.length, this.#skim);
    const { typeStart, typeEnd, schema, at } = this.#skim;
    // Mostly it is of the type before.
    const text = entry.subarray(typeStart, typeEnd);
    if (schema !== this.#schema || !equalBytes(text, this.#text)) {
      this.#type = skimmedText(entry, typeStart, typeEnd);
      this.#refusal = refusalOf(this.#type, schema);
      [this.#schema, this.#text] = [schema, text.slice()];
    }
    SkimmedEvent.write(this.#skim, 0, entry.length, this.#places, 0);
    event.move(index, this.#type as EventName, at, entry, this.#places, 0, null);
    if (index === 0) this.#isRaw = (event.data as { kinds?: readonly string[] }).kinds?.includes('raw') === true;
    return true;
  }
}

function refusalOf(type: string, schema: number): LedgerError | null {
  if (!Object.hasOwn(EVENTS, type)) return new LedgerError('EVENT_UNKNOWN', `type "${type}" is unknown`);
  if (schema <= EVENTS[type as EventName].length) return null;
  return new LedgerError('EVENT_VERSION_UNKNOWN', `version ${schema} of ${type} is unknown`);
}

/**
 * Gives an event to a projection.
 *
 * @param tables - those of `tablesOf` @returns nothing where it is done
 * @throws {LedgerError} where this version of it cannot read the event, or its facts
 */
export function foldEvent(
  projection: CatchingUp, tables: DocumentsOf<Record<string, Document>>, reader: EntryReader, open: OpenFacts,
): Promise<void> | void {
  const { every, on } = projection;
  let before: Promise<void> | void = undefined;
  if (every !== undefined) {
    const { index, at, by } = reader.event;
    before = every(tables, { index, at, by, type: reader.type });
  } else if (reader.refusal !== null) throw reader.refusal;
  if (reader.refusal !== null) return before;
  const handler = on[reader.type as EventName] as ((tables: unknown, event: EventAt, open: OpenFacts) => Promise<void> | void) | undefined;
  if (handler === undefined) return before;
  const handle = () => handler(tables, reader.event, notingOpener(tables['missing'] as Documents, reader.event.index, open));
  return before === undefined ? handle() : before.then(handle);
}

export function stoppedAt(projection: string, index: number, cause: LedgerError): LedgerError {
  return new LedgerError('PROJECTION_STOPPED', `Cannot fold entry ${index} into "${projection}": ${cause.code}, ${cause.message}`, {
    hint: 'read this ledger with a newer version of Stella Ledger; if it is of this version, run "stella fsck"', cause,
  });
}

/** Values by key, found by the group of the key too: which groups there are is looked at when somebody first asks for one. */
export class Grouped<V> {
  readonly #all = new Map<string, V>();
  #groups: Map<string, Set<string>> | null = null;

  get size(): number {
    return this.#all.size;
  }

  get(key: string): V | undefined {
    return this.#all.get(key);
  }

  set(key: string, value: V): void {
    this.#all.set(key, value);
    if (this.#groups !== null) this.#note(this.#groups, key);
  }

  group(name: string): ReadonlyMap<string, V> {
    if (this.#groups === null) {
      this.#groups = new Map();
      for (const key of this.#all.keys()) this.#note(this.#groups, key);
    }
    return new Map([...(this.#groups.get(name) ?? [])].map((key) => [key, this.#all.get(key) as V]));
  }

  #note(groups: Map<string, Set<string>>, key: string): void {
    const name = groupOf(key);
    // A key without a space is in no group.
    if (name === key) return;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, new Set([key]));
    else group.add(key);
  }

  [Symbol.iterator](): Iterator<readonly [string, V]> {
    return this.#all[Symbol.iterator]();
  }

  clear(): void {
    this.#all.clear();
    this.#groups = null;
  }
}

/** Documents in memory. */
export class MemoryDocuments implements Documents {
  readonly #documents = new Grouped<Document>();
  readonly #at: () => number;

  /** @param at - the entry that is folded now */
  constructor(at: () => number) {
    this.#at = at;
  }

  held(key: string): Document | null {
    return this.#documents.get(key) ?? null;
  }

  async take(keys: readonly string[]): Promise<(Document | null)[]> {
    return keys.map((key) => this.#documents.get(key) ?? null);
  }

  async group(group: string): Promise<ReadonlyMap<string, Document>> {
    return this.#documents.group(group);
  }

  put(key: string, document: Omit<Document, 'last'>): void {
    const held = this.#documents.get(key);
    // What was taken from here and changed in place is put back as it is.
    if (held !== undefined && held === document) held.last = this.#at();
    else this.#documents.set(key, { ...document, last: this.#at() });
  }

  [Symbol.iterator](): Iterator<readonly [string, Document]> {
    return this.#documents[Symbol.iterator]();
  }
}
