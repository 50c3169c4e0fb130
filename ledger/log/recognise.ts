// Repeats: tables name candidates in memory, and the stored entry itself says whether it is one.
import { equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { kindOf, Skim, skimEntry, type Draft } from '../events/index.ts';
import { leafHash } from '../merkle/index.ts';
import type { Command } from './command.ts';
import type { Reader } from './reader.ts';
import type { LogState } from './state.ts';

/** The fields of an earlier entry by which it is recognised: an event's, or a Rekor body's leaf hash. */
export type Recognised = Pick<Draft, 'sameAs' | 'once' | 'person'> & { readonly leaf: Uint8Array | null };

/** The bytes of a leaf hash that a table of repeats is asked with. */
export const leafKeyOf = (leaf: Uint8Array): Uint8Array => leaf.subarray(0, 16);

/** @property recognised - the fields of an earlier entry, null for what is not in memory */
interface Knows {
  recognised(index: number): Recognised | null;
}

/** A candidate that must be read before it can be told whether it is a repeat. */
export interface Unread {
  readonly unread: number;
}

/**
 * Where the command was appended before, null where it was not, or a candidate that has to be read first.
 *
 * @throws {LedgerError} IDEMPOTENCY_CONFLICT when its key was used for another request
 */
export function findRepeat(command: Command, state: LogState, knows: Knows): number | Unread | null {
  const [draft] = command.drafts;
  if (draft === undefined) return null;
  // On a raw ledger the same bytes are another entry; elsewhere bytes are a Rekor body, and one body is one entry.
  if (draft instanceof Uint8Array) return state.decodes ? findLeaf(leafHash(draft), state, knows) : null;
  const { once, sameAs, person } = draft;
  if (once !== null) {
    for (const index of state.once.find(once.key)) {
      const earlier = knows.recognised(index);
      if (earlier === null) return { unread: index };
      if (earlier.once === null || !equalBytes(earlier.once.key, once.key) || !sameBytes(earlier.person, person)) continue;
      if (equalBytes(earlier.once.request, once.request)) return index;
      throw new LedgerError('IDEMPOTENCY_CONFLICT', `Cannot append: the idempotency key was used for another request, entry ${index}`, {
        hint: 'use a new key for a new request',
      });
    }
  }
  if (sameAs !== null) {
    for (const index of state.sameAs.find(sameAs)) {
      const earlier = knows.recognised(index);
      if (earlier === null) return { unread: index };
      if (sameBytes(earlier.sameAs, sameAs)) return index;
    }
  }
  return null;
}

function findLeaf(leaf: Uint8Array, state: LogState, knows: Knows): number | Unread | null {
  for (const index of state.sameAs.find(leafKeyOf(leaf))) {
    const earlier = knows.recognised(index);
    if (earlier === null) return { unread: index };
    if (sameBytes(earlier.leaf, leaf)) return index;
  }
  return null;
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}

/** Knows the recognising fields of stored candidates, for placing a command cannot wait for the disk. */
export class Recogniser {
  readonly #reader: Reader;
  #known = new Map<number, Recognised>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  known(index: number): Recognised | null {
    return this.#known.get(index) ?? null;
  }

  async learn(index: number): Promise<void> {
    const entry = await this.#reader.entry(index);
    // What is asked again and again stays; now and then all of it goes, and is simply read again.
    if (this.#known.size > 65_536) this.#known = new Map();
    this.#known.set(index, recognisedIn(entry, 0, entry.length));
  }
}

const seen = new Skim();

/** The recognising fields of the entry at `bytes[start, end)`. */
export function recognisedIn(bytes: Uint8Array, start: number, end: number): Recognised {
  const entry = bytes.subarray(start, end);
  if (kindOf(entry) === 'rekor') return { sameAs: null, person: null, once: null, leaf: leafHash(entry) };
  skimEntry(bytes, start, end, seen);
  const part = (at: number) => (at < 0 ? null : bytes.slice(at, at + 16));
  const [key, request] = [part(seen.onceKey), part(seen.onceRequest)];
  return { sameAs: part(seen.sameAs), person: part(seen.person), once: key === null || request === null ? null : { key, request }, leaf: null };
}
