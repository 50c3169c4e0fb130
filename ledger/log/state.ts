// What the log keeps in memory to place the next entry: stream heads and what was there before, rebuilt from the entries alone.
import { encodeUint64, equalBytes } from '../bytes.ts';
import { decodeEnvelope, kindOf, Skim, skimEntry } from '../events/index.ts';
import { leafHash } from '../merkle/index.ts';
import { offsetsOf, type Run } from '../store/packed.ts';
import type { Store } from '../store/port.ts';
import { StreamIndex } from '../streams/index.ts';
import { indexSlots } from './engine.ts';
import type { Genesis } from './genesis.ts';
import { NamedHeads } from './heads.ts';
import { leafKeyOf } from './recognise.ts';
import { RepeatTable } from './repeats.ts';

/** How many entries a memo may lag behind before it is written again. */
export const memoLagMax = 65_536;

export class LogState {
  heads = new NamedHeads();
  /** Evidence by its `sameAs`, and Rekor bodies by their leaf hash. */
  sameAs = new RepeatTable();
  /** Commands by their idempotency key. */
  once = new RepeatTable();
  /** How many entries it has seen. */
  size = 0;
  /** Made when a root is first asked for: a ledger that is only read back needs none. */
  #index: StreamIndex | null = null;
  /** False on a raw ledger, whose entries after 0 are never decoded. */
  decodes = true;

  /** The stream index over all heads as they are now. */
  get index(): StreamIndex {
    return (this.#index ??= new StreamIndex(this.heads, indexSlots()));
  }

  /** Moves a stream on by one event. */
  advance(ordinal: number, version: number, index: number): void {
    this.heads.advance(ordinal, version, index);
    this.#index?.touch(ordinal);
  }

  /** A Rekor body is recognised by its leaf hash. */
  addLeaf(body: Uint8Array, index: number): void {
    this.sameAs.add(leafKeyOf(leafHash(body)), index);
  }

  /**
   * Takes in stored entries.
   *
   * @param run - begins at or before `size` @param end - entries from here on are left
   */
  absorb({ start, count, packed }: Run, end: number): void {
    const offsets = offsetsOf({ start, count, packed });
    const last = Math.min(end, start + count);
    for (let index = this.size; index < last; index++) {
      if (!this.decodes) break;
      const from = (offsets[index - start] as number) + 2;
      const to = offsets[index - start + 1] as number;
      const kind = kindOf(packed.subarray(from, to));
      if (kind === 'event') this.#absorb(packed, from, to, index);
      if (kind === 'rekor') this.addLeaf(packed.subarray(from, to), index);
      if (index === 0) this.decodes = !isRaw(packed.subarray(from, to));
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
      this.advance(ordinal, seen.version[i] as number, index);
    }
    if (seen.sameAs >= 0) this.sameAs.add(packed.subarray(seen.sameAs, seen.sameAs + 16), index);
    if (seen.onceKey >= 0) this.once.add(packed.subarray(seen.onceKey, seen.onceKey + 16), index);
  }
}

const seen = new Skim();

/**
 * The state at the store's size: from its memos as far as they reach, then by skipping through the envelopes.
 *
 * @param rootAt - the log's root at a size: a memo of another history is not used
 */
export async function loadState(
  store: Store, size: number, rootAt: (size: number) => Promise<Uint8Array>,
): Promise<{ state: LogState; memoSize: number }> {
  const state = (await loadMemos(store, size, rootAt)) ?? new LogState();
  const memoSize = state.size;
  await absorbStored(store, state, size);
  return { state, memoSize };
}

async function absorbStored(store: Store, state: LogState, size: number): Promise<void> {
  while (state.size < size) {
    const runs = await store.runs(state.size, size);
    if (runs.length === 0) return;
    for (const run of runs) state.absorb(run, size);
  }
}

/** Whether the memos, carried on to the size of a rebuilt state, are that state; true where there are none. */
export async function memosMatch(store: Store, rebuilt: LogState, rootAt: (size: number) => Promise<Uint8Array>): Promise<boolean> {
  const state = await loadMemos(store, rebuilt.size, rootAt);
  if (state === null) return true;
  await absorbStored(store, state, rebuilt.size);
  const [a, b] = [partsOf(state).flat(), partsOf(rebuilt).flat()];
  return a.length === b.length && a.every((part, i) => equalBytes(part, b[i] as Uint8Array));
}

function partsOf({ heads, sameAs, once }: LogState): Uint8Array[][] {
  return [heads.parts(), sameAs.parts(), once.parts()];
}

function isRaw(entry: Uint8Array): boolean {
  const event = kindOf(entry) === 'event' ? decodeEnvelope(entry) : null;
  return event?.type === 'ledger.created' && (event.data as Genesis).kinds.includes('raw');
}

/** Size, whether entries are decoded, and root: what a memo is of. */
const stampBytes = 8 + 1 + 32;
const names = ['heads', 'evidence', 'commands'] as const;

export async function saveMemos(store: Store, state: LogState, root: Uint8Array): Promise<void> {
  const stamp = [encodeUint64(state.size), Uint8Array.of(state.decodes ? 1 : 0), root];
  for (const [i, parts] of partsOf(state).entries()) await store.saveMemo(names[i] as string, [...stamp, ...parts]);
}

/** Null unless all three are there, of one size and of this history: a memo is a shortcut and never a source. */
async function loadMemos(store: Store, size: number, rootAt: (size: number) => Promise<Uint8Array>): Promise<LogState | null> {
  const memos: Uint8Array[] = [];
  for (const name of names) {
    const memo = await store.loadMemo(name);
    if (memo === null || memo.length < stampBytes) return null;
    memos.push(memo);
  }
  const stamps = memos.map((memo) => memo.subarray(0, stampBytes));
  const [stamp, ...others] = stamps as [Uint8Array, ...Uint8Array[]];
  if (!others.every((other) => equalBytes(other, stamp))) return null;
  const at = Number(new DataView(stamp.buffer, stamp.byteOffset).getBigUint64(0));
  if (at === 0 || at > size) return null;
  if (!equalBytes(await rootAt(at), stamp.subarray(9))) return null;
  const [heads, sameAs, once] = memos.map((memo) => memo.subarray(stampBytes)) as [Uint8Array, Uint8Array, Uint8Array];
  const state = new LogState();
  state.heads = NamedHeads.of(heads);
  state.sameAs = RepeatTable.of(sameAs);
  state.once = RepeatTable.of(once);
  state.size = at;
  state.decodes = stamp[8] === 1;
  return state;
}
