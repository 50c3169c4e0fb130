// What the log keeps in memory to place the next entry: stream heads and what was there before, rebuilt from the entries alone.
import { encodeUint64 } from '../bytes.ts';
import { kindOf, Skim, skimEntry } from '../events/index.ts';
import { offsetsOf, type Run } from '../store/packed.ts';
import type { Store } from '../store/port.ts';
import { StreamHeads } from './heads.ts';
import { RepeatTable } from './repeats.ts';

/** How many entries a memo may lag behind before it is written again. */
export const memoLagMax = 65_536;

export class LogState {
  heads = new StreamHeads();
  /** Evidence by its `sameAs`. */
  sameAs = new RepeatTable();
  /** Commands by their idempotency key. */
  once = new RepeatTable();
  /** How many entries it has seen. */
  size = 0;

  /**
   * Takes in stored entries.
   *
   * @param run - begins at or before `size` @param decodes - false on a raw ledger, of which only entry 0 is decoded
   */
  absorb({ start, count, packed }: Run, end: number, decodes: boolean): void {
    const offsets = offsetsOf({ start, count, packed });
    const last = Math.min(end, start + count);
    for (let index = this.size; index < last; index++) {
      if (!decodes && index > 0) break;
      const from = (offsets[index - start] as number) + 2;
      const to = offsets[index - start + 1] as number;
      if (kindOf(packed.subarray(from, to)) === 'event') this.#absorb(packed, from, to, index);
    }
    this.size = last;
  }

  #absorb(packed: Uint8Array, from: number, to: number, index: number): void {
    skimEntry(packed, from, to, seen);
    for (let i = 0; i < seen.streams; i++) {
      const start = seen.nameStart[i] as number;
      const end = seen.nameEnd[i] as number;
      let ordinal = this.heads.find(packed, start, end);
      if (ordinal < 0) ordinal = this.heads.add(packed, start, end);
      this.heads.advance(ordinal, seen.version[i] as number, index);
    }
    if (seen.sameAs >= 0) this.sameAs.add(packed.subarray(seen.sameAs, seen.sameAs + 16), index);
    if (seen.onceKey >= 0) this.once.add(packed.subarray(seen.onceKey, seen.onceKey + 16), index);
  }
}

const seen = new Skim();

/**
 * The state at the store's size: from its memos as far as they reach, then by skipping through the envelopes.
 *
 * @param decodes - false on a raw ledger @param rootAt - the log's root at a size: a memo of another history is not used
 */
export async function loadState(
  store: Store, size: number, decodes: boolean, rootAt: (size: number) => Promise<Uint8Array>,
): Promise<{ state: LogState; memoSize: number }> {
  const state = (await loadMemos(store, size, rootAt)) ?? new LogState();
  const memoSize = state.size;
  while (state.size < size) {
    const runs = await store.runs(state.size, size);
    if (runs.length === 0) break;
    for (const run of runs) state.absorb(run, size, decodes);
  }
  return { state, memoSize };
}

const names = ['streams', 'evidence', 'commands'] as const;

export async function saveMemos(store: Store, state: LogState, root: Uint8Array): Promise<void> {
  const stamp = [encodeUint64(state.size), root];
  const parts = [state.heads.parts(), state.sameAs.parts(), state.once.parts()];
  for (const [i, name] of names.entries()) await store.saveMemo(name, [...stamp, ...(parts[i] as Uint8Array[])]);
}

/** Null unless all three are there, of one size and of this history: a memo is a shortcut and never a source. */
async function loadMemos(store: Store, size: number, rootAt: (size: number) => Promise<Uint8Array>): Promise<LogState | null> {
  const memos: Uint8Array[] = [];
  for (const name of names) {
    const memo = await store.loadMemo(name);
    if (memo === null || memo.length < 40) return null;
    memos.push(memo);
  }
  const stamps = memos.map((memo) => memo.subarray(0, 40));
  const [stamp, ...others] = stamps as [Uint8Array, ...Uint8Array[]];
  if (others.some((other) => other.some((byte, i) => byte !== stamp[i]))) return null;
  const at = Number(new DataView(stamp.buffer, stamp.byteOffset).getBigUint64(0));
  if (at === 0 || at > size) return null;
  const root = await rootAt(at);
  if (root.some((byte, i) => byte !== stamp[8 + i])) return null;
  const [heads, sameAs, once] = memos.map((memo) => memo.subarray(40)) as [Uint8Array, Uint8Array, Uint8Array];
  const state = new LogState();
  state.heads = StreamHeads.of(heads);
  state.sameAs = RepeatTable.of(sameAs);
  state.once = RepeatTable.of(once);
  state.size = at;
  return state;
}
