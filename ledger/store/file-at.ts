// A file that is read at places, without being read whole.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LedgerError } from '../errors.ts';

export interface FileAt {
  readonly size: number;
  /** Exactly `length` bytes. @throws {LedgerError} PAYLOAD_CORRUPT when the file ends before */
  read(offset: number, length: number): Uint8Array;
  /** Fills `bytes` from a place on: for one who reads many pieces and keeps none. @throws {LedgerError} PAYLOAD_CORRUPT as `read` */
  readInto(offset: number, bytes: Uint8Array): void;
  close(): void;
}

/** @param called - what the file is called in a refusal */
export function openFileAt(path: string, called: string): FileAt {
  const file = openSync(path, 'r');
  const readInto = (offset: number, bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, bytes.length - at, offset + at);
      if (count === 0) throw new LedgerError('PAYLOAD_CORRUPT', `Cannot read ${called}: it ends at ${offset + at}`);
      at += count;
    }
  };
  return {
    size: fstatSync(file).size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      readInto(offset, bytes);
      return bytes;
    },
    readInto,
    close: () => closeSync(file),
  };
}
