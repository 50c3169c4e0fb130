// Members of a zip archive (APPNOTE 6.3.10), read from its central directory with bounds on what a stranger's archive may unpack to.
import { inflateRawSync } from 'node:zlib';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';

export interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A member that is unpacked when it is asked for. */
export interface ListedMember {
  readonly name: string;
  read(): Uint8Array;
}

/** Largest member and most members; OSV's whole archive has some 300,000 of a few kilobytes each. */
export const zipMemberBytesMax = 64 * 1024 * 1024;
export const zipMembersMax = 4_000_000;

const endRecord = 0x06054b50;
const endRecord64 = 0x06064b50;
const centralHeader = 0x02014b50;
const localHeader = 0x04034b50;

function refuse(why: string, position?: number): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the zip archive: ${why}`, position === undefined ? {} : { position });
}

/** Yields every file of the archive, in the order of its directory. @throws {LedgerError} INPUT_MALFORMED, INPUT_TOO_LARGE */
export function* readZip(archive: Uint8Array): Generator<ZipMember> {
  for (const { name, read } of listZip(archive)) yield { name, bytes: read() };
}

/** Yields every file of the archive, packed. @throws {LedgerError} INPUT_MALFORMED, INPUT_TOO_LARGE, also when one is read */
export function* listZip(archive: Uint8Array): Generator<ListedMember> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const { offset, count } = directoryOf(archive, view);
  if (count > zipMembersMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read the zip archive: ${count} members`);
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (at + 46 > archive.length || view.getUint32(at, true) !== centralHeader) refuse('its directory is cut', at);
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [nameLength, extraLength, commentLength] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
    const name = decodeUtf8(archive.subarray(at + 46, at + 46 + nameLength));
    const sizes = sizesOf(view, at, archive.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    at += 46 + nameLength + extraLength + commentLength;
    if (name.endsWith('/')) continue;
    if ((flags & 1) !== 0) refuse(`"${name}" is encrypted`);
    yield { name, read: () => contentOf(archive, view, name, method, sizes) };
  }
}

interface Sizes {
  packed: number;
  size: number;
  local: number;
}

function directoryOf(archive: Uint8Array, view: DataView): { offset: number; count: number } {
  // The end record is followed by a comment of at most 65,535 bytes.
  for (let at = archive.length - 22; at >= Math.max(0, archive.length - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== endRecord) continue;
    const [count, offset] = [view.getUint16(at + 10, true), view.getUint32(at + 16, true)];
    if (count !== 0xffff && offset !== 0xffffffff) return { offset, count };
    if (at < 20) refuse('its zip64 locator is missing');
    const end64 = Number(view.getBigUint64(at - 20 + 8, true));
    if (end64 + 56 > archive.length || view.getUint32(end64, true) !== endRecord64) refuse('its zip64 end record is missing');
    return { offset: Number(view.getBigUint64(end64 + 48, true)), count: Number(view.getBigUint64(end64 + 32, true)) };
  }
  return refuse('no end record');
}

/** Sizes past 32 bits stand in the zip64 extra field, in this order and only those that are needed. */
function sizesOf(view: DataView, at: number, extra: Uint8Array): Sizes {
  const sizes = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true), local: view.getUint32(at + 42, true) };
  const fields = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  for (let i = 0; i + 4 <= extra.length; i += 4 + fields.getUint16(i + 2, true)) {
    if (fields.getUint16(i, true) !== 1) continue;
    let place = i + 4;
    for (const key of ['size', 'packed', 'local'] as const) {
      if (sizes[key] !== 0xffffffff || place + 8 > extra.length) continue;
      sizes[key] = Number(fields.getBigUint64(place, true));
      place += 8;
    }
  }
  return sizes;
}

function contentOf(archive: Uint8Array, view: DataView, name: string, method: number, { packed, size, local }: Sizes): Uint8Array {
  if (size > zipMemberBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot unpack "${name}": ${size} bytes`);
  if (local + 30 > archive.length || view.getUint32(local, true) !== localHeader) refuse(`"${name}" has no header`, local);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + packed > archive.length) refuse(`"${name}" is cut`, start);
  const data = archive.subarray(start, start + packed);
  if (method === 0) return data;
  if (method !== 8) refuse(`"${name}" is packed by method ${method}`);
  try {
    // The stated size bounds the output: an archive that lies about it is refused instead of filling memory.
    const content = inflateRawSync(data, { maxOutputLength: Math.max(1, size) });
    return content.length === size ? new Uint8Array(content) : refuse(`"${name}" is not as long as it says`);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    return refuse(`"${name}" does not unpack`);
  }
}
