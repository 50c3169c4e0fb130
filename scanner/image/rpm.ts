// The rpm database: its headers (rpm's "Package Format v4", "Header structure") in SQLite, ndb or Berkeley DB, and what they say of each package.
import { LedgerError } from '../../ledger/errors.ts';
import { berkeleyValues, isBerkeleyHash } from './berkeley.ts';
import { readTable } from './sqlite.ts';

export interface RpmPackage {
  readonly name: string;
  readonly epoch: number | null;
  readonly version: string;
  readonly release: string;
  readonly arch: string | null;
  /** Name and EVR of the source package, from SOURCERPM. */
  readonly source: { readonly name: string; readonly version: string } | null;
  readonly modularity: string | null;
  /** Absolute paths of its files. */
  readonly files: readonly string[];
}

const TAG = {
  name: 1000, version: 1001, release: 1002, epoch: 1003, arch: 1022, sourceRpm: 1044, dirIndexes: 1116, baseNames: 1117, dirNames: 1118, modularity: 5096,
};
const decoder = new TextDecoder();

function refuse(why: string, position?: number): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the rpm database: ${why}`, position === undefined ? {} : { position });
}

/** Reads `rpmdb.sqlite`, ndb's `Packages.db` or Berkeley DB's `Packages`, told apart by their first bytes. */
export function readRpmDatabase(bytes: Uint8Array): RpmPackage[] {
  if (decoder.decode(bytes.subarray(0, 15)) === 'SQLite format 3') {
    const rows = [...readTable(bytes, 'Packages')];
    return rows.map(({ values: [, blob] }) => (blob instanceof Uint8Array ? readRpmHeader(blob) : refuse('a row holds no header')));
  }
  if (decoder.decode(bytes.subarray(0, 4)) === 'RpmP') return [...ndbBlobs(bytes)].map(readRpmHeader);
  // The value of key 0 is the number of the newest package, and no header.
  if (isBerkeleyHash(bytes)) return [...berkeleyValues(bytes)].filter((value) => value.length > 4).map(readRpmHeader);
  return refuse('neither SQLite, ndb nor Berkeley DB', 0);
}

/** ndb: a page of slots, each naming a blob by its 16-byte blocks. */
function* ndbBlobs(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 32) refuse('its header is cut', 0);
  const slotPages = view.getUint32(12, true);
  const slotsEnd = slotPages * 4096;
  if (slotPages > 2048 || slotsEnd > bytes.length) refuse('its slots leave the file', 12);
  // The header takes the place of the first two slots.
  for (let slot = 32; slot + 16 <= slotsEnd; slot += 16) {
    if (decoder.decode(bytes.subarray(slot, slot + 4)) !== 'Slot') refuse('a slot is damaged', slot);
    const [index, block] = [view.getUint32(slot + 4, true), view.getUint32(slot + 8, true)];
    if (index === 0) continue;
    const start = block * 16;
    if (start + 16 > bytes.length || decoder.decode(bytes.subarray(start, start + 4)) !== 'BlbS') refuse('a slot names no blob', slot);
    const length = view.getUint32(start + 12, true);
    if (view.getUint32(start + 4, true) !== index || start + 16 + length > bytes.length) refuse('a blob is damaged', start);
    yield bytes.subarray(start + 16, start + 16 + length);
  }
}

type Values = readonly (string | number)[];

/** A header without its leading magic, as databases keep it: counts of entries and of data bytes, entries, data; big-endian. */
export function readRpmHeader(blob: Uint8Array): RpmPackage {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  if (blob.length < 8) refuse('a header is cut', 0);
  const [count, size] = [view.getUint32(0), view.getUint32(4)];
  const data = 8 + 16 * count;
  if (count > 0xffff || data + size > blob.length) refuse('a header is cut', 0);
  const tags = new Map<number, Values>();
  const wanted = new Set(Object.values(TAG));
  for (let i = 0; i < count; i++) {
    const at = 8 + 16 * i;
    const tag = view.getUint32(at);
    const [type, start, values] = [view.getUint32(at + 4), data + view.getUint32(at + 8), view.getUint32(at + 12)];
    if (wanted.has(tag)) tags.set(tag, valuesAt(blob, view, type, start, values, data + size));
  }
  const text = (tag: number) => {
    const value = tags.get(tag)?.[0];
    return typeof value === 'string' ? value : null;
  };
  const epoch = tags.get(TAG.epoch)?.[0];
  return {
    name: text(TAG.name) ?? refuse('a header has no name'),
    epoch: typeof epoch === 'number' ? epoch : null,
    version: text(TAG.version) ?? refuse('a header has no version'),
    release: text(TAG.release) ?? refuse('a header has no release'),
    arch: text(TAG.arch),
    source: sourceOf(text(TAG.sourceRpm)),
    modularity: text(TAG.modularity),
    files: filesOf(tags),
  };
}

function valuesAt(blob: Uint8Array, view: DataView, type: number, start: number, count: number, end: number): Values {
  const width = { 1: 1, 2: 1, 3: 2, 4: 4 }[type];
  if (width !== undefined) {
    if (start + width * count > end) refuse('a value leaves its header', start);
    return Array.from({ length: count }, (_, i) => {
      const at = start + width * i;
      return width === 4 ? view.getUint32(at) : width === 2 ? view.getUint16(at) : (blob[at] as number);
    });
  }
  // 6 is one string, 8 an array of them, 9 a string in several languages.
  if (type !== 6 && type !== 8 && type !== 9) return [];
  const texts: string[] = [];
  for (let at = start; texts.length < count; ) {
    const zero = blob.indexOf(0, at);
    if (zero < 0 || zero >= end) refuse('a text leaves its header', at);
    texts.push(decoder.decode(blob.subarray(at, zero)));
    at = zero + 1;
  }
  return texts;
}

function filesOf(tags: ReadonlyMap<number, Values>): string[] {
  const [folders, names, places] = [tags.get(TAG.dirNames) ?? [], tags.get(TAG.baseNames) ?? [], tags.get(TAG.dirIndexes) ?? []];
  return names.map((name, i) => `${folders[places[i] as number] ?? ''}${name}`);
}

/** `curl-7.61.1-22.el8.src.rpm`. */
function sourceOf(sourceRpm: string | null): { name: string; version: string } | null {
  const found = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(sourceRpm ?? '');
  return found === null ? null : { name: found[1] as string, version: found[2] as string };
}
