// The anchor: the one small record outside the database that says which head was signed last, and by whom.

/** What an anchor holds. The first swap writes it, every later one replaces it. */
export interface Anchor {
  readonly origin: string;
  /** Grows by one with every start of a writer. */
  readonly epoch: number;
  /** Random 16 bytes of that start, as hex: a clone of the machine has the same epoch and another instance. */
  readonly instance: string;
  readonly size: number;
  /** Root at that size, as hex. */
  readonly root: string;
  /** The signed checkpoint of that size, empty before the first. */
  readonly note: string;
}

/**
 * Where an anchor is kept: another file, an object store with conditional writes, a witness.
 *
 * It must lie apart from the database and never travel in the same backup, else a restore takes both back together.
 */
export interface AnchorStore {
  /**
   * @returns null when there is no anchor yet
   * @throws {LedgerError} ANCHOR_UNREACHABLE, ANCHOR_CORRUPT
   */
  read(): Promise<Anchor | null>;

  /**
   * Replaces the anchor, durably, if it still is the expected one (same epoch, instance and size; null: none yet).
   *
   * @returns false when it is another one; then nothing was written
   * @throws {LedgerError} ANCHOR_UNREACHABLE when the outcome is not known: the caller reads it back
   */
  swap(expected: Anchor | null, next: Anchor): Promise<boolean>;

  /** Lets another process of this machine take over. */
  close(): Promise<void>;
}

export function sameAnchor(a: Anchor | null, b: Anchor | null): boolean {
  if (a === null || b === null) return a === b;
  return a.origin === b.origin && a.epoch === b.epoch && a.instance === b.instance && a.size === b.size && a.root === b.root;
}

/** An anchor in memory, for tests and ledgers that live as long as their process. Kept by reference: two may share one. */
export function openMemoryAnchor(held: { anchor: Anchor | null } = { anchor: null }): AnchorStore {
  return {
    read: async () => held.anchor,
    async swap(expected, next) {
      if (!sameAnchor(held.anchor, expected)) return false;
      held.anchor = next;
      return true;
    },
    async close() {},
  };
}
