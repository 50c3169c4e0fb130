// Encodings: base64, hex, URL queries; what is decoded may hold bytes that are no UTF-8 (rego/value.ts, textOfBytes).
import { formatHex } from '../../ledger/bytes.ts';
import { charge } from '../rego/meter.ts';
import { bytesOfText, compareStrings, isArray, ObjectBuilder, RegoSet, textOfBytes, type Value } from '../rego/value.ts';
import { asObject, asString, type Builtin, BuiltinError, OperandError } from './builtin.ts';

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

export function encodeBase64(bytes: Uint8Array, alphabet = STANDARD, pad = true): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = Math.min(3, bytes.length - i);
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let j = 0; j <= left; j++) text += alphabet[(group >> (18 - 6 * j)) & 63];
    if (pad) text += '='.repeat(3 - left);
  }
  return text;
}

/**
 * Reads base64 with its padding as Go does: line ends are skipped, bits after the end may be anything.
 *
 * @throws {BuiltinError} naming the first byte that is wrong
 */
export function decodeBase64(text: string, alphabet = STANDARD): Uint8Array {
  const bytes: number[] = [];
  let group = 0;
  let digits = 0;
  let end = -1;
  const corrupt = (at: number) => new BuiltinError(`illegal base64 data at input byte ${at}`);
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '\n' || c === '\r') continue;
    if (end >= 0) throw corrupt(i);
    if (c === '=') {
      if (digits < 2) throw corrupt(i);
      if (digits === 2) {
        let next = i + 1;
        while (text[next] === '\n' || text[next] === '\r') next++;
        if (next >= text.length) throw corrupt(text.length);
        if (text[next] !== '=') throw corrupt(next);
        i = next;
      }
      bytes.push((group >> (digits === 2 ? 4 : 10)) & 255);
      if (digits === 3) bytes.push((group >> 2) & 255);
      end = i;
      continue;
    }
    const value = alphabet.indexOf(c);
    if (value < 0) throw corrupt(i);
    group = (group << 6) | value;
    if (++digits === 4) {
      bytes.push((group >> 16) & 255, (group >> 8) & 255, group & 255);
      group = 0;
      digits = 0;
    }
  }
  if (end < 0 && digits > 0) throw corrupt(text.length - digits);
  return Uint8Array.from(bytes);
}

/** Padding may be left out (RFC 7515, appendix C). */
export function decodeBase64Url(text: string): Uint8Array {
  if (text.endsWith('=')) return decodeBase64(text, URL_SAFE);
  const rest = bytesOfText(text).length % 4;
  if (rest === 1) throw new BuiltinError(`illegal base64url string: ${text}`);
  return decodeBase64(text + ['', '', '==', '='][rest], URL_SAFE);
}

function isBase64(text: Value): boolean {
  if (typeof text !== 'string') return false;
  try {
    decodeBase64(text);
    return true;
  } catch {
    return false;
  }
}

function decodeHex(text: string): string {
  const digits = [...bytesOfText(text)];
  const bytes: number[] = [];
  for (const [i, digit] of digits.entries()) {
    const c = String.fromCharCode(digit);
    if (!/[0-9a-fA-F]/.test(c)) throw new BuiltinError(`encoding/hex: invalid byte: ${goRune(digit)}`);
    if (i % 2 === 1) bytes.push(Number.parseInt(String.fromCharCode(digits[i - 1] as number) + c, 16));
  }
  if (digits.length % 2 === 1) throw new BuiltinError('encoding/hex: odd length hex string');
  return textOfBytes(Uint8Array.from(bytes));
}

/** Go's `%#U` of a byte: what cannot be printed is not shown. */
function goRune(byte: number): string {
  const shown = byte < 0x20 || (byte >= 0x7f && byte <= 0xa0) || byte === 0xad ? '' : ` '${String.fromCharCode(byte)}'`;
  return `U+${byte.toString(16).toUpperCase().padStart(4, '0')}${shown}`;
}

/** As forms send it: a space is `+`, everything but letters, digits and `-_.~` is escaped. */
export function escapeQuery(text: string): string {
  // A text that grows by the character remembers each of them.
  charge(4 * text.length);
  let escaped = '';
  for (const byte of bytesOfText(text)) {
    const c = String.fromCharCode(byte);
    escaped += c === ' ' ? '+' : /[A-Za-z0-9\-_.~]/.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

export function unescapeQuery(text: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '%') {
      const digits = text.slice(i + 1, i + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new BuiltinError(`invalid URL escape "${text.slice(i, i + 3)}"`);
      bytes.push(Number.parseInt(digits, 16));
      i += 2;
    } else if (c === '+') bytes.push(0x20);
    else {
      const point = String.fromCodePoint(text.codePointAt(i) as number);
      bytes.push(...bytesOfText(point));
      i += point.length - 1;
    }
  }
  return textOfBytes(Uint8Array.from(bytes));
}

function encodeObject(object: Value): string {
  const given = asObject(object, 1);
  const pairs = [...given].map(([key, value]): [string, readonly Value[]] => {
    if (typeof value === 'string') return [String(key), [value]];
    return [String(key), isArray(value) ? value : value instanceof RegoSet ? value.sorted : [null]];
  });
  const parts = pairs.sort(([a], [b]) => compareStrings(a, b)).flatMap(([key, values]) => values.map((value) => {
    if (typeof value !== 'string') throw new OperandError(1, 'values must be string, array[string], or set[string]');
    return `${escapeQuery(key)}=${escapeQuery(value)}`;
  }));
  return parts.join('&');
}

function decodeObject(query: string): Value {
  const found = new Map<string, Value[]>();
  for (const part of query.split('&')) {
    if (part.includes(';')) throw new BuiltinError('invalid semicolon separator in query');
    if (part === '') continue;
    const cut = part.indexOf('=');
    const key = unescapeQuery(cut < 0 ? part : part.slice(0, cut));
    const value = unescapeQuery(cut < 0 ? '' : part.slice(cut + 1));
    const known = found.get(key);
    if (known === undefined) found.set(key, [value]);
    else known.push(value);
  }
  const object = new ObjectBuilder();
  for (const [key, values] of found) object.set(key, values);
  return object.build();
}

const text = (name: string, run: (given: string) => Value): Builtin => ({
  name,
  type: '(string) => string',
  run: (context, given: Value) => {
    const operand = asString(given, 1);
    context.spend(operand.length);
    context.spendBytes(operand.length * 2);
    return run(operand);
  },
});

export const encoding: readonly Builtin[] = [
  text('base64.encode', (given) => encodeBase64(bytesOfText(given))),
  text('base64.decode', (given) => textOfBytes(decodeBase64(given))),
  { name: 'base64.is_valid', type: '(string) => boolean', run: (_, given: Value) => isBase64(given) },
  text('base64url.encode', (given) => encodeBase64(bytesOfText(given), URL_SAFE)),
  text('base64url.encode_no_pad', (given) => encodeBase64(bytesOfText(given), URL_SAFE, false)),
  text('base64url.decode', (given) => textOfBytes(decodeBase64Url(given))),
  text('hex.encode', (given) => formatHex(bytesOfText(given))),
  text('hex.decode', decodeHex),
  text('urlquery.encode', escapeQuery),
  text('urlquery.decode', unescapeQuery),
  {
    name: 'urlquery.encode_object',
    type: '(object[string: any<string, array[string], set[string]>]) => string',
    run: (_, object: Value) => encodeObject(object),
  },
  { name: 'urlquery.decode_object', type: '(string) => object[string: array[string]]', run: (_, query: Value) => decodeObject(asString(query, 1)) },
];
