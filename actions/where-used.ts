// Where a package is used: the bills of materials on record that count, their facts opened once each.
import { decodeUtf8, formatHex, parseHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { Inventory, type InventoryFacts } from '../projections/inventory.ts';
import { readPurl } from '../projections/purls.ts';
import { readPayload } from './sealed-payload.ts';

export interface Used {
  readonly artifacts: readonly { readonly artifact: Uint8Array; readonly entry: number; readonly purls: readonly string[] }[];
  /** Entries whose facts are not here: nothing is known of them. */
  readonly unreadable: readonly number[];
}

/**
 * Finds the artifacts whose bills of materials name a package; superseded ones do not count.
 *
 * @throws {LedgerError} INPUT_MALFORMED when it is no purl; PAYLOAD_CORRUPT
 */
export async function whereUsed(purl: string, { documents, payloads }: { documents: DocumentReader; payloads: PayloadStore }): Promise<Used> {
  const said = readPurl(purl);
  if (said === null) throw new LedgerError('INPUT_MALFORMED', `Cannot read "${clip(purl)}" as a purl`, { hint: 'write it as pkg:type/namespace/name@version' });
  const inventory = new Inventory();
  const unreadable = new Set<number>();
  const opened = new Map<string, InventoryFacts | null>();
  for (const [stream, { sboms }] of await documents.all('artifact')) {
    for (const { entry, facts, superseded } of sboms) {
      if (superseded !== undefined) continue;
      const name = formatHex(facts);
      if (!opened.has(name)) opened.set(name, await open(payloads, facts));
      const found = opened.get(name) ?? null;
      if (found === null) unreadable.add(entry);
      else inventory.add({ artifact: parseHex(stream.slice('artifact:sha256:'.length)), entry }, found);
    }
  }
  return { artifacts: inventory.whereUsed(said), unreadable: [...unreadable].sort((a, b) => a - b) };
}

async function open(payloads: PayloadStore, digest: Uint8Array): Promise<InventoryFacts | null> {
  try {
    // Our own canonical bytes, under the digest that the log holds: nothing in them is a stranger's.
    return JSON.parse(decodeUtf8(await readPayload(payloads, digest))) as InventoryFacts;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'PAYLOAD_MISSING') return null;
    throw error;
  }
}
