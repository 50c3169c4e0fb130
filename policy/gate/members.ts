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

/** @param members - their keys in ascending order, so that `JSON.stringify` writes canonical JSON */
export function baseList<T>(members: readonly T[], shape: Shaped<T>): BaseList<T> {
  const texts = members.map((member) => JSON.stringify(member));
  const text = `[${texts.join(',')}]`;
  const bytes = encodeUtf8(text);
  const lengths = bytes.length === text.length ? texts.map(({ length }) => length) : texts.map((one) => encodeUtf8(one).length);
  const starts = new Uint32Array(members.length + 1);
  let at = 1;
  lengths.forEach((length, i) => {
    starts[i] = at;
    at += length + 1;
  });
  starts[members.length] = at;
  return { members, shape, sound: areSound(members, shape), bytes, starts, values: members.map((member) => fromPlain(member, layouts)) };
}

/** A list with other members in some places. @param changes - by place, in their order */
export function changedList<T>(base: BaseList<T>, changes: ReadonlyMap<number, T>): MemberList<T> {
  if (changes.size === 0) return base;
  const [members, values, parts] = [[...base.members], [...base.values], [] as Uint8Array[]];
  let from = 0;
  for (const [place, member] of changes) {
    members[place] = member;
    values[place] = fromPlain(member, layouts);
    parts.push(base.bytes.subarray(from, base.starts[place]), encodeUtf8(JSON.stringify(member)));
    from = (base.starts[place + 1] as number) - 1;
  }
  parts.push(base.bytes.subarray(from));
  return { members, sound: base.sound && areSound([...changes.values()], base.shape), bytes: concatBytes(...parts), values };
}

function areSound<T>(members: readonly T[], { shape }: Shaped<T>): boolean {
  return members.every((member) => complaintOf(shape, member) === null);
}
