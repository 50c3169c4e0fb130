// A group: the commands that will be committed together, already in their order and bytes.
import { equalBytes, formatHex } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { Skim, skimEntry, streamsMax, writeEntry, type Draft } from '../events/index.ts';
import { entryBytesMax } from '../limits.ts';
import type { SealedMark } from '../store/port.ts';
import type { StreamHead } from '../streams/index.ts';
import type { Command } from './command.ts';
import { nearMax } from './heads.ts';
import { recognisedIn, type Recognised } from './recognise.ts';
import type { LogState } from './state.ts';

/** Beyond either bound callers wait for the next group. */
const entriesMax = 32_768;
const bytesMax = 16 * 2 ** 20;

export class Group {
  readonly start: number;
  #packed: Uint8Array;
  #bytes = 0;
  #offsets: Uint32Array;
  #count = 0;
  /** Sealed evidence placed here, by the hexadecimal of its key; what was erased since is not among them. */
  readonly marks = new Map<string, SealedMark>();
  /** Commitments that entries of this group erase, in hexadecimal. */
  readonly forgets = new Map<string, Uint8Array>();
  /** Recorded time of the last entry. */
  time = 0;
  /** What was read for no other reason than to have it near. */
  read = 0;

  /** @param bytes, entries - room to begin with: about what the group before had */
  constructor(start: number, bytes = 4096, entries = 16) {
    this.start = start;
    this.#packed = new Uint8Array(bytes);
    this.#offsets = new Uint32Array(entries + 1);
  }

  get count(): number {
    return this.#count;
  }

  get end(): number {
    return this.start + this.#count;
  }

  get isFull(): boolean {
    return this.#count >= entriesMax || this.#bytes >= bytesMax;
  }

  /** Its entries, behind their lengths: a view. */
  get packed(): Uint8Array {
    return this.#packed.subarray(0, this.#bytes);
  }

  /** Where the entries from `from` on begin, and where the last one ends. @param from - zero-based in the group */
  offsets(from = 0): Uint32Array {
    return this.#offsets.subarray(from, this.#count + 1);
  }

  /**
   * Gives a command's drafts their places and bytes, all or none.
   *
   * @returns the index of the first
   * @throws {LedgerError} VERSION_CONFLICT, ENTRY_TOO_LARGE; nothing of the command stays
   */
  place({ drafts, expected, heldAt, sealed, forgets }: Command, time: number, state: LogState): number {
    // A gate expects twenty thousand streams to stand where it read them a moment ago.
    for (const { stream, version } of heldAt === this.end ? [] : (expected ?? [])) {
      const current = state.heads.head(stream)?.version ?? 0;
      const holds = version === 'exists' ? current > 0 : current === (version === 'absent' ? 0 : version);
      if (!holds) throw conflict(stream, current, version);
    }
    for (const draft of drafts) if (draft instanceof Uint8Array && draft.length > entryBytesMax) throw tooLarge(draft.length);
    const index = this.end;
    for (const draft of drafts) {
      if (draft instanceof Uint8Array) this.#placeBytes(draft, state);
      else this.#placeDraft(draft, time, state);
    }
    if (sealed !== undefined) this.marks.set(formatHex(sealed.key), { ...sealed, entry: index });
    for (const commitment of forgets ?? []) this.forgets.set(formatHex(commitment), commitment);
    this.time = time;
    return index;
  }

  /** The stream's event before the one at `index`, as the entry there says, or null where that is its first. */
  before(name: Uint8Array, index: number): StreamHead | null {
    const at = index - this.start;
    skimEntry(this.#packed, (this.#offsets[at] as number) + 2, this.#offsets[at + 1] as number, seen);
    for (let i = 0; i < seen.streams; i++) {
      if (!equalBytes(this.#packed.subarray(seen.nameStart[i], seen.nameEnd[i]), name)) continue;
      const version = seen.version[i] as number;
      return version === 1 ? null : { version: version - 1, index: seen.prev[i] as number };
    }
    throw new RangeError(`entry ${index} is not in the stream`);
  }

  /** By what an event in it is recognised. */
  recognised(index: number): Recognised {
    const at = index - this.start;
    return recognisedIn(this.#packed, (this.#offsets[at] as number) + 2, this.#offsets[at + 1] as number);
  }

  #placeBytes(entry: Uint8Array, state: LogState): void {
    if (state.decodes) state.addLeaf(entry, this.end);
    this.#reserve(entry.length);
    this.#packed.set(entry, this.#bytes + 2);
    this.#finish(this.#bytes + 2 + entry.length);
  }

  #placeDraft(draft: Draft, time: number, state: LogState): void {
    const { heads } = state;
    const { bytes, ends } = draft;
    const index = this.end;
    const tags = ends.length - 3;
    for (let i = 0; i < tags; i++) {
      const start = nameStart(bytes, ends[1 + i] as number);
      const end = ends[2 + i] as number;
      let ordinal = heads.find(bytes, start, end);
      if (ordinal < 0) ordinal = heads.add(bytes, start, end);
      const version = heads.version(ordinal) + 1;
      versions[i] = version;
      prevs[i] = heads.index(ordinal);
      state.advance(ordinal, version, index);
    }
    this.#reserve(draft.entryBytesMax);
    this.#finish(writeEntry(draft, time, versions, prevs, 0, this.#packed, this.#bytes + 2));
    if (draft.sameAs !== null) state.sameAs.add(draft.sameAs, index);
    if (draft.once !== null) state.once.add(draft.once.key, index);
  }

  #reserve(entryBytes: number): void {
    const end = this.#bytes + 2 + entryBytes;
    if (end > this.#packed.length) {
      const larger = new Uint8Array(Math.max(end, this.#packed.length * 2));
      larger.set(this.#packed.subarray(0, this.#bytes));
      this.#packed = larger;
    }
    if (this.#count + 2 > this.#offsets.length) {
      const larger = new Uint32Array(this.#offsets.length * 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
  }

  #finish(end: number): void {
    const length = end - this.#bytes - 2;
    this.#packed[this.#bytes] = length >>> 8;
    this.#packed[this.#bytes + 1] = length;
    this.#bytes = end;
    this.#count += 1;
    this.#offsets[this.#count] = end;
  }
}

/**
 * Reads what placing these commands will read of the tables, many streams at a time.
 *
 * @param from - the first command @returns the command after the last, and a number that means nothing
 * @see NamedHeads.near
 */
export function near(commands: readonly Command[], from: number, { heads, sameAs }: LogState): { next: number; read: number } {
  let [count, read, next] = [0, 0, from];
  for (; next < commands.length && count < nearMax; next++) {
    for (const draft of (commands[next] as Command).drafts) {
      if (draft instanceof Uint8Array) continue;
      if (draft.sameAs !== null) read += sameAs.near(draft.sameAs);
      const { bytes, ends } = draft;
      for (let i = 1; i < ends.length - 2 && count < nearMax; i++, count++) {
        nearNames[count] = bytes;
        nearStarts[count] = nameStart(bytes, ends[i] as number);
        nearEnds[count] = ends[i + 1] as number;
      }
    }
  }
  return { next, read: read + heads.near(nearNames, nearStarts, nearEnds, count) };
}

/** Names stand in a draft as CBOR text of less than 256 bytes: behind a head of one or two bytes. */
function nameStart(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0x78 ? at + 2 : at + 1;
}

// Filled and read within one call, again and again.
const seen = new Skim();
const versions = new Float64Array(streamsMax);
const prevs = new Float64Array(streamsMax);
const nearNames: Uint8Array[] = [];
const nearStarts = new Int32Array(nearMax);
const nearEnds = new Int32Array(nearMax);

function conflict(stream: string, current: number, version: number | 'exists' | 'absent'): LedgerError {
  const expected = version === 'exists' ? 'at least 1' : version === 'absent' ? '0' : String(version);
  return new LedgerError('VERSION_CONFLICT', `Cannot append: stream "${stream}" has version ${current}, expected ${expected}`, {
    hint: 'read the stream again, decide again, then append with its new version',
  });
}

function tooLarge(bytes: number): LedgerError {
  return new LedgerError('ENTRY_TOO_LARGE', `Cannot append an entry of ${bytes} bytes: expected at most ${entryBytesMax}`, {
    hint: 'store what is large as a payload',
  });
}
