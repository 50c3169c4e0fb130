// A long text of which a little is looked at, from its beginning to its end.
import { decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';

/** Two of these are a text that is made where the collector takes back at once what dies young. */
const windowBytes = 48 * 1024;

/**
 * The text of UTF-8 bytes, a little at a time.
 *
 * A text of all of them would be as much memory again that was never touched before, and getting it takes five times as long as decoding.
 */
export class TextWindow {
  text = '';
  readonly #bytes: Uint8Array;
  /** The bytes that the text stands for. */
  #begin = 0;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.slide(0);
  }

  /** Lets go of the text before a place, and takes as much as is left again, and a little. @returns false where no more follows */
  slide(from: number): boolean {
    if (this.#end === this.#bytes.length) return false;
    const left = this.text.slice(from);
    const isAscii = this.text.length === this.#end - this.#begin;
    const count = isAscii ? left.length : encodeUtf8(left).length;
    // What is left is decoded once more: put together with the rest, all of it would be copied.
    this.text = this.#decode(this.#end - count, 2 * count + windowBytes);
    return true;
  }

  /** All text from a place on. */
  rest(from: number): string {
    return this.text.slice(from) + this.#decode(this.#end, this.#bytes.length);
  }

  #decode(from: number, count: number): string {
    let end = Math.min(this.#bytes.length, from + count);
    // Not within a character, whose bytes after the first begin with the bits 10.
    while (end < this.#bytes.length && ((this.#bytes[end] as number) & 0xc0) === 0x80) end++;
    this.#begin = from;
    this.#end = end;
    return decodeUtf8(this.#bytes.subarray(from, end));
  }
}
