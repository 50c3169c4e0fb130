// The layer cache's files: beside the ledger, bounded, the least recently used go first. It can be deleted at any time.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheStore } from '../scanner/index.ts';

export const cacheBytesMax = 256 * 1024 * 1024;

/** @param now - milliseconds since 1970: when an entry was used last */
export function openLayerCache(directory: string, now: () => number, bytesMax = cacheBytesMax): CacheStore {
  const fileOf = (name: string) => join(directory, name);
  return {
    get(name) {
      try {
        const bytes = new Uint8Array(readFileSync(fileOf(name)));
        utimesSync(fileOf(name), now() / 1000, now() / 1000);
        return bytes;
      } catch {
        // A cache that cannot be read is an empty one.
        return null;
      }
    },
    put(name, bytes) {
      if (bytes.length > bytesMax) return;
      const arriving = fileOf(`${name}.${process.pid}`);
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeFileSync(arriving, bytes, { mode: 0o600 });
        renameSync(arriving, fileOf(name));
        utimesSync(fileOf(name), now() / 1000, now() / 1000);
        trim(directory, bytesMax);
      } catch {
        // Nor does a full disk keep a scan from its result.
        if (existsSync(arriving)) rmSync(arriving, { force: true });
      }
    },
  };
}

function trim(directory: string, bytesMax: number): void {
  const files = readdirSync(directory).map((name) => {
    const { size, mtimeMs } = statSync(join(directory, name));
    return { name, size, mtimeMs };
  });
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { name, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1))) {
    if (total <= bytesMax) return;
    rmSync(join(directory, name), { force: true });
    total -= size;
  }
}
