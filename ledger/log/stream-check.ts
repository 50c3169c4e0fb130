// Reads entries for their streams alone: every version follows the one before, and every root of the index that is stated is the one.
import { equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { decodeEvent, kindOf, Skim, skimEntry } from '../events/index.ts';
import { HeadsBefore, indexedEveryMax, StreamIndex, type StreamHead } from '../streams/index.ts';
import type { Run } from '../store/packed.ts';
import { sha256All } from './engine.ts';
import { NamedHeads } from './heads.ts';

/** What does not follow: where, and in words. */
export interface StreamFault {
  readonly index: number;
  readonly what: string;
}

/**
 * The streams of a log, recomputed from its entries.
 *
 * What `Audit` checks of every event it does not (schemas, derived streams, repeats): it is for reading millions of entries that a
 * full reader has read, or `fsck` will, to see that the state which a decision names is the one these entries give.
 */
export class StreamCheck {
  readonly #heads = new NamedHeads();
  readonly #index = new StreamIndex(this.#heads, sha256All);
  readonly #before = new HeadsBefore(indexedEveryMax);
  readonly #skim = new Skim();
  #size = 0;
  #decodes = true;

  get size(): number {
    return this.#size;
  }

  head(stream: string): StreamHead | null {
    return this.#heads.head(stream);
  }

  /** The root of the stream index over the entries taken so far. */
  root(): Uint8Array {
    return this.#index.root();
  }

  /** Takes a run of entries that begins where it stands. */
  take({ start, count, packed }: Run): StreamFault[] {
    if (start !== this.#size) throw new RangeError(`a run from ${start} for a check of ${this.#size}`);
    const faults: StreamFault[] = [];
    let at = 0;
    for (let i = 0; i < count; i++) {
      const end = at + 2 + (((packed[at] as number) << 8) | (packed[at + 1] as number));
      if (this.#decodes && packed[at + 2] !== rekorBody) this.#entry(start + i, packed, at + 2, end, faults);
      at = end;
      this.#size += 1;
    }
    return faults;
  }

  #entry(index: number, bytes: Uint8Array, start: number, end: number, faults: StreamFault[]): void {
    const skim = this.#skim;
    try {
      skimEntry(bytes, start, end, skim);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      faults.push({ index, what: kindOf(bytes.subarray(start, end)) === null ? 'it is no entry' : error.message });
      return;
    }
    // Roots are about the entries before the one that states them.
    const states = statedBy(bytes, skim.typeStart, skim.typeEnd);
    if (states !== null || index === 0) this.#stated(index, bytes.subarray(start, end), faults);
    for (let i = 0; i < skim.streams; i++) {
      const [from, to] = [skim.nameStart[i] as number, skim.nameEnd[i] as number];
      let ordinal = this.#heads.find(bytes, from, to);
      if (ordinal < 0) ordinal = this.#heads.add(bytes, from, to);
      const [version, newest] = [this.#heads.version(ordinal), this.#heads.index(ordinal)];
      const prev = version === 0 ? -1 : newest;
      if (skim.version[i] !== version + 1 || skim.prev[i] !== prev) {
        faults.push({ index, what: `its stream ${i} is at version ${version} before it, and the entry says otherwise` });
      }
      this.#before.note(index, ordinal, version, newest);
      this.#heads.advance(ordinal, version + 1, index);
      this.#index.touch(ordinal);
    }
  }

  #stated(index: number, entry: Uint8Array, faults: StreamFault[]): void {
    const event = decodeEvent(entry);
    if (event.type === 'ledger.created') this.#decodes = !event.data.kinds.includes('raw');
    if (event.type === 'ledger.indexed' && (event.data.size !== index || !equalBytes(event.data.root[1], this.root()))) {
      faults.push({ index, what: 'the root of the stream index that it states is another' });
    }
    if (event.type !== 'decision.recorded') return;
    const { tree: { size }, index: stated } = event.data;
    const known = size <= index && index - size <= indexedEveryMax;
    const root = known ? this.#before.during(size, this.#heads, (ordinal) => this.#index.touch(ordinal), () => this.root()) : null;
    if (root === null || !equalBytes(root, stated[1])) faults.push({ index, what: `the root of the stream index at size ${size} that it states is another` });
  }
}

const rekorBody = 0x7b;
const stating = ['ledger.indexed', 'decision.recorded'].map((type) => ({ type, bytes: Uint8Array.from(type, (character) => character.charCodeAt(0)) }));

/** The type of an event that states a root of the stream index, told from its bytes; null for any other. */
function statedBy(bytes: Uint8Array, start: number, end: number): string | null {
  for (const { type, bytes: name } of stating) {
    if (name.length === end - start && name.every((byte, i) => bytes[start + i] === byte)) return type;
  }
  return null;
}
