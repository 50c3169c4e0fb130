// A range of the log read in full: its root, its streams and its documents recomputed from the entries, and nothing believed.
import { defaultEngines } from '../ledger/log/engine.ts';
import { StreamCheck, type StreamFault } from '../ledger/log/stream-check.ts';
import { Tree } from '../ledger/log/tree.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { offsetsOf, type Run } from '../ledger/store/packed.ts';
import { startThread, type Thread } from '../ledger/store/thread.ts';
import type { Head, StateSource } from '../policy/gate/source.ts';
import { digestOfAll } from '../projections/digest.ts';
import { projectionList, type Documents, type ProjectionName } from '../projections/gate-critical.ts';
import { MemoryFold } from '../projections/memory.ts';
import { StreamState } from './stream-state.ts';

export interface RangeOptions {
  /** Recomputes streams in another thread: twice as fast from some 100,000 entries on. */
  readonly thread?: boolean;
  /** Told how many entries have been read. */
  readonly progress?: (size: number) => void;
}

/** What a range came to. */
export interface VerifiedRange {
  readonly size: number;
  /** Of the tree, from the entries' own bytes. */
  readonly root: Uint8Array;
  /** Of the stream index at this size. */
  readonly index: Uint8Array;
  /** What does not follow, in the order of the log; the first hundred. */
  readonly faults: readonly StreamFault[];
  /** One digest of all gate-critical documents. */
  documents(): Uint8Array;
  readonly source: StateSource;
  close(): Promise<void>;
}

const bundleEntries = 256;
/** So many bundles are on their way to the checking thread at most: memory stays bounded. */
const underWayMax = 64;
const faultsMax = 100;

/**
 * Reads the first `size` entries and recomputes everything: the Merkle root, every stream's versions and links, the root of the
 * stream index at every place that states one, and all gate-critical documents.
 *
 * @throws {LedgerError} PROJECTION_STOPPED at an entry that this version cannot read
 */
export async function readRange(log: LogView, payloads: PayloadStore, size: number, options: RangeOptions = {}): Promise<VerifiedRange> {
  const check = options.thread === true ? threaded() : local();
  const tree = new Tree(defaultEngines()[0]);
  const fold = new MemoryFold();
  const faults: StreamFault[] = [];
  const note = (found: readonly StreamFault[]) => void faults.push(...found.slice(0, faultsMax - faults.length));
  const underWay: Promise<void>[] = [];
  for (let start = 0; start < size; start += bundleEntries) {
    const count = Math.min(bundleEntries, size - start);
    const packed = await packedOf(log, start, count);
    const run: Run = { start, count, packed };
    underWay.push(check.take(run).then(note));
    if (underWay.length > underWayMax) await underWay.shift();
    tree.append(packed, offsetsOf(run));
    tree.takeFullTiles();
    fold.addRun(run);
    if (start % 65_536 === 0) options.progress?.(start);
  }
  await Promise.all(underWay);
  const streams = new StreamState(log, payloads, size);
  const source: StateSource = {
    heads: async (names) => {
      const heads = await check.heads(names);
      return new Map(names.flatMap((name, i) => (heads[i] ? [[name, heads[i]] as const] : [])));
    },
    documents: async <N extends ProjectionName>(name: N, names: readonly string[]) =>
      new Map(names.flatMap((stream) => {
        const document: Documents[N] | null = fold.get(name, stream);
        return document === null ? [] : [[stream, document] as const];
      })),
    since: (stream, version) => streams.since(stream, version),
    event: (index) => streams.event(index),
    payload: (digest) => streams.payload(digest),
  };
  return { size, root: tree.root().slice(), index: await check.root(), faults, documents: () => digestOfAll(fold, projectionList), source, close: check.close };
}

/** Entries as they are packed; the last bundle of the log is there only in part. */
async function packedOf(log: LogView, start: number, count: number): Promise<Uint8Array> {
  const bundle = await log.bundle(start / bundleEntries, count);
  if (bundle === null) throw new RangeError(`no ${count} entries from ${start}`);
  return bundle;
}

interface Check {
  take(run: Run): Promise<readonly StreamFault[]>;
  heads(streams: readonly string[]): Promise<readonly (Head | null)[]>;
  root(): Promise<Uint8Array>;
  close(): Promise<void>;
}

function local(): Check {
  const check = new StreamCheck();
  return {
    take: async (run) => check.take(run),
    heads: async (streams) => streams.map((stream) => check.head(stream)),
    root: async () => check.root(),
    close: async () => {},
  };
}

function threaded(): Check {
  const file = import.meta.url.endsWith('.ts') ? '../ledger/log/stream-check-thread.ts' : '../ledger/log/stream-check-thread.js';
  const thread: Thread = startThread(new URL(file, import.meta.url));
  return {
    // Copied: the reader may hand out the same memory again.
    take: (run) => thread.call('take', { ...run, packed: run.packed.slice() }) as Promise<readonly StreamFault[]>,
    heads: (streams) => thread.call('heads', streams) as Promise<readonly (Head | null)[]>,
    root: () => thread.call('root', null) as Promise<Uint8Array>,
    close: () => thread.close(),
  };
}

