// Histories of a log against the slow tree: appends of every width, steps back, restarts, and proofs at each state.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import {
  decodeFrontier, encodeFrontier, Frontier, hasherOf, newTiles, nobleHasher, nodesFromTiles, proveConsistency, proveInclusion, verifyInclusion,
  verifyWitnessConsistency, type TileAddress,
} from '../../ledger/merkle/index.ts';
import { createKernel, fatTileBytes, fatTileOffset } from '../../ledger/merkle/kernel.ts';
import { entries, SlowTree } from './slow-tree.ts';

const tree = new SlowTree(entries(1200));
const yes = { ok: true };

/** A log as its parts make one: a frontier, published tiles that are never rewritten, and the checkpoints a witness kept. */
class Log {
  frontier = new Frontier();
  readonly tiles = new Map<string, Uint8Array>();
  readonly kept: { size: number; root: Uint8Array }[] = [{ size: 0, root: tree.root(0, 0) }];

  grow(count: number): void {
    const from = this.frontier.size;
    for (let index = from; index < Math.min(tree.leaves.length, from + count); index++) this.frontier.append(tree.leaves[index] as Uint8Array);
    for (const { level, index, width } of newTiles(from, this.frontier.size)) {
      const step = 256 ** level;
      const hashes = Array.from({ length: width }, (_, i) => formatHex(tree.root((index * 256 + i) * step, (index * 256 + i + 1) * step)));
      this.tiles.set(`${level}/${index}/${width}`, parseHex(hashes.join('')));
    }
  }

  readonly read = async (asked: readonly TileAddress[]): Promise<Uint8Array[]> =>
    asked.map(({ level, index, width }) => this.tiles.get(`${level}/${index}/${width}`) ?? new Uint8Array());

  /** Everything that must hold in any state. */
  async check(seed: number): Promise<void> {
    const { size } = this.frontier;
    const root = this.frontier.root();
    expect(formatHex(root)).toBe(formatHex(tree.root(0, size)));
    const nodes = nodesFromTiles(size, this.read);
    for (const { size: old, root: oldRoot } of this.kept) {
      expect(verifyWitnessConsistency(old, size, oldRoot, root, await proveConsistency(old, size, nodes))).toEqual(yes);
    }
    if (size === 0) return;
    const index = seed % size;
    expect(verifyInclusion(index, size, tree.leaves[index] as Uint8Array, await proveInclusion(index, size, nodes), root)).toEqual(yes);
  }
}

const step = fc.oneof(
  fc.record({ does: fc.constant('append' as const), count: fc.oneof(fc.nat(5), fc.nat(300)) }),
  fc.record({ does: fc.constant('restart' as const), count: fc.constant(0) }),
  fc.record({ does: fc.constant('fail' as const), count: fc.nat(300) }),
  fc.record({ does: fc.constant('keep' as const), count: fc.constant(0) }),
);

test('any history of appends, failed appends and restarts keeps every promise', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(), async (steps, seed) => {
    const log = new Log();
    for (const { does, count } of steps) {
      if (does === 'append') log.grow(count);
      if (does === 'restart') log.frontier = decodeFrontier(encodeFrontier(log.frontier));
      if (does === 'keep') log.kept.push({ size: log.frontier.size, root: log.frontier.root() });
      if (does === 'fail') {
        const tried = log.frontier.copy();
        for (let i = 0; i < count; i++) tried.append(tree.leaves[0] as Uint8Array);
        expect(tried.size).toBe(log.frontier.size + count);
      }
      await log.check(seed);
    }
  }), { numRuns: 60 });
});

test('full tiles folded by the kernel give the same tree', () => {
  const kernel = createKernel(fatTileBytes);
  const frontier = new Frontier();
  for (let tile = 0; tile < 4; tile++) {
    for (let i = 0; i < 256; i++) kernel.memory.set(tree.leaves[256 * tile + i] as Uint8Array, 32 * i);
    kernel.foldTile(0, 256);
    const root = fatTileOffset({ height: 8, at: 0 });
    frontier.appendNode(8, kernel.memory.slice(root, root + 32));
    expect(formatHex(frontier.root())).toBe(formatHex(tree.root(0, 256 * (tile + 1))));
  }
  expect(() => frontier.appendNode(11, tree.root(0, 1))).toThrow(RangeError);
});

describe('a frontier', () => {
  const three = () => Frontier.of(3, [tree.root(0, 2), tree.root(2, 3)]);
  const hex = `0000000000000003${formatHex(tree.root(0, 2))}${formatHex(tree.root(2, 3))}`;

  test('is written as its size and the roots of its perfect subtrees', () => {
    const grown = new Frontier();
    for (const leaf of tree.leaves.slice(0, 3)) grown.append(leaf);
    expect(formatHex(encodeFrontier(grown))).toBe(hex);
    expect(formatHex(encodeFrontier(new Frontier()))).toBe('0000000000000000');
    const within = Uint8Array.from([1, 2, 3, ...parseHex(hex)]).subarray(3);
    expect(formatHex(decodeFrontier(within).root())).toBe(formatHex(tree.root(0, 3)));
  });

  test.each([
    ['nothing', '', null],
    ['half a size', '00000000000000', null],
    ['a size over 2^53 - 1', '0020000000000000', 0],
    ['a size without its hashes', '0000000000000003', 8],
    ['a hash too few', hex.slice(0, -64), 8],
    ['a byte too few', hex.slice(0, -2), 8],
    ['a byte too many', `${hex}00`, 8],
    ['hashes of no tree', `0000000000000000${'00'.repeat(32)}`, 8],
  ])('%s is refused', (_, hex, position) => {
    expect(() => decodeFrontier(parseHex(hex))).toThrow(LedgerError);
    expect(() => decodeFrontier(parseHex(hex))).toThrow(expect.objectContaining({ code: 'INPUT_MALFORMED', position }));
  });

  test('is its own: what a caller does with a root or a copy changes nothing', () => {
    const one = Frontier.of(1, [tree.root(0, 1).slice()]);
    one.root().fill(0);
    expect(formatHex(one.root())).toBe(formatHex(tree.root(0, 1)));
    one.copy().append(tree.root(1, 2));
    expect([one.size, one.hashes.length]).toEqual([1, 1]);
  });

  test('hashes with the hasher it was given, and a copy with its own or another', () => {
    const ones = hasherOf(() => new Uint8Array(32).fill(1));
    const frontier = new Frontier(ones);
    frontier.append(tree.root(0, 1));
    frontier.append(tree.root(1, 2));
    expect(formatHex(frontier.root())).toBe('01'.repeat(32));
    const [same, other] = [frontier.copy(), frontier.copy(nobleHasher)];
    for (const copy of [same, other]) copy.append(tree.root(2, 3));
    expect(formatHex(same.root())).toBe('01'.repeat(32));
    expect(formatHex(other.root())).toBe(formatHex(nobleHasher.node(new Uint8Array(32).fill(1), tree.root(2, 3))));
    expect(formatHex(decodeFrontier(parseHex(hex), ones).root())).toBe('01'.repeat(32));
  });

  test.each([
    ['too few hashes', () => Frontier.of(3, [tree.root(0, 2)])],
    ['too many hashes', () => Frontier.of(2, [tree.root(0, 1), tree.root(1, 2)])],
    ['a hash of another length', () => Frontier.of(1, [new Uint8Array(31)])],
    ['a leaf of another length', () => new Frontier().append(new Uint8Array(33))],
    ['a subtree where none can begin', () => three().appendNode(1, tree.root(2, 4))],
    ['one more than a tree can hold', () => Frontier.of(0, []).appendNode(53, tree.root(0, 1))],
  ])('%s is a bug', (_, call) => {
    expect(call).toThrow(RangeError);
  });
});
