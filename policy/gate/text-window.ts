// A long text of which a little is looked at, from its beginning to its end.
import { decodeUtf8 } from '../../ledger/bytes.ts';

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
  /** Up to where the bytes were decoded. */
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.slide(0);
  }

  /** Lets go of the text before a place, and takes as much as is left again, and a little. @returns false where no more follows */
  slide(from: number): boolean {
    if (this.#end === this.#bytes.length) return false;
    const left = this.text.slice(from);
    this.text = left + this.#decode(left.length + windowBytes);
    return true;
  }

  /** All text from a place on. */
  rest(from: number): string {
    return this.text.slice(from) + this.#decode(this.#bytes.length);
  }

  #decode(count: number): string {
    const begin = this.#end;
    let end = Math.min(this.#bytes.length, begin + count);
    // Not within a character, whose bytes after the first begin with the bits 10.
    while (end < this.#bytes.length && ((this.#bytes[end] as number) & 0xc0) === 0x80) end++;
    this.#end = end;
    return decodeUtf8(this.#bytes.subarray(begin, end));
  }
}
