// Suite `purl`: the specification's own tests: read, write, and canonical form of what older tools wrote.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { canonicalPurl, formatPurl, parsePurl, type Purl } from '../../../scanner/purl/purl.ts';
import type { Outcome, Suite } from '../suite.ts';

type Parts = { [K in keyof Purl]?: Purl[K] | null };

interface Case {
  test_type: string;
  input: string | Parts;
  expected_output?: string | Parts | null;
  expected_failure?: boolean;
}

/** A key order of our own, so that equal parts have equal text. */
function shown(purl: Parts): string {
  const qualifiers = Object.entries(purl.qualifiers ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([purl.type, purl.namespace ?? null, purl.name, purl.version ?? null, qualifiers, purl.subpath ?? null]);
}

function answer(test: Case): string {
  try {
    if (test.test_type === 'parse') return shown(parsePurl(test.input as string));
    if (test.test_type === 'build') return formatPurl(test.input as Parts);
    if (test.test_type === 'validate' || test.test_type === 'roundtrip') return canonicalPurl(test.input as string);
    return `no such test type: ${test.test_type}`;
  } catch (error) {
    return (error as Error).name === 'LedgerError' ? 'refused' : `thrown ${(error as Error).message}`;
  }
}

function* casesOf(path: string, suite: string): Generator<Outcome> {
  const { tests } = JSON.parse(readFileSync(path, 'utf8')) as { tests: Case[] };
  for (const [i, test] of tests.entries()) {
    const id = `${basename(path)}#${i}`;
    const output = test.expected_output ?? '';
    const expected = test.expected_failure === true ? 'refused' : typeof output === 'string' ? output : shown(output);
    const got = answer(test);
    yield got === expected ? { suite, id, is: 'agreed' } : { suite, id, is: 'disagreed', expected, got };
  }
}

export const suite: Suite = {
  argument: 'purl',
  needs: ['scanner/versions/purl-spec'],
  async *outcomes(corpora) {
    const folder = join(corpora, 'scanner/versions/purl-spec');
    for (const file of globSync('*.json', { cwd: folder }).sort()) {
      yield* casesOf(join(folder, file), `purl/${file.replace(/^(?:types|spec)__/, '').replace(/-test\.json$/, '')}`);
    }
  },
};
