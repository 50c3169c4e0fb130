// The engine's semantics as a number: whatever can change a result raises it, and every number stays selectable.
import { type Builtin, BuiltinError } from './builtins/builtin.ts';
import { LedgerError } from '../ledger/errors.ts';
import { Num } from './rego/number.ts';
import { isNumber, type Value } from './rego/value.ts';

/**
 * What decisions are made under now.
 *
 * 2: what an evaluation makes and compares is bounded (rego/meter.ts), and answers of short functions are not remembered (rego/eval/short.ts), which
 * takes other steps. Under 1 an evaluation could end the process.
 */
export const SEMANTICS = 2;

/** Cells of 16 bytes that an evaluation may make since semantics 2; no part of its limits, for those stand in each event. */
export const CELLS_MOST = 60_000_000;

/** Values that an evaluation may look at to compare others, since semantics 2. */
export const COMPARED_MOST = 500_000_000;

/** Never used in a decision: it differs in one result, so that tests can see the selection work, and may take less of everything. */
export const TEST_SEMANTICS = 0;

/** What a semantics is. */
export interface EngineRules {
  /** What it does otherwise than the current code, by function. */
  readonly differences: ReadonlyMap<string, Builtin['run']>;
  /** Cells that an evaluation may make. */
  readonly cells: number;
  /** Values that it may look at to compare others. */
  readonly compared: number;
  /** Whether short functions are asked about a text anew each time, and not looked up. */
  readonly asksShort: boolean;
}

const UNBOUNDED = Number.POSITIVE_INFINITY;

const TABLE: ReadonlyMap<number, EngineRules> = new Map([
  [TEST_SEMANTICS, { differences: new Map([['floor', mathematicalFloor]]), cells: CELLS_MOST / 20, compared: COMPARED_MOST / 500, asksShort: true }],
  [1, { differences: new Map(), cells: UNBOUNDED, compared: UNBOUNDED, asksShort: false }],
  [SEMANTICS, { differences: new Map(), cells: CELLS_MOST, compared: COMPARED_MOST, asksShort: true }],
]);

/** Whether this release decides under a semantics. */
export function knowsRegoSemantics(semantics: number): boolean {
  return TABLE.has(semantics);
}

/**
 * The rules of a semantics.
 *
 * @throws {LedgerError} INPUT_MALFORMED when this release does not know the number: a newer one made the decision
 */
export function rulesOf(semantics: number): EngineRules {
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
