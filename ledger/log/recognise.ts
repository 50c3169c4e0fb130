// Repeats: tables name candidates in memory, and the stored entry itself says whether it is one.
import { equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { Skim, skimEntry, type Draft } from '../events/index.ts';
import type { Command } from './command.ts';
import type { Reader } from './reader.ts';
import type { LogState } from './state.ts';

/** The fields of an earlier event by which it is recognised. */
export type Recognised = Pick<Draft, 'sameAs' | 'once' | 'person'>;

/** The draft a command is recognised by, or null: exact bytes are never swallowed. */
function leader({ drafts }: Command): Draft | null {
  const [first] = drafts;
  return first === undefined || first instanceof Uint8Array ? null : first;
}

/**
 * Where the command was appended before, or null.
 *
 * @param read - the fields of an earlier event; of a candidate only, so it is there
 * @throws {LedgerError} IDEMPOTENCY_CONFLICT when its key was used for another request
 */
export function findRepeat(command: Command, state: LogState, read: (index: number) => Recognised | null): number | null {
  const draft = leader(command);
  if (draft === null) return null;
  if (draft.once !== null) {
    for (const index of state.once.find(draft.once.key)) {
      const earlier = read(index);
      const once = earlier?.once ?? null;
      if (earlier === null || once === null || !equalBytes(once.key, draft.once.key) || !sameBytes(earlier.person, draft.person)) continue;
      if (equalBytes(once.request, draft.once.request)) return index;
      throw new LedgerError('IDEMPOTENCY_CONFLICT', `Cannot append: the idempotency key was used for another request, entry ${index}`, {
        hint: 'use a new key for a new request',
      });
    }
  }
  if (draft.sameAs !== null) {
    for (const index of state.sameAs.find(draft.sameAs)) {
      if (sameBytes(read(index)?.sameAs ?? null, draft.sameAs)) return index;
    }
  }
  return null;
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}

/** Knows the recognising fields of stored candidates: read in bulk before a call is placed, for placing itself cannot wait. */
export class Recogniser {
  readonly #reader: Reader;
  #known = new Map<number, Recognised | null>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  read(index: number): Recognised | null {
    return this.#known.get(index) ?? null;
  }

  /** Whether every stored candidate of these commands has been read. @param stored - entries below it are in the store */
  knows(commands: readonly Command[], state: LogState, stored: number): boolean {
    return commands.every((command) => candidates(command, state).every((index) => index >= stored || this.#known.has(index)));
  }

  async learn(commands: readonly Command[], state: LogState, stored: number): Promise<void> {
    const wanted = new Set(commands.flatMap((command) => candidates(command, state).filter((index) => index < stored)));
    const known = new Map<number, Recognised | null>();
    await Promise.all([...wanted].map(async (index) => known.set(index, recognisedIn(await this.#reader.entry(index)))));
    // Two generations would do; one is dropped when it is large, and a repeat is simply read again.
    if (this.#known.size > 65_536) this.#known = new Map();
    for (const [index, fields] of known) this.#known.set(index, fields);
  }
}

const none: readonly number[] = [];

function candidates(command: Command, state: LogState): readonly number[] {
  const draft = leader(command);
  if (draft === null) return none;
  const byKey = draft.once === null ? none : state.once.find(draft.once.key);
  const bySame = draft.sameAs === null ? none : state.sameAs.find(draft.sameAs);
  return byKey.length === 0 ? bySame : bySame.length === 0 ? byKey : [...byKey, ...bySame];
}

const seen = new Skim();

function recognisedIn(entry: Uint8Array): Recognised {
  skimEntry(entry, 0, entry.length, seen);
  const part = (at: number) => (at < 0 ? null : entry.slice(at, at + 16));
  const [key, request] = [part(seen.onceKey), part(seen.onceRequest)];
  return { sameAs: part(seen.sameAs), person: part(seen.person), once: key === null || request === null ? null : { key, request } };
}
