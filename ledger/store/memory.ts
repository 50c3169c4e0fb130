// A store in memory: the port's shortest honest implementation, for tests, packs and what-if runs.
import { concatBytes, formatHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { cutRun } from './cuts.ts';
import type { Run } from './packed.ts';
import type { Batch, Commit, SealedMark, Store, TableWrite } from './port.ts';

/** Everything a memory store holds, so that a test can take an old copy and put it back. */
export interface MemoryState {
  epoch: number;
  commits: Commit[];
  runs: Run[];
  tiles: Map<string, Uint8Array>;
  rows: Map<string, TableWrite['row']>;
  marks: Map<string, SealedMark>;
  checkpoint: { size: number; note: string } | null;
  memos: Map<string, Uint8Array>;
}

export function emptyState(): MemoryState {
  return { epoch: 0, commits: [], runs: [], tiles: new Map(), rows: new Map(), marks: new Map(), checkpoint: null, memos: new Map() };
}

/** @param state - kept by reference, so that two stores over one state are two processes over one disk */
export function openMemory(state: MemoryState = emptyState()): Store {
  const size = () => {
    const last = state.commits.at(-1);
    return last === undefined ? 0 : last.start + last.count;
  };
  return {
    head: async () => state.commits.at(-1) ?? null,
    epoch: async () => state.epoch,
    async takeEpoch(epoch) {
      if (epoch <= state.epoch) throw fenced(`epoch ${epoch} is not newer than ${state.epoch}`);
      state.epoch = epoch;
    },
    async commit(batch) {
      const { run, epoch, time, root } = batch;
      if (epoch !== state.epoch) throw fenced(`this writer has epoch ${epoch}, the store ${state.epoch}`);
      if (run.start !== size()) throw fenced(`the batch begins at ${run.start}, the store holds ${size()} entries`);
      if (run.count === 0) throw new RangeError('an empty batch');
      const runs = cutRun({ ...run, packed: run.packed.slice() });
      state.runs.push(...runs);
      for (const tile of batch.tiles) state.tiles.set(`${tile.level}/${tile.number}`, tile.nodes.slice());
      state.commits.push({ start: run.start, count: run.count, epoch, time, root: root.slice() });
      for (const write of batch.writes) applyWrite(state, write);
      for (const mark of batch.marks ?? []) state.marks.set(formatHex(mark.key), mark);
      const forgotten = new Set((batch.forgets ?? []).map(formatHex));
      for (const [key, { commitment }] of state.marks) if (forgotten.has(formatHex(commitment))) state.marks.delete(key);
    },
    async commits(start, limit) {
      return state.commits.filter((commit) => commit.start + commit.count > start).slice(0, limit);
    },
    async runs(start, end) {
      return state.runs.filter((run) => run.start + run.count > start && run.start < end);
    },
    tiles: async (places) => places.map(({ level, number }) => state.tiles.get(`${level}/${number}`) ?? null),
    row: async (table, key) => state.rows.get(`${table}/${key}`) ?? null,
    rowsAt: async (table, keys) => keys.map((key) => state.rows.get(`${table}/${key}`) ?? null),
    mark: async (key) => state.marks.get(formatHex(key)) ?? null,
    async saveMarks(marks) {
      for (const mark of marks) state.marks.set(formatHex(mark.key), mark);
    },
    async rows(table, after, limit) {
      const keys = keysIn(state, table).filter((key) => after === null || key > after).sort().slice(0, limit);
      return keys.map((key) => ({ key, row: state.rows.get(`${table}/${key}`) as NonNullable<TableWrite['row']> }));
    },
    tables: async () => [...new Set([...state.rows.keys()].map((name) => name.slice(0, name.indexOf('/'))))].sort(),
    async rebuild({ epoch, writes, clear = [], drop = [] }) {
      if (epoch !== state.epoch) throw fenced(`this writer has epoch ${epoch}, the store ${state.epoch}`);
      for (const table of [...clear, ...drop]) for (const key of keysIn(state, table)) state.rows.delete(`${table}/${key}`);
      for (const write of writes) applyWrite(state, write);
    },
    checkpoint: async () => state.checkpoint,
    async saveCheckpoint(at, note) {
      state.checkpoint = { size: at, note };
    },
    loadMemo: async (name) => state.memos.get(name) ?? null,
    async saveMemo(name, parts) {
      state.memos.set(name, concatBytes(...parts));
    },
    compact: async () => false,
    async *faults() {},
    async close() {},
  };
}

function keysIn(state: MemoryState, table: string): string[] {
  return [...state.rows.keys()].filter((name) => name.startsWith(`${table}/`)).map((name) => name.slice(table.length + 1));
}

function applyWrite(state: MemoryState, { table, key, row }: Batch['writes'][number]): void {
  if (row === null) state.rows.delete(`${table}/${key}`);
  else state.rows.set(`${table}/${key}`, row);
}

function fenced(why: string): LedgerError {
  return new LedgerError('STORE_FENCED', `Cannot commit: ${why}`, { hint: 'another process writes this ledger: stop one of the two' });
}
