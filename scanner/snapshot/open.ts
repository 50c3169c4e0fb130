// Opens a snapshot: only its manifest and the hashes of its shards are read at first, then the shards and records a scan names.
import { decodeUtf8, equalBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { planInclusion, rootUnder } from '../../ledger/merkle/inclusion-path.ts';
import { assembleProof, type NodeAddress } from '../../ledger/merkle/nodes.ts';
import { ecosystemBase } from '../advisories/ecosystems.ts';
import { decodeStored, sha256Hex, type StoredRecord } from '../advisories/stored.ts';
import {
  decodeFooter, hasher, idSpace, nodesBelow, sha256, shardOf, upstreamSpace, type Footer, type Manifest, type RecordRef, type SnapshotFile,
} from './format.ts';

/** What a scan touched; equal for equal scans, and so part of what a test can hold. */
export interface Touched {
  shards: number;
  records: number;
  bytes: number;
}

function damaged(what: string): never {
  throw new LedgerError('SNAPSHOT_DAMAGED', `Cannot read the snapshot: ${what} is not what its digest names`, { hint: 'import the feed or the kit again' });
}

export class Snapshot {
  /** `sha256:` and the root in hexadecimal. */
  readonly digest: string;
  readonly manifest: Manifest;
  readonly touched: Touched = { shards: 0, records: 0, bytes: 0 };
  readonly #file: SnapshotFile;
  readonly #footer: Footer;
  /** SHA-256 of the shards, vouched for by the manifest. */
  readonly #shardHashes: Uint8Array;
  readonly #shards = new Map<number, string>();
  #block = new Uint8Array(64 * 1024);

  /**
   * @param expected - the digest the caller wants; a file of another one is refused
   * @throws {LedgerError} INPUT_MALFORMED when it is no snapshot; SNAPSHOT_DAMAGED when its parts do not lead to its digest
   */
  constructor(file: SnapshotFile, expected?: string) {
    this.#file = file;
    this.#footer = decodeFooter(file);
    this.digest = `sha256:${formatHex(this.#footer.root)}`;
    if (expected !== undefined && expected !== this.digest) damaged(`${this.digest}, expected ${expected}: this`);
    const { manifest: start, nodes, treeSize, root } = this.#footer;
    const bytes = file.read(start, nodes - start);
    const plan = planInclusion(0, treeSize);
    const proof = assembleProof(plan, plan.nodes.map((node) => this.#node(node)), hasher);
    const reached = rootUnder(hasher, 0, treeSize, hasher.leaf(bytes), proof);
    if (reached === null || !equalBytes(reached, root)) damaged('the manifest');
    this.manifest = JSON.parse(decodeUtf8(bytes)) as Manifest;
    if (32 * this.manifest.shards !== this.#footer.manifest - this.#footer.shardHashes) damaged('the list of shards');
    if (this.manifest.format !== 'stella-snapshot/1' || this.manifest.records + 1 !== treeSize) damaged('the manifest');
    this.#shardHashes = this.#verifiedShardHashes();
  }

  #verifiedShardHashes(): Uint8Array {
    const hashes = this.#file.read(this.#footer.shardHashes, 32 * this.manifest.shards);
    return sha256Hex(hashes) === this.manifest.shardsSha256 ? hashes : damaged('its list of shards');
  }

  #node({ level, index }: NodeAddress): Uint8Array {
    return this.#file.read(this.#footer.nodes + 32 * (nodesBelow(this.#footer.treeSize, level) + index), 32);
  }

  #shard(index: number): string {
    const known = this.#shards.get(index);
    if (known !== undefined) return known;
    const table = this.#file.read(this.#footer.shardTable + 8 * index, 16);
    const view = new DataView(table.buffer, table.byteOffset);
    const [start, end] = [Number(view.getBigUint64(0)), Number(view.getBigUint64(8))];
    if (start < this.#footer.shards || end < start || end > this.#footer.shardTable) damaged(`shard ${index}`);
    const bytes = this.#readShard(start, end - start);
    if (!equalBytes(sha256(bytes), this.#shardHashes.subarray(32 * index, 32 * (index + 1)))) damaged(`shard ${index}`);
    const shard = decodeUtf8(bytes);
    this.touched.shards += 1;
    this.touched.bytes += bytes.length;
    this.#shards.set(index, shard);
    return shard;
  }

  /** A shard's bytes are hashed, decoded and done with: one block of memory does for all of them. */
  #readShard(start: number, length: number): Uint8Array {
    if (this.#file.readInto === undefined) return this.#file.read(start, length);
    if (this.#block.length < length) this.#block = new Uint8Array(length);
    const bytes = this.#block.subarray(0, length);
    this.#file.readInto(start, bytes);
    return bytes;
  }

  #refs(spaceName: string, name: string): readonly RecordRef[] {
    const space = this.manifest.spaces.find((found) => found.name === spaceName);
    if (space === undefined) return [];
    const shard = this.#shard(shardOf(space, name));
    // Only the asked line is parsed: a shard holds many names, and a scan asks for few of them.
    const begins = `[${JSON.stringify(name)},`;
    const start = shard.startsWith(begins) ? 0 : shard.indexOf(`\n${begins}`) + 1;
    if (start === 0 && !shard.startsWith(begins)) return [];
    return (JSON.parse(shard.slice(start, shard.indexOf('\n', start))) as [string, RecordRef[]])[1];
  }

  /** Records about a package. @param nameKey - the name as `nameKey` spells it */
  recordsOf(ecosystem: string, nameKey: string): readonly RecordRef[] {
    return this.#refs(ecosystemBase(ecosystem), nameKey);
  }

  /** Records that carry a vulnerability id as their own or as an alias. */
  recordsNamed(id: string): readonly RecordRef[] {
    return this.#refs(idSpace, id);
  }

  /** Records that were written for a vulnerability under another id: a distribution's, which are no aliases of it. */
  recordsUpstream(id: string): readonly RecordRef[] {
    return this.#refs(upstreamSpace, id);
  }

  /** Every name of a space with its records, shard by shard: for `feed diff` and `affected`. */
  *names(space: string): Generator<[string, readonly RecordRef[]]> {
    const found = this.manifest.spaces.find(({ name }) => name === space);
    if (found === undefined) return;
    for (let i = 0; i < 2 ** found.bits; i++) {
      for (const line of this.#shard(found.first + i).split('\n')) if (line !== '') yield JSON.parse(line) as [string, RecordRef[]];
    }
  }

  /** The stored bytes that a reference names. @throws {LedgerError} SNAPSHOT_DAMAGED when they are others */
  bytesOf([record, offset, length, leafHash]: RecordRef): Uint8Array {
    const start = this.#footer.records + offset;
    if (offset < 0 || length < 0 || start + length > this.#footer.shards) damaged(`record ${record}`);
    const bytes = this.#file.read(start, length);
    if (!equalBytes(hasher.leaf(bytes), parseHex(leafHash, 32))) damaged(`record ${record}`);
    this.touched.records += 1;
    this.touched.bytes += length;
    return bytes;
  }

  record(ref: RecordRef): StoredRecord {
    return decodeStored(this.bytesOf(ref));
  }

  /** Leaf hash of every record, in the file's order: 32 bytes each. Not verified one by one; `verifySnapshot` does. */
  recordHashes(): Uint8Array {
    return this.#file.read(this.#footer.nodes + 32, 32 * this.manifest.records);
  }

  /** The source's own bytes of a record, or null where the snapshot was built without them. */
  raw(sha256: string): Uint8Array | null {
    const wanted = parseHex(sha256, 32);
    let [low, high] = [0, this.#footer.rawCount];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = this.#file.read(this.#footer.rawTable + 48 * middle, 48);
      const order = compareHash(row.subarray(0, 32), wanted);
      if (order === 0) {
        const view = new DataView(row.buffer, row.byteOffset);
        const bytes = this.#file.read(Number(view.getBigUint64(32)), Number(view.getBigUint64(40)));
        return sha256Hex(bytes) === sha256 ? bytes : damaged(`the source's bytes ${sha256}`);
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return null;
  }
}

function compareHash(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return 0;
}
