// Tile paths, the tiles a size implies, coordinates, bundles, and proofs read from tiles.
import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { concatBytes, equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import {
  decodeBundle, encodeBundle, foldHashes, formatBundlePath, formatTilePath, hashesOf, newBundles, newTiles, nodeAt, nodesFromTiles, parseTilePath,
  proveConsistency, proveInclusion, tilePlaceOf, tileWidthIn, type TileAddress,
} from '../../ledger/merkle/index.ts';
import { entries, SlowTree } from './slow-tree.ts';

/** The code and position a call refuses with. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof LedgerError) return error.position === null ? error.code : `${error.code} at ${error.position}`;
    throw error;
  }
  return 'accepted';
}

describe('paths', () => {
  const samples: [string, ReturnType<typeof parseTilePath>][] = [
    ['tile/0/000', { kind: 'tile', level: 0, index: 0, width: 256 }],
    ['tile/0/000.p/1', { kind: 'tile', level: 0, index: 0, width: 1 }],
    ['tile/3/999.p/255', { kind: 'tile', level: 3, index: 999, width: 255 }],
    ['tile/63/x001/000', { kind: 'tile', level: 63, index: 1000, width: 256 }],
    ['tile/0/x001/x234/067', { kind: 'tile', level: 0, index: 1_234_067, width: 256 }],
    ['tile/10/x999/999.p/10', { kind: 'tile', level: 10, index: 999_999, width: 10 }],
    ['tile/0/x009/x007/x199/x254/x740/991', { kind: 'tile', level: 0, index: 9_007_199_254_740_991, width: 256 }],
    ['tile/entries/x001/234.p/8', { kind: 'entries', index: 1234, width: 8 }],
  ];
  test.each(samples)('%s', (path, expected) => {
    expect(parseTilePath(path)).toEqual(expected);
    expect(expected.kind === 'tile' ? formatTilePath(expected) : formatBundlePath(expected)).toBe(path);
  });

  test.each([
    ['', 'INPUT_MALFORMED'],
    ['/tile/0/000', 'INPUT_MALFORMED'],
    ['tile/0/000/', 'INPUT_MALFORMED'],
    ['tile/0/000\n', 'INPUT_MALFORMED'],
    ['tile/0/0', 'INPUT_MALFORMED'],
    ['tile/0/1000', 'INPUT_MALFORMED'],
    ['tile/0/x1000/000', 'INPUT_MALFORMED'],
    ['tile/0/001/000', 'INPUT_MALFORMED'],
    ['tile/0/x001', 'INPUT_MALFORMED'],
    ['tile/0/x001/x000', 'INPUT_MALFORMED'],
    ['tile/-1/000', 'INPUT_MALFORMED'],
    ['tile/+1/000', 'INPUT_MALFORMED'],
    ['tile/0x1/000', 'INPUT_MALFORMED'],
    ['tile//000', 'INPUT_MALFORMED'],
    ['tile/data/000', 'INPUT_MALFORMED'],
    ['tile/0/000.p', 'INPUT_MALFORMED'],
    ['tile/0/000.p/', 'INPUT_MALFORMED'],
    ['tile/0/000.p/0', 'INPUT_MALFORMED'],
    ['tile/0/000.p/00', 'INPUT_MALFORMED'],
    ['tile/0/000.p/1.5', 'INPUT_MALFORMED'],
    ['tile/0/000xp/1', 'INPUT_MALFORMED'],
    ['tile/8/000/%2e%2e', 'INPUT_MALFORMED'],
    ['TILE/0/000', 'INPUT_MALFORMED'],
    ['tile/٠/000', 'INPUT_MALFORMED'],
    ['tile/64/000', 'INPUT_TOO_LARGE'],
    ['tile/0/000.p/256', 'INPUT_TOO_LARGE'],
    ['tile/0/000.p/1000', 'INPUT_TOO_LARGE'],
    ['tile/0/x009/x007/x199/x254/x740/992', 'INPUT_TOO_LARGE'],
    ['tile/00/000', 'INPUT_NOT_CANONICAL'],
    ['tile/01/000', 'INPUT_NOT_CANONICAL'],
    ['tile/0/x000/001', 'INPUT_NOT_CANONICAL'],
    ['tile/0/000.p/08', 'INPUT_NOT_CANONICAL'],
    ['tile/entries/x000/000', 'INPUT_NOT_CANONICAL'],
  ])('%j is refused: %s', (path, code) => {
    expect(refusal(() => parseTilePath(path))).toBe(code);
  });

  test('a refusal says how a path looks', () => {
    expect(() => parseTilePath('tile/0/7')).toThrow(expect.objectContaining({ hint: expect.stringContaining('tile/0/x001/234.p/8') }));
  });

  test.each([
    [{ level: 64, index: 0, width: 256 }], [{ level: -1, index: 0, width: 256 }], [{ level: 0.5, index: 0, width: 256 }],
    [{ level: 0, index: -1, width: 256 }], [{ level: 0, index: 2 ** 53, width: 256 }], [{ level: 0, index: 0, width: 0 }],
    [{ level: 0, index: 0, width: 257 }], [{ level: 0, index: 0, width: 1.5 }],
  ])('%j has no path: a bug', (tile) => {
    expect(() => formatTilePath(tile)).toThrow(RangeError);
  });

  test('reading is the inverse of writing', () => {
    const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const));
    fc.assert(fc.property(level, fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
      const path = level === 'entries' ? formatBundlePath({ index, width }) : formatTilePath({ level, index, width });
      const kind = level === 'entries' ? { kind: 'entries' } : { kind: 'tile', level };
      expect(parseTilePath(path)).toEqual({ ...kind, index, width });
    }));
  });
});

describe('the tiles of a size', () => {
  const paths = (oldSize: number, newSize: number) => newTiles(oldSize, newSize).map(formatTilePath);

  test.each([
    [0, 0, []],
    [0, 1, ['tile/0/000.p/1']],
    [0, 15, ['tile/0/000.p/15']],
    [0, 255, ['tile/0/000.p/255']],
    [0, 256, ['tile/0/000', 'tile/1/000.p/1']],
    [0, 257, ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1']],
    [15, 15, []],
    [15, 16, ['tile/0/000.p/16']],
    [255, 256, ['tile/0/000', 'tile/1/000.p/1']],
    [256, 257, ['tile/0/001.p/1']],
    [65_535, 65_536, ['tile/0/255', 'tile/1/000', 'tile/2/000.p/1']],
  ])('%i to %i', (oldSize, newSize, expected) => {
    expect(paths(oldSize, newSize)).toEqual(expected);
  });

  test('70,000, the example of the specification', () => {
    const all = paths(0, 70_000);
    expect(all).toHaveLength(273 + 1 + 2 + 1);
    expect(all.slice(-5)).toEqual(['tile/0/272', 'tile/0/273.p/112', 'tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1']);
    expect(newBundles(69_000, 70_000).map(formatBundlePath)).toEqual([
      'tile/entries/269', 'tile/entries/270', 'tile/entries/271', 'tile/entries/272', 'tile/entries/273.p/112',
    ]);
  });

  test('growing adds the tiles that are new or longer, and no other', () => {
    const key = (tile: TileAddress) => `${tile.level}/${tile.index}/${tile.width}`;
    const size = fc.oneof(fc.nat(3000), fc.nat(300_000));
    fc.assert(fc.property(size, fc.nat(3000), (oldSize, more) => {
      const before = new Set(newTiles(0, oldSize).map(key));
      const grown = newTiles(0, oldSize + more).filter((tile) => !before.has(key(tile)));
      expect(newTiles(oldSize, oldSize + more)).toEqual(grown);
      for (const { level, index, width } of grown.slice(0, 20)) expect(tileWidthIn(level, index, oldSize + more)).toBe(width);
    }), { numRuns: 50 });
  });

  test('at 2^53 - 1 entries', () => {
    const size = Number.MAX_SAFE_INTEGER;
    expect(paths(size - 1, size)).toEqual(['tile/0/x035/x184/x372/x088/831.p/255']);
    expect(paths(2 ** 48 - 1, 2 ** 48)).toEqual([
      'tile/0/x001/x099/x511/x627/775', 'tile/1/x004/x294/x967/295', 'tile/2/x016/x777/215', 'tile/3/x065/535', 'tile/4/255', 'tile/5/000', 'tile/6/000.p/1',
    ]);
    expect(tileWidthIn(6, 0, size)).toBe(31);
    expect(tileWidthIn(6, 1, size)).toBe(0);
    expect(tileWidthIn(0, 2 ** 45 - 1, size)).toBe(255);
  });

  test.each([[2, 1], [-1, 1], [0, 2 ** 53], [0.5, 1]])('from %d to %d is a bug', (oldSize, newSize) => {
    expect(() => newTiles(oldSize, newSize)).toThrow(RangeError);
  });
});

describe('coordinates', () => {
  test.each([
    [{ level: 0, index: 0 }, { level: 0, index: 0, height: 0, at: 0 }],
    [{ level: 0, index: 300 }, { level: 0, index: 1, height: 0, at: 44 }],
    [{ level: 3, index: 33 }, { level: 0, index: 1, height: 3, at: 1 }],
    [{ level: 7, index: 3 }, { level: 0, index: 1, height: 7, at: 1 }],
    [{ level: 8, index: 3 }, { level: 1, index: 0, height: 0, at: 3 }],
    [{ level: 45, index: 200 }, { level: 5, index: 25, height: 5, at: 0 }],
  ])('%j', (address, place) => {
    expect(tilePlaceOf(address)).toEqual(place);
    expect(nodeAt(place)).toEqual(address);
  });

  test('are the inverse of each other at any level', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 52 }), fc.maxSafeNat(), (level, seed) => {
      const address = { level, index: Math.floor(seed / 2 ** level) };
      const place = tilePlaceOf(address);
      expect(nodeAt(place)).toEqual(address);
      expect(place.at).toBeLessThan(2 ** (8 - place.height));
      // The first leaf under the node, counted from the tile's first leaf.
      const [leaf, tileStart] = [BigInt(address.index) << BigInt(level), BigInt(place.index) << BigInt(8 * place.level + 8)];
      expect(leaf - tileStart).toBe(BigInt(place.at) << BigInt(8 * place.level + place.height));
    }));
  });
});

describe('proofs from tiles', () => {
  const size = 600;
  const tree = new SlowTree(entries(size));
  const asked: string[][] = [];
  /** A C2SP log in memory: what any mirror would serve. */
  const serve = async (tiles: readonly TileAddress[]) => {
    asked.push(tiles.map(formatTilePath));
    return tiles.map(({ level, index, width }) => {
      const step = 256 ** level;
      return concatBytes(...Array.from({ length: width }, (_, i) => tree.root((index * 256 + i) * step, (index * 256 + i + 1) * step)));
    });
  };
  const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]) => a.length === b.length && a.every((hash, i) => equalBytes(hash, b[i] as Uint8Array));

  test('are those of the definition', async () => {
    for (const [index, within] of [[0, 600], [255, 600], [256, 600], [511, 512], [599, 600], [3, 256]] as const) {
      expect(same(await proveInclusion(index, within, nodesFromTiles(within, serve)), tree.path(index, 0, within))).toBe(true);
    }
    for (const [old, size] of [[1, 600], [255, 600], [256, 512], [511, 512], [300, 599], [600, 600]] as const) {
      expect(same(await proveConsistency(old, size, nodesFromTiles(size, serve)), tree.subproof(0, old, 0, size))).toBe(true);
    }
  });

  test('ask for each tile once', async () => {
    asked.length = 0;
    await proveInclusion(3, 600, nodesFromTiles(600, serve));
    expect(asked).toEqual([['tile/0/000', 'tile/1/000.p/2', 'tile/0/002.p/88']]);
  });

  test('refuse a tile of the wrong length, and a store that answers another question', async () => {
    const cut = nodesFromTiles(600, async (tiles) => (await serve(tiles)).map((tile) => tile.subarray(32)));
    const cause = expect.objectContaining({ code: 'INPUT_MALFORMED' });
    const refused = { code: 'INPUT_MALFORMED', message: expect.stringContaining('tile/0/000'), cause };
    await expect(proveInclusion(3, 600, cut)).rejects.toThrow(expect.objectContaining(refused));
    await expect(proveInclusion(3, 600, nodesFromTiles(600, async () => []))).rejects.toThrow(RangeError);
    await expect(nodesFromTiles(600, serve)([{ level: 3, index: 75 }])).rejects.toThrow(RangeError);
    expect((await nodesFromTiles(600, serve)([{ level: 3, index: 74 }]))[0]).toEqual(tree.root(592, 600));
  });

  test('the root over a run of hashes is that over leaves', () => {
    for (const count of [1, 2, 3, 5, 255, 256]) expect(foldHashes(tree.leaves.slice(0, count))).toEqual(tree.root(0, count));
    expect(refusal(() => hashesOf(new Uint8Array(33), 1))).toBe('INPUT_MALFORMED');
  });
});

describe('bundles', () => {
  const some = [new Uint8Array(), Uint8Array.of(7), new Uint8Array(65_535).fill(9)];

  test('hold the entries behind their lengths', () => {
    const bytes = encodeBundle(some);
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 1, 7]);
    expect([...bytes.subarray(5, 8)]).toEqual([255, 255, 9]);
    expect(decodeBundle(bytes, 3)).toEqual(some);
    // Read in place, also where the bytes lie within a larger buffer.
    const within = concatBytes(Uint8Array.of(1, 2, 3), bytes).subarray(3);
    expect(decodeBundle(within, 3)).toEqual(some);
    expect(decodeBundle(within, 3)[1]?.buffer).toBe(within.buffer);
  });

  test.each([
    ['empty', new Uint8Array(), 1, 'INPUT_MALFORMED at 0'],
    ['half a length', Uint8Array.of(0), 1, 'INPUT_MALFORMED at 0'],
    ['a cut entry', Uint8Array.of(0, 1, 5, 0, 2, 7), 2, 'INPUT_MALFORMED at 3'],
    ['a length without its entry', Uint8Array.of(0, 1), 1, 'INPUT_MALFORMED at 0'],
    ['fewer entries', Uint8Array.of(0, 0), 2, 'INPUT_MALFORMED at 2'],
    ['more entries', Uint8Array.of(0, 0, 0, 0), 1, 'INPUT_MALFORMED at 2'],
    ['a byte more', Uint8Array.of(0, 0, 0), 1, 'INPUT_MALFORMED at 2'],
  ])('%s', (_, bytes, width, expected) => {
    expect(refusal(() => decodeBundle(bytes, width))).toBe(expected);
  });

  test('an entry that its length could not say is refused', () => {
    expect(refusal(() => encodeBundle([new Uint8Array(65_536)]))).toBe('INPUT_TOO_LARGE');
    expect(() => encodeBundle([])).toThrow(RangeError);
    expect(() => encodeBundle(Array.from({ length: 257 }, () => new Uint8Array()))).toThrow(RangeError);
    expect(decodeBundle(encodeBundle(Array.from({ length: 256 }, () => new Uint8Array())), 256)).toHaveLength(256);
  });
});
