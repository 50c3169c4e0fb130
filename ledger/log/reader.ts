// Reading the log: entries by index, and proofs from the stored tiles, of any size that was reached.
import { concatBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import {
  assembleProof, emptyRoot, foldNodes, nodesOver, planConsistency, planInclusion, planSubtreeConsistency, type NodeAddress, type ProofPlan,
} from '../merkle/index.ts';
import { entryOf, sliceRun, unpackEntries } from '../store/packed.ts';
import type { FatTile, SealedMark, Store } from '../store/port.ts';
import { nativeHasher } from './engine.ts';
import { rowAt, type Tree } from './tree.ts';

const width = 256;
/** 1,024 fat tiles are 16 MB and cover a quarter of a million entries, or all upper levels of the largest ledger. */
const tilesCachedMax = 1024;

export class Reader {
  readonly #store: Store;
  /** The tree whose partial tiles are asked before the store; it may be ahead of the size a proof is for. */
  readonly #tree: () => Tree | null;
  readonly #tiles = new Map<number, Uint8Array>();

  constructor(store: Store, tree: () => Tree | null) {
    this.#store = store;
    this.#tree = tree;
  }

  /** Keeps a tile that has just become full, so that it can be read before it is stored. */
  keep(tile: FatTile): void {
    this.#cache(keyOf(tile.level, tile.number), tile.nodes);
  }

  /** @throws {LedgerError} ENTRY_MISSING */
  async entry(index: number): Promise<Uint8Array> {
    const [run] = await this.#store.runs(index, index + 1);
    if (run !== undefined) return entryOf(run, index);
    throw new LedgerError('ENTRY_MISSING', `Cannot read entry ${index}: there is none`);
  }

  /** The sealed evidence that a key recognises, as the store has it. */
  mark(key: Uint8Array): Promise<SealedMark | null> {
    return this.#store.mark(key);
  }

  /** Entries in order, from `start` up to, but without, `end`. */
  async *entries(start: number, end: number): AsyncIterable<Uint8Array> {
    for await (const entries of this.entryRuns(start, end)) yield* entries;
  }

  /** The same, those that are stored together at once: to wait for each by itself takes longer than skimming it. */
  async *entryRuns(start: number, end: number): AsyncIterable<readonly Uint8Array[]> {
    for (let at = start; at < end; ) {
      const runs = await this.#store.runs(at, end);
      if (runs.length === 0) throw new LedgerError('ENTRY_MISSING', `Cannot read entry ${at}: there is none`);
      for (const run of runs) {
        const entries = unpackEntries(run).slice(at - run.start, end - run.start);
        yield entries;
        at += entries.length;
      }
    }
  }

  /** Entries packed as a bundle carries them. */
  async bundle(start: number, count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let at = start; at < start + count; ) {
      const runs = await this.#store.runs(at, start + count);
      if (runs.length === 0) throw new LedgerError('ENTRY_MISSING', `Cannot read entry ${at}: there is none`);
      for (const whole of runs) {
        const run = sliceRun(whole, at, start + count);
        parts.push(run.packed);
        at += run.count;
      }
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts);
  }

  /** @returns the inclusion proof of an entry in the tree of `size`, from the leaf's sibling upwards (RFC 9162 §2.1.3.1) */
  proveInclusion(index: number, size: number): Promise<Uint8Array[]> {
    return this.#prove(planInclusion(index, size));
  }

  /** @returns the consistency proof between two sizes (RFC 9162 §2.1.4.1); empty from 0 and between equal sizes */
  proveConsistency(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    return this.#prove(planConsistency(oldSize, newSize));
  }

  /** @returns the proof that the subtree from `start` to `end` is part of the tree of `size` */
  proveSubtree(start: number, end: number, size: number): Promise<Uint8Array[]> {
    return this.#prove(planSubtreeConsistency(start, end, size));
  }

  /** The root of the tree of any size that was reached. */
  async rootAt(size: number): Promise<Uint8Array> {
    if (size === 0) return emptyRoot();
    return foldNodes(await this.nodes(nodesOver(0, size)), nativeHasher).slice();
  }

  async #prove(plan: ProofPlan): Promise<Uint8Array[]> {
    return assembleProof(plan, await this.nodes(plan.nodes), nativeHasher);
  }

  /** Hashes of perfect subtrees, from the growing tiles, the cache or the store. @throws {LedgerError} STORE_CORRUPT */
  async nodes(addresses: readonly NodeAddress[]): Promise<Uint8Array[]> {
    const tree = this.#tree();
    const found = addresses.map((address) => tree?.node(address.level, address.index) ?? this.#cached(address));
    const missing = addresses.filter((_, i) => found[i] === null);
    if (missing.length > 0) await this.#fetch(missing);
    return found.map((hash, i) => hash ?? this.#cached(addresses[i] as NodeAddress) ?? absent(addresses[i] as NodeAddress));
  }

  #cached(address: NodeAddress): Uint8Array | null {
    const { key, at } = placeOf(address);
    const nodes = this.#tiles.get(key);
    return nodes === undefined ? null : nodes.subarray(at, at + 32);
  }

  async #fetch(addresses: readonly NodeAddress[]): Promise<void> {
    const wanted = new Map<number, { level: number; number: number }>();
    for (const address of addresses) {
      const { key, level, number } = placeOf(address);
      wanted.set(key, { level, number });
    }
    const places = [...wanted.values()];
    const tiles = await this.#store.tiles(places);
    tiles.forEach((nodes, i) => {
      const { level, number } = places[i] as { level: number; number: number };
      if (nodes !== null) this.#cache(keyOf(level, number), nodes);
    });
  }

  #cache(key: number, nodes: Uint8Array): void {
    // The oldest goes: a Map keeps the order of insertion.
    if (this.#tiles.size >= tilesCachedMax) this.#tiles.delete(this.#tiles.keys().next().value as number);
    this.#tiles.set(key, nodes);
  }
}

function placeOf({ level, index }: NodeAddress): { key: number; level: number; number: number; at: number } {
  const height = level % 8;
  const perTile = width >>> height;
  const number = Math.floor(index / perTile);
  const tile = (level - height) / 8;
  return { key: keyOf(tile, number), level: tile, number, at: 32 * ((rowAt[height] as number) + index - number * perTile) };
}

function keyOf(level: number, number: number): number {
  return level * 2 ** 45 + number;
}

function absent({ level, index }: NodeAddress): never {
  throw new LedgerError('STORE_CORRUPT', `Cannot read node ${index} of level ${level}: its tile is not there`, { hint: 'run "stella fsck"' });
}
