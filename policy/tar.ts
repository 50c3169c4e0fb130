// Files out of a `.tar.gz`, bounded: nothing but regular files and directories, no path outside the archive.
import { gunzipSync } from 'node:zlib';
import { LedgerError } from '../ledger/errors.ts';

export interface ArchiveLimits {
  /** Bytes once unpacked. */
  readonly bytes: number;
  readonly files: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = { bytes: 64 * 1024 * 1024, files: 10_000 };

const BLOCK = 512;
const utf8 = new TextDecoder('utf-8', { fatal: true });

function malformed(message: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read archive: ${message}`);
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  try {
    return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch {
    return malformed('a name is no UTF-8');
  }
}

function octal(bytes: Uint8Array): number {
  const text = textOf(bytes).trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : malformed(`"${text}" is no size`);
}

function checkSum(header: Uint8Array): void {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== octal(header.subarray(148, 156))) malformed('a header is damaged');
}

/** The path that an extended header gives to the entry after it. */
function paxPath(content: Uint8Array): string | null {
  const text = textOf(content);
  const found = [...text.matchAll(/(?:^|\n)\d+ path=([^\n]*)/g)].at(-1);
  return found?.[1] ?? null;
}

function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || path.includes('\\') || parts.includes('..')) malformed(`"${path}" leads outside`);
  return parts.join('/');
}

/**
 * The regular files of a gzipped tar archive (ustar, with pax and GNU names) by their paths.
 *
 * @throws {LedgerError} INPUT_MALFORMED; INPUT_TOO_LARGE when a limit is exceeded
 */
export function unpackArchive(archive: Uint8Array, limits: ArchiveLimits = ARCHIVE_LIMITS): ReadonlyMap<string, Uint8Array> {
  const bytes = unzip(archive, limits.bytes);
  const files = new Map<string, Uint8Array>();
  let longName: string | null = null;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const size = octal(header.subarray(124, 136));
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) malformed('it ends early');
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] as number);
    const prefix = textOf(header.subarray(257, 262)) === 'ustar' && header[262] === 0 ? textOf(header.subarray(345, 500)) : '';
    const name = textOf(header.subarray(0, 100));
    const path = longName ?? (prefix === '' ? name : `${prefix}/${name}`);
    if (type === 'x') longName = paxPath(content);
    else if (type === 'L') longName = textOf(content);
    else if (type !== 'g') {
      longName = null;
      if (type === '5') continue;
      if (type !== '0' && type !== '\0') malformed(`"${path}" is neither a file nor a directory`);
      const clean = cleanPath(path);
      if (files.has(clean)) malformed(`"${clean}" stands in it twice`);
      if (files.size >= limits.files) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read archive: more than ${limits.files} files`);
      files.set(clean, content);
    }
  }
  return files;
}

function unzip(archive: Uint8Array, most: number): Uint8Array {
  try {
    return gunzipSync(archive, { maxOutputLength: most });
  } catch (cause) {
    const tooLarge = (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read archive: more than ${most} bytes once unpacked`);
    return malformed('it is no gzip');
  }
}
