// Where component lists come from: the facts of a bill of materials, or the inventory of an image or directory, as it goes on record.
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import type { Facts } from '../../evidence/facts.ts';
import type { ScanComponent } from './components.ts';
import type { ScanInput } from './group.ts';

/** What a scan of an image or a directory looked at: enough to match it again without the image. */
export interface Inventory {
  readonly components: readonly ScanComponent[];
  readonly format: 'stella-inventory/1';
  /** What was there and could not be read: nothing is known of its packages. */
  readonly unreadable: readonly { readonly path: string; readonly why: string }[];
}

/** The component list of a bill of materials. A component's ref is its place in the facts. */
export function inputOfFacts({ components = [], depends = [], root }: Facts): ScanInput {
  return {
    components: components.map((component, i) => ({ ref: String(i), ...component })),
    edges: depends.map(([from, to]) => ({ from: String(from), to: String(to) })),
    root: root === undefined ? null : String(root),
  };
}

/** RFC 8785, components by ref and what is unreadable by path, so that the order of analysis leaves no trace. */
export function encodeInventory({ components, unreadable }: Omit<Inventory, 'format'>): Uint8Array {
  const by = <T>(list: readonly T[], key: (one: T) => string) => list.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const inventory: Inventory = { components: by(components, ({ ref }) => ref), format: 'stella-inventory/1', unreadable: by(unreadable, ({ path }) => path) };
  return encodeJcs(inventory as unknown as JcsValue);
}

/** Reads what `encodeInventory` wrote, its digest being known. @throws {LedgerError} INPUT_VERSION_UNKNOWN for another format */
export function decodeInventory(bytes: Uint8Array): Inventory {
  const inventory = JSON.parse(decodeUtf8(bytes)) as Inventory;
  if (inventory.format === 'stella-inventory/1') return inventory;
  throw new LedgerError('INPUT_VERSION_UNKNOWN', 'Cannot read the inventory: expected stella-inventory/1');
}

/** Facts or an inventory, whichever it is: both are our own bytes, known by their digest. @throws {LedgerError} INPUT_VERSION_UNKNOWN */
export function decodeList(bytes: Uint8Array): ScanInput {
  const list = JSON.parse(decodeUtf8(bytes)) as Partial<Inventory> & Facts;
  if (list.format === 'stella-inventory/1') return list as unknown as Inventory;
  if (list.format === undefined && list.semantics === 1) return inputOfFacts(list);
  throw new LedgerError('INPUT_VERSION_UNKNOWN', 'Cannot read the component list: expected facts of semantics 1, or stella-inventory/1');
}
