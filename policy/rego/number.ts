// Numbers as OPA has them: integers exact at any size, other numbers by their decimal text, floats of 64 bits computed from it.
import * as float from './big-float.ts';
import type { BigFloat } from './big-float.ts';
import { emptySlot, type Slot } from './slot.ts';

const GRAMMAR = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The largest decimal exponent a number may have: OPA refuses binary exponents beyond 1e5. */
const exponentMax = 30_102;

/** Characters of a number's text that a double keeps, whatever they are. */
const shortMax = 15;

/** A number that is no safe integer in canonical text: a fraction, a big integer, or `1.0`, `1e3`, `-0` as written. */
export class Num {
  readonly text: string;
  #decimal: Decimal | null = null;
  #key: number | string | null = null;
  /**
   * The double of a text of at most fifteen characters without an exponent, NaN of others. Such decimals (and safe integers) are
   * in the order of their doubles, no two of them sharing one: a double keeps fifteen digits.
   */
  readonly #short: number;
  #slot: Slot | null = null;

  private constructor(text: string) {
    this.text = text;
    this.#short = text.length > shortMax || /[eE]/.test(text) ? Number.NaN : Number(text);
  }

  get slot(): Slot {
    return (this.#slot ??= emptySlot());
  }

  /** Reads JSON number text; `null` where it is none or its exponent is beyond OPA's bound. */
  static parse(text: string): number | Num | null {
    if (text.length < 16 && /^(?:0|-?[1-9]\d*)$/.test(text)) return Number(text);
    const match = GRAMMAR.exec(text);
    if (match === null) return null;
    const exponent = Number(match[4] ?? 0);
    if (Math.abs(exponent) > exponentMax) return null;
    return Num.#fromText(text);
  }

  /** @param text - valid number text, of any form */
  static #fromText(text: string): number | Num {
    if (text.length < 18 && /^(?:0|-?[1-9]\d*)$/.test(text)) {
      const n = Number(text);
      if (Number.isSafeInteger(n)) return n;
    }
    return new Num(text);
  }

  static fromBigInt(n: bigint): number | Num {
    return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : new Num(n.toString());
  }

  static fromFloat(value: BigFloat): number | Num {
    return Num.#fromText(float.formatFloat(value));
  }

  /** A double as Go's `FormatFloat(f, 'g', -1, 64)` writes it. @param value - finite */
  static fromDouble(value: number): number | Num {
    if (Number.isSafeInteger(value) && !Object.is(value, -0) && Math.abs(value) < 1e6) return value;
    const [, sign, digits, exponent] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(value.toExponential()) as unknown as string[];
    if (value === 0) return Num.#fromText(`${Object.is(value, -0) ? '-' : ''}0`);
    return Num.#fromText(sign + float.layOut((digits as string).replace('.', ''), Number(exponent) + 1));
  }

  /** The exact value as a key: a safe integer, or a text that no string's key equals. */
  get key(): number | string {
    if (this.#key === null) {
      const { negative, digits, exponent } = this.decimal;
      if (digits === 0n) this.#key = 0;
      else if (exponent >= 0 && exponent < 16) {
        const whole = digits * 10n ** BigInt(exponent) * (negative ? -1n : 1n);
        const safe = whole >= Number.MIN_SAFE_INTEGER && whole <= Number.MAX_SAFE_INTEGER;
        this.#key = safe ? Number(whole) : `\0n${negative ? '-' : ''}${digits}e${exponent}`;
      } else this.#key = `\0n${negative ? '-' : ''}${digits}e${exponent}`;
    }
    return this.#key;
  }

  /** Digits without trailing zeros, and the power of ten they stand at. */
  get decimal(): Decimal {
    this.#decimal ??= decimalOf(this.text);
    return this.#decimal;
  }

  static compare(a: number | Num, b: number | Num): number {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    // Not a number where a text is long: then the difference is none either.
    const difference = (typeof a === 'number' ? a : a.#short) - (typeof b === 'number' ? b : b.#short);
    if (!Number.isNaN(difference)) return difference;
    const [x, y] = [decimalAny(a), decimalAny(b)];
    const exponent = Math.min(x.exponent, y.exponent);
    const scale = (d: Decimal) => d.digits * 10n ** BigInt(d.exponent - exponent) * (d.negative ? -1n : 1n);
    const [left, right] = [scale(x), scale(y)];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  /** The integer this number is, or null where it has a fraction. */
  static toBigInt(n: number | Num): bigint | null {
    if (typeof n === 'number') return BigInt(n);
    const { negative, digits, exponent } = n.decimal;
    if (exponent < 0) return null;
    return digits * 10n ** BigInt(exponent) * (negative ? -1n : 1n);
  }

  static toFloat(n: number | Num): BigFloat {
    if (typeof n === 'number') return float.fromInteger(BigInt(n), float.PRECISION);
    const [, sign, whole, fraction, exponent] = GRAMMAR.exec(n.text) as unknown as [string, string, string, string?, string?];
    return float.fromDecimal(sign === '-', BigInt(whole + (fraction ?? '')), Number(exponent ?? 0) - (fraction?.length ?? 0));
  }

  static toDouble(n: number | Num): number {
    return typeof n === 'number' ? n : Number(n.text);
  }

  static textOf(n: number | Num): string {
    return typeof n === 'number' ? String(n) : n.text;
  }

  /** The integer whose text is one, zeros after a point included (`1.00`, but not `1e0`); null otherwise or beyond 64 bits. */
  static toInt(n: number | Num): number | bigint | null {
    if (typeof n === 'number') return n;
    const [, whole] = /^(-?\d+)(?:\.0+)?$/.exec(n.text) ?? [];
    if (whole === undefined) return null;
    const value = BigInt(whole);
    if (BigInt.asIntN(64, value) !== value) return null;
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
}

interface Decimal {
  readonly negative: boolean;
  readonly digits: bigint;
  readonly exponent: number;
}

function decimalOf(text: string): Decimal {
  const [, sign, whole, fraction, power] = GRAMMAR.exec(text) as unknown as [string, string, string, string?, string?];
  const all = whole + (fraction ?? '');
  const kept = all.replace(/0+$/, '');
  if (/^0*$/.test(kept)) return { negative: false, digits: 0n, exponent: 0 };
  return { negative: sign === '-', digits: BigInt(kept), exponent: Number(power ?? 0) - (fraction?.length ?? 0) + all.length - kept.length };
}

function decimalAny(n: number | Num): Decimal {
  return typeof n === 'number' ? { negative: n < 0, digits: BigInt(Math.abs(n)), exponent: 0 } : n.decimal;
}
