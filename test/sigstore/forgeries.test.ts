// Every forgery fails for its own reason: the codes in forgery-codes.json were written from each case's stated reason, before
// the verifier was run on it. Needs the corpora; skipped without them.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Case, casesBelow } from '../conformance/formats/case.ts';
import { ask } from '../conformance/sigstore.ts';

const folder = fileURLToPath(new URL('../../.cache/corpora/formats/sigstore', import.meta.url));

/** Where a case's file differs from its stated reason, a note says how; with `root` in place of the case's own, it is `then`. */
type Entry = string | { code: string; note: string; root?: string; then?: string };
const codes = JSON.parse(readFileSync(new URL('./forgery-codes.json', import.meta.url), 'utf8')) as Record<string, Entry>;

describe.skipIf(!existsSync(folder))('forgeries (needs the corpora)', () => {
  const all: readonly Case[] = existsSync(folder) ? [...casesBelow(folder)] : [];
  const answers = (one: Case) => new Set(ask(one, one.expect === 'verify_ok_or_reject' ? 2 : 1).map(({ got }) => got));

  test.each(all.filter((one) => one.id in codes).map((one) => [one.id, one] as const))('%s', (id, one) => {
    const entry = codes[id] as Entry;
    expect(answers(one)).toEqual(new Set([typeof entry === 'string' ? entry : entry.code]));
    if (typeof entry === 'object' && entry.then !== undefined) {
      expect(answers({ ...one, line: { ...one.line, trusted_root: entry.root } })).toEqual(new Set([entry.then]));
    }
  });

  test('every open case that must fail has a code', () => {
    const failing = all.filter((one) => /^(verify_fail|invalid$|verify_ok_or)/.test(one.expect) && one.files[0]?.startsWith('open/'));
    expect(failing.map((one) => one.id).filter((id) => !(id in codes))).toEqual([]);
  });
});
