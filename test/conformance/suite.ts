// What a conformance suite is, and how its answers are counted.

/** One case's outcome. `id` is unique within its suite. */
export type Outcome =
  | { suite: string; id: string; is: 'agreed' }
  | { suite: string; id: string; is: 'skipped'; reason: string }
  | { suite: string; id: string; is: 'disagreed'; expected: string; got: string };

/**
 * A suite reads whatever cases lie in its folders: it knows no case by name.
 *
 * `argument` is what `npm run conformance -- ARGUMENT` takes; the names of the outcomes' suites begin with it.
 */
export interface Suite {
  readonly argument: string;
  /** Folders below the corpora that must be there; a missing one makes the whole suite "not run". */
  readonly needs: readonly string[];
  outcomes(corpora: string): AsyncIterable<Outcome>;
  /** Figures to print below the table (shares, differences by reason), if the suite has any. */
  figures?(): readonly string[];
}

export interface Count {
  name: string;
  cases: number;
  agreed: number;
  skipped: number;
  disagreed: { id: string; expected: string; got: string }[];
}

export function count(counts: Map<string, Count>, outcome: Outcome): void {
  const row = counts.get(outcome.suite) ?? { name: outcome.suite, cases: 0, agreed: 0, skipped: 0, disagreed: [] };
  counts.set(outcome.suite, row);
  if (outcome.is === 'skipped') row.skipped += 1;
  else row.cases += 1;
  if (outcome.is === 'agreed') row.agreed += 1;
  if (outcome.is === 'disagreed') row.disagreed.push({ id: outcome.id, expected: outcome.expected, got: outcome.got });
}
