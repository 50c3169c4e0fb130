// Tiles of 256 hashes (C2SP tlog-tiles): which of them a tree has, where a node lies in them, and reading nodes from them.
import { LedgerError } from '../errors.ts';
import { isCount, widthOf } from './arithmetic.ts';
import { hashBytes, nobleHasher, type Hasher } from './hash.ts';
import { foldNodes, nodesOver, type NodeAddress, type ReadNodes } from './nodes.ts';
import { formatTilePath, tileWidth, type BundleAddress, type TileAddress } from './tile-path.ts';

/** Levels of the tree in one tile: a node of tree level 8 is a hash of tile level 1. */
export const tileHeight = 8;

/** How many hashes tile level `level` has in a tree of `size`: floor(size / 256^level). */
function hashesAt(level: number, size: number): number {
  return Math.floor(size / tileWidth ** level);
}

/**
 * The tiles that are new or longer in a tree of `newSize` than in one of `oldSize`, by level, then index.
 *
 * From 0 these are all tiles of a tree. Partial tiles between the two sizes are not among them: a server needs only those
 * of the sizes it published.
 */
export function newTiles(oldSize: number, newSize: number): TileAddress[] {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) throw new RangeError(`no growth from ${oldSize} to ${newSize}`);
  const tiles: TileAddress[] = [];
  // A level that did not grow has none above it that did.
  for (let level = 0; hashesAt(level, newSize) > hashesAt(level, oldSize); level++) {
    const [before, now] = [hashesAt(level, oldSize), hashesAt(level, newSize)];
    for (let first = before - (before % tileWidth); first < now; first += tileWidth) {
      tiles.push({ level, index: first / tileWidth, width: Math.min(tileWidth, now - first) });
    }
  }
  return tiles;
}

/** The entry bundles that are new or longer in a log of `newSize` entries than in one of `oldSize`. */
export function newBundles(oldSize: number, newSize: number): BundleAddress[] {
  return newTiles(oldSize, newSize).filter(({ level }) => level === 0).map(({ index, width }) => ({ index, width }));
}

/**
 * How wide a tile is in a tree of `size`.
 *
 * @returns 256 when it is full, 1 to 255 when it is partial, 0 when the tree has no such tile
 */
export function tileWidthIn(level: number, index: number, size: number): number {
  return Math.max(0, Math.min(tileWidth, hashesAt(level, size) - index * tileWidth));
}

/** Where a node lies: in the tile (level, index), `height` levels above the tile's hashes, `at` from its left edge. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
  /** 0 to 7; a node of height 0 is one of the tile's own hashes. */
  readonly height: number;
  /** Zero-based, less than 256 / 2^height. */
  readonly at: number;
}

export function tilePlaceOf({ level, index }: NodeAddress): TilePlace {
  const height = level % tileHeight;
  const perTile = widthOf(tileHeight - height);
  return { level: (level - height) / tileHeight, index: Math.floor(index / perTile), height, at: index % perTile };
}

export function nodeAt({ level, index, height, at }: TilePlace): NodeAddress {
  return { level: level * tileHeight + height, index: index * widthOf(tileHeight - height) + at };
}

/** The hashes of a tile, without copying. @throws {LedgerError} INPUT_MALFORMED when it is not `width` hashes long */
export function hashesOf(tile: Uint8Array, width: number): Uint8Array[] {
  if (tile.length !== width * hashBytes) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read a tile of ${width}: ${tile.length} bytes, expected ${width * hashBytes}`);
  }
  return Array.from({ length: width }, (_, i) => tile.subarray(i * hashBytes, (i + 1) * hashBytes));
}

/** The root over a run of hashes as over leaves. @param hashes - at least one, 32 bytes each */
export function foldHashes(hashes: readonly Uint8Array[], hasher: Hasher = nobleHasher): Uint8Array {
  const perfect = nodesOver(0, hashes.length).map(({ level, index }) => {
    const width = widthOf(level);
    let row = hashes.slice(index * width, (index + 1) * width);
    while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, i) => hasher.node(row[2 * i] as Uint8Array, row[2 * i + 1] as Uint8Array));
    return row[0] as Uint8Array;
  });
  return foldNodes(perfect, hasher);
}

/** Reads tiles at their addresses, in their order: `32 * width` bytes each. */
export type ReadTiles = (tiles: readonly TileAddress[]) => Promise<readonly Uint8Array[]>;

/**
 * Reads nodes of a tree of `size` from its tiles, each tile once a call.
 *
 * The hashes are as good as the tiles: only a proof that leads to a signed root shows that they are right.
 *
 * @throws {LedgerError} INPUT_MALFORMED, on reading, when a tile is not as long as its address says
 */
export function nodesFromTiles(size: number, read: ReadTiles, hasher: Hasher = nobleHasher): ReadNodes {
  return async (addresses) => {
    const places = addresses.map(tilePlaceOf);
    const wanted = new Map<string, TileAddress>();
    for (const { level, index, height, at } of places) {
      const width = tileWidthIn(level, index, size);
      if ((at + 1) * widthOf(height) > width) throw new RangeError(`a tree of ${size} has no node ${at} at height ${height} of tile ${level}/${index}`);
      wanted.set(`${level}/${index}`, { level, index, width });
    }
    const asked = [...wanted.values()];
    const tiles = await read(asked);
    if (tiles.length !== asked.length) throw new RangeError(`${tiles.length} tiles read for ${asked.length} asked`);
    const hashes = new Map(asked.map((tile, i) => [`${tile.level}/${tile.index}`, checked(tile, tiles[i] as Uint8Array)]));
    return places.map(({ level, index, height, at }) => {
      const row = hashes.get(`${level}/${index}`) as Uint8Array[];
      return foldHashes(row.slice(at * widthOf(height), (at + 1) * widthOf(height)), hasher);
    });
  };
}

function checked(address: TileAddress, tile: Uint8Array): Uint8Array[] {
  try {
    return hashesOf(tile, address.width);
  } catch (cause) {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read ${formatTilePath(address)}: ${tile.length} bytes, expected ${address.width * hashBytes}`, { cause });
  }
}
