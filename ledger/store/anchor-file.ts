// The file anchor: two preallocated slots, overwritten in turn and flushed, so that a torn write always leaves the other one.
import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, mkdirSync, openSync, readSync, statSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { decodeUtf8, encodeUtf8, equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { sameAnchor, type Anchor, type AnchorStore } from './anchor.ts';
import { guarded } from './sqlite.ts';

const slotBytes = 8192;
const magic = 'stella-anchor-1\n';
const headBytes = magic.length + 8 + 4;

/**
 * Opens the anchor in a file of its own.
 *
 * A writer locks it for as long as it runs (the lock goes with the process, however that ends), so that a second process of
 * this machine is refused before it could take the epoch. Machines that share no locks are told apart by epoch and instance.
 *
 * @param file - created when missing, two slots of 8 KiB; beside it lies the lock, `<file>.lock`
 * @throws {LedgerError} ANCHOR_LOCKED when another process holds it
 */
export function openFileAnchor(file: string, options: { readOnly?: boolean } = {}): AnchorStore {
  const lock = options.readOnly === true ? null : takeLock(file);
  let handle: number | null = null;
  const opened = () => (handle ??= openSlots(file, options.readOnly === true));
  let newest: Slot | null = null;

  const load = (): Slot | null => {
    if (handle === null && isMissing(file)) return null;
    const slots = [0, 1].map((place) => readSlot(opened(), place)).filter((slot) => slot !== null);
    const blank = slots.filter((slot) => slot.anchor === null).length;
    const whole = slots.filter((slot): slot is Slot => slot.anchor !== null);
    newest = whole.sort((a, b) => b.sequence - a.sequence)[0] ?? null;
    if (newest === null && blank < 2) {
      throw new LedgerError('ANCHOR_CORRUPT', `Cannot read the anchor "${file}": neither slot is whole`, { hint: 'run "stella recover"' });
    }
    return newest;
  };

  return {
    read: async () => reached(() => load()?.anchor ?? null),
    async swap(expected, next) {
      // Read again, always: what this process remembers is not what another one may have written.
      const current = reached(() => load());
      if (!sameAnchor(current?.anchor ?? null, expected)) return false;
      const slot = { place: current === null ? 0 : 1 - current.place, sequence: (current?.sequence ?? 0) + 1, anchor: next };
      await flush(opened(), slot);
      return true;
    },
    async close() {
      if (handle !== null) closeSync(handle);
      handle = null;
      lock?.close();
    },
  };
}

/** What lies where nobody may look is not missing: whoever is told so looks for a head that is there. */
function isMissing(file: string): boolean {
  try {
    statSync(file);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT';
  }
}

interface Slot {
  place: number;
  sequence: number;
  anchor: Anchor;
}

// SQLite's exclusive lock is the one lock Node can take that the kernel drops with the process: no stale lock files.
function takeLock(file: string): Database.Database {
  return guarded(() => {
    const lock = openLock(file);
    try {
      lock.pragma('locking_mode = EXCLUSIVE');
      lock.exec('BEGIN EXCLUSIVE');
    } catch (cause) {
      lock.close();
      if ((cause as { code?: string }).code !== 'SQLITE_BUSY') throw cause;
      const hint = 'stop the other process, or send it what you want to append';
      throw new LedgerError('ANCHOR_LOCKED', `Cannot write this ledger: another process holds "${file}"`, { hint, cause });
    }
    return lock;
  });
}

function openLock(file: string): Database.Database {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return new Database(`${file}.lock`, { timeout: 0 });
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOSPC') throw cause;
    // SQLite names no file, and whoever reads of a database looks for it in the ledger.
    throw unreachable(new Error(`"${file}.lock": ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
  }
}

// O_DSYNC: the write returns when the slot is on the disk. Preallocated, so that no flush has to move the file's size.
function openSlots(file: string, readOnly: boolean): number {
  if (readOnly) return openSync(file, constants.O_RDONLY);
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600);
  const size = readSync(handle, new Uint8Array(2 * slotBytes), 0, 2 * slotBytes, 0);
  if (size === 0) {
    writeSync(handle, new Uint8Array(2 * slotBytes));
    fsyncSync(handle);
    const directory = openSync(dirname(file), 'r');
    fsyncSync(directory);
    closeSync(directory);
  }
  return handle;
}

/** @returns null for a slot that is not whole; an anchor of null for one that was never written */
function readSlot(handle: number, place: number): Slot | (Omit<Slot, 'anchor'> & { anchor: null }) | null {
  const bytes = new Uint8Array(slotBytes);
  if (readSync(handle, bytes, 0, slotBytes, place * slotBytes) !== slotBytes) return null;
  if (bytes[0] === 0 && bytes.every((byte) => byte === 0)) return { place, sequence: 0, anchor: null };
  const view = new DataView(bytes.buffer);
  const length = view.getUint32(magic.length + 8);
  if (headBytes + length + 32 > slotBytes) return null;
  const body = bytes.subarray(0, headBytes + length);
  if (!equalBytes(sha256(body), bytes.subarray(body.length, body.length + 32))) return null;
  if (!equalBytes(body.subarray(0, magic.length), encodeUtf8(magic))) return null;
  return { place, sequence: Number(view.getBigUint64(magic.length)), anchor: JSON.parse(decodeUtf8(body.subarray(headBytes))) as Anchor };
}

function flush(handle: number, { place, sequence, anchor }: Slot): Promise<void> {
  const bytes = new Uint8Array(slotBytes);
  const text = encodeUtf8(JSON.stringify(anchor));
  if (headBytes + text.length + 32 > slotBytes) throw new RangeError(`an anchor of ${text.length} bytes`);
  const view = new DataView(bytes.buffer);
  bytes.set(encodeUtf8(magic));
  view.setBigUint64(magic.length, BigInt(sequence));
  view.setUint32(magic.length + 8, text.length);
  bytes.set(text, headBytes);
  bytes.set(sha256(bytes.subarray(0, headBytes + text.length)), headBytes + text.length);
  return new Promise((resolve, reject) => {
    write(handle, bytes, 0, slotBytes, place * slotBytes, (cause, written) => {
      if (cause === null && written === slotBytes) resolve();
      else reject(unreachable(cause ?? new Error(`${written} of ${slotBytes} bytes written`)));
    });
  });
}

function reached<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause;
    throw unreachable(cause);
  }
}

function unreachable(cause: unknown): LedgerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = 'mount its volume again, or see who may read and write it, then restart';
  return new LedgerError('ANCHOR_UNREACHABLE', `Cannot use the anchor: ${why}`, { hint, cause });
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
