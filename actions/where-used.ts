// Where a package is used: by the bills of materials on record that count, and by what the newest scans saw in images.
import { decodeUtf8, formatHex, parseHex } from '../ledger/bytes.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { findLists, findMissingBills, findUses, listNumbers, readAt } from '../projections/catch-up/queries.ts';
import { inventory } from '../projections/catch-up/inventory.ts';
import type { CatchUpDb } from '../projections/catch-up/tables.ts';
import { Inventory, type InventoryEntry, type InventoryFacts } from '../projections/inventory.ts';
import type { PackageSought } from '../projections/purls.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { payloadOrNull } from './catch-up.ts';
import type { MayName } from './explain-finding.ts';

export interface Used {
  /** By artifact, then by entry. */
  readonly artifacts: readonly { readonly artifact: Uint8Array; readonly entry: number; readonly purls: readonly string[] }[];
  /** Entries whose facts are not here: nothing is known of them. */
  readonly unreadable: readonly number[];
}

/** Finds the artifacts with a package by opening every list of components: for states of the past. @throws {LedgerError} PAYLOAD_CORRUPT */
export async function whereUsed(sought: PackageSought, { documents, payloads }: { documents: DocumentReader; payloads: PayloadStore }): Promise<Used> {
  const opening = new Opening(payloads);
  for (const [stream, { sboms, scans }] of await documents.all('artifact')) {
    const artifact = parseHex(stream.slice('artifact:sha256:'.length));
    for (const { entry, facts, superseded } of sboms) if (superseded === undefined) await opening.add({ artifact, entry }, facts);
    for (const { entry, inventory: list } of scans) if (list !== undefined) await opening.add({ artifact, entry }, list);
  }
  return opening.used(sought);
}

/**
 * The same at the cursor of the projection `inventory`, which opens nothing but what was not here when it was to be read.
 *
 * @returns with the size it is of; null where the projection does not answer @throws {LedgerError} PAYLOAD_CORRUPT
 */
export async function whereUsedNow(sought: PackageSought, db: CatchUpDb, payloads: PayloadStore): Promise<(Used & { readonly size: number }) | null> {
  return readAt(db, inventory, async (snapshot, size) => {
    const opening = new Opening(payloads);
    for (const { entry, list, subjects } of await findMissingBills(snapshot)) for (const artifact of subjects) await opening.add({ artifact, entry }, list);
    const { artifacts, unreadable } = opening.used(sought);
    return { size, unreadable, artifacts: inOrder([...(await findUses(snapshot, sought)), ...artifacts]) };
  });
}

/** Which lists may name a component, by the projection: those that it has not taken in may. */
export function mayNameBy(db: CatchUpDb): MayName {
  return async (isMeant) => {
    const known = await readAt(db, inventory, async (snapshot) => {
      const lists = await findLists(snapshot, (component) => isMeant({ ref: '', name: '', ...component }));
      return { lists, numbers: await listNumbers(snapshot) };
    });
    return (list) => {
      const number = known?.numbers.get(formatHex(list));
      return number === undefined || known?.lists.has(number) === true;
    };
  };
}

function inOrder(artifacts: Used['artifacts']): Used['artifacts'] {
  const keyed = artifacts.map((one) => ({ one, key: formatHex(one.artifact) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.one.entry - b.one.entry)).map(({ one }) => one);
}

/** Lists of components, each opened once. */
class Opening {
  readonly #payloads: PayloadStore;
  readonly #inventory = new Inventory();
  readonly #opened = new Map<string, InventoryFacts | null>();
  readonly #unreadable = new Set<number>();

  constructor(payloads: PayloadStore) {
    this.#payloads = payloads;
  }

  async add(entry: InventoryEntry, digest: Uint8Array): Promise<void> {
    const name = formatHex(digest);
    let facts = this.#opened.get(name);
    if (facts === undefined) {
      const bytes = await payloadOrNull(this.#payloads, digest);
      // Our own canonical bytes, under the digest that the log holds: nothing in them is a stranger's.
      facts = bytes === null ? null : (JSON.parse(decodeUtf8(bytes)) as InventoryFacts);
      this.#opened.set(name, facts);
    }
    if (facts === null) this.#unreadable.add(entry.entry);
    else this.#inventory.add(entry, facts);
  }

  used(sought: PackageSought): Used {
    return { artifacts: inOrder(this.#inventory.whereUsed(sought)), unreadable: [...this.#unreadable].sort((a, b) => a - b) };
  }
}
