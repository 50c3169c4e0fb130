// The receipts of a pack: every entry in it, shown to be in the tree of the pack's checkpoint.
import { clip, LedgerError } from '../../ledger/errors.ts';
import { decodeEvent, kindOf, type Event } from '../../ledger/events/index.ts';
import { nobleHasher, type Hasher } from '../../ledger/merkle/hash.ts';
import { verifyInclusion } from '../../ledger/merkle/inclusion.ts';
import type { SignedCheckpoint } from '../../ledger/note/checkpoint.ts';
import { type No, no } from '../../ledger/verdict.ts';
import { readEvidence } from '../evidence.ts';
import { parseReceipt } from '../receipt.ts';
import type { PackAnswer, PackCode } from './codes.ts';
import type { OpenPack } from './open.ts';

/** An entry of a pack: in the log, at this index. */
export interface PackEntry {
  readonly index: number;
  readonly entry: Uint8Array;
  /** Null for a Rekor body, for what a raw ledger holds, and for what breaks the ledger's rules. */
  readonly event: Event | null;
}

/** The name of an entry's receipt. */
export function receiptName(index: number): string {
  return `receipts/${index}.json`;
}

export interface PackEntries {
  /** By index, ascending. An entry counts only under its own name: a receipt that stands under another index shows nothing of it. */
  readonly entries: ReadonlyMap<number, PackEntry>;
  /** The first entry that breaks the ledger's own rules; null where all keep them. It stands among the entries without an event. */
  readonly invalid: No<PackCode> | null;
  /** What the receipts say of themselves that is not so, for a later step; null where all fits together. */
  readonly contradiction: string | null;
}

/** @param text - the checkpoint's, which every receipt repeats */
export function verifyReceipts(pack: OpenPack, checkpoint: SignedCheckpoint, text: string, hasher: Hasher = nobleHasher): PackAnswer<PackEntries> {
  const found: PackEntry[] = [];
  let contradiction: string | null = null;
  let isRaw = false;
  let invalid: No<PackCode> | null = null;
  for (const { name } of pack.members('receipt')) {
    const read = readEvidence(`"${name}"`, () => parseReceipt(pack.read(name) as Uint8Array));
    if (!read.ok) return read;
    const { entry, index, proof } = read.value;
    // 1. The entry is in the tree: under the pack's own checkpoint, whichever the receipt repeats.
    const inclusion = verifyInclusion(index, checkpoint.size, hasher.leaf(entry), proof, checkpoint.root, hasher);
    if (!inclusion.ok) return no(inclusion.code, `"${name}": ${inclusion.message}`);
    if (read.value.checkpoint !== text || read.value.size !== checkpoint.size) contradiction ??= `"${name}" is under another checkpoint than the pack`;
    if (name !== receiptName(index)) {
      contradiction ??= `"${name}" is a receipt of entry ${index}`;
      continue;
    }
    // 2. It is an event that this verifier knows and that keeps the ledger's rules.
    if (kindOf(entry) !== 'event' || (isRaw && index > 0)) {
      found.push({ index, entry, event: null });
      continue;
    }
    try {
      const event = decodeEvent(entry);
      if (event.type === 'ledger.created') isRaw = event.data.kinds.includes('raw');
      found.push({ index, entry, event });
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      const newer = error.code === 'EVENT_UNKNOWN' || error.code === 'EVENT_VERSION_UNKNOWN';
      const refused = no(newer ? 'EVIDENCE_NEWER' as const : 'EVENT_INVALID' as const, `the entry at ${index}: ${clip(error.message)} (${error.code})`);
      if (newer) return refused;
      invalid ??= refused;
      found.push({ index, entry, event: null });
    }
  }
  found.sort((a, b) => a.index - b.index);
  return { ok: true, entries: new Map(found.map((one) => [one.index, one])), invalid, contradiction };
}
