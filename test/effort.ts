// How much a test tries. Under mutation testing each mutant runs its tests again, so loops and properties are cut there.

const cut = process.env['STELLA_MUTANTS'] === '1';

/** The first where tests run once, the second where they run for each mutant. */
export function effort(full: number, cutTo: number): number {
  return cut ? cutTo : full;
}
