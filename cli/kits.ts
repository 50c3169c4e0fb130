// What the kit commands share: the file they read, whose signatures count, and what they say of a kit.
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import type { VerifiedKit } from '../actions/kit.ts';
import { decodeUtf8, formatHex } from '../ledger/bytes.ts';
import type { Source } from '../verify/pack/zip-reader.ts';
import { readTrust, type Trust } from '../verify/sigstore/index.ts';
import { UsageError, type Call, type Option } from './command.ts';

export const builderOption: Option = { type: 'string', takes: 'URI',
  help: 'who builds the kit; an import takes kits of the builder it names, and of no other' };

export function builderOf(call: Call): string {
  const builder = call.value('builder');
  if (builder !== undefined && /^[a-z][a-z0-9+.-]*:\S+$/.test(builder)) return builder;
  throw new UsageError('name the builder, a URI, with --builder');
}

/** A file that is read in places. */
export function openKitFile(path: string): Source & { close(): void } {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  return {
    size,
    read(at, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - at)));
      for (let done = 0; done < bytes.length; ) {
        const read = readSync(file, bytes, done, bytes.length - done, at + done);
        // It became shorter while it was read: what is missing shows as zeros, which no digest allows.
        if (read === 0) break;
        done += read;
      }
      return bytes;
    },
    close: () => closeSync(file),
  };
}

/** Keys named on the command line. */
export function keysOf(call: Call): Trust | null {
  const keys = call.values('key');
  return keys.length === 0 ? null : readTrust(keys.map((file) => ({ kind: 'key', publicKey: decodeUtf8(new Uint8Array(readFileSync(file))) })));
}

export function kitJson({ digest, manifest, signers }: VerifiedKit): Record<string, unknown> {
  return {
    kit: `sha256:${formatHex(digest)}`, feed: manifest.feed, snapshot: manifest.snapshot.root, signers, policies: manifest.policies.map(({ policy }) => policy),
    roots: manifest.roots.map(({ sha256 }) => `sha256:${sha256}`),
  };
}
