// Working files: what is too large for memory while it is made, gone when it is closed or the process ends.
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const pieceBytes = 1 << 20;

/** A file that is written from front to back and read anywhere. */
export class Scratch {
  readonly #path: string;
  readonly #file: number;
  #flushed = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** @param directory - on the volume where the result will lie; made when missing, readable by its owner alone */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#path = join(directory, `scratch-${randomUUID()}`);
    this.#file = openSync(this.#path, 'wx+', 0o600);
  }

  /** In bytes. */
  get size(): number {
    return this.#flushed + this.#heldBytes;
  }

  /** The bytes must not change afterwards. */
  append(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= pieceBytes) this.#flush();
  }

  /** One write for many small pieces: a snapshot is written in millions of them. */
  #flush(): void {
    const joined = new Uint8Array(this.#heldBytes);
    let at = 0;
    for (const bytes of this.#held) {
      joined.set(bytes, at);
      at += bytes.length;
    }
    for (let written = 0; written < joined.length; ) {
      written += writeSync(this.#file, joined, written, joined.length - written, this.#flushed + written);
    }
    this.#flushed += joined.length;
    [this.#held, this.#heldBytes] = [[], 0];
  }

  /** @throws {RangeError} outside what was written */
  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 0 || offset + length > this.size) throw new RangeError(`not in the scratch file: ${length} bytes at ${offset}`);
    if (offset + length > this.#flushed) this.#flush();
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) at += readSync(this.#file, bytes, at, length - at, offset + at);
    return bytes;
  }

  *pieces(): Generator<Uint8Array> {
    for (let at = 0; at < this.size; at += pieceBytes) yield this.read(at, Math.min(pieceBytes, this.size - at));
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}
