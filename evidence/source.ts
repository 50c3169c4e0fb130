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
  try {
    return { encoding, syntax: 'json', json: parseJsonText(text, { onInexact }, encoding) };
  } catch (error) {
    const lines = linesOf(text, encoding);
    if (lines === null) throw error;
    return { encoding, syntax: 'lines', lines };
  }
}

/** One JSON value a line, as cosign writes attestations; null where the text is anything else. */
function linesOf(text: string, encoding: Encoding): readonly Json[] | null {
  // Only what ends its first line with the value's own end can be such a file: others are not parsed twice.
  const rows = text.split('\n').map((row) => row.trim()).filter((row) => row !== '');
  if (rows.length < 2 || !rows.every((row) => row.startsWith('{') && row.endsWith('}'))) return null;
  return rows.map((row) => parseJsonText(row, {}, encoding));
}
