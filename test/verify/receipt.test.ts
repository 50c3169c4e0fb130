// Receipts as JSON: exactly what is read, and with which code anything else is refused.
import { describe, expect, test } from 'vitest';
import { formatBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { formatReceipt, parseReceipt } from '../../verify/index.ts';
import { refusal } from '../note/refusal.ts';

const receipt = { entry: Uint8Array.of(1, 2), index: 4, size: 15, proof: [new Uint8Array(32).fill(7)], checkpoint: 'a "quoted": text\n— é' };
const json = formatReceipt(receipt);
const members = JSON.parse(json) as Record<string, unknown>;
const change = (to: Record<string, unknown>) => JSON.stringify({ ...members, ...to });
const proofOf = (hashes: number) => Array.from({ length: hashes }, () => formatBase64(new Uint8Array(32)));

describe('what is read', () => {
  test('a receipt is what was written', () => {
    expect(parseReceipt(json)).toEqual(receipt);
    expect(parseReceipt(new TextEncoder().encode(json))).toEqual(receipt);
    expect(json.endsWith('}\n')).toBe(true);
  });

  test('white space before a colon, escapes and order are free', () => {
    expect(parseReceipt(json.replaceAll(/"(\w+)": /g, '"$1"\t \n: '))).toEqual(receipt);
    expect(parseReceipt(JSON.stringify(Object.fromEntries(Object.entries(members).toReversed())))).toEqual(receipt);
    expect(parseReceipt(json.replace('index', 'ind\\u0065x').replace('é', '\\u00e9'))).toEqual(receipt);
  });

  test('the bounds themselves are read', () => {
    expect(parseReceipt(change({ proof: proofOf(63) })).proof).toHaveLength(63);
    expect(parseReceipt(change({ entry: formatBase64(new Uint8Array(65_535)) })).entry).toHaveLength(65_535);
    expect(parseReceipt(change({ index: 2 ** 53 - 1, size: 0 }))).toMatchObject({ index: 2 ** 53 - 1, size: 0 });
    expect(parseReceipt(json.padEnd(1_179_646))).toEqual(receipt);
  });
});

describe('what is refused', () => {
  test.each([
    ['nothing', '', 'INPUT_MALFORMED', 'it is no JSON'],
    ['two receipts', json + json, 'INPUT_MALFORMED', 'it is no JSON'],
    ['a byte order mark', `\ufeff${json}`, 'INPUT_MALFORMED', 'it is no JSON'],
    ['null', 'null', 'INPUT_MALFORMED', 'it is no object'],
    ['a text', '"text"', 'INPUT_MALFORMED', 'it is no object'],
    ['an array', '[]', 'INPUT_MALFORMED', 'it is no object'],
    ['no member', '{}', 'INPUT_MALFORMED', 'it names no format'],
    ['a format that is no text', change({ format: 1 }), 'INPUT_MALFORMED', 'it names no format'],
    ['another format', change({ format: 'stella-receipt/2' }), 'INPUT_VERSION_UNKNOWN', 'format "stella-receipt/2", expected "stella-receipt/1"'],
    ['another member', change({ more: 1 }), 'INPUT_MALFORMED', 'it has a member "more"'],
    ['no proof', change({ proof: undefined }), 'INPUT_MALFORMED', 'its proof is no array'],
    ['a proof that is no array', change({ proof: { length: 0 } }), 'INPUT_MALFORMED', 'its proof is no array'],
    ['64 hashes', change({ proof: proofOf(64) }), 'INPUT_TOO_LARGE', '64 hashes, expected at most 63'],
    ['a hash that is no text', change({ proof: [1] }), 'INPUT_MALFORMED', 'a hash is no base64 text'],
    ['no checkpoint', change({ checkpoint: undefined }), 'INPUT_MALFORMED', 'its checkpoint is no text'],
    ['a checkpoint that is no text', change({ checkpoint: ['a'] }), 'INPUT_MALFORMED', 'its checkpoint is no text'],
    ['no entry', change({ entry: undefined }), 'INPUT_MALFORMED', 'its entry is no base64 text'],
    ['an entry of 65,536 bytes', change({ entry: formatBase64(new Uint8Array(65_536)) }), 'INPUT_TOO_LARGE', 'an entry of 65536 bytes, expected at most 65535'],
    ['an entry with bits after its end', change({ entry: 'AQN=' }), 'INPUT_NOT_CANONICAL', 'bits after the end are not zero'],
    ['no index', change({ index: undefined }), 'INPUT_MALFORMED', 'its index is no integer from 0 to 2^53 - 1'],
    ['an index in quotes', change({ index: '4' }), 'INPUT_MALFORMED', 'its index is no integer from 0 to 2^53 - 1'],
    ['an index below zero', change({ index: -1 }), 'INPUT_MALFORMED', 'its index is no integer from 0 to 2^53 - 1'],
    ['a size beyond 2^53 - 1', change({ size: 2 ** 53 }), 'INPUT_MALFORMED', 'its size is no integer from 0 to 2^53 - 1'],
    ['an object for an index', change({ index: { a: 1 } }), 'INPUT_MALFORMED', 'its index is no integer from 0 to 2^53 - 1'],
    ['a member twice', json.replace('{', '{"index": 4,'), 'INPUT_DUPLICATE_KEY', 'it names a member twice'],
    ['a member twice, space before the colon', json.replace('{', '{"index" : 4,'), 'INPUT_DUPLICATE_KEY', 'it names a member twice'],
    ['a member twice, once escaped', json.replace('{', '{"inde\\u0078": 4,'), 'INPUT_DUPLICATE_KEY', 'it names a member twice'],
    ['more bytes than a receipt may have', json.padEnd(1_179_647), 'INPUT_TOO_LARGE', '1179647 bytes, expected at most 1179646'],
  ])('%s', (_, text, code, message) => {
    expect(refusal(() => parseReceipt(text))).toBe(code);
    expect(() => parseReceipt(text)).toThrow(message);
  });

  test('bytes that are not UTF-8', () => {
    expect(refusal(() => parseReceipt(Uint8Array.of(0xff)))).toBe('INPUT_NOT_UTF8');
  });

  test('the refusal of what is no JSON keeps its cause', () => {
    try {
      parseReceipt('{');
      expect.unreachable();
    } catch (error) {
      expect(error instanceof LedgerError && error.cause).toBeInstanceOf(SyntaxError);
    }
  });
});
