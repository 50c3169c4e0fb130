// Upper and lower case, one code point at a time: from our own table, since an engine's own follows its Unicode version.
import { LOWER, UPPER } from './letters.generated.ts';

/** @see Go package strings, ToLower: simple mappings, without a language's or a word's context */
/** As Go: a byte that is not UTF-8 becomes U+FFFD. */
export function lower(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : mapped(text.toWellFormed(), LOWERS, 0x41, 32);
}

/** As `lower`. */
export function upper(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(text) ? text.toUpperCase() : mapped(text.toWellFormed(), UPPERS, 0x61, -32);
}

function mapped(text: string, table: ReadonlyMap<number, number>, first: number, difference: number): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0x80) out += code >= first && code < first + 26 ? String.fromCharCode(code + difference) : character;
    else out += String.fromCodePoint(table.get(code) ?? code);
  }
  return out;
}

function expand(runs: readonly number[]): ReadonlyMap<number, number> {
  const table = new Map<number, number>();
  for (let i = 0; i < runs.length; i += 4) {
    const [first, last, difference, step] = runs.slice(i, i + 4) as [number, number, number, number];
    for (let code = first; code <= last; code += step) table.set(code, code + difference);
  }
  return table;
}

const LOWERS = expand(LOWER);
const UPPERS = expand(UPPER);
