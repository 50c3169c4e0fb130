// What a projection is: a name, a version, the streams it folds, and one pure function for each event type that it reads.
import type { Actor, CborValue, DataOf, EventName } from '../ledger/events/index.ts';
import type { EventAt } from './event-at.ts';

/** What every document has: where it stands. Documents are values of the CBOR profile (ledger/events/cbor.ts). */
export type Document = {
  /** Index of the newest event that moved it. */
  last: number;
};

/** One event on record, as documents point to it: where, when, by whom. Times are milliseconds since 1970. */
export type Pointer = {
  /** Index of the entry. */
  entry: number;
  /** Recorded time. */
  at: number;
  by: Actor;
  /** The time that its document states. */
  claimed?: number;
};

/** Changes a document in place: it belongs to the fold, and nobody else sees it between two events. */
type Handler<D, T extends EventName> = (document: D, event: EventAt<T>) => void;
export type Handlers<D> = { readonly [T in EventName]?: Handler<D, T> };

/** What some handlers do and nothing else: they put one item at the end of a list, so that an encoded document need not be decoded for it. */
export interface Adding {
  /** The list, a member of the document. */
  readonly to: string;
  /** What is added; the same for every document that the event moves. */
  readonly item: (event: EventAt) => CborValue;
}

/** A handler that adds an item to the end of a list. @param item - from the event alone */
export function adds<L extends string, T extends EventName, I>(to: L, item: (event: EventAt<T>) => I): Handler<{ readonly [K in L]: I[] }, T> & Adding {
  const handler = (document: { readonly [K in L]: I[] }, event: EventAt<T>) => void document[to].push(item(event));
  return Object.assign(handler, { to, item: item as unknown as Adding['item'] });
}

/** Says how a handler adds, or null for one that does anything else. */
export function addingOf(handler: unknown): Adding | null {
  return typeof handler === 'function' && 'to' in handler && 'item' in handler ? (handler as unknown as Adding) : null;
}

/**
 * A gate-critical projection: one document for each stream of a kind, folded from that stream's events alone, in their order.
 *
 * So a pack that holds a stream's events, proven complete, gives the same document as the ledger they came from. An event that
 * came in a `*.linked` entry is shown as the event it is linked to: handlers never see `*.linked`.
 */
export interface Projection<D extends Document = Document> {
  /** Also its table's: letters in lower case. */
  readonly name: string;
  /** Raised when any document of any history changes; a new version is built beside the old one. */
  readonly version: number;
  /** How the names of its streams begin (`artifact:`), or the whole name (`trust`). */
  readonly streams: string;
  /** A stream's document before its first event. @param stream - the stream's name */
  readonly begin: (stream: string) => Omit<D, 'last'>;
  readonly on: Handlers<D>;
  /** Of types that come by the million: the members of their data that their handler reads. Others are not decoded for it. */
  readonly reads?: { readonly [T in EventName]?: readonly (keyof DataOf<T> & string)[] };
  /** Types that can stand in its streams and change nothing in its documents; a test knows every type to be somewhere. */
  readonly ignores: readonly EventName[];
}

/** What can stand in any stream, and changes no document: it is about payloads, and documents hold none. */
export const ignoredAnywhere: readonly EventName[] = ['payload.erased', 'payload.hold_placed', 'payload.hold_released', 'audit.payload_read'];

export function defineProjection<D extends Document>(is: Projection<D>): Projection<D> {
  return is;
}

/** Whether a stream is one of a projection's. */
export function isStreamOf({ streams }: Pick<Projection, 'streams'>, name: string): boolean {
  return streams.endsWith(':') ? name.startsWith(streams) : name === streams;
}

/**
 * Moves a document on by an event of its stream.
 *
 * @param document - null before the first event that it reads; changed in place
 * @param index - of the entry in the stream: the event's own, or that of the `*.linked` entry which brought it here
 */
export function evolve<D extends Document>(projection: Projection<D>, stream: string, document: D | null, event: EventAt, index: number): D {
  const handler = projection.on[event.type] as Handler<D, EventName>;
  const next = document ?? ({ ...projection.begin(stream), last: index } as D);
  handler(next, event);
  next.last = index;
  return next;
}

export function pointerTo(event: EventAt): Pointer {
  const { index, at, by, claimed } = event;
  return claimed === undefined ? { entry: index, at, by } : { entry: index, at, by, claimed: claimed.at };
}

/** The digest of the event's payload of a role, where it is there and not sealed. */
export function payloadOf(event: EventAt, role: string): Uint8Array | undefined {
  return event.payloads?.find((payload) => payload.role === role)?.digest?.[1];
}
