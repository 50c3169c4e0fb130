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

/** What some handlers do and nothing else, so that an encoded document need not be decoded for it. */
export type Deed =
  | (Adding & { readonly is: 'adds' })
  | (Adding & { readonly is: 'addsOnce'; readonly key: string })
  | { readonly is: 'counts'; readonly in: string };

/** They put one item at the end of a list that begins empty. */
export interface Adding {
  /** The list, a member of the document. */
  readonly to: string;
  /** What is added; the same for every document that the event moves. */
  readonly item: (event: EventAt) => CborValue;
}

/** A handler that adds an item to the end of a list. @param item - from the event alone */
export function adds<L extends string, T extends EventName, I>(to: L, item: (event: EventAt<T>) => I): Handler<{ readonly [K in L]: I[] }, T> {
  return doing({ is: 'adds', to, item: item as unknown as Adding['item'] }, (document, event) => void document[to].push(item(event)));
}

/** A handler that does so unless the list has an item whose text `key` is that of the event's data. @param item - has that text */
export function addsOnce<L extends string, T extends EventName, K extends string & keyof DataOf<T>, I extends { readonly [M in K]: string }>(
  to: L, key: K, item: (event: EventAt<T>) => I,
): Handler<{ readonly [M in L]: I[] }, T> {
  return doing({ is: 'addsOnce', to, key, item: item as unknown as Adding['item'] }, (document, event) => {
    const said = (event.data as DataOf<T>)[key] as unknown;
    if (!document[to].some((one) => one[key] === said)) document[to].push(item(event));
  });
}

/** A handler that counts events in a member that begins as `{ count: 0 }`, and notes the newest: its own entry, not a `*.linked` one's. */
export function counts<M extends string>(member: M): Handler<{ readonly [K in M]: { count: number; newest?: number } }, EventName> {
  return doing({ is: 'counts', in: member }, (document, { index }) => {
    const counted = document[member];
    counted.count += 1;
    counted.newest = index;
  });
}

function doing<H extends Handler<never, never>>(does: Deed, handler: H): H {
  return Object.assign(handler, { does });
}

/** Says what a handler does, or null for one that does anything else. */
export function deedOf(handler: unknown): Deed | null {
  return typeof handler === 'function' && 'does' in handler ? (handler.does as Deed) : null;
}

/** Says how a handler adds, or null for one that does anything else, or does so at times. */
export function addingOf(handler: unknown): Adding | null {
  const deed = deedOf(handler);
  return deed?.is === 'adds' ? deed : null;
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
  const next = document ?? ({ ...projection.begin(stream), last: index } as D);
  moveOn(projection, next, event, index);
  return next;
}

/** Changes a document that has begun, as `evolve` does. */
export function moveOn<D extends Document>(projection: Projection<D>, document: D, event: EventAt, index: number): void {
  const handler = projection.on[event.type] as Handler<D, EventName>;
  handler(document, event);
  document.last = index;
}

export function pointerTo(event: EventAt): Pointer {
  const { index, at, by, claimed } = event;
  return claimed === undefined ? { entry: index, at, by } : { entry: index, at, by, claimed: claimed.at };
}

/** The digest of the event's payload of a role, where it is there and not sealed. */
export function payloadOf(event: EventAt, role: string): Uint8Array | undefined {
  return event.payloads?.find((payload) => payload.role === role)?.digest?.[1];
}
