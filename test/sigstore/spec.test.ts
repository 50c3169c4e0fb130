// spec/sigstore.md and the code say the same: the closed list of codes in its order, and the worked example.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { preAuthEncoding, SIGSTORE_CODES } from '../../verify/sigstore/index.ts';

const page = readFileSync(new URL('../../spec/sigstore.md', import.meta.url), 'utf8');

test('every code is documented once, in order', () => {
  expect([...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((row) => row[1])).toEqual([...SIGSTORE_CODES]);
});

test('the worked example is what an envelope signs', () => {
  const bytes = preAuthEncoding('http://example.com/HelloWorld', encodeUtf8('hello world'));
  const hex = /```\n([0-9a-f ]+)\n/.exec(page)?.[1]?.replaceAll(' ', '');
  expect(formatHex(bytes)).toBe(hex);
  expect(page).toContain(`signed as ${bytes.length} bytes`);
});
