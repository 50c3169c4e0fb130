// Steps 1 and 2 of an append: the batch goes to the disk, and the second engine reads it back and hashes it again.
import type { Batch, Store } from '../store/port.ts';
import { growTree } from './load-tree.ts';
import type { Tree } from './tree.ts';

/** Commits a batch and answers with the root that the second engine computes from what the store then holds. */
export interface Committer {
  commit(batch: Batch): Promise<Uint8Array>;
}

/** Both steps in this thread. @param second - at the stored size, hashed by the second engine */
export function committerOf(store: Store, second: Tree): Committer {
  return {
    async commit(batch) {
      await store.commit(batch);
      // From the store, and not from the batch: what is signed is what a reader will get.
      await growTree(store, second, batch.run.start + batch.run.count);
      second.takeFullTiles();
      return second.root();
    },
  };
}
