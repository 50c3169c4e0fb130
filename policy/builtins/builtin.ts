// What a built-in function is, how it fails, and what it may reach while it runs.
//
// A family is one file here, `policy/builtins/<family>.ts`, that exports one list:
//
//     export const sets: readonly Builtin[] = [
//       { name: 'union', type: '(set[set[any]]) => set[any]', run: (_, sets) => … },
//     ];
//
// and is added to FAMILIES in `registry.ts`, one line in alphabetical order. `name` and `type` are OPA's: a test compares
// them with `opa capabilities` (types in OPA's own notation, see `rego/types.ts`). `run` gets the context, then the operands as
// values (`rego/value.ts`): a JavaScript number is a safe integer, any other number a `Num`. Its answer is a value, or
// `undefined` for "no result" (the call is undefined, which is no error). It throws an `OperandError` where an operand has
// the wrong type or content (OPA's eval_type_error) and a `BuiltinError` for everything else (eval_builtin_error), with
// OPA's text; both make the call undefined unless strict built-in errors are on. Work that grows with the operands is
// counted with `context.spend(n)`, output with `context.spendBytes(n)`: exceeding a limit ends the evaluation. What it makes is counted
// by a rule of `room.ts`; one that can make more than a few times what it was given calls `charge` before it does (rego/meter.ts).
//
// `mark: 'refused'` is a function whose answer no record can give back: calling one is a compile error, except where `with`
// replaces it. The only ambient value is `context.clock`. No Date, no locale, no random.
import type { Room } from './room.ts';
import { Num } from '../rego/number.ts';
import { isArray, isNumber, type RegoObject, RegoObject as ObjectClass, RegoSet, typeName, type Value } from '../rego/value.ts';

export interface Builtin {
  readonly name: string;
  /** Such as `(string, array<string>) => boolean`, in OPA's notation. */
  readonly type: string;
  /** `clock`: reads the recorded clock. `refused`: not replayable. Left out: depends on its operands alone. */
  readonly mark?: 'clock' | 'refused';
  readonly run: (context: Context, ...operands: Value[]) => Value | undefined;
}

/** One that the registry has: with how what it makes is counted; null where it is not, or counts for itself. */
export interface Registered extends Builtin {
  readonly room: Room | null;
}

/** What a built-in may reach. */
export interface Context {
  /** Nanoseconds since 1970. */
  readonly clock: bigint;
  /** Counts work, one for each element or character-sized step. @throws {LimitError} */
  spend(steps: number): void;
  /** Counts output before it is made. @throws {LimitError} */
  spendBytes(bytes: number): void;
  /** Compiled patterns, schemas and the like, by family, for one policy's lifetime. @param cellsOf - what it takes (rego/meter.ts) */
  cache<T>(family: string, key: string, make: () => T, cellsOf: (made: T) => number): T;
}

/** An operand is of the wrong type or form. */
export class OperandError extends Error {
  override readonly name = 'OperandError';

  /** @param position - one-based */
  constructor(position: number, message: string) {
    super(`operand ${position} ${message}`);
  }
}

/** The function itself failed. */
export class BuiltinError extends Error {
  override readonly name = 'BuiltinError';
}

/** "must be number but got string", or "must be one of {set, array} but got string". */
export function wrongType(position: number, got: Value, ...expected: string[]): OperandError {
  const wanted = expected.length === 1 ? expected[0] : `one of {${expected.join(', ')}}`;
  return new OperandError(position, `must be ${wanted} but got ${typeName(got)}`);
}

/** "must be array of strings but got array containing number". */
export function wrongElement(position: number, composite: Value, got: Value, ...expected: string[]): OperandError {
  const type = typeName(composite);
  const wanted = expected.length === 1 ? `${expected[0]}s` : `(any of) {${expected.join(', ')}}`;
  return new OperandError(position, `must be ${type} of ${wanted} but got ${type} containing ${typeName(got)}`);
}

export function asString(value: Value, position: number): string {
  if (typeof value === 'string') return value;
  throw wrongType(position, value, 'string');
}

export function asBoolean(value: Value, position: number): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongType(position, value, 'boolean');
}

export function asNumber(value: Value, position: number): number | Num {
  if (isNumber(value)) return value;
  throw wrongType(position, value, 'number');
}

/** An integer as its text shows it (`1.0` is one, `1e0` is none), within 64 bits; beyond the safe range it is a bigint. */
export function asInteger(value: Value, position: number): number | bigint {
  const integer = Num.toInt(asNumber(value, position));
  if (integer === null) throw new OperandError(position, 'must be integer number but got floating-point number');
  return integer;
}

/** An integer that counts or indexes things: beyond the safe range it is cut to the nearest safe one. */
export function asCount(value: Value, position: number): number {
  const integer = asInteger(value, position);
  if (typeof integer === 'number') return integer;
  return integer > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
}

export function asArray(value: Value, position: number): readonly Value[] {
  if (isArray(value)) return value;
  throw wrongType(position, value, 'array');
}

export function asSet(value: Value, position: number): RegoSet {
  if (value instanceof RegoSet) return value;
  throw wrongType(position, value, 'set');
}

export function asObject(value: Value, position: number): RegoObject {
  if (value instanceof ObjectClass) return value;
  throw wrongType(position, value, 'object');
}

/** The strings of an array or set, in order. */
export function asStrings(value: Value, position: number): readonly string[] {
  const elements = elementsOf(value, position);
  for (const element of elements) if (typeof element !== 'string') throw wrongElement(position, value, element, 'string');
  return elements as readonly string[];
}

/** The elements of an array or set, in order. */
export function elementsOf(value: Value, position: number, ...expected: string[]): readonly Value[] {
  if (isArray(value)) return value;
  if (value instanceof RegoSet) return value.sorted;
  throw wrongType(position, value, ...(expected.length > 0 ? expected : ['set', 'array']));
}

/** An integer of any size and form (`1.0` is one). */
export function asBigInt(value: Value, position: number): bigint {
  const integer = Num.toBigInt(asNumber(value, position));
  if (integer === null) throw new OperandError(position, 'must be integer number but got floating-point number');
  return integer;
}
