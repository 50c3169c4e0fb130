// How much an evaluation makes, in cells of 16 bytes: a count that follows from the policy, its data and its input alone.
//
// A heap's size hangs on the machine, the release of Node and the moment, and a decision that hung on it could not be made again. So
// what is made is counted where it is made, before it is made, by rules that stand here; and it is all that was ever made, for what is
// garbage by now is known to the collector alone.
//
// One count for the process: an evaluation never waits, so that no two of them run at once, and a value's key, which is deep down, is
// counted like everything else. Nothing outside an evaluation is counted.
import type { Num } from './number.ts';
import { EvaluationError } from './errors.ts';

/** The cells made so far and the values compared, and how many there may be of each. */
export const meter = { cells: 0, most: Number.POSITIVE_INFINITY, compared: 0, comparedMost: Number.POSITIVE_INFINITY };

/** What `settle` read last. It is kept, for a character that nobody wants is not read once the engine has seen through it. */
const last = { unit: 0 };

/** Reads a character of a text that was put together: until then it remembers its parts, two cells for each. */
export function settle(text: string): void {
  last.unit = text.charCodeAt(0);
}

/** What each kind of value takes, without what is in it. */
export const ARRAY_CELLS = 3;
/** A list that grows has room for sixteen more from the first on, and half of what it has later. */
export const LIST_CELLS = 12;
export const LIST_ELEMENT_CELLS = 2;
export const SET_CELLS = 16;
export const MEMBER_CELLS = 4;
export const OBJECT_CELLS = 16;
export const ENTRY_CELLS = 5;

/** @param cells - a whole number, of what is about to be made @throws {EvaluationError} eval_memory_error */
export function charge(cells: number): void {
  meter.cells += cells;
  if (meter.cells > meter.most) throw beyond();
}

/**
 * Counts what is looked at to compare two arrays, objects or sets. Thirty steps make a value that names another one twice, thirty times
 * over: it takes no memory, and comparing two of them looks at a thousand million values.
 *
 * @param elements - of the shorter one @throws {EvaluationError} eval_limit_error
 */
export function chargeCompared(elements: number): void {
  meter.compared += elements + 1;
  if (meter.compared > meter.comparedMost) throw new EvaluationError('eval_limit_error', `more than ${meter.comparedMost} values compared`, null);
}

/** Whether there is a bound: without one, counting beforehand how much something will be may take as long as making it, or for ever. */
export function isMetered(): boolean {
  return meter.most < Number.POSITIVE_INFINITY;
}

function beyond(): EvaluationError {
  return new EvaluationError('eval_memory_error', `more than ${meter.most} cells of memory`, null);
}

/** A text of so many UTF-16 units. */
export function textCells(length: number): number {
  return 2 + Math.ceil(length / 8);
}

/** A number that is no safe integer: its text, and its digits where they were asked for. */
export function numberCells({ text }: Num): number {
  return 8 + Math.ceil(text.length / 4);
}

/** A long key is there several times while it is put together. */
const keyMax = 4_096;

/** What a composite is found under, a text of so many UTF-16 units. */
export function keyCells(length: number): number {
  // As `textCells`, in whole numbers: each finding is looked for by its key.
  const cells = 2 + ((length + 7) >> 3);
  return length > keyMax ? cells + ((length + 1) >> 1) : cells;
}

/** Before a key has grown by another part: what is there must be within the count, for the parts may be one and the same again and again. */
export function checkKey(length: number): void {
  if (length > keyMax && meter.cells + keyCells(length) > meter.most) throw beyond();
}

/** Runs an evaluation under counts of its own. @param ended - told what was made, however it ended */
export function metered<T>({ cells, compared }: { readonly cells: number; readonly compared: number }, run: () => T, ended: (cells: number) => void): T {
  const before = { ...meter };
  Object.assign(meter, { cells: 0, most: cells, compared: 0, comparedMost: compared });
  try {
    return run();
  } finally {
    ended(meter.cells);
    Object.assign(meter, before);
  }
}

/** Runs what one evaluation does for all that follow it (compiling a rule, a pattern): whoever comes first must not pay for it. */
export function unmetered<T>(run: () => T): T {
  const before = { ...meter };
  meter.most = Number.POSITIVE_INFINITY;
  meter.comparedMost = Number.POSITIVE_INFINITY;
  try {
    return run();
  } finally {
    Object.assign(meter, before);
  }
}
