// What is scanned of an artifact: its newest bill of materials that counts, a stated one, or the inventory of an earlier scan.
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Digest, Event } from '../ledger/events/index.ts';
import { decodeEvent } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { parseFacts, toldOfSboms, type Facts } from '../evidence/facts.ts';
import { alikeSboms, countingSbom } from '../projections/counting-sbom.ts';
import { decodeInventory, inputOfFacts, type ScanInput } from '../scanner/index.ts';
import { payloadOf, scanOf, type ScanRecord, type StoredPayload } from './feeds.ts';
import { payloadOrNull } from './catch-up.ts';
import { readPayload } from './sealed-payload.ts';
import { StreamState } from './stream-state.ts';

export interface ListPorts {
  readonly log: Pick<LogView, 'entry' | 'heads' | 'stream'>;
  readonly payloads: PayloadStore;
}

/** Where a component list lies: in the facts of a bill of materials, or in the payload `inventory` of a scan. */
export type ListPlace =
  | { readonly is: 'sbom'; readonly entry: number; readonly facts: Uint8Array }
  | { readonly is: 'inventory'; readonly trace: StoredPayload | null } & StoredPayload;

/**
 * The artifact's bill of materials that counts, as a gate has it; else the inventory of its newest scan.
 *
 * @throws {LedgerError} SBOM_UNKNOWN
 */
export async function findList(ports: ListPorts, subject: Digest<'sha256'>): Promise<ListPlace> {
  const { log, payloads } = ports;
  const hex = formatHex(subject[1]);
  const stream = `artifact:sha256:${hex}`;
  const state = new StreamState(log, payloads, Number.POSITIVE_INFINITY);
  const artifact = (await state.documents('artifact', [stream])).get(stream) ?? null;
  if (artifact !== null && artifact.sboms.length > 0) {
    // Nearly always there is one, and nobody has to be asked whether it counts.
    const { attestations } = artifact.sboms.length === 1 ? { attestations: [] } : artifact;
    const trust = attestations.length === 0 ? null : ((await state.documents('trust', ['trust'])).get('trust') ?? null);
    const read = new Map<string, Facts>();
    const open = async ({ facts }: { readonly facts: Uint8Array }) => {
      const bytes = read.has(formatHex(facts)) ? null : await payloadOrNull(payloads, facts);
      if (bytes !== null) read.set(formatHex(facts), parseFacts(bytes));
    };
    for (const one of attestations) await open(one);
    const { referencesOf, listedIn } = toldOfSboms(hex, (digest) => read.get(formatHex(digest)));
    for (const one of alikeSboms(artifact, trust, referencesOf)) await open(one);
    const { sbom } = countingSbom(artifact, trust, referencesOf, listedIn);
    if (sbom !== null) return { is: 'sbom', entry: sbom.entry, facts: sbom.facts };
  }
  for await (const { index, event } of log.stream(stream)) {
    const scan = event.type === 'scan.completed' ? scanOf(index, event) : null;
    if (scan !== null && scan.inventory !== null) return listOfScan(scan);
  }
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

export function isSamePlace(a: ListPlace, b: ListPlace): boolean {
  if (a.is === 'sbom') return b.is === 'sbom' && a.entry === b.entry;
  return b.is === 'inventory' && equalBytes(a.digest, b.digest);
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
