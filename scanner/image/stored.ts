// Stored bytes that are read in places: archives and layers are larger than memory should be.
import { createHash } from 'node:crypto';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { LedgerError } from '../../ledger/errors.ts';

export interface StoredBytes {
  readonly size: number;
  /** Exactly `length` bytes; never called outside. */
  read(offset: number, length: number): Uint8Array;
}

/** Where an unpacked layer is kept while it is looked at. */
export interface WorkBytes extends StoredBytes {
  append(bytes: Uint8Array): void;
  close(): void;
}

/** Pieces that are read and hashed at a time. */
const pieceBytes = 1 << 20;
/** Largest layer after unpacking. */
export const layerBytesMax = 64 * 1024 * 1024 * 1024;

export function storedInMemory(bytes: Uint8Array): StoredBytes {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A working file in memory. */
export function workInMemory(): WorkBytes {
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  const work = {
    size: 0,
    append(bytes: Uint8Array) {
      pieces.push({ at: work.size, bytes });
      work.size += bytes.length;
    },
    read(offset: number, length: number) {
      const out = new Uint8Array(length);
      let i = pieces.findLastIndex(({ at }) => at <= offset);
      for (let done = 0; done < length; i++) {
        const { at, bytes } = pieces[i] as { at: number; bytes: Uint8Array };
        const part = bytes.subarray(offset + done - at, Math.min(bytes.length, offset + length - at));
        out.set(part, done);
        done += part.length;
      }
      return out;
    },
    close() {
      pieces.length = 0;
    },
  };
  return work;
}

export function part(stored: StoredBytes, start: number, size: number): StoredBytes {
  return { size, read: (offset, length) => stored.read(start + offset, length) };
}

export function* piecesOf(stored: StoredBytes): Generator<Uint8Array> {
  for (let at = 0; at < stored.size; at += pieceBytes) yield stored.read(at, Math.min(pieceBytes, stored.size - at));
}

/** SHA-256 in hexadecimal. */
export function digestOfStored(stored: StoredBytes): string {
  const hash = createHash('sha256');
  for (const piece of piecesOf(stored)) hash.update(piece);
  return hash.digest('hex');
}

export function wholeOf(stored: StoredBytes): Uint8Array {
  return stored.read(0, stored.size);
}

/** How bytes are packed, by their first ones: media types in the field are not reliable. */
export function packingOf(stored: StoredBytes): 'gzip' | 'zstd' | null {
  const [a, b, c, d] = stored.read(0, Math.min(4, stored.size));
  if (a === 0x1f && b === 0x8b) return 'gzip';
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? 'zstd' : null;
}

/**
 * Unpacks what is packed into a working file, piece by piece.
 *
 * @returns the bytes as they are where they are not packed, with their SHA-256 in hexadecimal
 * @throws {LedgerError} INPUT_MALFORMED, INPUT_TOO_LARGE
 */
export async function unpackStored(stored: StoredBytes, makeWork: () => WorkBytes): Promise<{ readonly bytes: StoredBytes; readonly sha256: string }> {
  const packing = packingOf(stored);
  if (packing === null) return { bytes: stored, sha256: digestOfStored(stored) };
  const unpacker = packing === 'gzip' ? createGunzip({ chunkSize: pieceBytes }) : createZstdDecompress({ chunkSize: pieceBytes });
  const [hash, work] = [createHash('sha256'), makeWork()];
  // Fed as it is read: a write that is not taken waits.
  const feeding = feed(stored, unpacker);
  try {
    for await (const piece of unpacker as AsyncIterable<Uint8Array>) {
      hash.update(piece);
      work.append(new Uint8Array(piece));
      if (work.size > layerBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot unpack a layer of more than ${layerBytesMax} bytes`);
    }
    await feeding;
  } catch (error) {
    unpacker.destroy();
    await feeding.catch(() => {});
    work.close();
    if (error instanceof LedgerError) throw error;
    throw new LedgerError('INPUT_MALFORMED', 'Cannot read the image: a layer does not unpack', { cause: error });
  }
  return { bytes: work, sha256: hash.digest('hex') };
}

interface Unpacker {
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  once(event: 'close' | 'drain', then: () => void): unknown;
  readonly destroyed: boolean;
}

async function feed(stored: StoredBytes, unpacker: Unpacker): Promise<void> {
  // Whoever waits when it closes waits for nothing.
  let go = () => {};
  unpacker.once('close', () => go());
  for (const piece of piecesOf(stored)) {
    if (unpacker.destroyed) return;
    if (unpacker.write(piece)) continue;
    await new Promise<void>((drained) => {
      go = drained;
      unpacker.once('drain', drained);
    });
  }
  unpacker.end();
}
