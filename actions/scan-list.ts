// What is scanned of an artifact: its newest bill of materials that counts, a stated one, or the inventory of an earlier scan.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Digest, Event } from '../ledger/events/index.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { parseFacts } from '../evidence/facts.ts';
import { decodeInventory, inputOfFacts, type ScanInput } from '../scanner/index.ts';
import { payloadOf, scanOf, type ScanRecord, type StoredPayload } from './feeds.ts';
import { readPayload } from './sealed-payload.ts';

export interface ListPorts {
  readonly log: Pick<LogView, 'stream' | 'entry'>;
  readonly payloads: PayloadStore;
}

/** Where a component list lies: in the facts of a bill of materials, or in the payload `inventory` of a scan. */
export type ListPlace =
  | { readonly is: 'sbom'; readonly entry: number; readonly facts: Uint8Array }
  | { readonly is: 'inventory'; readonly trace: StoredPayload | null } & StoredPayload;

/**
 * The artifact's newest bill of materials that nothing supersedes; else the inventory of its newest scan.
 *
 * @throws {LedgerError} SBOM_UNKNOWN
 */
export async function findList({ log }: Pick<ListPorts, 'log'>, subject: Digest<'sha256'>): Promise<ListPlace> {
  const superseded = new Set<number>();
  let inventory: ListPlace | null = null;
  for await (const { index, event } of log.stream(`artifact:sha256:${formatHex(subject[1])}`)) {
    if (event.type === 'evidence.superseded') superseded.add(event.data.entry);
    else if (event.type === 'sbom.ingested' && !superseded.has(index)) return sbomAt(index, event);
    else if (event.type === 'scan.completed' && inventory === null) {
      const scan = scanOf(index, event);
      if (scan.inventory !== null) inventory = listOfScan(scan);
    }
  }
  if (inventory !== null) return inventory;
  throw new LedgerError('SBOM_UNKNOWN', `Cannot scan sha256:${formatHex(subject[1])}: no bill of materials of it is on record`, {
    hint: 'add one with "stella add", or scan the image itself',
  });
}

/** The bill of materials in an entry. @throws {LedgerError} SBOM_UNKNOWN when it is none, or about something else */
export async function listInEntry({ log }: Pick<ListPorts, 'log'>, entry: number, subject: Digest<'sha256'>): Promise<ListPlace> {
  const event = decodeEvent(await log.entry(entry));
  if (event.type === 'sbom.ingested' && event.data.subjects.some(([, digest]) => equalBytes(digest, subject[1]))) return sbomAt(entry, event);
  throw new LedgerError('SBOM_UNKNOWN', `Cannot scan entry ${entry}: it is no bill of materials of sha256:${formatHex(subject[1])}`);
}

function sbomAt(entry: number, event: Event): ListPlace {
  return { is: 'sbom', entry, facts: payloadOf(event, 'facts').digest };
}

/** What a scan on record looked at. */
export function listOfScan({ data, inventory, trace }: ScanRecord): ListPlace {
  if (data.sbom !== undefined) return { is: 'sbom', entry: data.sbom.entry, facts: data.sbom.facts[1] };
  if (inventory === null) throw new TypeError('a scan of nothing');
  return { is: 'inventory', ...inventory, trace };
}

/** The newest completed scan of an artifact; null where there is none. @param feed - on this feed alone */
export async function newestScan({ log }: Pick<ListPorts, 'log'>, subject: Digest<'sha256'>, feed: string | null = null): Promise<ScanRecord | null> {
  for await (const { index, event } of log.stream(`artifact:sha256:${formatHex(subject[1])}`)) {
    if (event.type === 'scan.completed' && (feed === null || event.data.feed === feed)) return scanOf(index, event);
  }
  return null;
}

/** @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT, INPUT_MALFORMED, INPUT_VERSION_UNKNOWN */
export async function readList({ payloads }: { readonly payloads: Pick<PayloadStore, 'get'> }, place: ListPlace): Promise<ScanInput> {
  if (place.is === 'sbom') return inputOfFacts(parseFacts(await readPayload(payloads, place.facts)));
  return decodeInventory(await readPayload(payloads, place.digest));
}
