// Reads a zip of the one form that `writeZip` gives, and no other: what the headers say is written again and compared.
import { decodeUtf8, equalBytes } from '../../ledger/bytes.ts';
import { clip } from '../../ledger/errors.ts';
import { no } from '../../ledger/verdict.ts';
import { crc32 } from './crc32.ts';
import type { PackAnswer } from './codes.ts';
import {
  compareNames, directoryHeader, endRecords, isMemberName, localHeader, localHeaderBytes, memberNameBytesMax, u32Max, zipMembersMax, type PlacedMember,
} from './zip.ts';

/** A file that is read in places, so that a pack need not fit into memory. */
export interface Source {
  readonly size: number;
  /** The bytes from `at`, fewer only at the end. */
  read(at: number, length: number): Uint8Array;
}

/** A zip whose form was checked; what its members hold is not yet. */
export interface Zip {
  /** In the order of their names. */
  readonly members: readonly PlacedMember[];
  /** A member's bytes in pieces. */
  pieces(member: PlacedMember): Iterable<Uint8Array>;
  /** A member's bytes whole: of a pack in memory a view, which nobody may write to. */
  bytes(member: PlacedMember): Uint8Array;
}

export function memorySource(bytes: Uint8Array): Source {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/** How much of a member is read at once. */
export const pieceBytes = 1 << 20;
const endBytes = 22;
const end64Bytes = 56 + 20;
const lineBytes = 46;
/** With the longest name and zip64's three numbers. */
const lineBytesMax = lineBytes + memberNameBytesMax + 28;

/**
 * Reads the directory and holds every byte that is not a member's against what the writer writes.
 *
 * Compression, dates, comments, extra fields, gaps, bytes before, between or after, two members of one name and names that lead
 * out of a folder all show as one thing: it is not the form that its own directory gives when written again.
 *
 * @returns EVIDENCE_MALFORMED for another form; PACK_REORDERED for the right form with members in another order
 */
export function readZip(source: Source): PackAnswer<{ readonly zip: Zip }> {
  const end = endOf(source);
  if (typeof end === 'string') return malformed(end);
  const { count, at, bytes } = end;
  const directory = source.read(at, bytes);
  const members: PlacedMember[] = [];
  let reordered: string | null = null;
  let place = 0;
  let line = 0;
  for (let i = 0; i < count; i++) {
    const read = lineAt(directory, line);
    if (typeof read === 'string') return malformed(`member ${i}: ${read}`);
    const before = members[i - 1]?.name ?? '';
    const order = compareNames(before, read.name);
    if (order === 0) return malformed(`two members are called "${read.name}"`);
    if (order > 0) reordered ??= `"${read.name}" stands after "${before}"`;
    const expected = directoryHeader(read);
    if (!equalBytes(directory.subarray(line, line + expected.length), expected)) return malformed(`the directory's line for "${read.name}"`);
    if (read.offset !== place) return malformed(`"${read.name}" begins at ${read.offset}, expected ${place}`);
    const header = localHeader(read);
    if (!equalBytes(source.read(place, header.length), header)) return malformed(`the header of "${read.name}"`);
    place += header.length + read.size;
    line += expected.length;
    members.push(read);
  }
  if (line !== bytes || place !== at) return malformed('there are bytes that belong to no member');
  const ends = endRecords(count, at, bytes);
  if (source.size !== at + bytes + ends.length || !equalBytes(source.read(at + bytes, ends.length), ends)) return malformed('its end');
  if (reordered !== null) return no('PACK_REORDERED', reordered);
  return { ok: true, zip: { members, pieces: (member) => pieces(source, member), bytes: (member) => source.read(startOf(member), member.size) } };
}

/** A member's bytes whole, checked against its check sum; null where they differ from it. */
export function readMember(zip: Zip, member: PlacedMember, sum: (bytes: Uint8Array, before: number) => number = crc32): Uint8Array | null {
  const bytes = zip.bytes(member);
  return sum(bytes, 0) === member.crc ? bytes : null;
}

function* pieces(source: Source, member: PlacedMember): Iterable<Uint8Array> {
  const start = startOf(member);
  for (let at = 0; at < member.size; at += pieceBytes) yield source.read(start + at, Math.min(pieceBytes, member.size - at));
}

function startOf(member: PlacedMember): number {
  return member.offset + localHeaderBytes(member);
}

interface End {
  readonly count: number;
  readonly at: number;
  readonly bytes: number;
}

/** Where the directory is, from the records at the very end; or what is wrong. */
function endOf(source: Source): End | string {
  const { size } = source;
  if (size < endBytes) return `${size} bytes`;
  const end = viewOf(source.read(size - endBytes, endBytes));
  if (end.getUint32(0, true) !== 0x06054b50) return 'it does not end as a zip';
  const short = { count: end.getUint16(10, true), bytes: end.getUint32(12, true), at: end.getUint32(16, true) };
  const found = short.count === 0xffff || short.bytes === u32Max || short.at === u32Max ? end64Of(source) : short;
  if (typeof found === 'string') return found;
  if (found.count > zipMembersMax) return `${found.count} members, expected at most ${zipMembersMax}`;
  if (found.bytes > zipMembersMax * lineBytesMax) return `a directory of ${found.bytes} bytes`;
  if (found.at + found.bytes > size - endBytes) return 'its directory lies beyond its end';
  return found;
}

function end64Of(source: Source): End | string {
  const start = source.size - endBytes - end64Bytes;
  if (start < 0) return 'its end is cut';
  const end = viewOf(source.read(start, end64Bytes));
  if (end.getUint32(0, true) !== 0x06064b50) return 'it has no zip64 end';
  const [count, bytes, at] = [wide(end, 32), wide(end, 40), wide(end, 48)];
  if (count === null || bytes === null || at === null) return 'a size of 2^53 or more';
  return { count, bytes, at };
}

/** One line of the directory; or what is wrong. The caller writes it again, so that only what places other fields is looked at. */
function lineAt(directory: Uint8Array, at: number): PlacedMember | string {
  if (at + lineBytes > directory.length) return 'the directory is cut';
  const line = viewOf(directory.subarray(at));
  const nameLength = line.getUint16(28, true);
  const extraLength = line.getUint16(30, true);
  if (at + lineBytes + nameLength + extraLength > directory.length) return 'the directory is cut';
  const raw = directory.subarray(at + lineBytes, at + lineBytes + nameLength);
  const name = raw.every((byte) => byte < 0x80) ? decodeUtf8(raw) : '';
  if (!isMemberName(name)) return `the name "${clip(name)}"`;
  let size: number | null = line.getUint32(24, true);
  let offset: number | null = line.getUint32(42, true);
  let extra = lineBytes + nameLength + 4;
  const next = (): number | null => {
    extra += 8;
    return extra <= lineBytes + nameLength + extraLength ? wide(line, extra - 8) : null;
  };
  if (size === u32Max) [size] = [next(), next()];
  if (offset === u32Max) offset = next();
  if (size === null || offset === null) return 'its size or place';
  return { name, size, crc: line.getUint32(16, true), offset };
}

function wide(view: DataView, at: number): number | null {
  const value = Number(view.getBigUint64(at, true));
  return Number.isSafeInteger(value) ? value : null;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(what: string) {
  return no('EVIDENCE_MALFORMED', `the pack is not in the form of a pack: ${what}`);
}
