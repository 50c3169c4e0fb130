// The checking thread: streams and index roots are recomputed here while the thread that reads folds and hashes.
import { answerCalls } from '../store/thread.ts';
import type { Run } from '../store/packed.ts';
import { StreamCheck } from './stream-check.ts';

const check = new StreamCheck();

answerCalls({
  take: async (run: Run) => check.take(run),
  heads: async (streams: readonly string[]) => streams.map((stream) => check.head(stream)),
  root: async () => check.root(),
});
