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

/** A list in canonical JSON. */
export interface WrittenList {
  readonly pieces: readonly Uint8Array[];
  /** Where each member's text begins in all the pieces, and one more: past the last. Each ends one before the next begins. */
  readonly starts: Uint32Array;
}

/** As it follows from its payload. */
export interface BaseList<T> extends MemberList<T>, WrittenList {
  readonly shape: Shaped<T>;
}

/** The members of all inputs have few sets of keys. */
export const layouts = new Layouts();

/** What is known of members from how they were read. */
interface Known<T> {
  readonly sound: true;
  readonly written: WrittenList;
  /** As `fromPlain` makes them. */
  readonly value: (member: T) => Value;
}

/** @param members - their keys in ascending order, so that `JSON.stringify` writes canonical JSON */
export function baseList<T>(members: readonly T[], shape: Shaped<T>, known?: Known<T>): BaseList<T> {
  const { sound = areSound(members, shape), written = writeList(members), value = valueOf } = known ?? {};
  return { members, shape, sound, ...written, values: members.map((member) => value(member)) };
}

function writeList(members: readonly unknown[]): WrittenList {
  const writer = new ListWriter();
  for (let from = 0; from < members.length; from += membersTogether) {
    writer.add(members.slice(from, from + membersTogether).map((member) => JSON.stringify(member)));
  }
  return writer.done();
}

const valueOf = (member: unknown): Value => fromPlain(member, layouts, true);

/**
 * So many members are written at once, and stand in one piece: texts of all of them at once live long enough to be moved by the
 * collector.
 */
export const membersTogether = 64;

/** Writes a list. */
export class ListWriter {
  readonly #pieces: Uint8Array[] = [];
  readonly #starts: number[] = [];
  #at = 1;

  /** @param texts - canonical JSON of the next members: `membersTogether` of them, and fewer only at the end @returns the JSON of a list of them */
  add(texts: readonly string[]): string {
    let list = '[';
    for (const text of texts) list += list.length === 1 ? text : `,${text}`;
    list += ']';
    const bytes = encodeUtf8(list);
    const isAscii = bytes.length === list.length;
    if (this.#pieces.length > 0) bytes[0] = COMMA;
    this.#pieces.push(bytes.subarray(0, -1));
    for (const text of texts) {
      this.#starts.push(this.#at);
      this.#at += (isAscii ? text.length : encodeUtf8(text).length) + 1;
    }
    return list;
  }

  done(): WrittenList {
    const pieces = [...this.#pieces, encodeUtf8(this.#pieces.length === 0 ? '[]' : ']')];
    return { pieces, starts: Uint32Array.from([...this.#starts, this.#at]) };
  }
}

const COMMA = 0x2c;

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
    upTo(Math.floor(place / membersTogether));
    // A piece begins with the bracket or comma before its first member.
    const begin = (starts[number * membersTogether] as number) - 1;
    pieces.push((base.pieces[number] as Uint8Array).subarray(from, (starts[place] as number) - begin), encodeUtf8(JSON.stringify(member)));
    from = (starts[place + 1] as number) - 1 - begin;
  }
  upTo(base.pieces.length);
  return { members, sound: base.sound && areSound([...changes.values()], base.shape), pieces, values };
}

function areSound<T>(members: readonly T[], { shape }: Shaped<T>): boolean {
  return members.every((member) => complaintOf(shape, member) === null);
}
