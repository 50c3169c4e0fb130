// Memos: bytes that can always be computed again, in files beside the database, believed only when their digest fits.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { plainBytes } from './plain.ts';

/** @returns null when the memo is absent, cut off or altered: its owner computes it again */
export function readMemo(directory: string, name: string): Uint8Array | null {
  let bytes: Uint8Array;
  try {
    bytes = plainBytes(readFileSync(fileOf(directory, name)));
  } catch {
    return null;
  }
  if (bytes.length < 32) return null;
  const body = bytes.subarray(0, -32);
  const digest = createHash('sha256').update(body).digest();
  return digest.equals(bytes.subarray(-32)) ? body : null;
}

export function writeMemo(directory: string, name: string, parts: readonly Uint8Array[]): void {
  const file = fileOf(directory, name);
  mkdirSync(join(directory, 'memos'), { recursive: true, mode: 0o700 });
  const handle = openSync(`${file}.new`, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    for (const part of parts) {
      hash.update(part);
      for (let at = 0; at < part.length; ) at += writeSync(handle, part, at);
    }
    writeSync(handle, hash.digest());
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  // A crash before this leaves the older memo, which is as good: it only makes the next start slower.
  renameSync(`${file}.new`, file);
}

/** The memos that lie there and are not whole. */
export function damagedMemos(directory: string): string[] {
  const folder = join(directory, 'memos');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[a-z]+$/.test(name) && readMemo(directory, name) === null) : [];
}

function fileOf(directory: string, name: string): string {
  if (!/^[a-z]+$/.test(name)) throw new TypeError(`not a memo's name: ${name}`);
  return join(directory, 'memos', name);
}
