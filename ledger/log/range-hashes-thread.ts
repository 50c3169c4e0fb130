// The hashing thread: tree and stream index are recomputed here while the thread that reads follows the streams and folds.
import { answerCalls } from '../store/thread.ts';
import { RangeHashes, type RangePart } from './range-hashes.ts';

const hashes = new RangeHashes();

answerCalls({
  take: async (part: RangePart) => hashes.take(part),
  roots: async () => hashes.roots(),
});
