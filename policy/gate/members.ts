// Lists in the policy input that follow from one payload alone: made, checked and written once for it, and changed in few places.
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { fromPlain, Layouts, type Value } from '../index.ts';
import { complaintOf, type Shaped } from './shape.ts';

export interface MemberList<T> {
  readonly members: readonly T[];
  /** Whether each has its shape. */
  readonly sound: boolean;
  /** Canonical JSON, in pieces: copied once, into the input that they are written in. */
  readonly pieces: readonly Uint8Array[];
  /** The same as the policy sees it. */
  readonly values: readonly Value[];
}

/** As it follows from its payload. */
export interface BaseList<T> extends MemberList<T> {
  readonly shape: Shaped<T>;
  /** Where each member's text begins in all the pieces, and one more: past the last. Each ends one before the next begins. */
  readonly starts: Uint32Array;
}

/** The members of all inputs have few sets of keys. */
export const layouts = new Layouts();

/** What is known of members from how they were read. */
interface Known<T> {
  readonly sound: true;
  /** As `JSON.stringify` writes them. */
  readonly write: (member: T) => string;
  /** As `fromPlain` makes them. */
  readonly value: (member: T) => Value;
}

/** @param members - their keys in ascending order, so that `JSON.stringify` writes canonical JSON */
export function baseList<T>(members: readonly T[], shape: Shaped<T>, known?: Known<T>): BaseList<T> {
  const { sound = areSound(members, shape), write = JSON.stringify, value = valueOf } = known ?? {};
  const starts = new Uint32Array(members.length + 1);
  const pieces: Uint8Array[] = [];
  let at = 1;
  // A few at a time: texts of all of them at once live long enough to be moved by the collector.
  for (let from = 0; from < members.length; from += together) {
    const texts = members.slice(from, from + together).map((member) => write(member));
    const text = `${from === 0 ? '[' : ','}${texts.join(',')}`;
    const bytes = encodeUtf8(text);
    const isAscii = bytes.length === text.length;
    texts.forEach((one, i) => {
      starts[from + i] = at;
      at += (isAscii ? one.length : encodeUtf8(one).length) + 1;
    });
    pieces.push(bytes);
  }
  starts[members.length] = at;
  pieces.push(encodeUtf8(members.length === 0 ? '[]' : ']'));
  return { members, shape, sound, pieces, starts, values: members.map((member) => value(member)) };
}

const valueOf = (member: unknown): Value => fromPlain(member, layouts, true);

/** So many members are written at once, and stand in one piece. */
const together = 64;

/** How many bytes a list takes. */
export const sizeOfList = ({ starts }: BaseList<unknown>): number => starts.at(-1) as number;

/** A list with other members in some places. @param changes - by place, in their order */
export function changedList<T>(base: BaseList<T>, changes: ReadonlyMap<number, T>): MemberList<T> {
  if (changes.size === 0) return base;
  const { starts } = base;
  const [members, values] = [[...base.members], [...base.values]];
  const pieces: Uint8Array[] = [];
  let [number, from] = [0, 0];
  // What is left of the pieces before the one with a place in it.
  const upTo = (last: number) => {
    for (; number < last; number++, from = 0) pieces.push((base.pieces[number] as Uint8Array).subarray(from));
  };
  for (const [place, member] of changes) {
    members[place] = member;
    values[place] = valueOf(member);
    upTo(Math.floor(place / together));
    // A piece begins with the bracket or comma before its first member.
    const begin = (starts[number * together] as number) - 1;
    pieces.push((base.pieces[number] as Uint8Array).subarray(from, (starts[place] as number) - begin), encodeUtf8(JSON.stringify(member)));
    from = (starts[place + 1] as number) - 1 - begin;
  }
  upTo(base.pieces.length);
  return { members, sound: base.sound && areSound([...changes.values()], base.shape), pieces, values };
}

function areSound<T>(members: readonly T[], { shape }: Shaped<T>): boolean {
  return members.every((member) => complaintOf(shape, member) === null);
}
