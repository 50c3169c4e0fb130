// Lists in the policy input that follow from one payload alone: made, checked and written once for it, and changed in few places.
import { concatBytes, encodeUtf8 } from '../../ledger/bytes.ts';
import { fromPlain, Layouts, type Value } from '../index.ts';
import { complaintOf, type Shaped } from './shape.ts';

export interface MemberList<T> {
  readonly members: readonly T[];
  /** Whether each has its shape. */
  readonly sound: boolean;
  /** Canonical JSON. */
  readonly bytes: Uint8Array;
  /** The same as the policy sees it. */
  readonly values: readonly Value[];
}

/** As it follows from its payload. */
export interface BaseList<T> extends MemberList<T> {
  readonly shape: Shaped<T>;
  /** Where each member's text begins in the bytes, and one more: past the last. Each ends one before the next begins. */
  readonly starts: Uint32Array;
}

/** The members of all inputs have few sets of keys. */
export const layouts = new Layouts();

/** What is known of members from how they were read. */
interface Known<T> {
  readonly sound: true;
  /** As `JSON.stringify` writes them. */
  readonly write: (member: T) => string;
}

/** @param members - their keys in ascending order, so that `JSON.stringify` writes canonical JSON */
export function baseList<T>(members: readonly T[], shape: Shaped<T>, known?: Known<T>): BaseList<T> {
  const { sound = areSound(members, shape), write = JSON.stringify } = known ?? {};
  const starts = new Uint32Array(members.length + 1);
  const parts: Uint8Array[] = [encodeUtf8('[')];
  let at = 1;
  // A few at a time: texts of all of them at once live long enough to be moved by the collector.
  for (let from = 0; from < members.length; from += together) {
    const texts = members.slice(from, from + together).map((member) => write(member));
    const text = `${from === 0 ? '' : ','}${texts.join(',')}`;
    const bytes = encodeUtf8(text);
    const isAscii = bytes.length === text.length;
    texts.forEach((one, i) => {
      starts[from + i] = at;
      at += (isAscii ? one.length : encodeUtf8(one).length) + 1;
    });
    parts.push(bytes);
  }
  starts[members.length] = at;
  const bytes = concatBytes(...parts, encodeUtf8(']'));
  return { members, shape, sound, bytes, starts, values: members.map((member) => fromPlain(member, layouts, true)) };
}

/** So many members are written at once. */
const together = 256;

/** A list with other members in some places. @param changes - by place, in their order */
export function changedList<T>(base: BaseList<T>, changes: ReadonlyMap<number, T>): MemberList<T> {
  if (changes.size === 0) return base;
  const [members, values, parts] = [[...base.members], [...base.values], [] as Uint8Array[]];
  let from = 0;
  for (const [place, member] of changes) {
    members[place] = member;
    values[place] = fromPlain(member, layouts, true);
    parts.push(base.bytes.subarray(from, base.starts[place]), encodeUtf8(JSON.stringify(member)));
    from = (base.starts[place + 1] as number) - 1;
  }
  parts.push(base.bytes.subarray(from));
  return { members, sound: base.sound && areSound([...changes.values()], base.shape), bytes: concatBytes(...parts), values };
}

function areSound<T>(members: readonly T[], { shape }: Shaped<T>): boolean {
  return members.every((member) => complaintOf(shape, member) === null);
}
