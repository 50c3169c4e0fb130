// Differential: our tests of CSAF §6 against the library's, over every document that is valid by the schema.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { violationOf } from '../../evidence/schemas/index.ts';
import { MANDATORY, OPTIONAL, type OwnTest } from '../../evidence/vex/csaf/own-tests.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { type Json, parseJson } from '../../ledger/json.ts';
import type { Outcome, Suite } from './suite.ts';

type Library = Readonly<Record<string, (document: Json) => { errors?: unknown[]; warnings?: unknown[] }>>;

export const csafTests: Suite = {
  argument: 'csaf-tests',
  needs: ['formats/csaf'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    // A computed name keeps the types of the whole library, which has none, out of ours.
    const library = '@secvisogram/csaf-validator-lib';
    const [mandatory, optional] = (await Promise.all(['mandatory', 'optional'].map((kind) => import(`${library}/${kind}Tests.js`)))) as [Library, Library];
    const base = join(corpora, 'formats/csaf');
    for (const file of readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')).sort()) {
      const document = await valid(new Uint8Array(readFileSync(join(base, file))));
      if (document === null) continue;
      yield* compare(file, document, MANDATORY, (number) => mandatory[`mandatoryTest_${number}`]);
      yield* compare(file, document, OPTIONAL, (number) => optional[`optionalTest_${number}`]);
    }
  },
};

type Theirs = (number: string) => Library[string] | undefined;

function* compare(file: string, document: Json, ours: Readonly<Record<string, OwnTest>>, theirs: Theirs): Iterable<Outcome> {
  for (const [number, test] of Object.entries(ours)) {
    const answer = theirs(number.replaceAll('.', '_'))?.(document);
    const [mine, other] = [test(document).length > 0, (answer?.errors?.length ?? 0) + (answer?.warnings?.length ?? 0) > 0];
    const words = (found: boolean) => (found ? 'not met' : 'met');
    const [suite, id] = [`csaf-tests/${number}`, file];
    yield mine === other ? { suite, id, is: 'agreed' } : { suite, id, is: 'disagreed', expected: `library: ${words(other)}`, got: words(mine) };
  }
}

async function valid(bytes: Uint8Array): Promise<Json | null> {
  try {
    const document = parseJson(bytes);
    return (await violationOf('csaf-2.0', document)) === null ? document : null;
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
