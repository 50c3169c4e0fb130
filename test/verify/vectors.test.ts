// The verifier's own vectors: made by tools/vectors/verify.ts, with a tree that shares no code with the verifier.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeCases, type VerifyCase } from '../../tools/vectors/verify.ts';
import * as verifier from '../../verify/index.ts';
import { expected, runCase } from './run-case.ts';

const folder = new URL('../../spec/vectors/verify/', import.meta.url);
const cases = readdirSync(folder).map((file): [string, VerifyCase] => [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8'))]);

describe('spec/vectors/verify', () => {
  test.each(cases)('%s', (_, one) => {
    expect(runCase(one, verifier)).toEqual(expected(one));
  });

  test('every code of the verifier is reached', () => {
    const reached = new Set(cases.map(([, { verdict }]) => verdict));
    expect(verifier.VERIFY_CODES.filter((code) => !reached.has(code))).toEqual([]);
  });

  test('the files are what the script makes', async () => {
    expect(Object.fromEntries(cases)).toEqual(JSON.parse(JSON.stringify(await makeCases())));
  });

  test('every code is documented once in spec/verify.md, in the order of precedence', () => {
    const page = readFileSync(new URL('../../spec/verify.md', import.meta.url), 'utf8');
    expect([...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((row) => row[1])).toEqual([...verifier.VERIFY_CODES]);
  });
});
