// Builds a snapshot from observations in any order: records go to a spool, only their digests and names stay in memory.
import { compareBytes, concatBytes, encodeUint64, formatHex, parseHex } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { foldNodes, nodesOver } from '../../ledger/merkle/nodes.ts';
import { AliasClusters } from '../advisories/aliases.ts';
import { ecosystemBase, nameKey } from '../advisories/ecosystems.ts';
import { encodeObservation, sha256Hex, type Observation } from '../advisories/observation.ts';
import type { OsvRecord } from '../advisories/osv.ts';
import {
  encodeFooter, hasher, idSpace, namesPerShard, nodesAtLevel, sha256, shardOf, shardsMax, type Manifest, type RecordRef, type SnapshotSink, type SourceNote,
  type Space, type Spool,
} from './format.ts';

interface Held {
  leaf: Uint8Array;
  offset: number;
  length: number;
  /** Interned packages (`space \n name`), and ids. */
  packages: readonly number[];
  ids: readonly number[];
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
  readonly #held = new Map<string, Held>();
  readonly #raw = new Map<string, HeldRaw>();
  readonly #packages = new Interned();
  readonly #clusters = new AliasClusters();

  /** @param keepRaw - leave the sources' own bytes out of the file when false; their digests stay in the records */
  constructor(spool: Spool, { keepRaw = true } = {}) {
    this.#spool = spool;
    this.#keepRaw = keepRaw;
  }

  /** Takes one observation; the same one twice counts once. @throws {LedgerError} INPUT_MALFORMED when it has no OSV shape */
  add(observation: Observation): void {
    const { bytes, osv } = encodeObservation(observation);
    this.addStored(bytes, osv);
    if (!this.#keepRaw) return;
    const sha256 = sha256Hex(observation.raw);
    if (!this.#raw.has(sha256)) this.#raw.set(sha256, { offset: this.#put(observation.raw), length: observation.raw.length });
  }

  /** Takes a record as another snapshot stores it. */
  addStored(bytes: Uint8Array, osv: OsvRecord): void {
    const leaf = hasher.leaf(bytes);
    const name = formatHex(leaf);
    if (this.#held.has(name)) return;
    const ids = [osv.id, ...(osv.aliases ?? [])].map((id) => this.#clusters.intern(id));
    for (const id of ids) this.#clusters.link(ids[0] as number, id);
    this.#held.set(name, { leaf, offset: this.#put(bytes), length: bytes.length, packages: packagesOf(osv).map((key) => this.#packages.intern(key)), ids });
  }

  #put(bytes: Uint8Array): number {
    const offset = this.#spooled;
    this.#spool.append(bytes);
    this.#spooled += bytes.length;
    return offset;
  }

  /** Writes the file. @param sources - what the caller knows of each source; sorted here, part of the digest */
  finish(sink: SnapshotSink, sources: readonly SourceNote[]): Built {
    const records = this.#ordered();
    const places: number[] = [];
    let at = 0;
    for (const { length } of records) {
      places.push(at);
      at += length;
    }
    const spaces = this.#spaces(records, places);
    const shards = spaces.flatMap(({ shards: found }) => found);
    const manifest: Manifest = {
      format: 'stella-snapshot/1',
      records: records.length,
      shards: shards.length,
      shardsSha256: sha256Hex(concatBytes(...shards.map(sha256))),
      sources: sources.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      spaces: spaces.map(({ space }) => space),
    };
    return this.#write(sink, encodeJcs(manifest as unknown as JcsValue), records, shards);
  }

  /** Neighbours in the file are neighbours by package: a scan reads few places. Equal packages lie in the order of their digests. */
  #ordered(): Held[] {
    const rank = this.#packages.ranks();
    const first = ({ packages }: Held) => (packages.length === 0 ? -1 : Math.min(...packages.map((id) => rank[id] as number)));
    const keyed = [...this.#held.values()].map((held) => ({ held, first: first(held) }));
    return keyed.sort((a, b) => a.first - b.first || compareBytes(a.held.leaf, b.held.leaf)).map(({ held }) => held);
  }

  #spaces(records: readonly Held[], places: readonly number[]): { space: Space; shards: Uint8Array[] }[] {
    const clusters = this.#clusters.resolve();
    const bySpace = new Map<string, Map<string, RecordRef[]>>();
    const put = (space: string, name: string, ref: RecordRef) => {
      const names = bySpace.get(space) ?? new Map<string, RecordRef[]>();
      bySpace.set(space, names);
      const refs = names.get(name);
      if (refs === undefined) names.set(name, [ref]);
      else refs.push(ref);
    };
    for (const [i, { offset: _, leaf, length, packages, ids }] of records.entries()) {
      const others = clusters.othersOf(ids);
      const place = [i, places[i] as number, length, formatHex(leaf)] as const;
      const ref: RecordRef = others.length === 0 ? place : [...place, others];
      for (const id of packages) {
        const [space, name] = splitKey(this.#packages.text(id));
        put(space, name, ref);
      }
      for (const id of new Set(ids)) put(idSpace, this.#clusters.text(id), ref);
    }
    let first = 0;
    const names = [...bySpace].sort(([a], [b]) => (a < b ? -1 : 1));
    const bits = shardBits(names.map(([, found]) => found.size));
    return names.map(([name, found], i) => {
      const space = { name, bits: bits[i] as number, first };
      first += 2 ** space.bits;
      return { space, shards: encodeShards(space, found) };
    });
  }

  #write(sink: SnapshotSink, manifest: Uint8Array, records: readonly Held[], shards: readonly Uint8Array[]): Built {
    let at = 0;
    const write = (bytes: Uint8Array) => {
      sink.write(bytes);
      at += bytes.length;
    };
    const footer = { manifest: 0, records: 0, shards: 0, shardTable: 0, shardHashes: 0, nodes: 0, raw: 0, rawTable: 0, rawCount: this.#raw.size, treeSize: 0 };
    write(manifest);
    footer.records = at;
    for (const { offset, length } of records) write(this.#spool.read(offset, length));
    footer.shards = at;
    const shardPlaces = [at];
    for (const shard of shards) {
      write(shard);
      shardPlaces.push(at);
    }
    footer.shardTable = at;
    for (const place of shardPlaces) write(encodeUint64(place));
    footer.shardHashes = at;
    for (const shard of shards) write(sha256(shard));
    footer.nodes = at;
    const leaves = [hasher.leaf(manifest), ...records.map(({ leaf }) => leaf)];
    footer.treeSize = leaves.length;
    const root = writeNodes(leaves, write);
    footer.raw = at;
    const raw = [...this.#raw].sort(([a], [b]) => (a < b ? -1 : 1));
    const rawPlaces = raw.map(([sha256, { offset, length }]) => {
      const place = at;
      write(this.#spool.read(offset, length));
      return { sha256, place, length };
    });
    footer.rawTable = at;
    for (const { sha256, place, length } of rawPlaces) {
      write(parseHex(sha256, 32));
      write(encodeUint64(place));
      write(encodeUint64(length));
    }
    write(encodeFooter({ ...footer, root }));
    return { digest: `sha256:${formatHex(root)}`, records: records.length, shards: shards.length, bytes: at };
  }
}

/** Level after level, so that a reader finds any perfect node by arithmetic; returns the root. */
function writeNodes(leaves: readonly Uint8Array[], write: (bytes: Uint8Array) => void): Uint8Array {
  const levels: (readonly Uint8Array[])[] = [leaves];
  for (let level = 1; nodesAtLevel(leaves.length, level) > 0; level++) {
    const below = levels[level - 1] as readonly Uint8Array[];
    levels.push(Array.from({ length: nodesAtLevel(leaves.length, level) }, (_, i) => hasher.node(below[2 * i] as Uint8Array, below[2 * i + 1] as Uint8Array)));
  }
  for (const level of levels) for (const node of level) write(node);
  return foldNodes(nodesOver(0, leaves.length).map(({ level, index }) => levels[level]?.[index] as Uint8Array), hasher);
}

function encodeShards(space: Space, names: ReadonlyMap<string, readonly RecordRef[]>): Uint8Array[] {
  const shards = Array.from({ length: 2 ** space.bits }, (): [string, readonly RecordRef[]][] => []);
  for (const entry of names) shards[shardOf(space, entry[0]) - space.first]?.push(entry);
  return shards.map((entries) => encodeJcs(Object.fromEntries(entries) as unknown as JcsValue));
}

/** Shards of each space: about sixteen names each, and fewer, larger ones where there would be too many altogether. */
function shardBits(counts: readonly number[]): number[] {
  for (let names = namesPerShard; ; names *= 2) {
    const bits = counts.map((count) => Math.max(0, Math.ceil(Math.log2(count / names))));
    if (bits.every((bit) => bit <= 24) && bits.reduce((sum, bit) => sum + 2 ** bit, 0) <= Math.max(shardsMax, counts.length)) return bits;
  }
}

/** A record's packages, each once: the ecosystem without its release, and the name as that ecosystem compares it. */
function packagesOf(osv: OsvRecord): string[] {
  const keys = (osv.affected ?? []).flatMap(({ package: named }) =>
    named === undefined ? [] : [`${ecosystemBase(named.ecosystem)}\n${nameKey(named.ecosystem, named.name)}`]);
  return [...new Set(keys)];
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
