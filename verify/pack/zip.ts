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
export function localHeader(member: ZipMember): Uint8Array {
  const { name, size, crc } = member;
  const far = size >= u32Max;
  const view = new DataView(new ArrayBuffer(localHeaderBytes(member)));
  view.setUint32(0, 0x04034b50, true);
  writeAbout(view, 4, name, Math.min(size, u32Max), crc, far ? 45 : 10, far ? 20 : 0);
  writeName(view, 30, name);
  if (far) writeZip64(view, 30 + name.length, [size, size]);
  return bytesOf(view);
}

/** How long that header is. */
export function localHeaderBytes({ name, size }: Pick<ZipMember, 'name' | 'size'>): number {
  return 30 + name.length + (size >= u32Max ? 20 : 0);
}

/** A member's line in the directory at the end. */
export function directoryHeader({ name, size, crc, offset }: PlacedMember): Uint8Array {
  const wide = size < u32Max && offset < u32Max ? [] : [...(size >= u32Max ? [size, size] : []), ...(offset >= u32Max ? [offset] : [])];
  const extra = wide.length === 0 ? 0 : 4 + 8 * wide.length;
  const view = new DataView(new ArrayBuffer(46 + name.length + extra));
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, madeBy, true);
  writeAbout(view, 6, name, Math.min(size, u32Max), crc, extra > 0 ? 45 : 10, extra);
  view.setUint32(38, plainFile, true);
  view.setUint32(42, Math.min(offset, u32Max), true);
  writeName(view, 46, name);
  if (extra > 0) writeZip64(view, 46 + name.length, wide);
  return bytesOf(view);
}

/** What both headers of a member say of it: the version that reads it, no flags, no compression, the first time, check sum, sizes, lengths. */
function writeAbout(view: DataView, at: number, name: string, size: number, crc: number, version: number, extra: number): void {
  view.setUint16(at, version, true);
  view.setUint16(at + 6, dosTime, true);
  view.setUint16(at + 8, dosDate, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, name.length, true);
  view.setUint16(at + 24, extra, true);
}

/** ASCII, or a byte that no reader takes. */
function writeName(view: DataView, at: number, name: string): void {
  for (let i = 0; i < name.length; i++) view.setUint8(at + i, name.charCodeAt(i));
}

function writeZip64(view: DataView, at: number, values: readonly number[]): void {
  view.setUint16(at, 1, true);
  view.setUint16(at + 2, 8 * values.length, true);
  values.forEach((value, i) => view.setBigUint64(at + 4 + 8 * i, BigInt(value), true));
}

function bytesOf({ buffer }: DataView): Uint8Array {
  return new Uint8Array(buffer);
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

/** A signature and fields, little-endian. */
function record(signature: number, fields: readonly Field[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [width]) => sum + width, 4)));
  view.setUint32(0, signature, true);
  let at = 4;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytesOf(view);
}
