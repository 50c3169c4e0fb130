// Steps 1 and 2 of an append: the batch goes to the disk, and the second engine reads it back and hashes it again.
import type { Batch, Store } from '../store/port.ts';
import type { TableShape } from '../store/schema.ts';
import { startThread } from '../store/thread.ts';
import { growTree } from './load-tree.ts';
import { packWrites, type PackedWrites } from './packed-writes.ts';
import type { Tree } from './tree.ts';

/** Commits a batch and answers with the root that the second engine computes from what the store then holds. */
export interface Committer {
  /** Whether this thread goes on meanwhile. */
  readonly isBeside: boolean;
  commit(batch: Batch): Promise<Uint8Array>;
}

/** Both steps in this thread. @param second - at the stored size, hashed by the second engine */
export function committerOf(store: Store, second: Tree): Committer {
  return {
    isBeside: false,
    async commit(batch) {
      await store.commit(batch);
      // From the store, and not from the batch: what is signed is what a reader will get.
      await growTree(store, second, batch.run.start + batch.run.count);
      second.takeFullTiles();
      return second.root();
    },
  };
}

/** A batch as it is handed over. */
export type BatchToThread = Omit<Batch, 'writes'> & { readonly writes: PackedWrites };

/** A committer in a thread of its own, which can be begun again after a failure. */
export interface CommitThread {
  readonly committer: (second: Tree) => Committer;
  /** May be called again. */
  close(): Promise<void>;
}

/**
 * Both steps in another thread: while it flushes and hashes one batch, this one places the next.
 *
 * From some ten commands in flight on it pays (x1.5 to x2 at 100 events a call); a lone small append takes 0.1 ms longer.
 *
 * @param directory - of the SQLite store @param tables - as the store of this thread has them
 */
export function startCommitThread(directory: string, tables: readonly TableShape[] = []): CommitThread {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = startThread(new URL(`./commit-thread.${suffix}`, import.meta.url));
  let closed: Promise<void> | null = null;
  return {
    committer(second) {
      const begun = thread.call('begin', { directory, tables, size: second.size, root: second.root() });
      // A refusal is kept for the first commit, which asks.
      begun.catch(() => {});
      return {
        isBeside: true,
        async commit(batch) {
          await begun;
          // The group's own memory is still read here until the batch is published: the thread gets a copy.
          const packed = batch.run.packed.slice();
          const writes = packWrites(batch.writes);
          const given: BatchToThread = { ...batch, run: { ...batch.run, packed }, writes };
          return (await thread.call('commit', given, [packed.buffer, writes.bytes.buffer])) as Uint8Array;
        },
      };
    },
    close: () => (closed ??= thread.call('close', null).then(() => thread.close())),
  };
}
