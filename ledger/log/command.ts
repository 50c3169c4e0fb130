// What a caller asks the log to append, and what it answers.
import type { LedgerError } from '../errors.ts';
import type { Draft } from '../events/index.ts';

/** An entry that lacks only its place: an event's draft or, where the ledger takes such entries, the exact bytes. */
export type EntryDraft = Draft | Uint8Array;

/** The version a writer expects a stream to have; a number is exact, and 0 the same as `absent`. */
export interface Expectation {
  readonly stream: string;
  readonly version: number | 'exists' | 'absent';
}

/**
 * Entries that are appended together, at neighbouring places, or not at all.
 *
 * A command is recognised by its first draft: by its idempotency key, else by its `sameAs`, its `sealed` key, or as a Rekor body.
 */
export interface Command {
  readonly drafts: readonly EntryDraft[];
  readonly expected?: Iterable<Expectation>;
  /** A size at which all of it was seen to hold: where nothing was placed since, it is not looked at again. */
  readonly heldAt?: number;
  /** Sealed evidence in its first draft: what recognises it when it comes again (`sealedKeyOf`), and its payload's commitment. */
  readonly sealed?: { readonly key: Uint8Array; readonly commitment: Uint8Array };
  /** Commitments of payloads that it erases: they are not recognised any more. */
  readonly forgets?: readonly Uint8Array[];
}

/** An acknowledgement: the entries are durable, anchored, and under a signed checkpoint. */
export interface Appended {
  readonly ok: true;
  /** Index of the command's first entry. */
  readonly index: number;
  readonly count: number;
  /** True when the entries were there before: this is the receipt that was given then. */
  readonly repeated: boolean;
  /** A size that is signed and anchored and covers the entries. */
  readonly size: number;
}

export interface Refused {
  readonly ok: false;
  readonly error: LedgerError;
}

export type Outcome = Appended | Refused;
