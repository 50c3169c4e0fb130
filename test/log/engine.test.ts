// The hash engines: each gives what the definition gives, for entries of every length and trees of every size.
import { describe, expect, test } from 'vitest';
import { engineOf, defaultEngines, nativeHasher, sha256 } from '../../ledger/log/engine.ts';
import { Tree } from '../../ledger/log/tree.ts';
import { Frontier, leafHash, nobleHasher, sha256 as nobleSha256 } from '../../ledger/merkle/index.ts';
import { offsetsOf, packEntries } from '../../ledger/store/packed.ts';

const engines = [...defaultEngines(), engineOf('noble', nobleHasher), engineOf('OpenSSL', nativeHasher)];
const entryOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256);

describe.each(engines.map((engine) => [engine.name, engine] as const))('%s', (_, engine) => {
  test('hashes entries of every length around a block, and the largest', () => {
    const lengths = [...Array.from({ length: 260 }, (__, i) => i), 4085, 4086, 4087, 4088, 9000, 65_535, 100, 100, 100, 100, 100];
    const entries = lengths.map(entryOf);
    const packed = packEntries(entries);
    const offsets = offsetsOf({ start: 0, count: entries.length, packed });
    const into = new Uint8Array(32 * (entries.length + 2));
    engine.leaves(packed, offsets, 3, entries.length, into, 1);
    for (let i = 3; i < entries.length; i++) expect(into.subarray(32 * (i - 2), 32 * (i - 1))).toEqual(leafHash(entries[i] as Uint8Array));
    expect(into.subarray(0, 32)).toEqual(new Uint8Array(32));
  });

  test('gives the root of the definition at every size, whatever the steps', () => {
    const frontier = new Frontier(nobleHasher);
    const tree = new Tree(engine);
    expect(tree.root()).toEqual(frontier.root());
    let size = 0;
    let tiles = 0;
    for (const step of [1, 1, 2, 3, 5, 100, 143, 1, 1, 300, 256, 512, 700, 2, 1000]) {
      const entries = Array.from({ length: step }, (__, i) => entryOf((size + i) % 90));
      const packed = packEntries(entries);
      tree.append(packed, offsetsOf({ start: 0, count: step, packed }));
      for (const entry of entries) frontier.append(leafHash(entry));
      size += step;
      tiles += tree.takeFullTiles().length;
      expect(tree.root()).toEqual(frontier.root());
    }
    expect(tiles).toBe(Math.floor(size / 256));
  });

  test('a tree made of its partial tiles is the same tree', () => {
    const tree = new Tree(engine);
    const packed = packEntries(Array.from({ length: 700 }, (__, i) => entryOf(i % 50)));
    tree.append(packed, offsetsOf({ start: 0, count: 700, packed }));
    const again = Tree.of(engine, 700, (level) => tree.partial(level));
    expect(again.root()).toEqual(tree.root());
    expect(again.node(0, 699)).toEqual(tree.node(0, 699));
    expect(again.node(0, 700)).toBeNull();
    expect(again.node(1, 349)).toEqual(tree.node(1, 349));
  });
});

describe('SHA-256 beside the trees', () => {
  test('of one message is a fresh array each time', () => {
    const [one, other] = [sha256(entryOf(3)), sha256(entryOf(4))];
    expect(one).toEqual(nobleSha256(entryOf(3)));
    expect(other).toEqual(nobleSha256(entryOf(4)));
  });
});
