// Items that documents keep of events: named by where each member stands in the event, so that it can be copied from the log's own bytes.
import { CborWriter, encodeCbor, major, type CborMap, type CborValue, type DataOf, type EventName } from '../ledger/events/index.ts';
import { compareBytes } from '../ledger/bytes.ts';
import { SkimmedEvent, type EventAt } from './event-at.ts';
import { payloadOf } from './projection.ts';

type Where =
  | { readonly is: 'entry' | 'at' | 'by' | 'claimed' }
  | { readonly is: 'data'; readonly member: string }
  | { readonly is: 'payload'; readonly role: string };

/** Where a member of an item comes from. @typeParam V - what stands there, where there is something */
export interface Source<out V> {
  readonly where: Where;
  readonly value?: V;
}

/** The index of the event's own entry; its recorded time; its actor; and the time that its document states. */
export const entry: Source<number> = { where: { is: 'entry' } };
export const at: Source<number> = { where: { is: 'at' } };
export const by: Source<EventAt['by']> = { where: { is: 'by' } };
export const claimed: Source<number> = { where: { is: 'claimed' } };

/** The digest of the event's payload of a role: nothing where there is none, or it is sealed. */
export function payload(role: string): Source<Uint8Array> {
  return { where: { is: 'payload', role } };
}

type Sources<I> = { readonly [M in keyof I]: Source<Exclude<I[M], undefined>> };
type DataSource<T extends EventName> = <M extends keyof DataOf<T> & string>(member: M) => Source<Exclude<DataOf<T>[M], undefined>>;

interface Copied {
  /** Encoded. */
  readonly key: Uint8Array;
  readonly where: Where;
}

/**
 * Makes an item of an event; a member is absent where its source is.
 *
 * Decoding an event of 670 bytes and encoding what is kept of it takes some 6 µs, copying 1.2.
 */
export type Item<T extends EventName, I> = ((event: EventAt<T>) => I) & { readonly copied: readonly Copied[] };

/** @param sources - of each member; `data` gives that of a member of the event's data */
export function itemOf<T extends EventName, I>(sources: (data: DataSource<T>) => Sources<I>): Item<T, I> {
  const all = Object.entries(sources((member) => ({ where: { is: 'data', member } }))) as [string, Source<unknown>][];
  const copied = all.map(([member, { where }]) => ({ key: encodeCbor(member), where })).sort((a, b) => compareBytes(a.key, b.key));
  const item = (event: EventAt) => {
    const made: Record<string, unknown> = {};
    for (const [member, { where }] of all) {
      const value = valueOf(where, event);
      if (value !== undefined) made[member] = value;
    }
    return made as I;
  };
  return Object.assign(item, { copied }) as unknown as Item<T, I>;
}

function valueOf(where: Where, event: EventAt): unknown {
  switch (where.is) {
    case 'entry':
      return event.index;
    case 'at':
      return event.at;
    case 'by':
      return event.by;
    case 'claimed':
      return event.claimed?.at;
    case 'data':
      return (event.data as unknown as CborMap)[where.member];
    case 'payload':
      return payloadOf(event, where.role);
  }
}

const writer = new CborWriter();

/** An event's item, encoded. @param item - as `itemOf` makes it, or any function @returns in memory that is used again */
export function encodedItem(item: ((event: EventAt) => CborValue) & { readonly copied?: readonly Copied[] }, event: EventAt): Uint8Array {
  const shown: unknown = event;
  // Two arrays around it, one byte each: it will stand as deep in its document, and is refused there or nowhere.
  if (item.copied === undefined || !(shown instanceof SkimmedEvent) || !shown.isNewest) return encodeCbor([[item(event)]]).subarray(2);
  writer.at = 0;
  writer.head(major.map, 0);
  let members = 0;
  for (const { key, where } of item.copied) {
    const before = writer.at;
    writer.part(key, 0, key.length);
    if (copy(where, shown)) members += 1;
    else writer.at = before;
  }
  // As in all documents, there are fewer than 24.
  writer.bytes[0] = major.map + members;
  return writer.bytes.subarray(0, writer.at);
}

function copy(where: Where, event: SkimmedEvent): boolean {
  switch (where.is) {
    case 'entry':
      writer.head(major.uint, event.index);
      return true;
    case 'at':
      writer.head(major.uint, event.at);
      return true;
    case 'by':
      return event.copyBy(writer);
    case 'claimed':
      return event.copyClaimed(writer);
    case 'data':
      return event.copyMember(where.member, writer);
    case 'payload':
      return event.copyPayload(where.role, writer);
  }
}
