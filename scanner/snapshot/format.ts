// The snapshot file: its parts, its footer, and what its leaves are (spec/snapshot.md).
import { hash } from 'node:crypto';
import { equalBytes } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { hasherOf } from '../../ledger/merkle/hasher.ts';
import type { Score } from '../advisories/cvss.ts';
import type { OsvRange } from '../advisories/osv.ts';

/** Where a snapshot is read from; `cli/` gives a file, tests a byte array. */
export interface SnapshotFile {
  readonly size: number;
  /** Exactly `length` bytes; never called outside the file. */
  read(offset: number, length: number): Uint8Array;
  /** The same into memory that is there; a file that cannot leaves it out. */
  readInto?(offset: number, bytes: Uint8Array): void;
}

/** Where a snapshot is written to, front to back. */
export interface SnapshotSink {
  write(bytes: Uint8Array): void;
}

/** Bytes put aside while building: what came in, until its place is known. */
export interface Spool {
  append(bytes: Uint8Array): void;
  read(offset: number, length: number): Uint8Array;
}

/** What one source contributed, as the caller knows it; part of the digest. */
export interface SourceNote {
  readonly name: string;
  /** When it was fetched, milliseconds since 1970. */
  readonly fetchedMs?: number;
  /** Its records speak of vulnerabilities, not of packages (KEV, EPSS): a scan looks them up by id. */
  readonly enriches?: true;
  /** SHA-256 of the feed as fetched, lower-case hexadecimal. */
  readonly sha256?: string;
}

/** Names of one ecosystem (or of ids), spread over `2^bits` shards from `first` on. */
export interface Space {
  readonly name: string;
  readonly bits: number;
  readonly first: number;
}

/** The manifest, leaf 0: all that a reader must know before it opens a shard. */
export interface Manifest {
  readonly format: 'stella-snapshot/1';
  readonly records: number;
  readonly shards: number;
  /** SHA-256 over the SHA-256 of every shard, in their order. */
  readonly shardsSha256: string;
  readonly sources: readonly SourceNote[];
  readonly spaces: readonly Space[];
}

/** The space in which records are found by vulnerability id; no ecosystem is called so. */
export const idSpace = '#ids';
/** The space in which a distribution's records are found by the vulnerabilities they were written for, which are no aliases. */
export const upstreamSpace = '#upstream';

/** What a scan needs of a record for one package: the affected entries about that package, each with its place in the record. */
export interface RecordView {
  readonly source: string;
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly upstream?: readonly string[];
  readonly withdrawn?: string;
  readonly scores?: readonly Score[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly affected?: readonly ViewEntry[];
}

/** `versions` as one text, a line feed before, between and after: searching it is faster than parsing hundreds of strings. */
export type ViewEntry = readonly [entry: number, ecosystem: string, name: string, ranges: readonly OsvRange[], listed: number, versions: string];

/** A record as shards name it: its number, where it lies, its leaf hash, ids of its alias cluster that it does not name itself, its view. */
export type RecordRef = readonly [
  record: number, offset: number, length: number, leafHash: string, alsoKnownAs: readonly string[], view: RecordView,
];

/** Names a shard holds on average, and how many shards there may be: opening hashes 32 bytes of each. */
export const namesPerShard = 16;
export const shardsMax = 65_536;

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** SHA-256 over Node's own implementation: the pure one is about ten times slower. */
export const hasher = hasherOf(sha256);

export const footerBytes = 128;
/** 16 bytes: the rest of the footer is 10 numbers and the root. */
const magic = new TextEncoder().encode('stella-snapshot1');

/** Byte offsets of the file's parts in their order, and the tree's size. */
export interface Footer {
  records: number;
  /** Lines `[name, references]` in ascending order of names, each ended by a line feed. */
  shards: number;
  /** One 8-byte offset a shard, and one for the end. */
  shardTable: number;
  /** SHA-256 of each shard. */
  shardHashes: number;
  manifest: number;
  /** Hashes of the perfect nodes, level by level, leaves first. */
  nodes: number;
  raw: number;
  /** Sorted by digest: 32 bytes, 8-byte offset, 8-byte length. */
  rawTable: number;
  rawCount: number;
  treeSize: number;
  root: Uint8Array;
}

export function encodeFooter(footer: Footer): Uint8Array {
  const bytes = new Uint8Array(footerBytes);
  const view = new DataView(bytes.buffer);
  const numbers = [
    footer.records, footer.shards, footer.shardTable, footer.shardHashes, footer.manifest, footer.nodes, footer.raw, footer.rawTable, footer.rawCount,
    footer.treeSize,
  ];
  numbers.forEach((number, i) => view.setBigUint64(8 * i, BigInt(number)));
  bytes.set(footer.root, 80);
  bytes.set(magic, footerBytes - magic.length);
  return bytes;
}

/** @throws {LedgerError} INPUT_MALFORMED when the file does not end as a snapshot ends */
export function decodeFooter(file: SnapshotFile): Footer {
  const refuse = (why: string): never => {
    throw new LedgerError('INPUT_MALFORMED', `Cannot open the snapshot: ${why}`, { hint: 'import the feed or the kit again' });
  };
  if (file.size < footerBytes) refuse(`${file.size} bytes are too few`);
  const bytes = file.read(file.size - footerBytes, footerBytes);
  if (!equalBytes(bytes.subarray(footerBytes - magic.length), magic)) refuse('it does not end as a snapshot of format 1');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const number = (i: number) => Number(view.getBigUint64(8 * i));
  const [records, shards, shardTable, shardHashes, manifest] = [number(0), number(1), number(2), number(3), number(4)];
  const [nodes, raw, rawTable, rawCount, treeSize] = [number(5), number(6), number(7), number(8), number(9)];
  const places = [0, records, shards, shardTable, shardHashes, manifest, nodes, raw, rawTable, rawTable + 48 * rawCount, file.size - footerBytes];
  if (places.some((place, i) => i > 0 && place < (places[i - 1] as number)) || treeSize < 1) refuse('its parts do not lie in order');
  if (raw - nodes !== 32 * nodesBelow(treeSize, Infinity) || manifest - shardHashes !== 4 * (shardHashes - shardTable - 8)) refuse('a part has another length');
  return { records, shards, shardTable, shardHashes, manifest, nodes, raw, rawTable, rawCount, treeSize, root: bytes.slice(80, 112) };
}

/** Perfect nodes of a level in a tree of that size. */
export function nodesAtLevel(size: number, level: number): number {
  return Math.floor(size / 2 ** level);
}

/** Perfect nodes of a tree of that size below a level. */
export function nodesBelow(size: number, level: number): number {
  let count = 0;
  for (let below = 0; below < level && nodesAtLevel(size, below) > 0; below++) count += nodesAtLevel(size, below);
  return count;
}

/** Which shard of a space a name lies in: the first bits of its SHA-256. */
export function shardOf(space: Space, name: string): number {
  const prefix = Number.parseInt(hash('sha256', name, 'hex').slice(0, 6), 16);
  return space.first + (prefix >>> (24 - space.bits));
}
