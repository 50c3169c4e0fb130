// Payloads: bytes outside the log, in files named by their SHA-256, streamed in and out in bounded memory.
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { compareBytes, formatHex, parseHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { openFileAt, type FileAt } from './file-at.ts';
import { LentMemory } from './lent-memory.ts';
import { guarded } from './sqlite.ts';

/** What a stored payload is called by: an entry names it, so it must be there before the entry is. */
export interface StoredPayload {
  /** SHA-256 of the stored bytes, 32 bytes: of a sealed payload, of its ciphertext. */
  readonly digest: Uint8Array;
  readonly size: number;
}

/** Bytes that are on the disk, and no payload yet: one call's documents come in together, or leave nothing behind. */
export interface StagedPayload extends StoredPayload {
  /** Makes it a payload, durably. @throws {LedgerError} STORE_FULL, STORE_FAILED */
  keep(): Promise<void>;
  /** Removes it; what cannot be removed goes with `tidy`. Never touches a payload of the same bytes: others may name that one. */
  drop(): Promise<void>;
}

/** Room for a payload that is not made yet. */
export interface ReservedPayload {
  /** Takes its bytes, once, and before they are flushed. */
  write(pieces: readonly Uint8Array[]): void;
  /** Begins to flush them: that goes on whatever this thread does then, even if it does not come back to the event loop for a while. */
  flush(): void;
  /**
   * Makes the bytes a payload, durably, as soon as all of them are there.
   *
   * @param digest - SHA-256 of these very bytes. It is believed: under a wrong one they are found corrupt by everybody who reads them
   * @throws {LedgerError} STORE_FULL, STORE_FAILED; nothing is stored then
   */
  keep(digest: Uint8Array): Promise<StoredPayload>;
  /** Gives it up, with what has arrived; once it is kept there is nothing to give up. What cannot be removed goes with `tidy`. */
  drop(): Promise<void>;
}

export interface PayloadStore {
  /** As `put`, up to the point where the bytes could be taken back. What is neither kept nor dropped goes with `tidy`. */
  stage(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytesMax: number): Promise<StagedPayload>;

  /** Makes room for a payload that has to be kept or dropped. @throws {LedgerError} STORE_FULL, STORE_FAILED */
  reserve(): Promise<ReservedPayload>;

  /**
   * Stores bytes under their digest, durably: after it returns, a crash or a power failure loses nothing of them.
   *
   * A crash before that leaves no payload, at most a temporary file that `tidy` removes: an entry that names it is appended later.
   *
   * @param bytesMax - the largest size taken
   * @throws {LedgerError} PAYLOAD_TOO_LARGE, STORE_FULL, STORE_FAILED; nothing is stored then
   */
  put(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytesMax: number): Promise<StoredPayload>;

  /**
   * The bytes, in pieces, checked while they pass: the last piece comes only when the digest is right.
   *
   * @throws {LedgerError} PAYLOAD_MISSING; PAYLOAD_CORRUPT at the end, when other bytes lie there
   */
  get(digest: Uint8Array): AsyncIterable<Uint8Array>;

  /**
   * Hands the bytes, whole and checked, to whoever looks at them. They are good only until `look` returns: their memory is used again.
   *
   * @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT; what `look` throws
   */
  look<T>(digest: Uint8Array, look: (bytes: Uint8Array) => T): Promise<T>;

  has(digest: Uint8Array): Promise<boolean>;

  /**
   * Opens a payload for reading at places: its bytes are not checked here, so only for what has proofs of its own (a snapshot).
   *
   * @throws {LedgerError} PAYLOAD_MISSING
   */
  openAt(digest: Uint8Array): Promise<FileAt>;

  /**
   * Remembers under which digest a sealed payload's ciphertext lies: an entry names its commitment alone.
   *
   * Durable, and to be called before the entry is appended. @param commitment, digest - 32 bytes
   */
  nameSealed(commitment: Uint8Array, digest: Uint8Array): Promise<void>;

  /** The digest of a sealed payload's ciphertext; null when it was never here. */
  findSealed(commitment: Uint8Array): Promise<Uint8Array | null>;

  /** Forgets where a sealed payload lay. */
  unnameSealed(commitment: Uint8Array): Promise<void>;

  /** Removes a payload that nothing names any more. True when it was there. */
  remove(digest: Uint8Array): Promise<boolean>;

  /** Every stored payload's digest, in no order. */
  list(): AsyncIterable<Uint8Array>;

  /**
   * Removes what stores that were stopped in the middle have left.
   *
   * @param before - milliseconds since 1970: what was written since then may still become a payload @returns how many there were
   */
  tidy(before: number): Promise<number>;
}

/** The numbered steps of storing a payload: crash tests stop the process at each of them. */
export type PayloadStep = 'payload 1: written' | 'payload 2: named' | 'payload 3: flushed';

/** @param directory - created when missing, readable by its owner alone @param at - called at each step; nothing in production */
export function openPayloads(directory: string, at: (step: PayloadStep) => void | Promise<void> = () => {}): PayloadStore {
  const blocks = new LentMemory(blockBytes, 4);
  const looks = new LentMemory(pieceBytesMax, 1);
  const fileOf = (digest: Uint8Array) => {
    const name = formatHex(digest);
    return join(directory, name.slice(0, 2), name);
  };
  /** Where bytes arrive, and what makes a payload of them. What fails removes them. */
  const arrival = async () => {
    const arriving = join(directory, 'arriving');
    await reached(() => makeDirectory(arriving));
    const temporary = join(arriving, randomUUID());
    // It says nothing: whoever drops something has more to say already, and no entry names what is left.
    const drop = () => rm(temporary, { force: true }).catch(() => {});
    const orDrop = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        await drop();
        throw error;
      }
    };
    const keep = (digest: Uint8Array) => orDrop(async () => {
      const file = fileOf(digest);
      await reached(async () => {
        await makeDirectory(dirname(file));
        // 2. Its name. Equal bytes have one name: whoever is second replaces them by themselves.
        await rename(temporary, file);
      });
      await at('payload 2: named');
      // 3. The name, flushed. A crash before it may lose the name, so the entry may not be there yet.
      await reached(() => flushDirectory(dirname(file)));
      await at('payload 3: flushed');
    });
    return { temporary, drop, orDrop, keep };
  };
  const stage: PayloadStore['stage'] = async (bytes, bytesMax) => {
    const { temporary, drop, orDrop, keep } = await arrival();
    const stored = await orDrop(async () => {
      // 1. The bytes to a temporary file, flushed. A crash here leaves a file that nothing names.
      const into = (block: Uint8Array) => write(temporary, bytes, bytesMax, block);
      // Most payloads are one piece, which there is nothing to put together with.
      const written = await (Array.isArray(bytes) && bytes.length === 1 ? into(new Uint8Array(0)) : blocks.lend(blockBytes, into));
      await at('payload 1: written');
      return written;
    });
    return { ...stored, keep: () => keep(stored.digest), drop };
  };
  return {
    stage,
    async reserve() {
      const { temporary, drop, orDrop, keep } = await arrival();
      const handle = await reached(() => open(temporary, 'wx', 0o600));
      let arrived = Promise.resolve(0);
      // Whoever keeps it hears of what went wrong.
      const then = (work: () => Promise<number>) => (arrived = reached(work)).catch(() => {});
      let [isWritten, isFlushing] = [false, false];
      const flush = () => {
        isFlushing = true;
        const written = arrived;
        void then(() => handle.datasync().then(() => written));
      };
      return {
        // 1. As above: written by this thread, a million bytes in a third of a millisecond, and flushed by another one.
        write(pieces) {
          // Of the first bytes nobody would hear what went wrong, and nobody would flush the last ones.
          if (isWritten || isFlushing) throw new TypeError('bytes of a payload come once, before they are flushed');
          isWritten = true;
          void then(async () => writeTogether(handle.fd, pieces));
        },
        flush,
        async keep(digest) {
          if (!isFlushing) flush();
          // Some file systems say only here that bytes did not come to rest.
          const size = await orDrop(() => arrived.finally(() => reached(() => handle.close())));
          await orDrop(async () => at('payload 1: written'));
          await keep(digest);
          return { digest, size };
        },
        async drop() {
          await arrived.catch(() => {});
          await handle.close().catch(() => {});
          await drop();
        },
      };
    },
    async put(bytes, bytesMax) {
      const { digest, size, keep } = await stage(bytes, bytesMax);
      await keep();
      return { digest, size };
    },
    async *get(digest) {
      const hash = createHash('sha256');
      let held: Uint8Array | null = null;
      for await (const piece of pieces(fileOf(digest), digest)) {
        hash.update(piece);
        if (held !== null) yield held;
        held = piece;
      }
      check(hash.digest(), digest);
      if (held !== null) yield held;
    },
    async look(digest, look) {
      const readable = async <T>(work: () => Promise<T>): Promise<T> => work().catch((cause: unknown) => {
        throw refusalOf(cause, digest);
      });
      const handle = await readable(() => open(fileOf(digest), 'r'));
      try {
        const { size } = await readable(() => handle.stat());
        return await looks.lend(size, async (memory) => {
          const bytes = await readable(() => fill(memory, handle));
          check(createHash('sha256').update(bytes).digest(), digest);
          return look(bytes);
        });
      } finally {
        await handle.close();
      }
    },
    has: (digest) => stat(fileOf(digest)).then(() => true, () => false),
    async openAt(digest) {
      try {
        return openFileAt(fileOf(digest), `payload ${formatHex(digest)}`);
      } catch (cause) {
        throw refusalOf(cause, digest);
      }
    },
    async nameSealed(commitment, digest) {
      const file = join(directory, 'sealed', formatHex(commitment));
      await reached(async () => {
        await makeDirectory(dirname(file));
        const handle = await open(`${file}.new`, 'w', 0o600);
        try {
          await handle.write(digest);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(`${file}.new`, file);
        await flushDirectory(dirname(file));
      });
    },
    async findSealed(commitment) {
      const found = await readFile(join(directory, 'sealed', formatHex(commitment))).catch(() => null);
      return found?.length === 32 ? new Uint8Array(found) : null;
    },
    unnameSealed: (commitment) => reached(() => rm(join(directory, 'sealed', formatHex(commitment)), { force: true })),
    async remove(digest) {
      const file = fileOf(digest);
      const there = await unlink(file).then(() => true, () => false);
      if (there) await reached(() => flushDirectory(dirname(file)));
      return there;
    },
    async *list() {
      for (const folder of await names(directory)) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue;
        for (const name of await names(join(directory, folder))) if (/^[0-9a-f]{64}$/.test(name)) yield parseHex(name);
      }
    },
    async tidy(before) {
      let removed = 0;
      for (const name of await names(join(directory, 'arriving'))) {
        const file = join(directory, 'arriving', name);
        // One that is gone by now has become a payload.
        const written = await stat(file).then(({ mtimeMs }) => mtimeMs, () => Number.POSITIVE_INFINITY);
        if (written >= before) continue;
        // What cannot be removed stands in nobody's way.
        if (await rm(file).then(() => true, () => false)) removed += 1;
      }
      return removed;
    },
  };
}

/** @returns how many bytes there were */
function writeTogether(file: number, pieces: readonly Uint8Array[]): number {
  const block = new Uint8Array(smallBytesMax);
  let [size, held] = [0, 0];
  const writeOut = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    size += bytes.length;
  };
  // In blocks: the same as a list of pieces takes Linux ten times as long, which finds memory for each piece by itself.
  for (const piece of pieces) {
    for (let at = 0, taken = 0; at < piece.length; at += taken) {
      taken = Math.min(piece.length - at, block.length - held);
      block.set(piece.subarray(at, at + taken), held);
      held += taken;
      if (held < block.length) continue;
      writeOut(block);
      held = 0;
    }
  }
  writeOut(block.subarray(0, held));
  return size;
}

/** @param block - memory to put small pieces together in */
async function write(
  file: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytesMax: number, block: Uint8Array,
): Promise<StoredPayload> {
  const handle = await reached(() => open(file, 'wx', 0o600));
  try {
    const hash = createHash('sha256');
    let size = 0;
    const writeOut = (piece: Uint8Array) => {
      hash.update(piece);
      return reached(async () => {
        for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
      });
    };
    // Small pieces are put together: a call that goes through the event loop costs as much as writing 100 KB.
    let held = 0;
    for await (const piece of bytes) {
      size += piece.length;
      if (size > bytesMax) throw new LedgerError('PAYLOAD_TOO_LARGE', `Cannot store a payload of more than ${bytesMax} bytes`);
      if (held + piece.length > block.length) {
        await writeOut(block.subarray(0, held));
        held = 0;
      }
      if (piece.length > block.length) await writeOut(piece);
      else {
        block.set(piece, held);
        held += piece.length;
      }
    }
    await writeOut(block.subarray(0, held));
    await reached(() => handle.sync());
    return { digest: new Uint8Array(hash.digest()), size };
  } finally {
    await reached(() => handle.close());
  }
}

/** Up to this size a file is read at once, in this thread: going through the event loop for each step costs five times as much. */
const smallBytesMax = 64 * 1024;
/** Up to this size a file is one piece: a piece costs some 0.05 ms beside its bytes, and has to be put together with the others. */
const pieceBytesMax = 16 * 2 ** 20;
/** What comes in smaller pieces is hashed and written in blocks of this size. */
const blockBytes = 512 * 1024;

async function* pieces(file: string, digest: Uint8Array): AsyncIterable<Uint8Array> {
  try {
    const whole = readSmall(file) ?? (await readWhole(file));
    if (whole !== null) yield whole;
    else for await (const piece of createReadStream(file)) yield piece as Uint8Array;
  } catch (cause) {
    throw refusalOf(cause, digest);
  }
}

/** @returns null for a larger file */
function readSmall(file: string): Uint8Array | null {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    if (size > smallBytesMax) return null;
    const bytes = new Uint8Array(size);
    for (let at = 0, read = -1; at < size; at += read) {
      read = readSync(handle, bytes, at, size - at, at);
      // Shorter than it was a moment ago: what is read has another digest then.
      if (read === 0) return bytes.subarray(0, at);
    }
    return bytes;
  } finally {
    closeSync(handle);
  }
}

/** @returns null for a larger file */
async function readWhole(file: string): Promise<Uint8Array | null> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > pieceBytesMax) return null;
    return await fill(new Uint8Array(size), handle);
  } finally {
    await handle.close();
  }
}

/** @returns what is there of a file's first bytes: fewer than there is room for where it is shorter than a moment ago */
async function fill(bytes: Uint8Array, handle: FileHandle): Promise<Uint8Array> {
  for (let at = 0, read = -1; at < bytes.length; at += read) {
    ({ bytesRead: read } = await handle.read(bytes, at, bytes.length - at, at));
    if (read === 0) return bytes.subarray(0, at);
  }
  return bytes;
}

function check(found: Uint8Array, digest: Uint8Array): void {
  if (compareBytes(found, digest) === 0) return;
  throw new LedgerError('PAYLOAD_CORRUPT', `Cannot read payload ${formatHex(digest)}: its bytes have the digest ${formatHex(found)}`, {
    hint: 'bring it back from a backup or a mirror',
  });
}

function refusalOf(cause: unknown, digest: Uint8Array): unknown {
  if ((cause as { code?: string }).code !== 'ENOENT') return asRefusal(cause);
  return new LedgerError('PAYLOAD_MISSING', `Cannot read payload ${formatHex(digest)}: it is not here`, {
    hint: 'it was erased, or is not in this copy; its digest still stands in the log',
  });
}

/** Folders being made in this process. */
const making = new Map<string, Promise<void>>();

/**
 * A new folder's own name must be flushed too, or a power failure takes all that lies in it: each that was made on the way, and also for
 * whoever finds it there before that is done.
 */
function makeDirectory(directory: string): Promise<void> {
  const place = resolve(directory);
  const made = making.get(place) ?? makeDirectories(place).finally(() => making.delete(place));
  making.set(place, made);
  return made;
}

async function makeDirectories(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // `first` is a prefix of the directory.
  for (let made = directory; made.length >= first.length; made = dirname(made)) await flushDirectory(dirname(made));
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function names(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw asRefusal(cause);
  }
}

function asRefusal(cause: unknown): unknown {
  try {
    return guarded(() => {
      throw cause;
    });
  } catch (refusal) {
    return refusal;
  }
}
