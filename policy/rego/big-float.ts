// Binary floats of a stated precision, rounded to nearest even: what OPA computes with where an operand is no integer.

/** `(negative ? -1 : 1) * mantissa * 2^exponent`, the mantissa of at most `precision` bits; zero has mantissa 0. */
export interface BigFloat {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly precision: number;
}

/** Bits of every number that is read from text or computed by an operator (Go's `big.Float` default). */
export const PRECISION = 64;

export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** Rounds to nearest even; `sticky` says that bits below the mantissa were already dropped. */
function round(negative: boolean, mantissa: bigint, exponent: number, precision: number, sticky = false): BigFloat {
  const excess = bitLength(mantissa) - precision;
  if (excess <= 0) return { negative, mantissa, exponent, precision };
  const shift = BigInt(excess);
  const rest = mantissa & ((1n << shift) - 1n);
  const half = 1n << (shift - 1n);
  let kept = mantissa >> shift;
  if (rest > half || (rest === half && (sticky || (kept & 1n) === 1n))) kept += 1n;
  return { negative, mantissa: kept, exponent: exponent + excess, precision };
}

export function fromInteger(n: bigint, precision = Math.max(PRECISION, bitLength(n < 0n ? -n : n))): BigFloat {
  return round(n < 0n, n < 0n ? -n : n, 0, precision);
}

/** Powers of five as Go's parser rounds them: exact to 5^55, to 128 bits beyond. */
function powerOfFive(n: number): BigFloat {
  const precision = PRECISION + 64;
  if (n <= 27) return fromInteger(5n ** BigInt(n), precision);
  let power = fromInteger(5n ** 27n, precision);
  let factor = fromInteger(5n, precision + 64);
  for (let left = n - 27; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, factor, precision);
    factor = multiply(factor, factor, precision + 64);
  }
  return power;
}

/** `digits * 10^exponent10`, rounded once where the power of ten is exact. */
export function fromDecimal(negative: boolean, digits: bigint, exponent10: number): BigFloat {
  if (digits === 0n || exponent10 === 0) return round(negative, digits, 0, PRECISION);
  const exact: BigFloat = { negative, mantissa: digits, exponent: exponent10, precision: PRECISION };
  const five = powerOfFive(Math.abs(exponent10));
  return exponent10 > 0 ? multiply(exact, five, PRECISION) : divide(exact, five, PRECISION);
}

export function multiply(a: BigFloat, b: BigFloat, precision = Math.max(a.precision, b.precision)): BigFloat {
  return round(a.negative !== b.negative, a.mantissa * b.mantissa, a.exponent + b.exponent, precision);
}

/** @param b - not zero */
export function divide(a: BigFloat, b: BigFloat, precision = Math.max(a.precision, b.precision)): BigFloat {
  const shift = Math.max(0, precision + 2 + bitLength(b.mantissa) - bitLength(a.mantissa));
  const dividend = a.mantissa << BigInt(shift);
  const quotient = dividend / b.mantissa;
  return round(a.negative !== b.negative, quotient, a.exponent - b.exponent - shift, precision, quotient * b.mantissa !== dividend);
}

export function add(a: BigFloat, b: BigFloat, precision = Math.max(a.precision, b.precision)): BigFloat {
  if (a.mantissa === 0n && b.mantissa === 0n) return { negative: a.negative && b.negative, mantissa: 0n, exponent: 0, precision };
  const exponent = a.mantissa === 0n ? b.exponent : b.mantissa === 0n ? a.exponent : Math.min(a.exponent, b.exponent);
  const sum = signed(a, exponent) + signed(b, exponent);
  return round(sum < 0n, sum < 0n ? -sum : sum, exponent, precision);
}

export function negate(a: BigFloat): BigFloat {
  return { ...a, negative: !a.negative };
}

function signed(a: BigFloat, exponent: number): bigint {
  if (a.mantissa === 0n) return 0n;
  const shifted = a.mantissa << BigInt(a.exponent - exponent);
  return a.negative ? -shifted : shifted;
}

export function compareFloats(a: BigFloat, b: BigFloat): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const [x, y] = [signed(a, exponent), signed(b, exponent)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The integer part, towards zero. */
export function truncate(a: BigFloat): bigint {
  const whole = a.exponent >= 0 ? a.mantissa << BigInt(a.exponent) : a.mantissa >> BigInt(-a.exponent);
  return a.negative ? -whole : whole;
}

export function isInteger(a: BigFloat): boolean {
  return a.mantissa === 0n || a.exponent >= 0 || (a.mantissa & ((1n << BigInt(-a.exponent)) - 1n)) === 0n;
}

/** The text Go gives: integers in full, others as `%g`, both with the fewest digits that read back the same. */
export function formatFloat(a: BigFloat): string {
  const sign = a.negative ? '-' : '';
  if (a.mantissa === 0n) return `${sign}0`;
  const { digits, point } = shortest(a);
  if (isInteger(a)) return sign + digits.padEnd(point, '0');
  return sign + layOut(digits, point);
}

/** `%g` of shortest digits, `0.digits * 10^point`: exponent form below 1e-4 and from 1e6 on. */
export function layOut(digits: string, point: number): string {
  const exponent = point - 1;
  if (exponent < -4 || exponent >= 6) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return digits.length <= point ? digits.padEnd(point, '0') : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

interface Decimal {
  digits: string;
  /** Where the decimal point stands: the value is `0.digits * 10^point`. */
  point: number;
}

function decimalOf(mantissa: bigint, exponent: number): Decimal {
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const text = whole.toString();
  return { digits: text.replace(/0+$/, ''), point: text.length - (exponent >= 0 ? 0 : -exponent) };
}

/**
 * The fewest digits that lie between the midpoints to both neighbours.
 *
 * Digits are compared by place even where a neighbour has another length, because Go does so and its text is the reference.
 */
function shortest(a: BigFloat): Decimal {
  const exact = decimalOf(a.mantissa, a.exponent);
  const shift = a.precision + 1 - bitLength(a.mantissa);
  const half = a.mantissa << BigInt(shift);
  const lower = decimalOf(half - 1n, a.exponent - shift).digits;
  const upper = decimalOf(half + 1n, a.exponent - shift).digits;
  const inclusive = (half & 2n) === 0n;
  for (let i = 0; i < exact.digits.length; i++) {
    const digit = Number(exact.digits[i]);
    const down = Number(lower[i] ?? 0) !== digit || (inclusive && i + 1 === lower.length);
    const above = Number(upper[i] ?? 0);
    const up = digit !== above && (inclusive || digit + 1 < above || i + 1 < upper.length);
    if (down && up) return roundsUp(exact.digits, i + 1) ? roundUp(exact, i + 1) : roundDown(exact, i + 1);
    if (down) return roundDown(exact, i + 1);
    if (up) return roundUp(exact, i + 1);
  }
  return exact;
}

function roundsUp(digits: string, length: number): boolean {
  if (length >= digits.length) return false;
  if (digits[length] === '5' && length + 1 === digits.length) return length > 0 && Number(digits[length - 1]) % 2 === 1;
  return (digits[length] as string) >= '5';
}

function roundDown(d: Decimal, length: number): Decimal {
  return { digits: d.digits.slice(0, length).replace(/0+$/, ''), point: d.point };
}

function roundUp(d: Decimal, length: number): Decimal {
  if (length >= d.digits.length) return d;
  const raised = (BigInt(d.digits.slice(0, length)) + 1n).toString();
  return { digits: raised.replace(/0+$/, ''), point: d.point + (raised.length > length ? 1 : 0) };
}
