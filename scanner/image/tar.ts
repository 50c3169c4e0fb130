// Members of a tar archive (POSIX.1-2001 ustar and pax, GNU long names), without unpacking anything to a disk.
import { LedgerError } from '../../ledger/errors.ts';
import { part, storedInMemory, wholeOf, type StoredBytes } from './stored.ts';

export interface TarMember {
  /** Without leading `./` or `/`, never outside the archive's root. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  readonly mode: number;
  readonly link: string;
  /** Its content, where it lies in the archive. */
  readonly content: StoredBytes;
}

const block = 512;
const decoder = new TextDecoder();
const KINDS: Readonly<Record<string, TarMember['kind']>> = { '0': 'file', '\0': 'file', '7': 'file', '1': 'hardlink', '2': 'symlink', '5': 'directory' };

/** A name's record holds a few kilobytes at most, and extended attributes. */
const longBytesMax = 8 * 1024 * 1024;
/** Headers of small files stand close together: they are read in one go. */
const windowBytes = 64 * 1024;

class Headers {
  readonly #stored: StoredBytes;
  #start = 0;
  #window: Uint8Array = new Uint8Array();

  constructor(stored: StoredBytes) {
    this.#stored = stored;
  }

  at(offset: number): Uint8Array {
    if (offset < this.#start || offset + block > this.#start + this.#window.length) {
      this.#start = offset;
      this.#window = this.#stored.read(offset, Math.min(windowBytes, this.#stored.size - offset));
    }
    return this.#window.subarray(offset - this.#start, offset - this.#start + block);
  }
}

/** @throws {LedgerError} INPUT_MALFORMED with the offset of a header whose checksum or size is wrong */
export function* readTar(archive: Uint8Array | StoredBytes): Generator<TarMember> {
  const stored = archive instanceof Uint8Array ? storedInMemory(archive) : archive;
  const headers = new Headers(stored);
  let long: { path?: string; linkpath?: string } = {};
  for (let at = 0; at + block <= stored.size; ) {
    const header = headers.at(at);
    if (header.every((byte) => byte === 0)) return;
    if (!checksumHolds(header)) throw new LedgerError('INPUT_MALFORMED', 'Cannot read the tar archive: a header is damaged', { position: at });
    const size = numberAt(header, 124, 12);
    const start = at + block;
    if (!Number.isSafeInteger(size) || start + size > stored.size) {
      throw new LedgerError('INPUT_MALFORMED', 'Cannot read the tar archive: a member is cut', { position: at });
    }
    const content = part(stored, start, size);
    at = start + Math.ceil(size / block) * block;
    const type = String.fromCharCode(header[156] as number);
    if ('xLK'.includes(type) && size > longBytesMax) {
      throw new LedgerError('INPUT_MALFORMED', 'Cannot read the tar archive: a name is too long', { position: at });
    }
    if (type === 'x') long = { ...long, ...paxRecords(wholeOf(content)) };
    else if (type === 'L') long = { ...long, path: textOf(wholeOf(content)) };
    else if (type === 'K') long = { ...long, linkpath: textOf(wholeOf(content)) };
    else if (type !== 'g') {
      const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
      const name = long.path ?? (prefix === '' ? textAt(header, 0, 100) : `${prefix}/${textAt(header, 0, 100)}`);
      const path = cleanPath(name);
      const kind = name.endsWith('/') && type !== '2' ? 'directory' : (KINDS[type] ?? 'other');
      if (path !== null && path !== '') yield { path, kind, mode: numberAt(header, 100, 8), link: long.linkpath ?? textAt(header, 157, 100), content };
      long = {};
    }
  }
}

/** Segments resolved; null for a path that leaves the root, which a layer cannot mean. */
export function cleanPath(path: string): string | null {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}

function checksumHolds(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  return sum === numberAt(header, 148, 8);
}

/** Octal text, or GNU's base-256 where the first bit is set. */
function numberAt(header: Uint8Array, offset: number, length: number): number {
  if (((header[offset] as number) & 0x80) !== 0) {
    return header.subarray(offset + 1, offset + length).reduce((total, byte) => total * 256 + byte, (header[offset] as number) & 0x7f);
  }
  const text = textAt(header, offset, length).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN;
}

function textAt(header: Uint8Array, offset: number, length: number): string {
  return textOf(header.subarray(offset, offset + length));
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** `LENGTH key=value\n`, the length in decimal and of the whole record. */
function paxRecords(bytes: Uint8Array): { path?: string; linkpath?: string } {
  const found: { path?: string; linkpath?: string } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(decoder.decode(bytes.subarray(at, space)));
    if (!Number.isInteger(length) || length < space - at + 3 || at + length > bytes.length) break;
    const [key, ...value] = decoder.decode(bytes.subarray(space + 1, at + length - 1)).split('=');
    if (key === 'path' || key === 'linkpath') found[key] = value.join('=');
    at += length;
  }
  return found;
}
