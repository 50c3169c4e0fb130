// Values in Rego's own notation, as `sprintf("%v")`, `print` and error messages show them.
import { charge } from './meter.ts';
import { Num } from './number.ts';
import { isArray, RegoSet, type Value } from './value.ts';

/** A value as a Rego term: strings quoted, an empty set as `set()`. */
export function formatTerm(value: Value): string {
  if (typeof value === 'string') return quoteGo(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (value instanceof Num) return value.text;
  if (isArray(value)) return `[${value.map(formatTerm).join(', ')}]`;
  if (value instanceof RegoSet) return value.size === 0 ? 'set()' : `{${value.sorted.map(formatTerm).join(', ')}}`;
  return `{${[...value].map(([key, member]) => `${formatTerm(key)}: ${formatTerm(member)}`).join(', ')}}`;
}

const SHORT: Readonly<Record<string, string>> = {
  '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"',
};

/** A string as Go's `strconv.Quote` writes it: what is not printable is escaped. */
export function quoteGo(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  // A text that grows by the character remembers each of them.
  charge(3 * text.length);
  let quoted = '"';
  for (const character of text) quoted += SHORT[character] ?? escapeUnprintable(character);
  return `${quoted}"`;
}

function escapeUnprintable(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code === 0x20 || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  // A byte that was not UTF-8 (value.ts, textOfBytes).
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
