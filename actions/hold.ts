// Holds: while one stands, no payload of the streams it names (or of one entry) is erased or expires.
import { encodeUtf8, equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { asSet, decodeEvent, kindOf, prepareDraft, type Actor, type DataOf, type Event, type NewEvent } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import { appendSealed, storeSealed, type SealPorts } from './sealed-payload.ts';

export interface HoldPorts extends SealPorts {
  readonly log: Log;
}

type Placed = DataOf<'payload.hold_placed'>;

export interface HoldRequest {
  readonly basis: Placed['basis'];
  /** All payloads of these streams; with an entry, those that it belongs to are taken. */
  readonly streams?: readonly string[];
  /** The payloads of one entry. */
  readonly entry?: number;
  /** Until when, milliseconds since 1970; until it is released when left out. */
  readonly until?: number;
  /** Why, in somebody's words: sealed. */
  readonly justification?: string;
}

/** A hold that was placed, and what became of it. */
export interface Hold {
  /** Index of the entry that placed it: what a release names. */
  readonly index: number;
  readonly event: Event & { type: 'payload.hold_placed' };
  /** Index of the entry that released it; null while it stands. */
  readonly released: number | null;
}

/** @throws {LedgerError} ENTRY_MISSING; EVENT_INVALID for a stream's name that is none */
export async function placeHold(ports: HoldPorts, { basis, streams = [], entry, until, justification }: HoldRequest, by: Actor): Promise<Appended> {
  const named = entry === undefined ? streams : await streamsOf(ports.log, entry);
  const data: Placed = {
    hold: ports.random(16), basis, streams: asSet(named), ...(entry === undefined ? {} : { entry }), ...(until === undefined ? {} : { until }),
  };
  return appendWithWords(ports, { type: 'payload.hold_placed', by, data }, justification);
}

/**
 * Releases a hold.
 *
 * @param index - of the entry that placed it
 * @throws {LedgerError} HOLD_UNKNOWN when the entry places none, or it was released before
 */
export async function releaseHold(ports: HoldPorts, index: number, by: Actor, justification?: string): Promise<Appended> {
  const event = decodeEvent(await ports.log.entry(index));
  if (event.type !== 'payload.hold_placed') {
    throw new LedgerError('HOLD_UNKNOWN', `Cannot release hold: entry ${index} places none`, { hint: '"stella hold list" names the entries' });
  }
  const [{ name } = { name: '' }] = event.streams;
  const hold = (await holdsOn(ports.log, name)).find((one) => one.index === index);
  if (hold !== undefined && hold.released !== null) {
    throw new LedgerError('HOLD_UNKNOWN', `Cannot release hold: entry ${hold.released} released it before`, {
      hint: '"stella hold list" names those that stand',
    });
  }
  const data = { hold: event.data.hold, streams: event.data.streams };
  return appendWithWords(ports, { type: 'payload.hold_released', by, data }, justification);
}

/** The holds on a stream, the newest first. */
export async function holdsOn(log: LogView, stream: string): Promise<Hold[]> {
  const holds: Hold[] = [];
  const released: { readonly hold: Uint8Array; readonly index: number }[] = [];
  for await (const { index, event } of log.stream(stream)) {
    if (event.type === 'payload.hold_released') released.push({ hold: event.data.hold, index });
    if (event.type !== 'payload.hold_placed') continue;
    const end = released.find(({ hold }) => equalBytes(hold, event.data.hold));
    holds.push({ index, event, released: end?.index ?? null });
  }
  return holds;
}

/** All holds of a log, the newest first: every entry is looked at. */
export async function listHolds(log: LogView): Promise<Hold[]> {
  const holds: Hold[] = [];
  const released = new Map<string, number>();
  let index = 0;
  for await (const entry of log.entries()) {
    const event = kindOf(entry) === 'event' ? decodeEvent(entry) : null;
    if (event?.type === 'payload.hold_placed') holds.unshift({ index, event, released: null });
    if (event?.type === 'payload.hold_released') released.set(formatHex(event.data.hold), index);
    index += 1;
  }
  return holds.map((hold) => ({ ...hold, released: released.get(formatHex(hold.event.data.hold)) ?? null }));
}

/** Whether a hold forbids to erase the payloads of an entry at a time: it stands, is not over, and is about the entry. */
export function holdStands({ event: { data }, released }: Hold, entry: number, now: number): boolean {
  return released === null && (data.until === undefined || now <= data.until) && (data.entry === undefined || data.entry === entry);
}

async function streamsOf(log: LogView, entry: number): Promise<string[]> {
  return decodeEvent(await log.entry(entry)).streams.map(({ name }) => name);
}

async function appendWithWords(ports: HoldPorts, event: NewEvent, justification: string | undefined): Promise<Appended> {
  // Before anything is sealed: what is no event is refused here.
  const plain = prepareDraft(event, sha256);
  if (justification === undefined) return ports.log.appendOne({ drafts: [plain] });
  const sealed = await storeSealed(ports, 'justification', 'text/plain', encodeUtf8(justification));
  return appendSealed(ports, { drafts: [prepareDraft({ ...event, payloads: [sealed] }, sha256)] }, [sealed]);
}
