// What the log says was erased: it has the last word, whatever a backup that was restored has brought back.
import { equalBytes } from '../ledger/bytes.ts';
import type { Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import { linkedTo } from './linked.ts';
import { openSealed, type SealPorts } from './sealed-payload.ts';

type Said = { readonly index: number; readonly entry: number; readonly commitment: Uint8Array };

/** The erasures on record among the first `size` entries. Each stream is read once, when it is first asked for. */
export class Erasures {
  readonly #log: Pick<LogView, 'stream'>;
  readonly #size: number;
  readonly #said = new Map<string, Promise<readonly Said[]>>();

  constructor(log: Pick<LogView, 'stream'>, size = Number.POSITIVE_INFINITY) {
    this.#log = log;
    this.#size = size;
  }

  /**
   * Index of the `payload.erased` of a payload that an entry names; null where none says so.
   *
   * @param isExact - only what names this very entry; else another's counts too, where both name the same payload
   */
  async find(event: Pick<Event, 'streams'>, entry: number, commitment: Uint8Array, isExact = false): Promise<number | null> {
    const name = sharedStream(event);
    let said = this.#said.get(name);
    if (said === undefined) this.#said.set(name, (said = this.#read(name)));
    const all = (await said).filter((one) => equalBytes(one.commitment, commitment));
    return (all.find((one) => one.entry === entry) ?? (isExact ? undefined : all[0]))?.index ?? null;
  }

  async #read(stream: string): Promise<readonly Said[]> {
    const said: Said[] = [];
    for await (const { index, event } of this.#log.stream(stream)) {
      if (event.type === 'payload.erased' && index < this.#size) said.push({ index, entry: event.data.entry, commitment: event.data.commitment[1] });
    }
    return said;
  }
}

/** Opens a sealed payload that an entry names. @returns null when it was erased, or is not here @throws {LedgerError} as `openSealed` */
export async function openRecorded(
  ports: Omit<SealPorts, 'random'> & { readonly log: Pick<LogView, 'stream'> }, event: Event, entry: number, commitment: Uint8Array,
): Promise<Uint8Array | null> {
  const opened = await openSealed(ports, commitment);
  // Its secret may have come back with a whole folder: what was erased stays erased.
  return opened === null || (await new Erasures(ports.log).find(event, entry, commitment)) !== null ? null : opened;
}

/** An entry that names a sealed payload. */
export interface Naming {
  readonly index: number;
  readonly event: Event;
  /** Of it, and of the events that bring further streams to it. */
  readonly entries: readonly number[];
  readonly streams: readonly string[];
}

/**
 * Every entry that names a sealed payload, the one that is asked about first: a document that is a bill of materials and VEX is
 * sealed once, and two entries name it.
 */
export async function entriesNaming(
  log: Pick<LogView, 'stream' | 'entry' | 'published'>, event: Event, entry: number, commitment: Uint8Array,
): Promise<Naming[]> {
  const naming = [await withLinked(log, event, entry)];
  for await (const { index, event: other } of log.stream(sharedStream(event))) {
    const names = other.payloads?.some((one) => one.commitment !== undefined && equalBytes(one.commitment[1], commitment)) === true;
    if (names && index !== entry) naming.push(await withLinked(log, other, index));
  }
  return naming;
}

async function withLinked(log: Pick<LogView, 'entry' | 'published'>, event: Event, index: number): Promise<Naming> {
  const entries = [index];
  const streams = event.streams.map(({ name }) => name);
  for await (const linked of linkedTo(log, index, log.published.size)) {
    entries.push(linked.index);
    streams.push(...linked.event.streams.map(({ name }) => name));
  }
  return { index, event, entries, streams };
}

/** A stream that all entries of one document have: their subjects are the same, and sorted. */
function sharedStream({ streams }: Pick<Event, 'streams'>): string {
  return (streams.find(({ name }) => name.startsWith('artifact:')) ?? streams[0])?.name ?? '';
}
