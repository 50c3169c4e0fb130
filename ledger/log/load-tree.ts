// A tree of a stored size: its right edge read from the tiles and the last entries, hashed again by the engine that asks.
import { LedgerError } from '../errors.ts';
import { offsetsOf, sliceRun } from '../store/packed.ts';
import type { Store } from '../store/port.ts';
import type { Engine } from './engine.ts';
import { fatHashes, Tree } from './tree.ts';

const width = 256;
const tilesAtOnce = 64;

/**
 * The tree of the first `size` entries.
 *
 * Its full tiles are believed: only the root, compared with a signed one, shows that they are right.
 *
 * @throws {LedgerError} STORE_CORRUPT when a tile or entry is not there
 */
export async function loadTree(store: Store, engine: Engine, size: number): Promise<Tree> {
  const edge: Uint8Array[] = [await lastLeaves(store, engine, size)];
  for (let level = 1; width ** level <= size; level++) edge.push(await lastRoots(store, engine, size, level));
  return Tree.of(engine, size, (level) => edge[level] as Uint8Array);
}

/** Appends the stored entries from the tree's size up to `size`. */
export async function growTree(store: Store, tree: Tree, size: number): Promise<void> {
  while (tree.size < size) {
    const runs = await store.runs(tree.size, size);
    if (runs.length === 0) throw missing(`entry ${tree.size}`);
    for (const whole of runs) {
      const run = sliceRun(whole, tree.size, size);
      tree.append(run.packed, offsetsOf(run));
    }
  }
}

async function lastLeaves(store: Store, engine: Engine, size: number): Promise<Uint8Array> {
  const start = size - (size % width);
  const leaves = new Uint8Array(32 * (size - start));
  for (let at = start; at < size; ) {
    const runs = await store.runs(at, size);
    if (runs.length === 0) throw missing(`entry ${at}`);
    for (const whole of runs) {
      const run = sliceRun(whole, at, size);
      engine.leaves(run.packed, offsetsOf(run), 0, run.count, leaves, at - start);
      at += run.count;
    }
  }
  return leaves;
}

/** The hashes of the partial tile of a level: the roots of the full tiles below it. */
async function lastRoots(store: Store, engine: Engine, size: number, level: number): Promise<Uint8Array> {
  const count = Math.floor(size / width ** level);
  const first = count - (count % width);
  const roots = new Uint8Array(32 * (count - first));
  const pair = new Uint8Array(96);
  for (let from = first; from < count; from += tilesAtOnce) {
    const places = Array.from({ length: Math.min(tilesAtOnce, count - from) }, (_, i) => ({ level: level - 1, number: from + i }));
    for (const [i, nodes] of (await store.tiles(places)).entries()) {
      if (nodes?.length !== 32 * fatHashes) throw missing(`tile ${level - 1}/${from + i}`);
      pair.set(nodes.subarray(32 * (fatHashes - 2)));
      engine.pairs(pair, 0, 2, 1);
      roots.set(pair.subarray(64), 32 * (from + i - first));
    }
  }
  return roots;
}

function missing(what: string): LedgerError {
  return new LedgerError('STORE_CORRUPT', `Cannot read ${what}: it is not there, or not whole`, { hint: 'run "stella fsck"' });
}
