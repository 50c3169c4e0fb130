// One line of an EXPECTED.jsonl and the files it names.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Case {
  readonly id: string;
  readonly expect: string;
  readonly files: readonly string[];
  /** All members of the line, for those that only some formats have. */
  readonly line: Readonly<Record<string, unknown>>;
  /** `formats/<format>`, which `files` are relative to. */
  readonly folder: string;
  /** The bytes of the n-th file, the first when left out. */
  bytes(n?: number): Uint8Array;
}

export type Answer = { is: 'agreed' } | { is: 'skipped'; reason: string } | { is: 'disagreed'; expected: string; got: string };

/** Answers one case; several answers where one line stands for several cases, each with its own id. */
export type Reader = (one: Case) => AsyncIterable<Answer & { id?: string }>;

export function* casesBelow(folder: string): Iterable<Case> {
  for (const half of readdirSync(folder).sort()) {
    const list = join(folder, half, 'EXPECTED.jsonl');
    if (!existsSync(list)) continue;
    for (const row of readFileSync(list, 'utf8').split('\n')) {
      if (row === '') continue;
      const line = JSON.parse(row) as { id: string; expect: string; files: string[] };
      yield {
        ...line,
        line,
        folder,
        bytes: (n = 0) => new Uint8Array(readFileSync(join(folder, line.files[n] as string))),
      };
    }
  }
}

export const agreed: Answer = { is: 'agreed' };

export function answer(agrees: boolean, expected: string, got: string): Answer {
  return agrees ? agreed : { is: 'disagreed', expected, got };
}
