// The worked examples of spec/merkle.md and spec/tiles.md are what the code computes.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { emptyRoot, encodeBundle, encodeFrontier, Frontier, leafHash, newTiles, nodeHash, PROOF_CODES } from '../../ledger/merkle/index.ts';

const page = (name: string) => readFileSync(new URL(`../../spec/${name}.md`, import.meta.url), 'utf8');
/** A page without white space, so that hex may stand in several pieces. */
const packed = (name: string) => page(name).replaceAll(/\s/g, '');
const entries = ['one', 'two', 'three'].map(encodeUtf8);
const leaves = () => entries.map((entry) => leafHash(entry)) as [Uint8Array, Uint8Array, Uint8Array];

test('merkle.md', () => {
  const [one, two, three] = leaves();
  const frontier = new Frontier();
  for (const hash of [one, two, three]) frontier.append(hash);
  const shown = [one, two, three, nodeHash(one, two), frontier.root(), emptyRoot(), encodeFrontier(frontier)];
  for (const bytes of shown) expect(packed('merkle')).toContain(formatHex(bytes));
  expect([...page('merkle').matchAll(/^\| `(PROOF_[A-Z_]+)` \|/gm)].map((row) => row[1])).toEqual([...PROOF_CODES]);
});

test('tiles.md', () => {
  for (const bytes of [encodeBundle(entries), ...leaves()]) expect(packed('tiles')).toContain(formatHex(bytes));
  const rows = [...page('tiles').matchAll(/^\| ([0-9,]+) \|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)];
  expect(rows).toHaveLength(5);
  for (const [, size, ...levels] of rows) {
    const tiles = newTiles(0, Number(size?.replaceAll(',', '')));
    for (const [level, cell] of levels.entries()) {
      // The last tile of a cell says the most: where full tiles end, and how wide a partial one is.
      const last = tiles.filter((tile) => tile.level === level).at(-1);
      const shown = last === undefined ? '' : `${String(last.index).padStart(3, '0')}${last.width < 256 ? `.p/${last.width}` : ''}`;
      expect([...cell.matchAll(/`([^`]+)`/g)].at(-1)?.[1] ?? '').toBe(shown);
    }
  }
});
