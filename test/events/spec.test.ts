// The specification and the code say the same: CDDL, tables, codes, and the worked examples byte by byte.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { decodeCbor, encodeCbor, EVENTS } from '../../ledger/events/index.ts';
import type { EventVersion } from '../../ledger/events/family.ts';
import { AUDIT_CODES, STREAM_CODES } from '../../ledger/streams/index.ts';
import { formatCddl } from '../../tools/cddl.ts';
import { families } from './vectors.ts';

const page = (name: string) => readFileSync(new URL(`../../spec/${name}`, import.meta.url), 'utf8');
const versions = Object.entries(EVENTS).flatMap(([type, all]) =>
  (all as readonly EventVersion<unknown>[]).map((version, i) => ({ type, schema: i + 1, version })));

/** The bytes of a page's first ```hex block, without its comments. */
function hexOf(name: string): string {
  const [, block = ''] = /```hex\n([\s\S]*?)```/.exec(page(name)) ?? [];
  return block.replace(/#.*$/gm, '').replace(/\s/g, '');
}

test('spec/events.cddl is what tools/cddl.ts writes', () => {
  expect(page('events.cddl') === formatCddl(), 'run node tools/cddl.ts').toBe(true);
});

describe('tables', () => {
  test('streams.md has every type with its streams, in order, and no other', () => {
    const rows = versions.map(({ type, schema, version }) => `| \`${type}\` | ${schema} | ${version.streams.map((name) => `\`${name}\``).join(' ')} |`);
    expect(page('streams.md').split('\n').filter((line) => /^\| `[a-z]+\.[a-z_]+` \| \d/.test(line))).toEqual(rows);
  });

  test('events.md describes every type, and every payload role', () => {
    const text = page('events.md');
    for (const { type, version } of versions) {
      expect(text).toContain(`| \`${type}\` |`);
      const sealed = { never: 'never sealed', may: 'may be sealed', always: 'always sealed' };
      const roles = Object.entries(version.payloads ?? {}).map(([role, { count, sealed: how }]) => `\`${role}\` ${count}, ${sealed[how]}`);
      if (roles.length > 0) expect(text).toContain(`| \`${type}\` | ${roles.join('; ')} |`);
    }
  });

  test('entry.md names every grammar', () => {
    const grammars = [...page('events.cddl').matchAll(/^[a-z-]+ = text \.size \(1\.\.(\d+)\) ; (an? [a-z -]+):/gm)];
    expect(grammars.length).toBeGreaterThan(5);
    const rows = page('entry.md').split('\n').filter((line) => line.startsWith('| a'));
    for (const [, max, grammar] of grammars) expect(rows.find((row) => row.startsWith(`| ${grammar} `)), grammar).toMatch(new RegExp(`\\| ${max} \\|$`));
  });

  test('streams.md has every code, in the order of the code', () => {
    const codes = [...page('streams.md').matchAll(/^\| `((?:STREAM|AUDIT)_[A-Z_]+)` \|/gm)].map((row) => row[1]);
    expect(codes).toEqual([...STREAM_CODES, ...AUDIT_CODES]);
  });
});

describe('worked examples', () => {
  test('entry.md', () => expect(hexOf('entry.md')).toBe(families.get('document')?.golden[0]?.hex));

  test('events.md', () => {
    expect(decodeCbor(parseHex(hexOf('events.md')))).toEqual(families.get('artifact')?.golden[0]?.event.data);
  });

  test.each([
    [{ b: 1, aa: 2 }, 'a2 6162 01 626161 02'],
    [1_795_267_135_000, '1b 000001a1fe428618'],
    [['sha256', Uint8Array.of(1)], '82 66736861323536 4101'],
  ])('entry.md, %j', (value, hex) => {
    expect(page('entry.md')).toContain(`\`${hex}\``);
    expect(formatHex(encodeCbor(value))).toBe(hex.replaceAll(' ', ''));
  });
});
