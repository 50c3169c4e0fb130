// A full reader: every entry of a log, in order, held against everything the specification says of entries and streams.
import { equalBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import {
  checkRekorBody, decodeEnvelope, expectedSameAs, keyIdOf, kindOf, readEvent, type Envelope, type Event, type KeyRecord, type Sha256,
} from '../events/index.ts';
import { leafHash, sha256 } from '../merkle/index.ts';
import { StreamHeads } from './heads.ts';
import { HeadsBefore, indexedEveryMax } from './heads-before.ts';
import { streamKeyOf, type StreamKeys } from './index-hash.ts';
import { pureSlots, type Slots } from './slots.ts';
import type { StreamHead } from './proof.ts';
import { statedIndex } from './stated-index.ts';
import { StreamIndex } from './stream-index.ts';

/** What an audit finds: one code for each thing a reader would do differently (spec/streams.md, "Reading everything"). */
export const AUDIT_CODES = [
  // Entry 0 is no genesis, or a later entry is one.
  'AUDIT_GENESIS_WRONG',
  // An entry of a kind that the genesis does not admit.
  'AUDIT_KIND_WRONG',
  // An entry after the one that ended the ledger.
  'AUDIT_ENDED',
  // Bytes that are no valid entry: the message holds the refusal.
  'AUDIT_ENTRY_INVALID',
  // An event of a later time: its streams could not be checked against its data.
  'AUDIT_EVENT_UNKNOWN',
  // A stream that follows from the data is left off, or one is there that does not follow.
  'AUDIT_STREAMS_WRONG',
  // A version twice, or one left out.
  'AUDIT_VERSION_WRONG',
  // A link to another event than the stream's last.
  'AUDIT_PREV_WRONG',
  // A stream index over another size or with another root.
  'AUDIT_INDEX_WRONG',
  // More than 65,536 entries without a stream index.
  'AUDIT_INDEX_MISSING',
  // `sameAs`, a key's id or the leaf of a Rekor body is not the hash it should be.
  'AUDIT_RECOGNITION_WRONG',
  // A cause that is not earlier, a link beyond the beginning, a Rekor body without its event (or an event without its body), or
  // a time that goes back without the clock being set.
  'AUDIT_ORDER_WRONG',
] as const;

export type AuditCode = (typeof AUDIT_CODES)[number];

export interface AuditFinding {
  readonly index: number;
  readonly code: AuditCode;
  readonly message: string;
}

/**
 * Reads a log from its first entry on. An entry with a finding is taken at its word, so that one lie is one finding and not
 * one for each entry after it.
 */
export class Audit {
  /** Streams as the entries read so far leave them; a stream's key is `streamKeyOf(name)`. */
  readonly heads = new StreamHeads();
  readonly #index: StreamIndex;
  readonly #before = new HeadsBefore(indexedEveryMax);
  readonly #digest: Sha256;
  readonly #keyOf: StreamKeys;
  #size = 0;
  #kinds: readonly string[] = [];
  #hasEnded = false;
  #at = 0;
  #indexed = 0;
  #found: AuditFinding[] = [];
  /** Leaf hashes of Rekor bodies that no event was about yet, by index. */
  readonly #bodies = new Map<number, Uint8Array>();

  /**
   * @param digest - SHA-256, pure JavaScript when left out; it must not keep its argument
   * @param slots - memory for the stream index, in JavaScript over that digest when left out
   * @param keyOf - for one who asks for streams by name again and again
   */
  constructor(digest: Sha256 = sha256, slots: Slots = pureSlots(digest), keyOf: StreamKeys = (name) => streamKeyOf(name, digest)) {
    this.#digest = digest;
    this.#keyOf = keyOf;
    this.#index = new StreamIndex(this.heads, slots);
  }

  /** How many entries have been read. */
  get size(): number {
    return this.#size;
  }

  /** The stream index over the entries read so far. */
  get index(): StreamIndex {
    return this.#index;
  }

  /**
   * The heads of streams as the first `size` entries left them; null for a stream without an event.
   *
   * @returns null where that is further back than an audit looks, or not reached yet
   */
  headsAt(size: number, names: readonly string[]): readonly (StreamHead | null)[] | null {
    if (size > this.#size || this.#size - size > indexedEveryMax) return null;
    return this.#before.during(size, this.heads, (ordinal) => this.#index.touch(ordinal), () => names.map((name) => {
      const ordinal = this.heads.find(this.#keyOf(name));
      const version = ordinal < 0 ? 0 : this.heads.version(ordinal);
      return version === 0 ? null : { version, index: this.heads.index(ordinal) };
    }));
  }

  /** Reads the next entry. @returns what is wrong with it: nothing, where it is as it should be */
  add(entry: Uint8Array): readonly AuditFinding[] {
    this.#found = [];
    if (this.#hasEnded) this.#find('AUDIT_ENDED', 'the ledger had ended before it');
    if (this.#size > 0 && this.#kinds.includes('raw')) {
      // Other people's bytes are never decoded.
    } else if (kindOf(entry) === 'rekor') {
      this.#rekor(entry);
    } else {
      this.#event(entry);
    }
    this.#size++;
    return this.#found;
  }

  #find(code: AuditCode, message: string): void {
    this.#found.push({ index: this.#size, code, message });
  }

  /** Runs a check, and finds a refusal instead of throwing it on. */
  #try(code: AuditCode, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      const streams = error.code === 'EVENT_STREAMS_WRONG';
      const unknown = error.code === 'EVENT_UNKNOWN' || error.code === 'EVENT_VERSION_UNKNOWN';
      this.#find(streams ? 'AUDIT_STREAMS_WRONG' : unknown ? 'AUDIT_EVENT_UNKNOWN' : code, `${error.code}: ${error.message}`);
    }
  }

  #rekor(entry: Uint8Array): void {
    if (this.#size === 0) return this.#find('AUDIT_GENESIS_WRONG', 'a ledger does not begin with a Rekor body');
    if (!this.#kinds.includes('rekor')) this.#find('AUDIT_KIND_WRONG', 'the genesis admits no Rekor bodies');
    this.#try('AUDIT_ENTRY_INVALID', () => checkRekorBody(entry));
    this.#bodies.set(this.#size, leafHash(entry));
    this.#isIndexDue(null);
  }

  /** A Rekor body is followed by its event: nothing but bodies and such events stands between the two. */
  #checkBodies(event: Event | null): void {
    if (event?.type === 'rekor.recorded') {
      const leaf = this.#bodies.get(this.#size - event.data.back);
      if (leaf === undefined) this.#find('AUDIT_ORDER_WRONG', `the entry ${event.data.back} before it is no Rekor body without an event`);
      else if (!equalBytes(leaf, event.data.leaf)) this.#find('AUDIT_RECOGNITION_WRONG', 'the leaf is not the hash of its Rekor body');
      this.#bodies.delete(this.#size - event.data.back);
    } else {
      for (const index of this.#bodies.keys()) this.#find('AUDIT_ORDER_WRONG', `no event says what the Rekor body ${index} is`);
      this.#bodies.clear();
    }
  }

  #event(entry: Uint8Array): void {
    let envelope: Envelope | null = null;
    let event: Event | null = null;
    this.#try('AUDIT_ENTRY_INVALID', () => {
      envelope = decodeEnvelope(entry);
      event = readEvent(envelope);
    });
    // TypeScript does not see that the closure above has run.
    this.#decoded(envelope as Envelope | null, event as Event | null);
  }

  #decoded(envelope: Envelope | null, event: Event | null): void {
    if ((this.#size === 0) !== (envelope?.type === 'ledger.created')) {
      this.#find('AUDIT_GENESIS_WRONG', this.#size === 0 ? 'a ledger begins with ledger.created' : 'a ledger begins only once');
    }
    if (event?.type === 'ledger.created' && this.#size === 0) this.#kinds = event.data.kinds;
    // Before the tags move the streams on: an index says what stood before its own entry.
    if (event?.type === 'ledger.indexed') this.#checkIndex(event.data.size, event.data.root[1]);
    else if (event !== null) {
      const stated = statedIndex(event);
      if (stated !== null) this.#checkPastIndex(stated.size, stated.root);
    }
    this.#isIndexDue(event);
    if (envelope === null) return;
    for (const { name, version, prev } of envelope.streams) this.#advance(name, version, prev);
    this.#checkOrder(envelope, event);
    if (this.#bodies.size > 0 || event?.type === 'rekor.recorded') this.#checkBodies(event);
    if (event === null) return;
    this.#checkRecognition(envelope, event);
    if (event.type === 'ledger.ended') this.#hasEnded = true;
  }

  #checkIndex(size: number, root: Uint8Array): void {
    if (size !== this.#size) this.#find('AUDIT_INDEX_WRONG', `an index over ${size} entries, expected those before it`);
    else if (!equalBytes(root, this.#index.root())) this.#find('AUDIT_INDEX_WRONG', 'the stream index has another root');
  }

  /** A decision or an export states the index of the size it was made at: entries of others may stand between that and itself. */
  #checkPastIndex(size: number, root: Uint8Array): void {
    if (size > this.#size) return this.#find('AUDIT_INDEX_WRONG', `an index over ${size} entries, expected at most those before it`);
    if (this.#size - size > indexedEveryMax) return this.#find('AUDIT_INDEX_WRONG', `an index over ${size} entries, ${this.#size - size} before it`);
    const found = this.#before.during(size, this.heads, (ordinal) => this.#index.touch(ordinal), () => this.#index.root());
    if (!equalBytes(root, found)) this.#find('AUDIT_INDEX_WRONG', `the stream index over ${size} entries has another root`);
  }

  #isIndexDue(event: Event | null): void {
    if (event?.type === 'ledger.indexed') this.#indexed = this.#size;
    else if (this.#size - this.#indexed === indexedEveryMax) this.#find('AUDIT_INDEX_MISSING', `no stream index since entry ${this.#indexed}`);
  }

  #advance(name: string, version: number, prev: number | undefined): void {
    const key = this.#keyOf(name);
    const ordinal = this.heads.find(key);
    const [last, newest] = ordinal < 0 ? [0, undefined] : [this.heads.version(ordinal), this.heads.index(ordinal)];
    if (version !== last + 1) this.#find('AUDIT_VERSION_WRONG', `version ${version} of ${name}, expected ${last + 1}`);
    if (prev !== newest) this.#find('AUDIT_PREV_WRONG', `${name} goes on from ${prev ?? 'nothing'}, expected ${newest ?? 'nothing'}`);
    const moved = this.heads.advance(key, version, this.#size);
    this.#before.note(this.#size, moved, last, newest ?? 0);
    this.#index.touch(moved);
  }

  #checkOrder({ at, type, cause, data }: Envelope, event: Event | null): void {
    if (at < this.#at && type !== 'ledger.clock_set') this.#find('AUDIT_ORDER_WRONG', `recorded at ${at}, after an entry of ${this.#at}`);
    this.#at = at;
    const latest = cause?.[cause.length - 1];
    if (latest !== undefined && latest >= this.#size) this.#find('AUDIT_ORDER_WRONG', `caused by entry ${latest}, which is not earlier`);
    const back = event !== null && type.endsWith('.linked') ? (data.back as number) : 0;
    if (back >= this.#size && back > 0) this.#find('AUDIT_ORDER_WRONG', `linked to the entry ${back} before it`);
  }

  #checkRecognition(envelope: Envelope, event: Event): void {
    const sameAs = expectedSameAs(envelope, this.#digest);
    if (sameAs !== null && !equalBytes(sameAs, envelope.sameAs as Uint8Array)) this.#find('AUDIT_RECOGNITION_WRONG', 'sameAs is not the hash of its evidence');
    for (const { id, public: spki } of keysOf(event)) {
      if (!equalBytes(keyIdOf(this.#digest, spki), id)) this.#find('AUDIT_RECOGNITION_WRONG', 'the id of a key is not its hash');
    }
  }
}

/** The key records an event brings. */
function keysOf(event: Event): readonly KeyRecord[] {
  if (event.type === 'ledger.created') return event.data.keys;
  if (event.type === 'key.added') return [event.data.key];
  return event.type === 'key.rotated' ? [event.data.to] : [];
}
