// Amounts with units: bytes (`units.parse_bytes`) and SI or binary prefixes (`units.parse`).
import { Num } from '../rego/number.ts';
import type { Value } from '../rego/value.ts';
import { lower } from './letters.ts';
import { asString, type Builtin, BuiltinError } from './builtin.ts';

const exponentDigitsMax = 6;

/** Where the number ends and the unit begins. An `e` belongs to the number only before a digit or a sign. */
function cut(text: string, name: string): { amount: string; unit: string } {
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (/[eE]/.test(character)) {
      if (!/[\d+-]/.test(text[i + 1] ?? '')) return { amount: text.slice(0, i), unit: text.slice(i) };
      if (/[+-]/.test(text[i + 1] as string)) i += 1;
      const digits = /^\d*/.exec(text.slice(i + 1))?.[0] ?? '';
      if (digits.length > exponentDigitsMax) throw new BuiltinError(`${name}: exponent too large`);
    } else if (!/[\d.+-]/.test(character)) return { amount: text.slice(0, i), unit: text.slice(i) };
  }
  return { amount: text, unit: '' };
}

/** An exact fraction; null where the text is no decimal number. */
function fraction(text: string): { top: bigint; bottom: bigint } | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', part = '', exponent = '0'] = match;
  if (whole === '' && part === '') return null;
  const power = Number(exponent) - part.length;
  const digits = BigInt(whole + part) * (sign === '-' ? -1n : 1n);
  return power >= 0 ? { top: digits * 10n ** BigInt(power), bottom: 1n } : { top: digits, bottom: 10n ** BigInt(-power) };
}

const DECIMAL = ['', 'k', 'm', 'g', 't', 'p', 'e'];

/** The factor of a prefix such as `k` or `ki`; undefined for any other. */
function factor(prefix: string): bigint | undefined {
  const binary = prefix.length === 2 && prefix.endsWith('i');
  const power = DECIMAL.indexOf(binary ? (prefix[0] as string) : prefix);
  return power < 0 ? undefined : (binary ? 1024n : 1000n) ** BigInt(power);
}

function parseBytes(source: string): Value {
  const name = 'units.parse_bytes';
  const text = lower(source).replaceAll('"', '');
  if (text.includes(' ')) throw new BuiltinError(`${name}: spaces not allowed in resource strings`);
  const { amount, unit } = cut(text, name);
  if (amount === '') throw new BuiltinError(`${name}: no byte amount provided`);
  const scale = unit === 'b' ? undefined : factor(unit.endsWith('b') ? unit.slice(0, -1) : unit);
  if (scale === undefined) throw new BuiltinError(`${name}: byte unit ${unit} not recognized`);
  const number = fraction(amount);
  if (number === null) throw new BuiltinError(`${name}: could not parse byte amount to a number`);
  return Num.fromBigInt((number.top * scale) / number.bottom);
}

/** The double nearest to 0.001, which is not quite a thousandth: OPA multiplies by it exactly. */
const MILLI = { top: 1152921504606847n, bottom: 1152921504606846976n };

function parseUnits(source: string): Value {
  const name = 'units.parse';
  const text = source.replaceAll('"', '');
  if (text.includes(' ')) throw new BuiltinError(`${name}: spaces not allowed in resource strings`);
  const { amount, unit: written } = cut(text, name);
  if (amount === '') throw new BuiltinError(`${name}: no amount provided`);
  // Only behind the first letter: `m` is a thousandth, `M` a million.
  const unit = (written[0] ?? '') + lower(written.slice(1));
  const scale = unit === 'm' ? null : factor(unit.toLowerCase());
  if (scale === undefined) throw new BuiltinError(`${name}: unit ${unit} not recognized`);
  const number = fraction(amount);
  if (number === null) throw new BuiltinError(`${name}: could not parse amount to a number`);
  const [top, bottom] = scale === null ? [number.top * MILLI.top, number.bottom * MILLI.bottom] : [number.top * scale, number.bottom];
  if (top % bottom === 0n) return Num.fromBigInt(top / bottom);
  return Num.parse(rounded(top, bottom, 10)) as Value;
}

/** A fraction with `places` decimals, halves away from zero (Go's Rat.FloatString). */
function rounded(top: bigint, bottom: bigint, places: number): string {
  const negative = top < 0n;
  const scaled = (negative ? -top : top) * 10n ** BigInt(places);
  const quotient = (scaled * 2n + bottom) / (bottom * 2n);
  const digits = quotient.toString().padStart(places + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

export const units: readonly Builtin[] = [
  { name: 'units.parse', type: '(string) => number', run: (_, text: Value) => parseUnits(asString(text, 1)) },
  { name: 'units.parse_bytes', type: '(string) => number', run: (_, text: Value) => parseBytes(asString(text, 1)) },
];
