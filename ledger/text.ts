// A document's bytes as text: which Unicode encoding they are in, and where a character of the text lies in the bytes.
import { LedgerError } from './errors.ts';

/** How the bytes of a document spell its text. Strict readers accept `utf-8` alone. */
export type Encoding = 'utf-8' | 'utf-8-bom' | 'utf-16le' | 'utf-16be';

export interface Decoded {
  /** The text, without its byte order mark. */
  text: string;
  encoding: Encoding;
}

/**
 * Decodes a document, recognising UTF-8 and UTF-16 by byte order mark, and UTF-16 without one by its zero bytes.
 *
 * @throws {LedgerError} INPUT_NOT_UTF8 when the bytes are not valid in the encoding they begin with
 * @see RFC 4627 §3 (zero bytes tell UTF-16: the first character of JSON and XML is ASCII), Unicode §23.8 (byte order mark)
 */
export function decodeText(bytes: Uint8Array): Decoded {
  const encoding = encodingOf(bytes);
  const label = encoding === 'utf-8-bom' ? 'utf-8' : encoding;
  try {
    // Without ignoreBOM the decoder drops one leading mark, so that both forms of a text read as one.
    const text = new TextDecoder(label, { fatal: true, ignoreBOM: encoding === 'utf-8' }).decode(bytes);
    return { text, encoding };
  } catch (cause) {
    throw new LedgerError('INPUT_NOT_UTF8', `Cannot read text: the bytes are not valid ${label}`, { cause, hint: 'send the document as UTF-8' });
  }
}

function encodingOf(bytes: Uint8Array): Encoding {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8-bom';
  if ((a === 0xff && b === 0xfe) || (a !== undefined && a !== 0 && b === 0)) return 'utf-16le';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== undefined && b !== 0)) return 'utf-16be';
  return 'utf-8';
}

/**
 * Returns where the character at `index` of a decoded text begins in the document's bytes.
 *
 * @param index - UTF-16 code units into the text; a place inside a surrogate pair counts as its end
 */
export function byteOffset(text: string, index: number, encoding: Encoding = 'utf-8'): number {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return 2 * index + 2;
  let offset = encoding === 'utf-8-bom' ? 3 : 0;
  for (let i = 0; i < index; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair takes four bytes: two for each of its units.
    offset += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return offset;
}
