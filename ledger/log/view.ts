// Reading a log at the size that is signed and anchored: what its writer answers, and what another process reads beside it.
import { equalBytes, parseHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { decodeEvent, type Event } from '../events/index.ts';
import { emptyRoot } from '../merkle/index.ts';
import { parseCheckpoint } from '../note/index.ts';
import { streamKeyOf, type StreamHead, type StreamProof } from '../streams/index.ts';
import type { Anchor, AnchorStore } from '../store/anchor.ts';
import type { Store } from '../store/port.ts';
import { loadControl, previousIn, type Control } from './control.ts';
import { engineOf, nativeHasher, sha256 } from './engine.ts';
import { genesisOf } from './genesis.ts';
import { loadTree } from './load-tree.ts';
import type { Published } from './publisher.ts';
import { Reader } from './reader.ts';
import { loadState, type LogState } from './state.ts';

/** Every answer is about entries below the published size, and provable under its checkpoint. */
export abstract class LogView {
  protected abstract reader(): Reader;

  /** The head that is signed and anchored. */
  abstract get published(): Published;

  /** The newest version of a stream and its index, or null for a stream without events. */
  async head(stream: string): Promise<StreamHead | null> {
    return (await this.heads([stream]))[0] ?? null;
  }

  /** The same for many streams, in their order. */
  abstract heads(streams: readonly string[]): Promise<readonly (StreamHead | null)[]>;

  /** What the genesis and the later `ledger` events say about this log. */
  abstract readControl(): Promise<Readonly<Control>>;

  /** The stream index at the published size. */
  abstract readStreamIndex(): Promise<StreamIndexAt>;

  /** The stream index as it stood at a size that was reached: its entries are skimmed again, from the memos on where those are older. */
  abstract readStreamIndexAt(size: number): Promise<StreamIndexAt>;

  /** The exact bytes of an entry. @throws {LedgerError} ENTRY_MISSING */
  async entry(index: number): Promise<Uint8Array> {
    if (index >= this.published.size) throw new LedgerError('ENTRY_MISSING', `Cannot read entry ${index}: the log has ${this.published.size}`);
    return this.reader().entry(index);
  }

  /** Entries in order, from `start` up to, but without, `end`, and never beyond the published size. */
  entries(start = 0, end = this.published.size): AsyncIterable<Uint8Array> {
    return this.reader().entries(start, Math.min(end, this.published.size));
  }

  /** The same, some at once, as they are stored. */
  entryRuns(start: number, end: number): AsyncIterable<readonly Uint8Array[]> {
    return this.reader().entryRuns(start, Math.min(end, this.published.size));
  }

  /** The events of a stream, newest first, along `prev`. @throws {LedgerError} STORE_CORRUPT where an entry goes on from itself or a later one */
  async *stream(name: string): AsyncIterable<{ index: number; event: Event }> {
    for (let index = (await this.head(name))?.index ?? -1; index >= 0; ) {
      const event = decodeEvent(await this.entry(index));
      yield { index, event };
      index = previousIn(event, name, index);
    }
  }

  /** Inclusion proof of an entry, from the leaf's sibling upwards. @param size - the published size when left out */
  async proveInclusion(index: number, size = this.published.size): Promise<Uint8Array[]> {
    this.#expectSize(size);
    if (index >= size) throw new LedgerError('ENTRY_MISSING', `Cannot prove entry ${index}: the tree has ${size}`);
    return this.reader().proveInclusion(index, size);
  }

  /** Consistency proof between two sizes, empty from 0 and between equal ones. @param newSize - the published size when left out */
  async proveConsistency(oldSize: number, newSize = this.published.size): Promise<Uint8Array[]> {
    this.#expectSize(newSize);
    if (oldSize > newSize) throw new LedgerError('ENTRY_MISSING', `Cannot prove a tree of ${oldSize}: this one has ${newSize}`);
    return this.reader().proveConsistency(oldSize, newSize);
  }

  /** Consistency of the subtree from `start` to `end` with the tree of `size`, as mirrors ask for it. */
  async proveSubtree(start: number, end: number, size: number): Promise<Uint8Array[]> {
    this.#expectSize(size);
    return this.reader().proveSubtree(start, end, size);
  }

  /** The root at a size. */
  async rootAt(size: number): Promise<Uint8Array> {
    this.#expectSize(size);
    return this.reader().rootAt(size);
  }

  /**
   * A tile as C2SP tlog-tiles serves it: `32 * width` bytes, or null where the published tree has no such tile.
   *
   * @param level, index, width - as `parseTilePath` gives them
   */
  async tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    const hashes = Math.floor(this.published.size / 256 ** level) - 256 * index;
    if (hashes < width) return null;
    const nodes = await this.reader().nodes(Array.from({ length: width }, (_, i) => ({ level: 8 * level, index: 256 * index + i })));
    const tile = new Uint8Array(32 * width);
    nodes.forEach((node, i) => tile.set(node, 32 * i));
    return tile;
  }

  /** An entry bundle as C2SP tlog-tiles serves it, or null where the published tree has no such bundle. */
  async bundle(index: number, width: number): Promise<Uint8Array | null> {
    const start = 256 * index;
    return start + width > this.published.size ? null : this.reader().bundle(start, width);
  }

  #expectSize(size: number): void {
    if (size > this.published.size) throw new LedgerError('ENTRY_MISSING', `Cannot prove a tree of ${size}: this one has ${this.published.size}`);
  }
}

/** What the stream index says at a size: its root, and a proof for any stream, present or absent. */
export interface StreamIndexAt {
  readonly size: number;
  readonly root: Uint8Array;
  readonly prove: (stream: string) => StreamProof;
}

/** @param state - of exactly that size; proofs must be taken before it moves on */
export function indexAt(size: number, state: LogState): StreamIndexAt {
  return { size, root: state.index.root(), prove: (stream) => state.index.prove(streamKeyOf(stream, sha256)) };
}

export interface ViewPorts {
  readonly store: Store;
  readonly anchor: AnchorStore;
}

/**
 * Opens a log for reading beside its writer, or without one: nothing is taken and nothing is signed.
 *
 * @throws {LedgerError} STORE_MISSING where there are no entries; LOG_ROLLED_BACK or LOG_FORKED when the anchor names another
 *   head than the stored one
 */
export async function openView({ store, anchor }: ViewPorts): Promise<LogView> {
  if ((await store.head()) === null) throw new LedgerError('STORE_MISSING', 'Cannot open the log: it has no entries', { hint: 'run "stella init"' });
  const published = await publishedOf(store, await anchor.read());
  const tree = await loadTree(store, engineOf('OpenSSL', nativeHasher), published.size);
  if (!equalBytes(tree.root(), published.root)) {
    throw new LedgerError('LOG_FORKED', `Cannot read the log: the root of the first ${published.size} entries is not the one that was signed`, {
      hint: 'run "stella fsck"',
    });
  }
  return new StoredView(store, published, new Reader(store, () => tree));
}

/** The anchored head when there is one; where the anchor is gone, the newest checkpoint that the store kept. */
async function publishedOf(store: Store, anchor: Anchor | null): Promise<Published> {
  if (anchor !== null && anchor.note !== '') {
    const head = await store.head();
    const size = head === null ? 0 : head.start + head.count;
    // Cosignatures come after the anchor was written: of the same size, the store's note carries them.
    const cosigned = await store.checkpoint();
    const note = cosigned?.size === anchor.size ? cosigned.note : anchor.note;
    if (size >= anchor.size) return { size: anchor.size, root: parseHex(anchor.root), note };
  }
  const kept = await store.checkpoint();
  if (kept === null) return { size: 0, root: emptyRoot(), note: '' };
  return { size: kept.size, root: parseCheckpoint(kept.note).root, note: kept.note };
}

class StoredView extends LogView {
  readonly #store: Store;
  readonly #published: Published;
  readonly #reader: Reader;
  #state: Promise<LogState> | null = null;

  constructor(store: Store, published: Published, reader: Reader) {
    super();
    this.#store = store;
    this.#published = published;
    this.#reader = reader;
  }

  protected override reader(): Reader {
    return this.#reader;
  }

  override get published(): Published {
    return this.#published;
  }

  override async readControl(): Promise<Control> {
    return loadControl(await genesisOf(this.#store), await this.#loaded(), (index) => this.#reader.entry(index));
  }

  override async readStreamIndex(): Promise<StreamIndexAt> {
    return indexAt(this.#published.size, await this.#loaded());
  }

  override async readStreamIndexAt(size: number): Promise<StreamIndexAt> {
    return indexAt(size, (await loadState(this.#store, size, (at) => this.#reader.rootAt(at))).state);
  }

  override async heads(streams: readonly string[]): Promise<readonly (StreamHead | null)[]> {
    const { heads } = await this.#loaded();
    return streams.map((stream) => heads.head(stream));
  }

  /** The streams are read when they are first asked for: showing one entry needs none of them. */
  #loaded(): Promise<LogState> {
    this.#state ??= loadState(this.#store, this.#published.size, (size) => this.#reader.rootAt(size)).then(({ state }) => state);
    return this.#state;
  }
}
