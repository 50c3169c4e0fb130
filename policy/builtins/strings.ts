// Strings: searching, cutting, replacing, formatting; positions count code points.
import { charge, isMetered, settle, textCells } from '../rego/meter.ts';
import { Num } from '../rego/number.ts';
import { formatTerm } from '../rego/term.ts';
import { bytesOfText, isArray, isNumber, RegoSet, textOfBytes, type Value } from '../rego/value.ts';
import {
  asArray, asCount, asNumber, asObject, asString, asStrings, type Builtin, BuiltinError, type Context, OperandError, wrongType,
} from './builtin.ts';
import { type Operand, sprintf } from './go-format.ts';
import { lower, upper } from './letters.ts';
import { chargeText, chargeTree } from './room.ts';

/** Code points of a text: Go's runes. A byte that is not UTF-8 counts as one. */
function runes(text: string): string[] {
  return [...text];
}

/** Where `search` begins in `base`, from `from` on, in code points. */
function positions(base: string, search: string, most: number): number[] {
  if (search === '') throw new BuiltinError('empty search character');
  const found: number[] = [];
  let counted = 0;
  let at = 0;
  for (let unit = base.indexOf(search); unit >= 0 && found.length < most; unit = base.indexOf(search, unit + 1)) {
    // A match may not begin inside a surrogate pair.
    if (unit > 0 && isLow(base.charCodeAt(unit)) && isHigh(base.charCodeAt(unit - 1))) continue;
    counted += runes(base.slice(at, unit)).length;
    at = unit;
    found.push(counted);
  }
  return found;
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

function substring(base: string, offset: number, length: number): string {
  if (offset < 0) throw new BuiltinError('negative offset');
  const characters = runes(base);
  return characters.slice(offset, length < 0 ? undefined : offset + Math.min(length, characters.length)).join('');
}

function split(text: string, delimiter: string): string[] {
  return delimiter === '' ? runes(text) : text.split(delimiter);
}

/** The first `count` parts, or with a negative count the last ones; what lies beyond is dropped. */
function splitSome(text: string, delimiter: string, count: number): string[] {
  const parts = split(text, delimiter);
  return count >= 0 ? parts.slice(0, count) : parts.slice(Math.max(0, parts.length + count));
}

function trimmed(text: string, cutset: string, left: boolean, right: boolean): string {
  const cut = new Set(runes(cutset));
  const characters = runes(text);
  const isKept = (character: string) => !cut.has(character);
  const first = left ? characters.findIndex(isKept) : 0;
  if (first < 0) return '';
  return characters.slice(first, right ? characters.findLastIndex(isKept) + 1 : undefined).join('');
}

/** White space as Unicode's White_Space property has it, which Go's TrimSpace follows. */
const SPACE = /^[\p{White_Space}]+|[\p{White_Space}]+$/gu;

/**
 * Replaces by several pairs at once, scanning from left to right, the earlier pair first where two match.
 *
 * An empty pattern matches before every byte and at the end, and is the first of all pairs.
 *
 * @see Go package strings, NewReplacer
 */
function replaceAll(context: Context, text: string, pairs: readonly (readonly [string, string])[]): string {
  // An empty pattern matches between the bytes of a character, too.
  if (pairs.some(([old]) => old === '') && /[^\0-\x7f]/.test(text)) {
    const inBytes = (other: string) => Array.from(bytesOfText(other), (byte) => String.fromCharCode(byte)).join('');
    const replaced = replaceUnits(context, inBytes(text), pairs.map(([old, by]) => [inBytes(old), inBytes(by)]));
    return textOfBytes(Uint8Array.from(replaced, (unit) => unit.charCodeAt(0)));
  }
  return replaceUnits(context, text, pairs);
}

function replaceUnits(context: Context, text: string, pairs: readonly (readonly [string, string])[]): string {
  const first = new Map<string, (readonly [string, string])[]>();
  let empty: string | null = null;
  for (const pair of pairs) {
    if (pair[0] === '') empty ??= pair[1];
    else {
      const unit = pair[0][0] as string;
      const list = first.get(unit);
      if (list === undefined) first.set(unit, [pair]);
      else list.push(pair);
    }
  }
  let out = '';
  let afterEmpty = false;
  for (let at = 0; at <= text.length;) {
    // The empty pattern comes first, but for the place where it matched just now.
    if (empty !== null && !afterEmpty) {
      charge(textCells(empty.length));
      out += empty;
      context.spendBytes(empty.length);
      afterEmpty = true;
      continue;
    }
    afterEmpty = false;
    const pair = at < text.length ? first.get(text[at] as string)?.find(([old]) => text.startsWith(old, at)) : undefined;
    if (pair !== undefined) {
      charge(textCells(pair[1].length));
      out += pair[1];
      at += pair[0].length;
      context.spendBytes(pair[1].length);
      continue;
    }
    if (at >= text.length) break;
    const character = String.fromCodePoint(text.codePointAt(at) as number);
    out += character;
    at += character.length;
  }
  settle(out);
  // Bytes that stood apart may have come together again.
  return out.isWellFormed() ? out : textOfBytes(bytesOfText(out));
}

function patternsOf(object: Value): (readonly [string, string])[] {
  return [...asObject(object, 1)].map(([key, value]) => {
    if (typeof key !== 'string') throw new OperandError(1, 'non-string key found in pattern object');
    if (typeof value !== 'string') throw new OperandError(1, 'non-string value found in pattern object');
    return [key, value] as const;
  });
}

/** Whether a text of `search` begins (or ends) with one of `base`; the shorter texts are looked up, not scanned. */
function anyAffix(search: Value, base: Value, has: (text: string, affix: string) => boolean, cut: (text: string, length: number) => string): boolean {
  const listOf = (value: Value, position: number) => {
    if (typeof value === 'string') return [value];
    if (!isArray(value) && !(value instanceof RegoSet)) throw wrongType(position, value, 'string', 'set', 'array');
    return asStrings(value, position);
  };
  const texts = listOf(search, 1);
  const affixes = listOf(base, 2);
  if (texts.length * affixes.length < 64) return texts.some((text) => affixes.some((affix) => has(text, affix)));
  const known = new Set(affixes);
  const lengths = [...new Set(affixes.map((affix) => affix.length))];
  return texts.some((text) => lengths.some((length) => length <= text.length && known.has(cut(text, length))));
}

/** Whole numbers in base 2, 8, 10 or 16; a fraction is cut off towards zero. */
function formatInteger(n: Value, base: Value): string {
  const number = asNumber(n, 1);
  const radix = Num.textOf(asNumber(base, 2));
  if (!['2', '8', '10', '16'].includes(radix)) throw new OperandError(2, 'must be one of {2, 8, 10, 16}');
  const exact = Num.toBigInt(number);
  if (exact !== null) return exact.toString(Number(radix));
  // A number with a fraction, exactly: the digits before the point.
  const { negative, digits, exponent } = (number as Num).decimal;
  const whole = digits / 10n ** BigInt(-exponent);
  return (negative ? -whole : whole).toString(Number(radix));
}

/** What operands are written as; how often each of them is, `sprintf` counts. */
function chargeFormat(format: string, operands: readonly Value[]): void {
  charge(textCells(format.length));
  chargeText(format);
  for (const operand of operands) {
    if (typeof operand === 'object' && operand !== null && !(operand instanceof Num)) chargeTree(operand);
    else chargeText(operand);
  }
}

function operandOf(value: Value): Operand {
  if (typeof value === 'string') return value;
  if (!isNumber(value)) return formatTerm(value);
  const text = Num.textOf(value);
  if (!/[.eE]/.test(text)) return BigInt(text);
  const double = Number(text);
  return Number.isFinite(double) ? double : text;
}

/** Go's suffix test is over bytes: a text cut inside a character must not match. */
function endsWith(text: string, suffix: string): boolean {
  if (!text.endsWith(suffix)) return false;
  const before = text.length - suffix.length;
  return suffix === '' || before === 0 || !(isLow(text.charCodeAt(before)) && isHigh(text.charCodeAt(before - 1)));
}

/** How often `search` occurs without overlap; an empty one counts the places between characters. */
function occurrences(text: string, search: string): number {
  return search === '' ? runes(text).length + 1 : text.split(search).length - 1;
}

/** Characters in reverse order; a byte that is not UTF-8 stays one byte. */
function reverse(text: string): string {
  return text.isWellFormed() ? runes(text).reverse().join('') : textOfBytes(bytesOfText(runes(text).reverse().join('')));
}

const ONE_TEXT = '(string) => string';
const TWO_TEXTS = '(string, string) => string';
const TEST = '(string, string) => boolean';
const AFFIXES = '(any<string, array[string], set[string]>, any<string, array[string], set[string]>) => boolean';

function test(name: string, holds: (text: string, part: string) => boolean): Builtin {
  return { name, type: TEST, run: (_, text: Value, part: Value) => holds(asString(text, 1), asString(part, 2)) };
}

function change(name: string, apply: (text: string, part: string) => string): Builtin {
  return { name, type: TWO_TEXTS, run: (_, text: Value, part: Value) => apply(asString(text, 1), asString(part, 2)) };
}

export const strings: readonly Builtin[] = [
  test('contains', (text, part) => text.includes(part)),
  test('startswith', (text, part) => text.startsWith(part)),
  test('endswith', endsWith),
  { name: 'lower', type: ONE_TEXT, run: (_, text: Value) => lower(asString(text, 1)) },
  { name: 'upper', type: ONE_TEXT, run: (_, text: Value) => upper(asString(text, 1)) },
  { name: 'trim_space', type: ONE_TEXT, run: (_, text: Value) => asString(text, 1).replace(SPACE, '') },
  { name: 'strings.reverse', type: ONE_TEXT, run: (_, text: Value) => reverse(asString(text, 1)) },
  change('trim', (text, cutset) => trimmed(text, cutset, true, true)),
  change('trim_left', (text, cutset) => trimmed(text, cutset, true, false)),
  change('trim_right', (text, cutset) => trimmed(text, cutset, false, true)),
  change('trim_prefix', (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  change('trim_suffix', (text, suffix) => (suffix !== '' && endsWith(text, suffix) ? text.slice(0, -suffix.length) : text)),
  {
    name: 'concat',
    type: '(string, any<array[string], set[string]>) => string',
    run: (context: Context, delimiter: Value, list: Value) => {
      const join = asString(delimiter, 1);
      const parts = asStrings(list, 2);
      let bytes = join.length * parts.length;
      for (const part of parts) bytes += part.length;
      context.spendBytes(bytes);
      charge(textCells(bytes));
      return parts.join(join);
    },
  },
  { name: 'format_int', type: '(number, number) => string', run: (_, n: Value, base: Value) => formatInteger(n, base) },
  {
    name: 'indexof',
    type: '(string, string) => number',
    run: (_, base: Value, search: Value) => positions(asString(base, 1), asString(search, 2), 1)[0] ?? -1,
  },
  {
    name: 'indexof_n',
    type: '(string, string) => array[number]',
    run: (_, base: Value, search: Value) => positions(asString(base, 1), asString(search, 2), Infinity),
  },
  {
    name: 'substring',
    type: '(string, number, number) => string',
    run: (_, base: Value, offset: Value, length: Value) => substring(asString(base, 1), asCount(offset, 2), asCount(length, 3)),
  },
  {
    name: 'split',
    type: '(string, string) => array[string]',
    run: (_, text: Value, delimiter: Value) => split(asString(text, 1), asString(delimiter, 2)),
  },
  {
    name: 'strings.split_n',
    type: '(string, string, number) => array[string]',
    run: (_, text: Value, delimiter: Value, count: Value) => splitSome(asString(text, 1), asString(delimiter, 2), asCount(count, 3)),
  },
  {
    name: 'replace',
    type: '(string, string, string) => string',
    run: (context: Context, text: Value, old: Value, by: Value) => {
      const base = asString(text, 1);
      return replaceAll(context, base, [[asString(old, 2), asString(by, 3)]]);
    },
  },
  {
    name: 'strings.replace_n',
    type: '(object[string: string], string) => string',
    run: (context: Context, patterns: Value, text: Value) => {
      const pairs = patternsOf(patterns);
      return replaceAll(context, asString(text, 2), pairs);
    },
  },
  { name: 'strings.count', type: '(string, string) => number', run: (_, text: Value, search: Value) => occurrences(asString(text, 1), asString(search, 2)) },
  {
    name: 'strings.any_prefix_match',
    type: AFFIXES,
    run: (_, search: Value, base: Value) => anyAffix(search, base, (text, affix) => text.startsWith(affix), (text, length) => text.slice(0, length)),
  },
  {
    name: 'strings.any_suffix_match',
    type: AFFIXES,
    run: (_, search: Value, base: Value) => anyAffix(search, base, endsWith, (text, length) => text.slice(text.length - length)),
  },
  {
    name: 'sprintf',
    type: '(string, array[any]) => string',
    run: (context: Context, format: Value, values: Value) => {
      const [pattern, operands] = [asString(format, 1), asArray(values, 2)];
      if (isMetered()) chargeFormat(pattern, operands);
      const text = sprintf(pattern, operands.map(operandOf));
      settle(text);
      context.spendBytes(text.length);
      return text;
    },
  },
];

