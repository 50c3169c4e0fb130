// Every forgery fails for its own reason: the codes in forgery-codes.json were written from each case's stated reason, before
// the verifier was run on it. Needs the corpora; skipped without them.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { casesBelow } from '../conformance/formats/case.ts';
import { ask } from '../conformance/sigstore.ts';

const folder = new URL('../../.cache/corpora/formats/sigstore', import.meta.url).pathname;
const codes = JSON.parse(readFileSync(new URL('./forgery-codes.json', import.meta.url), 'utf8')) as Record<string, string | { code: string; note: string }>;
/** A case whose file differs from its stated reason carries a note that says how. */
const codeOf = (id: string) => (typeof codes[id] === 'object' ? codes[id].code : codes[id]);

describe.skipIf(!existsSync(folder))('forgeries', () => {
  const cases = existsSync(folder) ? [...casesBelow(folder)].filter((one) => one.id in codes) : [];

  test.each(cases.map((one) => [one.id, one] as const))('%s', (id, one) => {
    const asked = ask(one, one.expect === 'verify_ok_or_reject' ? 2 : 1);
    for (const { name, got } of asked) expect(`${id}${name}: ${got}`).toBe(`${id}${name}: ${codeOf(id)}`);
  });

  test('every case that must fail has a code', () => {
    const failing = existsSync(folder) ? [...casesBelow(folder)].filter((one) => /^(verify_fail|invalid$|verify_ok_or)/.test(one.expect) && one.files[0]?.startsWith('open/')) : [];
    expect(failing.map((one) => one.id).filter((id) => !(id in codes))).toEqual([]);
  });
});
