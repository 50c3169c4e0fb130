// Arithmetic, rounding, ranges and bits: integers exact at any size, everything else in 64-bit floats.
import * as float from '../rego/big-float.ts';
import type { BigFloat } from '../rego/big-float.ts';
import { ARRAY_CELLS, charge, numberCells } from '../rego/meter.ts';
import { Num } from '../rego/number.ts';
import { isNumber, RegoSet, type Value } from '../rego/value.ts';
import { asBigInt, asNumber, type Builtin, BuiltinError, type Context, OperandError, wrongType } from './builtin.ts';
import { difference } from './sets.ts';

type Number_ = number | Num;

function exactly(x: Number_, y: Number_, exact: (x: bigint, y: bigint) => bigint, inexact: (x: BigFloat, y: BigFloat) => BigFloat): Number_ {
  const [a, b] = [Num.toBigInt(x), Num.toBigInt(y)];
  if (a !== null && b !== null) return Num.fromBigInt(exact(a, b));
  return Num.fromFloat(inexact(Num.toFloat(x), Num.toFloat(y)));
}

export function plus(x: Number_, y: Number_): Number_ {
  if (typeof x === 'number' && typeof y === 'number') {
    const sum = x + y;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return exactly(x, y, (a, b) => a + b, float.add);
}

export function minus(x: Number_, y: Number_): Number_ {
  if (typeof x === 'number' && typeof y === 'number') {
    const rest = x - y;
    if (Number.isSafeInteger(rest)) return rest;
  }
  return exactly(x, y, (a, b) => a - b, (a, b) => float.add(a, float.negate(b)));
}

export function times(x: Number_, y: Number_): Number_ {
  if (typeof x === 'number' && typeof y === 'number') {
    const product = x * y;
    // `0 * -1` is `-0` in JavaScript: adding zero makes it 0.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return exactly(x, y, (a, b) => a * b, float.multiply);
}

/** Exact where the divisor divides and both are 32-bit; otherwise a float quotient, as OPA has it. */
export function divide(x: Number_, y: Number_): Number_ {
  const divisor = Num.toFloat(y);
  if (divisor.mantissa === 0n) throw new BuiltinError('divide by zero');
  if (typeof x === 'number' && typeof y === 'number' && x !== 0 && x % y === 0) return x / y;
  return Num.fromFloat(float.divide(Num.toFloat(x), divisor));
}

export function remainder(x: Number_, y: Number_): Number_ {
  const [a, b] = [Num.toBigInt(x), Num.toBigInt(y)];
  if (a === null || b === null) throw new BuiltinError('modulo on floating-point number');
  if (b === 0n) throw new BuiltinError('modulo by zero');
  return Num.fromBigInt(a % b);
}

const HALF: BigFloat = { negative: false, mantissa: 1n, exponent: -1, precision: 53 };
const ONE = float.fromInteger(1n, 53);

function rounded(n: Value, rule: (a: BigFloat) => BigFloat): Value {
  const operand = asNumber(n, 1);
  if (typeof operand === 'number' && Math.abs(operand) < 2 ** 31) return operand;
  return Num.fromFloat(rule(Num.toFloat(operand)));
}

const whole = (a: BigFloat) => float.fromInteger(float.truncate(a));
const round = (a: BigFloat) => whole(float.add(a, a.negative ? float.negate(HALF) : HALF));

// A whole part of zero has no sign, so ceil(-0.5) is 1 and floor(-0.5) is 0: OPA's answers, wrong as they are.
function ceil(a: BigFloat): BigFloat {
  const f = whole(a);
  return f.negative || float.compareFloats(a, f) === 0 ? f : float.add(f, ONE);
}

function floor(a: BigFloat): BigFloat {
  const f = whole(a);
  return !f.negative || float.compareFloats(a, f) === 0 ? f : float.add(f, float.negate(ONE));
}

function range(context: Context, from: bigint, to: bigint, step: bigint): Value {
  const distance = (from <= to ? to - from : from - to) / step;
  const count = distance >= BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(distance) + 1;
  context.spend(count);
  context.spendBytes(count * 8);
  const each = [from, to].map((n) => Num.fromBigInt(n)).reduce((most: number, n) => Math.max(most, n instanceof Num ? numberCells(n) : 1), 1);
  charge(ARRAY_CELLS + count * (1 + each));
  const delta = from <= to ? step : -step;
  const values: Value[] = [];
  for (let i = 0, n = from; i < count; i++, n += delta) values.push(Num.fromBigInt(n));
  return values;
}

function bits(name: string, operate: (a: bigint, b: bigint, context: Context) => bigint): Builtin {
  return {
    name,
    type: '(number, number) => number',
    run: (context, a: Value, b: Value) => Num.fromBigInt(operate(asBigInt(a, 1), asBigInt(b, 2), context)),
  };
}

function shift(amount: bigint, context: Context): bigint {
  if (amount < 0n) throw new OperandError(2, 'must be an unsigned integer number but got a negative integer');
  context.spendBytes(amount > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Math.ceil(Number(amount) / 8));
  return amount;
}

const binary = (name: string, operate: (x: Number_, y: Number_) => Number_): Builtin => ({
  name,
  type: '(number, number) => number',
  run: (_, a: Value, b: Value) => operate(asNumber(a, 1), asNumber(b, 2)),
});

/** `-` is both subtraction and set difference. */
export function minusOrDifference(a: Value, b: Value): Value {
  if (isNumber(a) && isNumber(b)) return minus(a, b);
  if (a instanceof RegoSet && b instanceof RegoSet) return difference(a, b);
  if (!isNumber(a) && !(a instanceof RegoSet)) throw wrongType(1, a, 'number', 'set');
  throw wrongType(2, b, isNumber(b) ? 'set' : 'number');
}

export const numbers: readonly Builtin[] = [
  binary('plus', plus),
  {
    name: 'minus',
    type: '(any<number, set[any]>, any<number, set[any]>) => any<number, set[any]>',
    run: (_, a: Value, b: Value) => minusOrDifference(a, b),
  },
  binary('mul', times),
  binary('div', divide),
  binary('rem', remainder),
  {
    name: 'abs',
    type: '(number) => number',
    run: (_, n: Value) => {
      const operand = asNumber(n, 1);
      if (typeof operand === 'number' && Math.abs(operand) < 2 ** 31) return Math.abs(operand);
      return Num.fromFloat({ ...Num.toFloat(operand), negative: false });
    },
  },
  { name: 'round', type: '(number) => number', run: (_, n: Value) => rounded(n, round) },
  { name: 'ceil', type: '(number) => number', run: (_, n: Value) => rounded(n, ceil) },
  { name: 'floor', type: '(number) => number', run: (_, n: Value) => rounded(n, floor) },
  {
    name: 'numbers.range',
    type: '(number, number) => array[number]',
    run: (context, a: Value, b: Value) => range(context, asBigInt(a, 1), asBigInt(b, 2), 1n),
  },
  {
    name: 'numbers.range_step',
    type: '(number, number, number) => array[number]',
    run: (context, a: Value, b: Value, c: Value) => {
      const [from, to, step] = [asBigInt(a, 1), asBigInt(b, 2), asBigInt(c, 3)];
      if (step <= 0n) throw new BuiltinError('numbers.range_step: step must be a positive integer');
      return range(context, from, to, step);
    },
  },
  bits('bits.and', (a, b) => a & b),
  bits('bits.or', (a, b) => a | b),
  bits('bits.xor', (a, b) => a ^ b),
  bits('bits.lsh', (a, b, context) => (a === 0n && b >= 0n ? 0n : a << shift(b, context))),
  bits('bits.rsh', (a, b) => {
    if (b < 0n) throw new OperandError(2, 'must be an unsigned integer number but got a negative integer');
    return a >> (b > 2n ** 32n ? 2n ** 32n : b);
  }),
  { name: 'bits.negate', type: '(number) => number', run: (_, a: Value) => Num.fromBigInt(~asBigInt(a, 1)) },
];
