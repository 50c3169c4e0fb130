// Go's fmt.Sprintf over the four kinds of operands that OPA hands it: int64, *big.Int, float64 and string.
import { charge } from '../rego/meter.ts';
import { bytesOfText } from '../rego/value.ts';
import { quoteGo } from '../rego/term.ts';

/** An operand as Go sees it. Integers within 64 bits are `int64`, larger ones `*big.Int`. */
export type Operand = bigint | number | string;

interface Flags {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | null;
  precision: number | null;
}

/** A width or precision beyond this is refused by Go as bad. */
const widthMax = 1_000_000;

/** @see Go package fmt, "Printing" */
export function sprintf(format: string, operands: readonly Operand[]): string {
  let out = '';
  let next = 0;
  let reordered = false;
  const characters = [...format];
  let at = 0;

  /** An explicit argument index `[n]`. */
  const index = (): boolean => {
    if (characters[at] !== '[') return true;
    reordered = true;
    const close = characters.indexOf(']', at);
    if (close < 0) {
      at += 1;
      return false;
    }
    const digits = characters.slice(at + 1, close).join('');
    at = close + 1;
    const n = /^\d+$/.test(digits) ? Number(digits) : 0;
    if (n < 1 || n > operands.length) return false;
    next = n - 1;
    return true;
  };
  const digits = (): number | null => {
    const start = at;
    while (at < characters.length && /^\d$/.test(characters[at] as string)) at += 1;
    return start === at ? null : Number(characters.slice(start, at).join(''));
  };
  /** A `*`: the number comes from an operand. */
  const star = (): number | null => {
    const operand = operands[next];
    if (next < operands.length) next += 1;
    if (typeof operand !== 'bigint' || operand > BigInt(widthMax) || operand < BigInt(-widthMax)) return null;
    return Number(operand);
  };

  while (at < characters.length) {
    if (characters[at] !== '%') {
      out += characters[at];
      at += 1;
      continue;
    }
    at += 1;
    const flags: Flags = { minus: false, plus: false, sharp: false, space: false, zero: false, width: null, precision: null };
    for (; at < characters.length; at++) {
      if (characters[at] === '-') flags.minus = true;
      else if (characters[at] === '+') flags.plus = true;
      else if (characters[at] === '#') flags.sharp = true;
      else if (characters[at] === ' ') flags.space = true;
      else if (characters[at] === '0') flags.zero = true;
      else break;
    }
    let goodIndex = index();
    let afterIndex = reordered && characters[at - 1] === ']';
    if (characters[at] === '*') {
      at += 1;
      const width = star();
      if (width === null) out += '%!(BADWIDTH)';
      else {
        flags.width = Math.abs(width);
        if (width < 0) flags.minus = true;
      }
      afterIndex = false;
    } else {
      flags.width = digits();
      // "%[3]2d": a width may not follow an index.
      if (afterIndex && flags.width !== null) goodIndex = false;
    }
    if (characters[at] === '.') {
      at += 1;
      if (afterIndex) goodIndex = false;
      if (characters[at] === '[') {
        goodIndex = index() && goodIndex;
        afterIndex = true;
      }
      if (characters[at] === '*') {
        at += 1;
        const precision = star();
        if (precision === null || precision < 0) {
          if (precision === null) out += '%!(BADPREC)';
          flags.precision = null;
        } else flags.precision = precision;
        afterIndex = false;
      } else flags.precision = digits() ?? 0;
    }
    if (!afterIndex) goodIndex = index() && goodIndex;
    if (at >= characters.length) {
      out += '%!(NOVERB)';
      break;
    }
    const verb = characters[at] as string;
    at += 1;
    if (verb === '%') out += '%';
    else if (!goodIndex) out += `%!${verb}(BADINDEX)`;
    else if (next >= operands.length) out += `%!${verb}(MISSING)`;
    else {
      // Zeros and spaces are made before they are seen, and digits are computed.
      charge(Math.ceil(((flags.width ?? 0) + (flags.precision ?? 0)) / 4));
      const text = formatOne(operands[next] as Operand, verb, flags);
      charge(Math.ceil(text.length / 8));
      out += text;
      next += 1;
    }
  }
  if (!reordered && next < operands.length) {
    const extra = operands.slice(next).map((operand) => `${typeOf(operand)}=${formatOne(operand, 'v', PLAIN)}`);
    out += `%!(EXTRA ${extra.join(', ')})`;
  }
  return out;
}

const PLAIN: Flags = { minus: false, plus: false, sharp: false, space: false, zero: false, width: null, precision: null };

function isBig(operand: bigint): boolean {
  return BigInt.asIntN(64, operand) !== operand;
}

function typeOf(operand: Operand): string {
  if (typeof operand === 'string') return 'string';
  if (typeof operand === 'number') return 'float64';
  return isBig(operand) ? '*big.Int' : 'int64';
}

function formatOne(operand: Operand, verb: string, flags: Flags): string {
  if (verb === 'T') return pad(typeOf(operand), { ...flags, zero: false });
  if (verb === 'p') return badVerb(operand, verb, flags);
  if (typeof operand === 'string') return formatString(operand, verb, flags);
  if (typeof operand === 'number') return formatFloat(operand, verb, flags);
  return isBig(operand) ? formatBig(operand, verb, flags) : formatInteger(operand, verb, flags);
}

/** The operand is shown as `%v` would, under the same flags; `#` alone does not make it `%#v`. */
function badVerb(operand: Operand, verb: string, flags: Flags): string {
  return `%!${verb}(${typeOf(operand)}=${formatOne(operand, 'v', { ...flags, sharp: false })})`;
}

function pad(text: string, flags: Flags): string {
  const missing = (flags.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (flags.minus) return text + ' '.repeat(missing);
  return (flags.zero ? '0' : ' ').repeat(missing) + text;
}

const BASE: Readonly<Record<string, number>> = { b: 2, d: 10, v: 10, o: 8, O: 8, x: 16, X: 16 };

function formatInteger(n: bigint, verb: string, flags: Flags): string {
  if (verb === 'c' || verb === 'q') {
    const valid = n >= 0n && n <= 0x10ffffn && (n < 0xd800n || n > 0xdfffn);
    const character = valid ? String.fromCodePoint(Number(n)) : '\uFFFD';
    return pad(verb === 'c' ? character : `'${character === "'" ? "\\'" : character === '"' ? '"' : quoteGo(character).slice(1, -1)}'`, flags);
  }
  if (verb === 'U') {
    const hex = BigInt.asUintN(64, n).toString(16).toUpperCase().padStart(Math.max(4, flags.precision ?? 0), '0');
    const shown = flags.sharp && n >= 0n && n <= 0x10ffffn ? ` '${String.fromCodePoint(Number(n))}'` : '';
    return pad(`U+${hex}${shown}`, { ...flags, zero: false });
  }
  const base = BASE[verb];
  return base === undefined ? badVerb(n, verb, flags) : integerText(n, verb, base, flags);
}

function integerText(n: bigint, verb: string, base: number, flags: Flags): string {
  let text = (n < 0n ? -n : n).toString(base);
  if (verb === 'X') text = text.toUpperCase();
  const sign = n < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  let prefix = verb === 'O' ? '0o' : '';
  if (flags.precision !== null) {
    if (flags.precision === 0 && n === 0n) return ' '.repeat(flags.width ?? 0);
    text = text.padStart(flags.precision, '0');
  } else if (flags.zero && !flags.minus && flags.width !== null) text = text.padStart(flags.width - sign.length, '0');
  if (flags.sharp) {
    if (verb === 'b') prefix = '0b';
    else if (verb === 'o') prefix = text.startsWith('0') ? '' : '0';
    else if (verb === 'x') prefix = '0x';
    else if (verb === 'X') prefix = '0X';
  }
  return pad(sign + prefix + text, { ...flags, zero: false });
}

/** big.Int formats itself, with fewer verbs and its own words for a bad one. */
function formatBig(n: bigint, verb: string, flags: Flags): string {
  const base = verb === 's' ? 10 : BASE[verb];
  if (base === undefined) return `%!${verb}(big.Int=${n})`;
  return integerText(n, verb === 's' ? 'd' : verb, base, flags);
}

function formatString(text: string, verb: string, flags: Flags): string {
  const cut = () => (flags.precision === null ? text : [...text].slice(0, flags.precision).join(''));
  switch (verb) {
    case 'v':
      return pad(flags.sharp ? quoteGo(cut()) : cut(), flags);
    case 's':
      return pad(cut(), flags);
    case 'q': {
      const shown = cut();
      // oxlint-disable-next-line no-control-regex
      if (flags.sharp && !/[`\u0000-\u0008\u000a-\u001f\u007f\ufeff]/.test(shown)) return pad(`\`${shown}\``, flags);
      const quoted = quoteGo(shown);
      return pad(flags.plus ? quoted.replace(/[^\0-\x7f]/gu, escapeCode) : quoted, flags);
    }
    case 'x':
    case 'X': {
      const bytes = bytesOfText(text).subarray(0, flags.precision ?? undefined);
      const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
      const hex = flags.sharp ? (flags.space ? digits.map((pair) => `0x${pair}`).join(' ') : digits.length > 0 ? `0x${digits.join('')}` : '')
        : digits.join(flags.space ? ' ' : '');
      return pad(verb === 'X' ? hex.toUpperCase() : hex, flags);
    }
    default:
      return badVerb(text, verb, flags);
  }
}

function escapeCode(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** @param bad - shown for a verb that floats do not have: there, and not for `%#v` itself, `#` keeps trailing zeros */
function formatFloat(value: number, verb: string, flags: Flags, bad = false): string {
  let text: string;
  switch (verb) {
    case 'v': text = general(Math.abs(value), flags.precision, flags.sharp && bad); break;
    case 'g':
    case 'G': text = general(Math.abs(value), flags.precision, flags.sharp); break;
    case 'x':
    case 'X': text = hexadecimal(Math.abs(value), flags.precision, flags.sharp); break;
    case 'b': text = binary(Math.abs(value)); break;
    case 'e':
    case 'E': text = exponential(Math.abs(value), flags.precision ?? 6); break;
    case 'f':
    case 'F': text = fixed(Math.abs(value), flags.precision ?? 6); break;
    default: return `%!${verb}(float64=${formatFloat(value, 'v', flags, true)})`;
  }
  if (verb === 'E' || verb === 'G' || verb === 'X') text = text.toUpperCase();
  if (flags.sharp && (verb !== 'v' || bad) && verb !== 'b' && !text.includes('.')) text = text.replace(/(?=e|E|$)/, '.');
  const sign = value < 0 || Object.is(value, -0) ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  if (flags.zero && !flags.minus && flags.width !== null) return sign + text.padStart(flags.width - sign.length, '0');
  return pad(sign + text, { ...flags, zero: false });
}

/** A double as digits times a power of two, exactly. */
function exactly(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return exponent === 0 ? { mantissa: fraction, exponent: -1074 } : { mantissa: fraction | (1n << 52n), exponent: exponent - 1075 };
}

/** value × 10^places as an integer, rounded half to even: JavaScript's own toFixed rounds halves up. */
function scaled(value: number, places: number): bigint {
  const { mantissa, exponent } = exactly(value);
  let numerator = mantissa;
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (places >= 0) numerator *= 10n ** BigInt(places);
  else denominator *= 10n ** BigInt(-places);
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

function fixed(value: number, places: number): string {
  const digits = scaled(value, places).toString().padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The first `count` digits and the exponent of the first, rounded half to even. */
function leading(value: number, count: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  let exponent = Number(value.toExponential().split('e')[1]);
  let digits = scaled(value, count - 1 - exponent).toString();
  if (digits.length > count) {
    exponent += 1;
    digits = scaled(value, count - 1 - exponent).toString();
  }
  return { digits, exponent };
}

function exponentText(exponent: number): string {
  return `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function exponential(value: number, places: number): string {
  const { digits, exponent } = leading(value, places + 1);
  return `${digits[0]}${places > 0 ? `.${digits.slice(1)}` : ''}${exponentText(exponent)}`;
}

/** `%g`: the shortest text that reads back, or `precision` digits; an exponent where it is below -4 or too large. */
function general(value: number, precision: number | null, sharp: boolean): string {
  let digits: string;
  let exponent: number;
  let limit: number;
  if (precision === null) {
    const [mantissa, power] = value.toExponential().split('e') as [string, string];
    digits = mantissa.replace('.', '');
    exponent = Number(power);
    limit = 6;
  } else {
    ({ digits, exponent } = leading(value, Math.max(1, precision)));
    limit = Math.max(1, precision);
    if (!sharp) digits = digits.replace(/(?<=.)0+$/, '');
  }
  if (sharp) digits = digits.padEnd(precision ?? 6, '0');
  if (exponent < -4 || exponent >= limit) return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}${exponentText(exponent)}`;
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** `%x`: `0x1.8p+00`, the mantissa normalised to one digit before the point. */
function hexadecimal(value: number, precision: number | null, sharp: boolean): string {
  let { mantissa, exponent } = exactly(value);
  if (mantissa !== 0n) {
    while (mantissa < 1n << 52n) {
      mantissa <<= 1n;
      exponent -= 1;
    }
  }
  let binaryExponent = mantissa === 0n ? 0 : exponent + 52;
  if (precision !== null && precision < 13) {
    const shift = BigInt(52 - precision * 4);
    const rest = mantissa & ((1n << shift) - 1n);
    mantissa >>= shift;
    const tie = 1n << (shift - 1n);
    if (rest > tie || (rest === tie && mantissa % 2n === 1n)) mantissa += 1n;
    mantissa <<= shift;
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n;
      binaryExponent += 1;
    }
  }
  let fraction = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0');
  fraction = precision === null ? fraction.replace(/0+$/, '') : fraction.slice(0, precision).padEnd(precision, '0');
  // Go counts the x among the six digits that `#` keeps.
  if (sharp) fraction = fraction.padEnd((precision ?? 6) - 2, '0');
  const sign = binaryExponent < 0 ? '-' : '+';
  const power = String(Math.abs(binaryExponent)).padStart(2, '0');
  return `0x${mantissa >> 52n}${fraction === '' ? '' : `.${fraction}`}p${sign}${power}`;
}

/** `%b`: the mantissa and the power of two, in decimal. */
function binary(value: number): string {
  const { mantissa, exponent } = exactly(value);
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}
