// The engine's semantics as a number: whatever can change a result raises it, and every number stays selectable.
import { type Builtin, BuiltinError } from './builtins/builtin.ts';
import { LedgerError } from '../ledger/errors.ts';
import { Num } from './rego/number.ts';
import { isNumber, type Value } from './rego/value.ts';

/** What decisions are made under now. */
export const SEMANTICS = 1;

/** Never used in a decision: it differs from 1 in one result, so that tests can see the selection work. */
export const TEST_SEMANTICS = 0;

/** What a semantics does otherwise than the current code, by function. */
export type Differences = ReadonlyMap<string, Builtin['run']>;

const TABLE: ReadonlyMap<number, Differences> = new Map([
  [TEST_SEMANTICS, new Map([['floor', mathematicalFloor]])],
  [1, new Map()],
]);

/** Whether this release decides under a semantics. */
export function knowsRegoSemantics(semantics: number): boolean {
  return TABLE.has(semantics);
}

/**
 * The differences of a semantics from the code as it is.
 *
 * @throws {LedgerError} INPUT_MALFORMED when this release does not know the number: a newer one made the decision
 */
export function differencesOf(semantics: number): Differences {
  const found = TABLE.get(semantics);
  if (found !== undefined) return found;
  const known = [...TABLE.keys()].filter((n) => n !== TEST_SEMANTICS).join(', ');
  throw new LedgerError('INPUT_MALFORMED', `Cannot evaluate under semantics ${semantics}: expected one of ${known}`, {
    hint: 'use the release that made the decision, or a later one',
  });
}

/** `floor(-0.5)` as mathematicians have it, -1; OPA answers 0 (builtins/numbers.ts). */
function mathematicalFloor(_: unknown, n?: Value): Value {
  if (!isNumber(n)) throw new BuiltinError('must be number');
  return Num.fromDouble(Math.floor(Num.toDouble(n)));
}
