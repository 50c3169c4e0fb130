// What a start may do: database and anchor are compared before anything is signed.
import { equalBytes, parseHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import type { Anchor } from '../store/anchor.ts';
import type { Store } from '../store/port.ts';
import type { Engine } from './engine.ts';
import { growTree, loadTree } from './load-tree.ts';
import type { Tree } from './tree.ts';

/** A start that may go on: the tree of all stored entries, verified from the anchored root on. */
export interface Boot {
  readonly anchor: Anchor;
  /** Entries stored; larger than the anchor's size when a crash came between commit and anchor. */
  readonly size: number;
  /** The growing tree, hashed by the first engine. */
  readonly tree: Tree;
  /** The same tree, hashed by the second engine. */
  readonly second: Tree;
}

/**
 * Compares the database with its anchor.
 *
 * 1. No anchor beside entries: refuse. Whatever is signed now could contradict what was signed before.
 * 2. Another origin: refuse.
 * 3. Database behind the anchor: refuse, and say which entries are missing.
 * 4. The root at the anchor's size is another: refuse, it is a fork.
 * 5. Database ahead: its entries were committed and never acknowledged; both engines verify them, and the caller anchors them.
 *
 * @throws {LedgerError} ANCHOR_MISSING, LOG_FOREIGN, LOG_ROLLED_BACK, LOG_FORKED, HASH_DISAGREES
 */
export async function compareWithAnchor(store: Store, anchor: Anchor | null, origin: string | null, engines: readonly [Engine, Engine]): Promise<Boot> {
  const head = await store.head();
  const size = head === null ? 0 : head.start + head.count;
  if (anchor === null) {
    throw new LedgerError('ANCHOR_MISSING', `Cannot sign: ${size} entries, and no anchor that names their head`, {
      hint: 'mount the anchor again; if it is lost, run "stella recover" with a head from a mirror or a witness',
    });
  }
  if (origin !== null && anchor.origin !== origin) {
    throw new LedgerError('LOG_FOREIGN', `Cannot sign: the database is of "${origin}", the anchor of "${anchor.origin}"`, {
      hint: 'point --anchor at the anchor of this ledger',
    });
  }
  if (size < anchor.size) {
    const missing = anchor.size - size === 1 ? `entry ${size} is` : `entries ${size} to ${anchor.size - 1} are`;
    throw new LedgerError('LOG_ROLLED_BACK', `Cannot sign: the database is older than what was signed, ${missing} missing`, {
      hint: 'run "stella recover --from MIRROR-OR-BACKUP"; nothing is lost as long as one copy has them',
    });
  }
  const [tree, second] = await Promise.all([loadTree(store, engines[0], anchor.size), loadTree(store, engines[1], anchor.size)]);
  agree(tree, second, engines);
  if (!equalBytes(tree.root(), parseHex(anchor.root))) {
    throw new LedgerError('LOG_FORKED', `Cannot sign: the root of the first ${anchor.size} entries is not the one that was signed`, {
      hint: 'run "stella fsck" to see which entries differ, then "stella recover --from MIRROR-OR-BACKUP"',
    });
  }
  if (size > anchor.size) {
    await growTree(store, tree, size);
    tree.takeFullTiles();
    await growTree(store, second, size);
    second.takeFullTiles();
    agree(tree, second, engines);
    if (!equalBytes(tree.root(), head?.root as Uint8Array)) throw disagree(size, 'the stored entries', 'the root stored with them');
  }
  return { anchor, size, tree, second };
}

function agree(tree: Tree, second: Tree, engines: readonly [Engine, Engine]): void {
  if (!equalBytes(tree.root(), second.root())) throw disagree(tree.size, `engine ${engines[0].name}`, `engine ${engines[1].name}`);
}

/** Two computations of one root differ: memory, processor, disk or code is at fault, and no signature may hide it. */
export function disagree(size: number, one: string, other: string): LedgerError {
  return new LedgerError('HASH_DISAGREES', `Cannot sign: ${one} and ${other} give different roots at size ${size}`, {
    hint: 'run "stella fsck"; if it finds nothing, suspect this machine\'s memory, and start on another one',
  });
}
