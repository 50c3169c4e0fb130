// From bytes to a parsed document: the guards every format shares, in their order.
import { LedgerError } from '../ledger/errors.ts';
import { jsonBytesMax, parseJsonText, type Json } from '../ledger/json.ts';
import { decodeText, type Encoding } from '../ledger/text.ts';
import type { Deviation, Source } from './document.ts';

/**
 * Decodes and parses a document as far as its syntax goes: size, encoding, then depth, duplicate keys, document types and
 * grammar in one pass.
 *
 * @param note - told of what is unusual but does no harm
 * @throws {LedgerError} INPUT_TOO_LARGE, INPUT_NOT_UTF8, INPUT_DOCTYPE, INPUT_TOO_DEEP, INPUT_DUPLICATE_KEY, INPUT_MALFORMED
 */
export async function parseSource(bytes: Uint8Array, note: (deviation: Deviation) => void): Promise<Source> {
  if (bytes.length > jsonBytesMax) {
    throw new LedgerError('INPUT_TOO_LARGE', `Cannot read a document of ${bytes.length} bytes: expected at most ${jsonBytesMax}`);
  }
  const { text, encoding } = decodeText(bytes);
  if (encoding !== 'utf-8') note({ code: 'ENCODING_UNUSUAL', pointer: '', message: `the document is in ${encoding}` });
  const first = /\S/.exec(text)?.[0];
  // The parser is loaded by the first document that needs one.
  if (first === '<') return { text, encoding, syntax: 'xml', root: (await import('./xml-parser.ts')).parseXml(text, encoding) };
  if (first !== '{' && first !== '[') return { text, encoding, syntax: 'text' };
  const onInexact = (position: number, digits: string) => {
    note({ code: 'INTEGER_ROUNDED', pointer: '', message: `the integer ${digits.slice(0, 40)} at byte ${position} is beyond 2^53` });
  };
  checkValues(text);
  try {
    return { encoding, syntax: 'json', json: parseJsonText(text, { onInexact }, encoding) };
  } catch (error) {
    const lines = linesOf(text, encoding);
    if (lines === null) throw error;
    return { encoding, syntax: 'lines', lines };
  }
}

/**
 * Most values of a document. `[[],[],…` grows fiftyfold in memory: 128 MiB of that took 6 GB. Real ones of more than 100 KB
 * take 18 bytes a value at least and 40 in the middle; this leaves 8 to one of the largest size.
 */
const valuesMax = jsonBytesMax / 8;

/** @param text - JSON, decoded or in UTF-8 @throws {LedgerError} INPUT_TOO_LARGE */
export function checkValues(text: string | Uint8Array): void {
  // A comma or an opening bracket stands before each value but the first, and nothing that is shorter can have so many.
  if (text.length <= valuesMax) return;
  const unitAt = typeof text === 'string' ? (i: number) => text.charCodeAt(i) : (i: number) => text[i];
  let count = 1;
  for (let i = 0; i < text.length; i++) {
    const unit = unitAt(i);
    if (unit === 0x2c || unit === 0x5b || unit === 0x7b) count += 1;
  }
  if (count > valuesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read a document of ${count} values: expected at most ${valuesMax}`);
}

/** One JSON value a line, as cosign writes attestations; null where the text is anything else. */
function linesOf(text: string, encoding: Encoding): readonly Json[] | null {
  // Only what ends its first line with the value's own end can be such a file: others are not parsed twice. Looked at a line at a time, up to
  // the first that is none: 128 MiB of `{"a":` on lines of their own were 2 GB of pieces before any of them was looked at.
  let count = 0;
  for (const row of rowsOf(text)) {
    if (!row.startsWith('{') || !row.endsWith('}')) return null;
    count += 1;
  }
  if (count < 2) return null;
  const values: Json[] = [];
  for (const row of rowsOf(text)) values.push(parseJsonText(row, {}, encoding));
  return values;
}

/** The lines that are not blank. */
function* rowsOf(text: string): Iterable<string> {
  for (let start = 0; start <= text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const row = text.slice(start, end).trim();
    if (row !== '') yield row;
    start = end + 1;
  }
}
