// Where a function's answer about a value is remembered: with the value itself, so that no table has to grow for it.

/** The answer that was remembered last, and by whom: see eval/memo.ts. */
export interface Slot {
  by: object | null;
  answer: unknown;
}

export const emptySlot = (): Slot => ({ by: null, answer: null });
