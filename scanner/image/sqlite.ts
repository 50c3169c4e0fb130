// One table of an SQLite 3 database file, read from its pages (sqlite.org/fileformat2.html): enough for the rpm database.
import { LedgerError } from '../../ledger/errors.ts';

export type SqliteValue = number | string | Uint8Array | null;

const decoder = new TextDecoder();
const depthMax = 40;

function refuse(why: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the SQLite database: ${why}`);
}

/** Yields the rows of a table in the order of their row ids. @throws {LedgerError} INPUT_MALFORMED when the file is damaged */
export function* readTable(bytes: Uint8Array, table: string): Generator<{ rowid: number; values: SqliteValue[] }> {
  const database = new Database(bytes);
  for (const { values } of database.rows(1)) {
    const [type, name, , root] = values;
    if (type === 'table' && name === table && typeof root === 'number') yield* database.rows(root);
  }
}

class Database {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #pageSize: number;
  readonly #usable: number;

  constructor(bytes: Uint8Array) {
    if (bytes.length < 100 || decoder.decode(bytes.subarray(0, 15)) !== 'SQLite format 3') refuse('no database header');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = this.#view.getUint16(16);
    this.#pageSize = size === 1 ? 65_536 : size;
    this.#usable = this.#pageSize - (bytes[20] as number);
    if (this.#pageSize < 512 || this.#usable < 480) refuse('an impossible page size');
  }

  *rows(page: number, depth = 0): Generator<{ rowid: number; values: SqliteValue[] }> {
    const start = this.#pageStart(page);
    if (depth > depthMax) refuse('its pages form a loop');
    const head = page === 1 ? start + 100 : start;
    const type = this.#bytes[head];
    const count = this.#view.getUint16(head + 3);
    const pointers = head + (type === 5 ? 12 : 8);
    if (type !== 5 && type !== 13) refuse(`page ${page} is no table page`);
    for (let i = 0; i < count; i++) {
      const cell = start + this.#view.getUint16(this.#within(pointers + 2 * i, 2));
      if (type === 5) yield* this.rows(this.#view.getUint32(this.#within(cell, 4)), depth + 1);
      else yield this.#leaf(cell);
    }
    if (type === 5) yield* this.rows(this.#view.getUint32(head + 8), depth + 1);
  }

  #leaf(cell: number): { rowid: number; values: SqliteValue[] } {
    const size = this.#varint(cell);
    const rowid = this.#varint(size.next);
    return { rowid: rowid.value, values: recordOf(this.#payload(rowid.next, size.value), rowid.value) };
  }

  /** A payload that outgrows its page goes on in a chain of overflow pages ("B-tree Pages"). */
  #payload(start: number, size: number): Uint8Array {
    const most = this.#usable - 35;
    if (size <= most) return this.#bytes.subarray(start, this.#within(start, size) + size);
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const kept = least + ((size - least) % (this.#usable - 4));
    const local = kept <= most ? kept : least;
    if (size > this.#bytes.length) refuse('a payload is larger than the file');
    const payload = new Uint8Array(size);
    payload.set(this.#bytes.subarray(start, this.#within(start, local + 4) + local));
    let at = local;
    for (let page = this.#view.getUint32(start + local); at < size; ) {
      const from = this.#pageStart(page);
      const part = Math.min(this.#usable - 4, size - at);
      payload.set(this.#bytes.subarray(from + 4, this.#within(from, 4 + part) + 4 + part), at);
      at += part;
      page = this.#view.getUint32(from);
    }
    return payload;
  }

  #pageStart(page: number): number {
    return page < 1 ? refuse(`no page ${page}`) : this.#within((page - 1) * this.#pageSize, this.#pageSize);
  }

  #within(at: number, length: number): number {
    return at >= 0 && length >= 0 && at + length <= this.#bytes.length ? at : refuse('a pointer leaves the file');
  }

  #varint(at: number): { value: number; next: number } {
    return varintAt(this.#bytes, at);
  }
}

function varintAt(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) refuse('a number is cut');
    if (i === 8) return { value: value * 256 + byte, next: at + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return refuse('a number is cut');
}

function recordOf(payload: Uint8Array, rowid: number): SqliteValue[] {
  const head = varintAt(payload, 0);
  const values: SqliteValue[] = [];
  let body = head.value;
  for (let at = head.next; at < head.value; ) {
    const type = varintAt(payload, at);
    at = type.next;
    const size = type.value >= 12 ? Math.floor((type.value - 12) / 2) : ([0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type.value] as number);
    const bytes = payload.subarray(body, body + size);
    if (bytes.length !== size) refuse('a value is cut');
    body += size;
    if (type.value >= 12) values.push(type.value % 2 === 0 ? bytes : decoder.decode(bytes));
    else if (type.value >= 1 && type.value <= 6) values.push(bytes.reduce((total, byte) => total * 256 + byte, (bytes[0] as number) >= 0x80 ? -1 : 0));
    else values.push(type.value === 8 ? 0 : type.value === 9 ? 1 : null);
  }
  // An INTEGER PRIMARY KEY is the row id and stored as null.
  return values.map((value, i) => (i === 0 && value === null ? rowid : value));
}
