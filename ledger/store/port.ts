// What the ledger needs from a disk: one batch a commit, applied wholly or not at all, and readers that never see half of one.
import type { Run } from './packed.ts';

/** A full tile with every node inside it, so that a proof reads one row for eight levels. */
export interface FatTile {
  /** C2SP tlog-tiles level and number: hash i of a tile is the root of a perfect subtree of height 8 × level. */
  readonly level: number;
  readonly number: number;
  /** 510 hashes: the tile's 256, then the 128 above them, down to 2. Its root is a hash of the tile above. */
  readonly nodes: Uint8Array;
}

/** One row of a table that moves with the log, such as a gate-critical projection's document. */
export interface TableWrite {
  readonly table: string;
  readonly key: string;
  /** The columns that queries need and the document; null removes the row. */
  readonly row: Readonly<Record<string, string | number | Uint8Array | null>> | null;
}

/**
 * Sealed evidence, by what recognises it when it comes again. It stands beside the log, for an entry can never be taken back, and
 * goes when its payload is erased.
 */
export interface SealedMark {
  /** 16 bytes, made with the tenant's pepper: whoever has only the database cannot try a guess against it. */
  readonly key: Uint8Array;
  /** Index of the event. */
  readonly entry: number;
  /** Of the sealed payload, 32 bytes. */
  readonly commitment: Uint8Array;
}

/** A change of tables alone. */
export interface TableRebuild {
  readonly epoch: number;
  readonly writes: readonly TableWrite[];
  /** Tables that are emptied before. */
  readonly clear?: readonly string[];
  /** Tables that nobody reads any more. */
  readonly drop?: readonly string[];
}

/** What one commit adds. Everything in it is applied, and flushed, or nothing is. */
export interface Batch {
  /** The writer's epoch: a store that knows a newer one refuses the batch inside the transaction. */
  readonly epoch: number;
  /** The entries; `run.start` must equal the stored size. */
  readonly run: Run;
  /** Recorded time of the last entry, milliseconds since 1970. */
  readonly time: number;
  /** Root over all entries up to and with this batch, 32 bytes. */
  readonly root: Uint8Array;
  /** The tiles that became full. */
  readonly tiles: readonly FatTile[];
  readonly writes: readonly TableWrite[];
  /** Sealed evidence among the entries. */
  readonly marks?: readonly SealedMark[];
  /** Commitments whose marks go: their payloads are erased. Done after `marks`. */
  readonly forgets?: readonly Uint8Array[];
}

/** What the store keeps of a commit beside its entries. */
export interface Commit {
  readonly start: number;
  readonly count: number;
  readonly epoch: number;
  readonly time: number;
  readonly root: Uint8Array;
}

/** A place where stored bytes are not what they were, as far as the store itself can tell. */
export interface Fault {
  /** Such as `commit 17 column root` or `entries 256 to 511`. */
  readonly where: string;
  readonly what: string;
}

/**
 * A ledger's storage. Asynchronous and batch-shaped, so that a database behind a network fits as well as a file.
 *
 * Nothing above it knows SQL. Every method throws a LedgerError: STORE_FULL, STORE_FENCED, STORE_CORRUPT or STORE_FAILED.
 */
export interface Store {
  /** The newest commit, or null where nothing is stored: its `start + count` is the size. */
  head(): Promise<Commit | null>;

  /** The newest epoch a writer took, 0 where none did. */
  epoch(): Promise<number>;

  /**
   * Fences out every earlier writer: from here on only batches of this epoch are committed.
   *
   * @throws {LedgerError} STORE_FENCED when this or a newer epoch was taken before
   */
  takeEpoch(epoch: number): Promise<void>;

  /**
   * Applies a batch wholly, and flushes it, or throws and has applied nothing that a reader would see.
   *
   * After any throw the caller must read the head again: whether a failed flush reached the disk is not known.
   *
   * @throws {LedgerError} STORE_FENCED when another epoch holds the store, or the size is not `batch.run.start`
   */
  commit(batch: Batch): Promise<void>;

  /** Commits in order, from the one that holds entry `start`; at least one where there is one, at most `limit`. */
  commits(start: number, limit: number): Promise<Commit[]>;

  /**
   * Runs that cover the entries from `start` up to `end` in order, beginning with the run that holds `start`.
   *
   * Bounded: stops after about 4 MiB, the caller goes on where the last run ends. Runs are as they are stored and may begin
   * before `start` and reach beyond `end`. Empty when `start` is not stored.
   */
  runs(start: number, end: number): Promise<Run[]>;

  /** The nodes of full tiles, null for each that is not stored. */
  tiles(places: readonly { level: number; number: number }[]): Promise<(Uint8Array | null)[]>;

  /** A row of a table that moves with the log. */
  row(table: string, key: string): Promise<TableWrite['row']>;

  /** Rows by their keys, in the order of the keys, null for each that is not there. */
  rowsAt(table: string, keys: readonly string[]): Promise<TableWrite['row'][]>;

  /** The sealed evidence that a key recognises, or null. @param key - 16 bytes */
  mark(key: Uint8Array): Promise<SealedMark | null>;

  /** Marks entries that are stored: what came back from a copy came without its marks. Of one key the newest stays. */
  saveMarks(marks: readonly SealedMark[]): Promise<void>;

  /** Rows of a table that moves with the log, in the order of their keys' bytes. @param after - a key, or null from the first on */
  rows(table: string, after: string | null, limit: number): Promise<{ readonly key: string; readonly row: NonNullable<TableWrite['row']> }[]>;

  /** The tables that move with the log and are there, whoever made them. */
  tables(): Promise<string[]>;

  /**
   * Changes tables that move with the log apart from any entry, all of it or nothing: they are built anew, or caught up.
   *
   * @throws {LedgerError} STORE_FENCED when another epoch holds the store
   */
  rebuild(change: TableRebuild): Promise<void>;

  /** The newest published checkpoint's note text, or null. Newest by size; older ones are kept. */
  checkpoint(): Promise<{ size: number; note: string } | null>;

  /** Keeps a published checkpoint; of one size the newest text, for cosignatures come later. */
  saveCheckpoint(size: number, note: string): Promise<void>;

  /** Bytes that can always be computed again, kept to open faster; null when absent or damaged. */
  loadMemo(name: string): Promise<Uint8Array | null>;
  saveMemo(name: string, parts: readonly Uint8Array[]): Promise<void>;

  /** Moves small runs of full bundles together, a bounded step; true while there is more to do. Off the hot path. */
  compact(): Promise<boolean>;

  /** Everything the store can find wrong by itself: its engine's own check, gaps, rows whose check sums do not fit. */
  faults(): AsyncIterable<Fault>;

  close(): Promise<void>;
}
