// A zip with one form for one content: how its headers are written. The reader writes them again and compares (spec/pack.md, "The zip").
import { concatBytes } from '../../ledger/bytes.ts';

/** A member as the headers describe it. */
export interface ZipMember {
  /** ASCII: segments of letters, digits, `.`, `_` and `-`, parted by `/`; none begins with a dot. */
  readonly name: string;
  /** In bytes: stored, never compressed. */
  readonly size: number;
  readonly crc: number;
}

/** A member at its place. */
export interface PlacedMember extends ZipMember {
  /** Where its local header begins. */
  readonly offset: number;
}

export const memberNameBytesMax = 255;
/** More members than any pack has: a bound on what a reader looks at. */
export const zipMembersMax = 1_000_000;

/** A segment that began with a dot could be `..`, and is hidden where somebody unpacks it. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

export function isMemberName(name: string): boolean {
  return name.length <= memberNameBytesMax && NAME.test(name);
}

/** Names are ASCII, so that code units are bytes. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** 1980-01-01 00:00, the first time that a zip can state. */
const dosTime = 0;
const dosDate = 0x0021;
/** Unix, version 4.5 of the format: `unzip` takes the permissions from the attributes then. */
const madeBy = 0x032d;
const plainFile = 0o100644 * 0x10000;
const u16Max = 0xffff;
export const u32Max = 0xffff_ffff;

/** The local header that stands before a member's bytes. zip64 is used exactly where a size does not fit 32 bits. */
export function localHeader({ name, size, crc }: ZipMember): Uint8Array {
  const far = size >= u32Max;
  const extra = far ? zip64Extra([size, size]) : [];
  return record(0x04034b50, [
    [2, far ? 45 : 10], [2, 0], [2, 0], [2, dosTime], [2, dosDate], [4, crc],
    [4, far ? u32Max : size], [4, far ? u32Max : size], [2, name.length], [2, widthOf(extra)],
  ], name, extra);
}

/** How long that header is. */
export function localHeaderBytes({ name, size }: Pick<ZipMember, 'name' | 'size'>): number {
  return 30 + name.length + (size >= u32Max ? 20 : 0);
}

/** A member's line in the directory at the end. */
export function directoryHeader({ name, size, crc, offset }: PlacedMember): Uint8Array {
  const wide = [...(size >= u32Max ? [size, size] : []), ...(offset >= u32Max ? [offset] : [])];
  const extra = wide.length > 0 ? zip64Extra(wide) : [];
  return record(0x02014b50, [
    [2, madeBy], [2, wide.length > 0 ? 45 : 10], [2, 0], [2, 0], [2, dosTime], [2, dosDate], [4, crc],
    [4, Math.min(size, u32Max)], [4, Math.min(size, u32Max)], [2, name.length], [2, widthOf(extra)],
    [2, 0], [2, 0], [2, 0], [4, plainFile], [4, Math.min(offset, u32Max)],
  ], name, extra);
}

/** What ends the file, after the directory. @param at - where the directory begins @param bytes - its size */
export function endRecords(count: number, at: number, bytes: number): Uint8Array {
  const short = record(0x06054b50, [
    [2, 0], [2, 0], [2, Math.min(count, u16Max)], [2, Math.min(count, u16Max)], [4, Math.min(bytes, u32Max)], [4, Math.min(at, u32Max)], [2, 0],
  ]);
  if (count < u16Max && at < u32Max && bytes < u32Max) return short;
  const long = record(0x06064b50, [[8, 44], [2, madeBy], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, bytes], [8, at]]);
  const locator = record(0x07064b50, [[4, 0], [8, at + bytes], [4, 1]]);
  return concatBytes(long, locator, short);
}

type Field = readonly [width: 2 | 4 | 8, value: number];

function zip64Extra(values: readonly number[]): Field[] {
  return [[2, 1], [2, 8 * values.length], ...values.map((value): Field => [8, value])];
}

function widthOf(fields: readonly Field[]): number {
  return fields.reduce((sum, [width]) => sum + width, 0);
}

/** A signature, fields (little-endian), a name, and more fields. */
function record(signature: number, fields: readonly Field[], name = '', more: readonly Field[] = []): Uint8Array {
  const head: Field[] = [[4, signature], ...fields];
  const bytes = new Uint8Array(widthOf(head) + name.length + widthOf(more));
  const view = new DataView(bytes.buffer);
  let at = write(view, 0, head);
  // ASCII, or a byte that no reader takes.
  for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i);
  at += name.length;
  write(view, at, more);
  return bytes;
}

function write(view: DataView, start: number, fields: readonly Field[]): number {
  let at = start;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return at;
}
