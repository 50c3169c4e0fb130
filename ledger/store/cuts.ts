// Where a commit's entries are cut: full bundles of 256 are stored as such at once, the rest as segments that never cross one.
import { offsetsOf, type Run } from './packed.ts';

export const bundleEntries = 256;

/** Cuts a run at the bundle borders it crosses. A part with 256 entries is a full bundle. */
export function cutRun(run: Run): Run[] {
  const offsets = offsetsOf(run);
  const parts: Run[] = [];
  const end = run.start + run.count;
  for (let start = run.start; start < end; ) {
    const next = Math.min(end, (Math.floor(start / bundleEntries) + 1) * bundleEntries);
    parts.push({ start, count: next - start, packed: run.packed.subarray(offsets[start - run.start], offsets[next - run.start]) });
    start = next;
  }
  return parts;
}
