// A range of the log read in full: its root, its streams and its documents recomputed from the entries, and nothing believed.
import { encodeUtf8 } from '../ledger/bytes.ts';
import { RangeIndex, type RangeFault, type RangePart } from '../ledger/log/range-index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { startThread, type Thread } from '../ledger/store/thread.ts';
import type { StateSource } from '../policy/gate/source.ts';
import { digestOfAll } from '../projections/digest.ts';
import { projectionList, type Documents, type ProjectionName } from '../projections/gate-critical.ts';
import { faultsMax, RangeReading } from './range-reading.ts';
import { StreamState } from './stream-state.ts';

export interface RangeOptions {
  /** Keeps the stream index in another thread: twice as fast from some 100,000 entries on. */
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
  readonly faults: readonly RangeFault[];
  /** One digest of all gate-critical documents. */
  documents(): Uint8Array;
  readonly source: StateSource;
  close(): Promise<void>;
}

const bundleEntries = 256;
/** What so many bundles move goes to who keeps the index at once. */
const bundlesAtOnce = 8;
/** So many such parts are on their way at most: memory stays bounded. */
const underWayMax = 8;

/**
 * Reads the first `size` entries and recomputes everything: the Merkle root, every stream's versions and links, the root of the
 * stream index at every place that states one, and all gate-critical documents.
 *
 * @throws {LedgerError} PROJECTION_STOPPED at an entry that this version cannot read
 */
export async function readRange(log: LogView, payloads: PayloadStore, size: number, options: RangeOptions = {}): Promise<VerifiedRange> {
  const index = options.thread === true ? threaded() : local();
  try {
    const reading = new RangeReading();
    const faults: RangeFault[] = [];
    const note = (found: readonly RangeFault[]) => void faults.push(...found.slice(0, faultsMax - faults.length));
    const underWay: Promise<void>[] = [];
    for (let start = 0; start < size; start += bundleEntries) {
      const count = Math.min(bundleEntries, size - start);
      reading.take({ start, count, packed: await packedOf(log, start, count) });
      if (start % 65_536 === 0) options.progress?.(start);
      const isPart = (start / bundleEntries) % bundlesAtOnce === bundlesAtOnce - 1 || start + count === size;
      if (isPart) underWay.push(index.take(reading.part()).then(note));
      // What fails is told where it is waited for, and to nobody before.
      underWay.at(-1)?.catch(() => {});
      if (underWay.length > underWayMax) await underWay.shift();
    }
    await Promise.all(underWay);
    faults.push(...reading.faults);
    return {
      size, root: reading.root(), index: await index.root(), faults: faults.sort((a, b) => a.index - b.index).slice(0, faultsMax),
      documents: () => digestOfAll(reading.fold, projectionList), source: sourceOf(reading, new StreamState(log, payloads, size)), close: index.close,
    };
  } catch (error) {
    await index.close();
    throw error;
  }
}

function sourceOf(reading: RangeReading, streams: StreamState): StateSource {
  return {
    heads: async (names) => new Map(names.flatMap((name) => {
      const head = reading.head(encodeUtf8(name));
      return head === null ? [] : [[name, head] as const];
    })),
    documents: async <N extends ProjectionName>(name: N, names: readonly string[]) =>
      new Map(names.flatMap((stream) => {
        const document: Documents[N] | null = reading.document(name, stream);
        return document === null ? [] : [[stream, document] as const];
      })),
    since: (stream, version) => streams.since(stream, version),
    event: (index) => streams.event(index),
    payload: (digest) => streams.payload(digest),
    look: (digest, look) => streams.look(digest, look),
  };
}

/** Entries as they are packed; the last bundle of the log is there only in part. */
async function packedOf(log: LogView, start: number, count: number): Promise<Uint8Array> {
  const bundle = await log.bundle(start / bundleEntries, count);
  if (bundle === null) throw new RangeError(`no ${count} entries from ${start}`);
  return bundle;
}

interface Index {
  take(part: RangePart): Promise<readonly RangeFault[]>;
  root(): Promise<Uint8Array>;
  close(): Promise<void>;
}

function local(): Index {
  const index = new RangeIndex();
  return { take: async (part) => index.take(part), root: async () => index.root(), close: async () => {} };
}

function threaded(): Index {
  const file = import.meta.url.endsWith('.ts') ? '../ledger/log/range-index-thread.ts' : '../ledger/log/range-index-thread.js';
  const thread: Thread = startThread(new URL(file, import.meta.url));
  return {
    take: (part) => thread.call('take', part, memoryOf(part)) as Promise<readonly RangeFault[]>,
    root: () => thread.call('root', null) as Promise<Uint8Array>,
    close: () => thread.close(),
  };
}

/** The part is given away, not copied. */
function memoryOf({ names, ordinals, indexes }: RangePart): ArrayBuffer[] {
  return [names, ordinals, indexes].map(({ buffer }) => buffer as ArrayBuffer);
}
