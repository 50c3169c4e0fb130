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

  /** Writes items of a list as `JSON.stringify` does, without its brackets. */
  writeItems(items: readonly unknown[]): void {
    for (let from = 0; from < items.length; from += itemsTogether) {
      this.write(`${from === 0 ? '' : ','}${JSON.stringify(items.slice(from, from + itemsTogether)).slice(1, -1)}`);
    }
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
