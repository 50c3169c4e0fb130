// Which way effective states are computed: each way is a number that a decision records, and no number ever gets another meaning.

/** The newest of each. What is computed under an older one stays in its file, beside the newer. */
export const SEMANTICS = { trust: 1, vex: 2, waiver: 3, coverage: 1 } as const;

export type SemanticsOf = keyof typeof SEMANTICS;

/** Whether this version can compute it; a replay answers CANNOT(semantics) where it cannot. */
export function knowsSemantics(of: SemanticsOf, number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= SEMANTICS[of];
}

/** @throws {RangeError} for a number nobody knows: ask `knowsSemantics` before */
export function expectSemantics(of: SemanticsOf, number: number): void {
  if (!knowsSemantics(of, number)) throw new RangeError(`semantics ${number} of ${of}`);
}
