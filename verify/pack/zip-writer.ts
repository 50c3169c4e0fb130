// Writes a zip: the same members give the same bytes, in whatever order they come, on any machine.
import { crc32 } from './crc32.ts';
import { compareNames, directoryHeader, endRecords, isMemberName, localHeader, type PlacedMember } from './zip.ts';

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A member to write. */
export interface ZipContent {
  readonly name: string;
  /** Its bytes; asked for twice where nobody says their sum, for the check sum stands before them. */
  readonly open: () => Pieces;
  readonly sum?: ContentSum;
}

/** The check sum and the size of some bytes. */
export interface ContentSum {
  readonly crc: number;
  readonly size: number;
}

/**
 * Gives the zip's bytes in pieces, and holds no more than one member's piece in memory.
 *
 * @throws {RangeError} for a name that a pack cannot have, or two of one name; for bytes that differ the second time
 */
export async function* writeZip(contents: readonly ZipContent[]): AsyncGenerator<Uint8Array> {
  const sorted = contents.toSorted((a, b) => compareNames(a.name, b.name));
  const placed: PlacedMember[] = [];
  let offset = 0;
  for (const [i, { name, open, sum }] of sorted.entries()) {
    if (!isMemberName(name)) throw new RangeError(`not a member's name: ${name}`);
    if (sorted[i - 1]?.name === name) throw new RangeError(`two members are called ${name}`);
    const { crc, size } = sum ?? (await sumOf(open()));
    const header = localHeader({ name, crc, size });
    placed.push({ name, crc, size, offset });
    yield header;
    const again = { crc: 0, size: 0 };
    for await (const piece of open()) {
      again.crc = crc32(piece, again.crc);
      again.size += piece.length;
      yield piece;
    }
    if (again.crc !== crc || again.size !== size) throw new RangeError(`the bytes of ${name} changed while they were written`);
    offset += header.length + size;
  }
  let directory = 0;
  for (const member of placed) {
    const line = directoryHeader(member);
    directory += line.length;
    yield line;
  }
  yield endRecords(placed.length, offset, directory);
}

async function sumOf(pieces: Pieces): Promise<ContentSum> {
  let crc = 0;
  let size = 0;
  for await (const piece of pieces) {
    crc = crc32(piece, crc);
    size += piece.length;
  }
  return { crc, size };
}
