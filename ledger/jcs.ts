// RFC 8785 (JCS): the one text of a JSON value that we sign and digest when we are its author.
import { clip, LedgerError } from './errors.ts';
import { encodeUtf8 } from './bytes.ts';

/** What JCS can write. Members that are `undefined` are left out, as an unset optional key. */
export type JcsValue = null | boolean | number | bigint | string | readonly JcsValue[] | { readonly [key: string]: JcsValue | undefined };

/**
 * Writes a value in canonical form.
 *
 * Keys are ordered by UTF-16 code units (not by bytes, as in our CBOR profile), numbers are spelled as ECMAScript does.
 *
 * @throws {LedgerError} INPUT_NOT_CANONICAL for an integer outside ±(2^53 − 1), whose digits JCS cannot keep;
 *   INPUT_NOT_UTF8 for a lone surrogate
 * @throws {TypeError} for what JSON cannot hold: a number that is not finite, a function, `undefined` in an array
 * @see RFC 8785 §3.2
 */
export function formatJcs(value: JcsValue): string {
  switch (typeof value) {
    case 'string':
      return formatString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
      return String(value === 0 ? 0 : value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      throw new LedgerError('INPUT_NOT_CANONICAL', `Cannot write ${clip(String(value))}: RFC 8785 keeps no integer beyond 2^53`, {
        hint: 'write it as a string',
      });
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${value.map((item: JcsValue) => formatJcs(item)).join(',')}]` : formatObject(value as { [key: string]: JcsValue });
    default:
      throw new TypeError(`not a JSON value: ${typeof value}`);
  }
}

/** The bytes that are signed: the canonical form in UTF-8. @throws {LedgerError} as `formatJcs` */
export function encodeJcs(value: JcsValue): Uint8Array {
  return encodeUtf8(formatJcs(value));
}

function formatObject(object: { readonly [key: string]: JcsValue | undefined }): string {
  let text = '';
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 §3.2.3 asks for.
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${formatString(key)}:${formatJcs(value)}`;
  }
  return `{${text}}`;
}

// JSON.stringify escapes exactly what RFC 8785 §3.2.2.2 escapes, once lone surrogates are excluded.
function formatString(text: string): string {
  if (!text.isWellFormed()) throw new LedgerError('INPUT_NOT_UTF8', `Cannot write "${clip(text)}": a lone surrogate`);
  return JSON.stringify(text);
}
