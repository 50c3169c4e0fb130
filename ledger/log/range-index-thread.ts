// The indexing thread: the stream index is recomputed here while the thread that reads hashes entries, follows streams and folds.
import { answerCalls } from '../store/thread.ts';
import { RangeIndex, type RangePart } from './range-index.ts';

const index = new RangeIndex();

answerCalls({
  take: async (part: RangePart) => index.take(part),
  root: async () => index.root(),
});
