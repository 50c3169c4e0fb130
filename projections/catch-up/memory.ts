// A pure rebuild: projections folded in memory from entry 0, for comparison with the tables and for states of the past.
import { LedgerError } from '../../ledger/errors.ts';
import { digestOf, encodeDocument, type EncodedDocument } from '../digest.ts';
import type { Document } from '../projection.ts';
import { tablesOf, type CatchingUp, type OpenFacts } from './definition.ts';
import { EntryReader, foldEvent, MemoryDocuments, stoppedAt } from './fold.ts';

/** Folds one projection over entries from 0 on. */
export class Rebuild {
  readonly projection: CatchingUp;
  readonly #open: OpenFacts;
  readonly #reader = new EntryReader();
  readonly #tables: Readonly<Record<string, MemoryDocuments>>;
  #size = 0;

  constructor(projection: CatchingUp, open: OpenFacts) {
    this.projection = projection;
    this.#open = open;
    this.#tables = Object.fromEntries(Object.keys(tablesOf(projection)).map((name) => [name, new MemoryDocuments(() => this.#size)]));
  }

  /** How many entries it has taken. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next entry. @throws {LedgerError} PROJECTION_STOPPED: nothing after it counts */
  async add(entry: Uint8Array): Promise<void> {
    try {
      if (this.#reader.read(this.#size, entry)) await foldEvent(this.projection, this.#tables, this.#reader, this.#open);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      throw stoppedAt(this.projection.name, this.#size, error);
    }
    this.#size += 1;
  }

  /** Takes an entry that stands further on, of a projection whose documents depend on nothing between. @throws {LedgerError} as `add` */
  async addAt(index: number, entry: Uint8Array): Promise<void> {
    this.#size = index;
    await this.add(entry);
  }

  documents(table: string): Iterable<readonly [string, Document]> {
    return this.#tables[table] as MemoryDocuments;
  }

  /** At `<table> <key>`, as digests have them. */
  *encoded(): Iterable<EncodedDocument> {
    for (const table of Object.keys(this.#tables)) {
      for (const [key, document] of this.documents(table)) yield { key: `${table} ${key}`, document: encodeDocument(document) };
    }
  }

  /** @see spec/projections.md, "Digest" */
  digest(): Uint8Array {
    return digestOf(this.projection, this.encoded());
  }
}
