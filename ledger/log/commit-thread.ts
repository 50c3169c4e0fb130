// The committing thread: it owns the database's writing connection and the second engine's tree.
import { equalBytes } from '../bytes.ts';
import type { Store } from '../store/port.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { TableShape } from '../store/schema.ts';
import { answerCalls } from '../store/thread.ts';
import { disagree } from './boot.ts';
import { committerOf, type BatchToThread, type Committer } from './committer.ts';
import { defaultEngines } from './engine.ts';
import { loadTree } from './load-tree.ts';
import { unpackWrites } from './packed-writes.ts';

let store: Store | null = null;
let committer: Committer | null = null;

answerCalls({
  async begin({ directory, tables, size, root }: { directory: string; tables: readonly TableShape[]; size: number; root: Uint8Array }) {
    store ??= openSqlite(directory, { tables });
    const second = await loadTree(store, defaultEngines()[1], size);
    if (!equalBytes(second.root(), root)) throw disagree(size, 'this thread', 'the tree that was verified at the start');
    committer = committerOf(store, second);
  },
  commit: (batch: BatchToThread) => (committer as Committer).commit({ ...batch, writes: unpackWrites(batch.writes) }),
  async close() {
    await store?.close();
    store = committer = null;
  },
});
