// Text that is encoded while it is written. The whole of a long text would be memory that was never touched before, three times over.
import { encodeUtf8 } from './bytes.ts';

/** So long a piece is, and the text of its last part longer: short enough to be made where the collector takes back at once what dies young. */
const pieceLength = 24 * 1024;

export class Utf8Pieces {
  readonly #pieces: Uint8Array[] = [];
  #text = '';

  /** @throws {LedgerError} INPUT_NOT_UTF8 now or later, for a lone surrogate */
  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= pieceLength) this.#encode();
  }

  /** Writes items of a list as `JSON.stringify` does, without its brackets. @param of - what stands there for an item */
  writeItems<T>(items: Iterable<T>, of: (item: T) => unknown = (item) => item): void {
    let some: unknown[] = [];
    let before = '';
    const write = () => {
      this.write(before + JSON.stringify(some).slice(1, -1));
      some = [];
      before = ',';
    };
    for (const item of items) {
      some.push(of(item));
      if (some.length === itemsTogether) write();
    }
    if (some.length > 0) write();
  }

  /** All that was written, in UTF-8. */
  done(): readonly Uint8Array[] {
    if (this.#text !== '') this.#encode();
    return this.#pieces;
  }

  #encode(): void {
    this.#pieces.push(encodeUtf8(this.#text));
    this.#text = '';
  }
}

const itemsTogether = 64;
