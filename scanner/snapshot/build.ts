// Builds a snapshot from observations in any order: records go to a spool, only their digests and names stay in memory.
import { compareBytes, concatBytes, decodeUtf8, encodeUint64, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { encodeJcs, formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { foldNodes, nodesOver } from '../../ledger/merkle/nodes.ts';
import { AliasClusters } from '../advisories/aliases.ts';
import { ecosystemBase, nameKey } from '../advisories/ecosystems.ts';
import { encodeObservation, type Observation } from '../advisories/observation.ts';
import type { OsvRecord } from '../advisories/osv.ts';
import { sha256Hex, type StoredRecord } from '../advisories/stored.ts';
import {
  encodeFooter, hasher, idSpace, namesPerShard, nodesAtLevel, sha256, shardOf, shardsMax, upstreamSpace, type Manifest, type RecordView,
  type SnapshotSink, type SourceNote, type Space, type Spool, type ViewEntry,
} from './format.ts';

interface Held {
  /** Number of its leaf hash. */
  leaf: number;
  offset: number;
  length: number;
  /** Interned packages, and where each one's view lies in the spool: number, offset, length, and so on. */
  packages: readonly number[];
  ids: readonly number[];
  /** Numbers of the ids it was written for, apart from its own. */
  upstream: readonly number[];
  /** Where the view without packages lies. */
  view: readonly [offset: number, length: number];
}

interface HeldRaw {
  offset: number;
  length: number;
}

export interface Built {
  /** `sha256:` and the root in hexadecimal: the snapshot's name. */
  digest: string;
  records: number;
  shards: number;
  bytes: number;
}

export class SnapshotBuilder {
  readonly #spool: Spool;
  readonly #keepRaw: boolean;
  #spooled = 0;
  readonly #held: Held[] = [];
  readonly #leaves = new Hashes();
  readonly #known = new Set<string>();
  readonly #raw = new Map<string, HeldRaw>();
  readonly #packages = new Interned();
  readonly #upstream = new Interned();
  readonly #clusters = new AliasClusters();

  /** @param keepRaw - leave the sources' own bytes out of the file when false; their digests stay in the records */
  constructor(spool: Spool, { keepRaw = true } = {}) {
    this.#spool = spool;
    this.#keepRaw = keepRaw;
  }

  /** Takes one observation; the same one twice counts once. @throws {LedgerError} INPUT_MALFORMED when it has no OSV shape */
  add(observation: Observation): void {
    const { bytes, stored } = encodeObservation(observation);
    this.addStored(bytes, stored);
    if (!this.#keepRaw) return;
    const sha256 = sha256Hex(observation.raw);
    if (!this.#raw.has(sha256)) this.#raw.set(sha256, { offset: this.#put(observation.raw), length: observation.raw.length });
  }

  /** Takes a record as another snapshot stores it. */
  addStored(bytes: Uint8Array, stored: StoredRecord): void {
    const hash = hasher.leaf(bytes);
    const name = String.fromCharCode(...hash);
    if (this.#known.has(name)) return;
    this.#known.add(name);
    const leaf = this.#leaves.push(hash);
    const { osv } = stored;
    const ids = [osv.id, ...(osv.aliases ?? [])].map((id) => this.#clusters.intern(id));
    for (const id of ids) this.#clusters.link(ids[0] as number, id);
    const offset = this.#put(bytes);
    const packages = [...packagesOf(osv)].flatMap(([key, affected]) => [this.#packages.intern(key), ...this.#putView({ ...viewOf(stored), affected })]);
    const named = new Set([osv.id, ...(osv.aliases ?? [])]);
    const upstream = [...new Set(osv.upstream ?? [])].filter((id) => !named.has(id)).map((id) => this.#upstream.intern(id));
    this.#held.push({ leaf, offset, length: bytes.length, packages, ids: [...new Set(ids)], upstream, view: this.#putView(viewOf(stored)) });
  }

  #putView(view: RecordView): [number, number] {
    const bytes = encodeJcs(view as unknown as JcsValue);
    return [this.#put(bytes), bytes.length];
  }

  #put(bytes: Uint8Array): number {
    const offset = this.#spooled;
    this.#spool.append(bytes);
    this.#spooled += bytes.length;
    return offset;
  }

  /** Writes the file. @param sources - what the caller knows of each source; sorted here, part of the digest */
  finish(sink: SnapshotSink, sources: readonly SourceNote[]): Built {
    const out = new CountingSink(sink);
    const records = this.#ordered();
    const footer = { records: 0, shards: 0, shardTable: 0, shardHashes: 0, manifest: 0, nodes: 0, raw: 0, rawTable: 0, rawCount: 0, treeSize: 0 };
    const places = new Float64Array(records.length);
    for (const [i, { offset, length }] of records.entries()) {
      places[i] = out.written;
      out.write(this.#spool.read(offset, length));
    }
    footer.shards = out.written;
    const { spaces, table, hashes } = this.#writeShards(out, records, places);
    footer.shardTable = out.written;
    for (const place of table) out.write(encodeUint64(place));
    footer.shardHashes = out.written;
    for (const hash of hashes) out.write(hash);
    footer.manifest = out.written;
    const manifest = encodeJcs({
      format: 'stella-snapshot/1',
      records: records.length,
      shards: hashes.length,
      shardsSha256: sha256Hex(concatBytes(...hashes)),
      sources: sources.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      spaces,
    } satisfies Manifest as unknown as JcsValue);
    out.write(manifest);
    footer.nodes = out.written;
    const leaves = new Uint8Array(32 * (1 + records.length));
    leaves.set(hasher.leaf(manifest));
    for (const [i, { leaf }] of records.entries()) leaves.set(this.#leaves.at(leaf), 32 * (1 + i));
    footer.treeSize = 1 + records.length;
    const root = writeNodes(leaves, out);
    this.#writeRaw(out, footer);
    out.write(encodeFooter({ ...footer, root }));
    return { digest: `sha256:${formatHex(root)}`, records: records.length, shards: hashes.length, bytes: out.written };
  }

  /** Neighbours in the file are neighbours by package: a scan reads few places. Equal packages lie in the order of their digests. */
  #ordered(): Held[] {
    const rank = this.#packages.ranks();
    const first = ({ packages }: Held) => packages.reduce((least, id, i) => (i % 3 === 0 ? Math.min(least, rank[id] as number) : least), Infinity);
    const firsts = Float64Array.from(this.#held, first);
    const order = Uint32Array.from(this.#held.keys()).sort((a, b) => {
      const [x, y] = [firsts[a] as number, firsts[b] as number];
      return x === y ? compareBytes(this.#leaves.at(a), this.#leaves.at(b)) : x - y;
    });
    return Array.from(order, (number) => this.#held[number] as Held);
  }

  /** One shard at a time: its names' references are put together from the spool, written and forgotten. */
  #writeShards(out: CountingSink, records: readonly Held[], places: Float64Array) {
    const clusters = this.#clusters.resolve();
    const bySpace = postings(records, this.#packages, this.#clusters, this.#upstream);
    const names = [...bySpace].sort(([a], [b]) => (a < b ? -1 : 1));
    const bits = shardBits(names.map(([, found]) => found.size));
    const spaces: Space[] = [];
    const table = [out.written];
    const hashes: Uint8Array[] = [];
    for (const [i, [name, found]] of names.entries()) {
      const space = { name, bits: bits[i] as number, first: hashes.length };
      spaces.push(space);
      for (const entries of spread(space, found)) {
        const lines = entries.map(([key, posting]) => {
          const refs: string[] = [];
          for (let at = 0; at < posting.length; at += 3) {
            const number = posting[at] as number;
            const { leaf, length, ids } = records[number] as Held;
            const place = `${number},${places[number]},${length},"${formatHex(this.#leaves.at(leaf))}"`;
            const view = decodeUtf8(this.#spool.read(posting[at + 1] as number, posting[at + 2] as number));
            refs.push(`[${place},${formatJcs(clusters.othersOf(ids))},${view}]`);
          }
          return `[${formatJcs(key)},[${refs.join(',')}]]\n`;
        });
        const shard = encodeUtf8(lines.join(''));
        out.write(shard);
        table.push(out.written);
        hashes.push(sha256(shard));
      }
    }
    return { spaces, table, hashes };
  }

  #writeRaw(out: CountingSink, footer: { raw: number; rawTable: number; rawCount: number }): void {
    footer.raw = out.written;
    const raw = [...this.#raw].sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = raw.map(([sha256Text, { offset, length }]) => {
      const row = concatBytes(parseHex(sha256Text, 32), encodeUint64(out.written), encodeUint64(length));
      out.write(this.#spool.read(offset, length));
      return row;
    });
    footer.rawTable = out.written;
    footer.rawCount = rows.length;
    for (const row of rows) out.write(row);
  }
}

class CountingSink {
  written = 0;
  readonly #sink: SnapshotSink;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): void {
    this.#sink.write(bytes);
    this.written += bytes.length;
  }
}

/** By space and name: record number, view offset and view length of each record about it, in the records' order. */
function postings(records: readonly Held[], packages: Interned, ids: AliasClusters, upstream: Interned): Map<string, Map<string, number[]>> {
  const bySpace = new Map<string, Map<string, number[]>>();
  const put = (space: string, name: string, ...entry: number[]) => {
    const names = bySpace.get(space) ?? new Map<string, number[]>();
    bySpace.set(space, names);
    const known = names.get(name);
    if (known === undefined) names.set(name, entry);
    else known.push(...entry);
  };
  for (const [i, record] of records.entries()) {
    for (let at = 0; at < record.packages.length; at += 3) {
      const [space, name] = splitKey(packages.text(record.packages[at] as number));
      put(space, name, i, record.packages[at + 1] as number, record.packages[at + 2] as number);
    }
    for (const id of record.ids) put(idSpace, ids.text(id), i, ...record.view);
    for (const id of record.upstream) put(upstreamSpace, upstream.text(id), i, ...record.view);
  }
  return bySpace;
}

/** Level after level, so that a reader finds any perfect node by arithmetic; returns the root. @param leaves - 32 bytes each */
function writeNodes(leaves: Uint8Array, out: CountingSink): Uint8Array {
  const size = leaves.length / 32;
  const levels = [leaves];
  for (let level = 1; nodesAtLevel(size, level) > 0; level++) {
    const below = levels[level - 1] as Uint8Array;
    const here = new Uint8Array(32 * nodesAtLevel(size, level));
    for (let at = 0; at < here.length; at += 32) {
      here.set(hasher.node(below.subarray(2 * at, 2 * at + 32), below.subarray(2 * at + 32, 2 * at + 64)), at);
    }
    levels.push(here);
  }
  for (const level of levels) out.write(level);
  return foldNodes(nodesOver(0, size).map(({ level, index }) => (levels[level] as Uint8Array).subarray(32 * index, 32 * index + 32)), hasher);
}

/** Hashes by number in one block of memory: as objects of their own they would take ten times the room. */
class Hashes {
  #bytes = new Uint8Array(32 * 1024);
  #count = 0;

  push(hash: Uint8Array): number {
    if (32 * this.#count === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, 32 * this.#count);
    this.#count += 1;
    return this.#count - 1;
  }

  at(number: number): Uint8Array {
    return this.#bytes.subarray(32 * number, 32 * number + 32);
  }
}

/** The names of each shard of a space, ascending. */
function spread(space: Space, names: ReadonlyMap<string, readonly number[]>): [string, readonly number[]][][] {
  const shards = Array.from({ length: 2 ** space.bits }, (): [string, readonly number[]][] => []);
  for (const entry of names) shards[shardOf(space, entry[0]) - space.first]?.push(entry);
  return shards.map((entries) => entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Shards of each space: about sixteen names each, and fewer, larger ones where there would be too many altogether. */
function shardBits(counts: readonly number[]): number[] {
  for (let names = namesPerShard; ; names *= 2) {
    const bits = counts.map((count) => Math.max(0, Math.ceil(Math.log2(count / names))));
    if (bits.every((bit) => bit <= 24) && bits.reduce((sum, bit) => sum + 2 ** bit, 0) <= Math.max(shardsMax, counts.length)) return bits;
  }
}

/** A record's packages and the entries about each: the ecosystem without its release, and the name as that ecosystem compares it. */
function packagesOf(osv: OsvRecord): Map<string, ViewEntry[]> {
  const found = new Map<string, ViewEntry[]>();
  for (const [i, { package: named, ranges, versions }] of (osv.affected ?? []).entries()) {
    if (named === undefined) continue;
    const key = `${ecosystemBase(named.ecosystem)}\n${nameKey(named.ecosystem, named.name)}`;
    const lean = (ranges ?? []).map(({ type, events }) => ({ type, events }));
    // A version with a line feed in it is none anywhere; in one text it would be two.
    const listed = (versions ?? []).filter((version) => !version.includes('\n'));
    const entry: ViewEntry = [i, named.ecosystem, named.name, lean, listed.length, listed.length === 0 ? '' : `\n${listed.join('\n')}\n`];
    found.set(key, [...(found.get(key) ?? []), entry]);
  }
  return found;
}

function viewOf({ source, osv, scores, facts }: StoredRecord): RecordView {
  return {
    source,
    id: osv.id,
    ...(osv.aliases !== undefined && { aliases: osv.aliases }),
    ...(osv.upstream !== undefined && { upstream: osv.upstream }),
    ...(osv.withdrawn !== undefined && { withdrawn: osv.withdrawn }),
    ...(scores !== undefined && { scores }),
    ...(facts !== undefined && { facts }),
  };
}

function splitKey(key: string): [string, string] {
  const at = key.indexOf('\n');
  return [key.slice(0, at), key.slice(at + 1)];
}

/** Texts by number, each kept once. */
class Interned {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  intern(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  text(number: number): string {
    return this.#texts[number] as string;
  }

  /** Each text's place in ascending order. */
  ranks(): Uint32Array {
    const order = Uint32Array.from(this.#texts.keys()).sort((a, b) => ((this.#texts[a] as string) < (this.#texts[b] as string) ? -1 : 1));
    const ranks = new Uint32Array(order.length);
    order.forEach((number, rank) => (ranks[number] = rank));
    return ranks;
  }
}
