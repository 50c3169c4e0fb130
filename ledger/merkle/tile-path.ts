// The names of tiles and entry bundles under a log's prefix (C2SP tlog-tiles), read as strictly as they are written.
import { clip, LedgerError } from '../errors.ts';
import { isCount } from './arithmetic.ts';

/** The hashes of a full tile, and the entries of a full bundle. */
export const tileWidth = 256;

/** The highest level a path can name. Trees of up to 2^53 - 1 entries have tiles at levels 0 to 6. */
export const tileLevelMax = 63;

/** A tile: `width` hashes of level `level`, each over 256^level entries, from the hash `index * 256` on. */
export interface TileAddress {
  /** 0 to 63. */
  readonly level: number;
  /** Zero-based among the tiles of its level. */
  readonly index: number;
  /** 1 to 256; less than 256 is a partial tile. */
  readonly width: number;
}

/** An entry bundle: `width` entries from entry `index * 256` on. It pairs with the level-0 tile of its index. */
export interface BundleAddress {
  readonly index: number;
  readonly width: number;
}

export type TilePath = ({ readonly kind: 'tile' } & TileAddress) | ({ readonly kind: 'entries' } & BundleAddress);

/** Such as `tile/0/x001/x234/067.p/8`. */
export function formatTilePath({ level, index, width }: TileAddress): string {
  if (!isCount(level) || level > tileLevelMax) throw new RangeError(`not a tile level: ${level}`);
  return `tile/${level}/${formatPlace(index, width)}`;
}

/** Such as `tile/entries/x001/x234/067`. */
export function formatBundlePath({ index, width }: BundleAddress): string {
  return `tile/entries/${formatPlace(index, width)}`;
}

/** The index in groups of three digits, all but the last marked by `x`, and the width where it is not full. */
function formatPlace(index: number, width: number): string {
  if (!isCount(index)) throw new RangeError(`not a tile index: ${index}`);
  if (!isCount(width) || width < 1 || width > tileWidth) throw new RangeError(`not a tile width: ${width}`);
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const place = padded.replace(/\d{3}(?=\d)/g, 'x$&/');
  return width === tileWidth ? place : `${place}.p/${width}`;
}

const PATH = /^tile\/(entries|[0-9]+)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]+))?$/;

/**
 * Reads a path without its leading slash. One tile has one path: a cache or a mirror must not hold it under two names.
 *
 * @throws {LedgerError} INPUT_MALFORMED when it is no tile's path; INPUT_NOT_CANONICAL when a number has zeros in front;
 * INPUT_TOO_LARGE when level, index or width is out of range (a full tile's path has no width)
 */
export function parseTilePath(path: string): TilePath {
  const match = PATH.exec(path);
  if (match === null) throw refusal('INPUT_MALFORMED', path, 'not the path of a tile');
  const [, level, place, partial] = match as unknown as readonly [string, string, string, string | undefined];
  const [index, width] = [Number(place.replaceAll(/[x/]/g, '')), partial === undefined ? tileWidth : Number(partial)];
  if (width === 0) throw refusal('INPUT_MALFORMED', path, 'a partial tile is not empty');
  if (!isCount(index)) throw refusal('INPUT_TOO_LARGE', path, 'its index is over 2^53 - 1');
  // `entries` is no number, and so never greater.
  if (Number(level) > tileLevelMax) throw refusal('INPUT_TOO_LARGE', path, `its level is over ${tileLevelMax}`);
  // `.p/256` would be a second name for a full tile.
  if (partial !== undefined && width >= tileWidth) throw refusal('INPUT_TOO_LARGE', path, 'a partial width is at most 255');
  const found: TilePath = level === 'entries' ? { kind: 'entries', index, width } : { kind: 'tile', level: Number(level), index, width };
  const canonical = found.kind === 'entries' ? formatBundlePath(found) : formatTilePath(found);
  if (canonical !== path) throw refusal('INPUT_NOT_CANONICAL', path, 'zeros in front of a number');
  return found;
}

function refusal(code: 'INPUT_MALFORMED' | 'INPUT_NOT_CANONICAL' | 'INPUT_TOO_LARGE', path: string, why: string): LedgerError {
  return new LedgerError(code, `Cannot read "${clip(path)}" as a tile path: ${why}`, { hint: 'Such as tile/0/x001/234.p/8 or tile/entries/000' });
}
