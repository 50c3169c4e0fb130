// Files that only their owner may read: written whole or not at all, and refused when others can read them.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { LedgerError } from '../errors.ts';
import { plainBytes } from './plain.ts';
import { guarded } from './sqlite.ts';

/** Writes a private file, durably, in place of an older one. */
export function writePrivateFile(file: string, bytes: Uint8Array): void {
  guarded(() => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(`${file}.new`, 'w', 0o600);
    try {
      writeSync(handle, bytes);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(`${file}.new`, file);
    const directory = openSync(dirname(file), 'r');
    fsyncSync(directory);
    closeSync(directory);
  });
}

/** @returns null when there is no such file @throws {LedgerError} SECRETS_EXPOSED when others may read it */
export function readPrivateFile(file: string): Uint8Array | null {
  return guarded(() => {
    try {
      if ((statSync(file).mode & 0o077) !== 0) {
        throw new LedgerError('SECRETS_EXPOSED', `Cannot use "${file}": others may read it`, { hint: `chmod 600 ${file}` });
      }
      return plainBytes(readFileSync(file));
    } catch (cause) {
      if ((cause as { code?: string }).code === 'ENOENT') return null;
      throw cause;
    }
  });
}
