// How a ledger stands, without starting it: what `stella status` shows, and what is to be done.
import { LedgerError } from '../errors.ts';
import type { Anchor, AnchorStore } from '../store/anchor.ts';
import type { Store } from '../store/port.ts';
import { compareWithAnchor } from './boot.ts';
import { defaultEngines } from './engine.ts';
import { genesisOf } from './genesis.ts';

export interface Status {
  readonly origin: string | null;
  /** Entries stored. */
  readonly size: number;
  /** What the anchor holds, or null. */
  readonly anchor: Anchor | null;
  /** Entries that are stored and not under a checkpoint yet: the next start anchors them. */
  readonly unsigned: number;
  /** Recorded time of the newest entry, milliseconds since 1970; null without entries. */
  readonly time: number | null;
  /** Why a start would be refused, with its hint; null when it may go on. */
  readonly refusal: LedgerError | null;
}

export async function statusOf(store: Store, anchorStore: AnchorStore): Promise<Status> {
  const head = await store.head();
  const size = head === null ? 0 : head.start + head.count;
  let anchor: Anchor | null = null;
  let refusal: LedgerError | null = null;
  let origin: string | null = null;
  try {
    anchor = await anchorStore.read();
    origin = head === null ? (anchor?.origin ?? null) : (await genesisOf(store)).origin;
    await compareWithAnchor(store, anchor, head === null ? null : origin, defaultEngines());
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    refusal = error;
  }
  return { origin, size, anchor, unsigned: Math.max(0, size - (anchor?.size ?? 0)), time: head?.time ?? null, refusal };
}
