// Secrets of sealed payloads: one small file each, in a directory of their own that must never be in a data backup.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatHex, parseHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { guarded } from './sqlite.ts';

const secretBytes = 32;

/**
 * Secrets by the commitment that stands in the entry. Destroying one erases its payload everywhere at once: what is left is
 * ciphertext, and every proof stays valid.
 */
export interface SecretStore {
  /** Keeps a secret, durably, before anything is sealed under it. @param commitment, secret - 32 bytes */
  put(commitment: Uint8Array, secret: Uint8Array): Promise<void>;
  /** Null when it was destroyed, or never was here. */
  get(commitment: Uint8Array): Promise<Uint8Array | null>;
  /** Destroys a secret. True when it was there. */
  destroy(commitment: Uint8Array): Promise<boolean>;
  list(): AsyncIterable<Uint8Array>;
  /** Notes, durably, that a secret goes as soon as the log says that its payload of entry `entry` is erased. */
  noteErasure(commitment: Uint8Array, entry: number): Promise<void>;
  /** What was noted and not forgotten. */
  notedErasures(): Promise<readonly NotedErasure[]>;
  forgetErasure(commitment: Uint8Array): Promise<void>;
}

/** An erasure that was begun. */
export interface NotedErasure {
  /** 32 bytes. */
  readonly commitment: Uint8Array;
  /** Index of the entry that names the payload. */
  readonly entry: number;
}

/**
 * @param directory - created when missing, readable by its owner alone
 * @throws {LedgerError} SECRETS_EXPOSED when others may read the directory
 */
export function openSecrets(directory: string): SecretStore {
  guarded(() => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  if ((statSync(directory).mode & 0o077) !== 0) {
    throw new LedgerError('SECRETS_EXPOSED', `Cannot use the secrets in "${directory}": others may read them`, { hint: `chmod 700 ${directory}` });
  }
  const noted = join(directory, 'erasing');
  const fileOf = (commitment: Uint8Array) => {
    const name = formatHex(commitment);
    return join(directory, name.slice(0, 2), name);
  };
  return {
    async put(commitment, secret) {
      if (secret.length !== secretBytes) throw new RangeError(`a secret of ${secret.length} bytes`);
      const file = fileOf(commitment);
      guarded(() => {
        if (mkdirSync(dirname(file), { recursive: true, mode: 0o700 }) !== undefined) flushDirectory(directory);
        const handle = openSync(`${file}.new`, 'w', 0o600);
        try {
          writeSync(handle, secret);
          fsyncSync(handle);
        } finally {
          closeSync(handle);
        }
        renameSync(`${file}.new`, file);
        flushDirectory(dirname(file));
      });
    },
    async get(commitment) {
      try {
        const secret = readFileSync(fileOf(commitment));
        if (secret.length !== secretBytes) throw damaged(commitment, secret.length);
        return new Uint8Array(secret);
      } catch (cause) {
        if ((cause as { code?: string }).code === 'ENOENT') return null;
        return guarded<never>(() => {
          throw cause;
        });
      }
    },
    async destroy(commitment) {
      const file = fileOf(commitment);
      return guarded(() => {
        try {
          // Overwritten first: a file system may keep the blocks of a removed file, and a disk may keep them still (SECURITY.md).
          const handle = openSync(file, 'r+');
          writeSync(handle, new Uint8Array(secretBytes), 0, secretBytes, 0);
          fsyncSync(handle);
          closeSync(handle);
          unlinkSync(file);
        } catch (cause) {
          if ((cause as { code?: string }).code === 'ENOENT') return false;
          throw cause;
        }
        flushDirectory(dirname(file));
        rmSync(`${file}.new`, { force: true });
        return true;
      });
    },
    async *list() {
      for (const folder of readdirSync(directory)) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue;
        for (const name of readdirSync(join(directory, folder))) if (/^[0-9a-f]{64}$/.test(name)) yield parseHex(name);
      }
    },
    async noteErasure(commitment, entry) {
      guarded(() => {
        if (mkdirSync(noted, { recursive: true, mode: 0o700 }) !== undefined) flushDirectory(directory);
        const file = join(noted, formatHex(commitment));
        const handle = openSync(`${file}.new`, 'w', 0o600);
        try {
          writeSync(handle, `${entry}\n`);
          fsyncSync(handle);
        } finally {
          closeSync(handle);
        }
        renameSync(`${file}.new`, file);
        flushDirectory(noted);
      });
    },
    async notedErasures() {
      const names = existsSync(noted) ? readdirSync(noted).filter((name) => /^[0-9a-f]{64}$/.test(name)).sort() : [];
      return names.map((name) => ({ commitment: parseHex(name), entry: Number(readFileSync(join(noted, name), 'utf8')) }));
    },
    async forgetErasure(commitment) {
      rmSync(join(noted, formatHex(commitment)), { force: true });
    },
  };
}

function damaged(commitment: Uint8Array, bytes: number): LedgerError {
  return new LedgerError('PAYLOAD_CORRUPT', `Cannot use the secret of ${formatHex(commitment)}: ${bytes} bytes, expected ${secretBytes}`);
}

function flushDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
