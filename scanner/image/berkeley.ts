// Values of a Berkeley DB hash database, the format of rpm before 4.16: read from its pages, whichever byte order it was written in.
import { LedgerError } from '../../ledger/errors.ts';

const hashMagic = 0x00061561;
const pageHead = 26;
/** Page types (db_page.h): hash buckets, of which the older kind is unsorted, and what outgrows a page. */
const BUCKETS = new Set([2, 13]);
const overflow = 7;
/** Kinds of items on a bucket's page. */
const inline = 1;
const offPage = 3;
/** rpm's headers are megabytes at most. */
const valueBytesMax = 64 * 1024 * 1024;

function refuse(why: string, position?: number): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the rpm database: ${why}`, position === undefined ? {} : { position });
}

export function isBerkeleyHash(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length >= 72 && (view.getUint32(12, true) === hashMagic || view.getUint32(12) === hashMagic);
}

/** Yields every value, in the order of pages. @throws {LedgerError} INPUT_MALFORMED when the file is damaged */
export function* berkeleyValues(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint32(12, true) === hashMagic;
  const pageSize = view.getUint32(20, little);
  const last = view.getUint32(32, little);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) refuse('an impossible page size', 20);
  if ((last + 1) * pageSize > bytes.length) refuse('its pages leave the file', 32);
  for (let page = 1; page <= last; page++) {
    const start = page * pageSize;
    if (!BUCKETS.has(view.getUint8(start + 25))) continue;
    const count = view.getUint16(start + 20, little);
    if (count % 2 !== 0 || pageHead + 2 * count > pageSize) refuse('a page is damaged', start);
    // Keys and values stand in turn; items grow from the page's end, so that the one before ends where this one begins.
    for (let item = 1; item < count; item += 2) {
      const at = view.getUint16(start + pageHead + 2 * item, little);
      const end = view.getUint16(start + pageHead + 2 * (item - 1), little);
      if (at < pageHead || at >= end || end > pageSize) refuse('an item leaves its page', start);
      const kind = view.getUint8(start + at);
      if (kind === inline) yield bytes.subarray(start + at + 1, start + end);
      else if (kind === offPage) {
        if (at + 12 > pageSize) refuse('an item leaves its page', start);
        yield overflowing(bytes, view, little, pageSize, last, view.getUint32(start + at + 4, little), view.getUint32(start + at + 8, little));
      } else refuse('an item of an unknown kind', start + at);
    }
  }
}

/** A value in a chain of pages. */
function overflowing(bytes: Uint8Array, view: DataView, little: boolean, pageSize: number, last: number, first: number, size: number): Uint8Array {
  if (size > Math.min(valueBytesMax, bytes.length)) refuse('a value is larger than the file');
  const value = new Uint8Array(size);
  let done = 0;
  for (let page = first; done < size; page = view.getUint32(page * pageSize + 16, little)) {
    const start = page * pageSize;
    if (page < 1 || page > last || view.getUint8(start + 25) !== overflow) refuse('a value is cut');
    const length = view.getUint16(start + 22, little);
    if (length === 0 || length > pageSize - pageHead || done + length > size) refuse('a value is damaged', start);
    value.set(bytes.subarray(start + pageHead, start + pageHead + length), done);
    done += length;
  }
  return value;
}
