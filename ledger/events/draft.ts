// Drafts: events encoded but for what only the log knows, so that appending one costs little more than copying its bytes.
import { concatBytes } from '../bytes.ts';
import { LedgerError } from '../errors.ts';
import { entryBytesMax } from '../limits.ts';
import { CborWriter, encodeCbor, major, writeHead, type CborMap } from './cbor.ts';
import { decodeCbor } from './cbor-reader.ts';
import { asSet, compile } from './compile.ts';
import { checkData, checkPayloads, evidenceOf, versionsOf } from './entry.ts';
import { envelopeFields, envelopeVersion, type Actor, type Envelope, type Once, type PayloadReference } from './envelope.ts';
import type { DataOf, EventName, ReadyVersion } from './families.ts';
import { sameAsOf, type Sha256 } from './identity.ts';
import { deriveStreams, StreamNames } from './streams-of.ts';
import { timeMsMax } from './time.ts';

/** An event as its writer states it: without time, streams and versions, which the log and the data decide. */
export type NewEvent<T extends EventName = EventName> = {
  [K in T]: {
    readonly type: K;
    readonly by: Actor;
    readonly data: DataOf<K>;
    /** In any order. */
    readonly payloads?: readonly PayloadReference[];
    readonly once?: Once;
    /** 16 bytes that stand on all events of one undertaking. */
    readonly corr?: Uint8Array;
    /** Indexes of the entries it follows from: ascending, none twice. */
    readonly cause?: readonly number[];
    readonly claimed?: NonNullable<Envelope['claimed']>;
  };
}[T];

/**
 * An event ready to be appended: checked, and encoded but for its recorded time and its stream tags.
 *
 * Plain data without methods: it can be posted to another thread. `bytes` shares its buffer with other drafts: copy, do not transfer.
 */
export interface Draft {
  readonly type: EventName;
  /** 16 bytes that recognise the same evidence, or null where the type is not recognised or its payload is sealed. */
  readonly sameAs: Uint8Array | null;
  /** The command's idempotency key, hashed, and its request; or null. It is looked up under `person`. */
  readonly once: Once | null;
  /** The actor's pseudonym, or null for the ledger and the public. */
  readonly person: Uint8Array | null;
  /** All encoded parts, one after another: before the time, before the tags, each stream's name, after the tags. */
  readonly bytes: Uint8Array;
  /** Where each part ends in `bytes`. The name of stream i is `bytes.subarray(ends[1 + i], ends[2 + i])`, encoded as text. */
  readonly ends: readonly number[];
  /** No entry made of this draft is larger. */
  readonly entryBytesMax: number;
}

/** Room for a recorded time, and for each tag its map head, the keys `name`, `prev` and `version` and two integers. */
const timeBytesMax = 9;
const tagBytesMax = 1 + 5 + 5 + 9 + 8 + 9;

const parts = {
  by: compile(envelopeFields.by),
  corr: compile(envelopeFields.corr),
  once: compile(envelopeFields.once),
  cause: compile(envelopeFields.cause),
  claimed: compile(envelopeFields.claimed),
  payloads: compile(envelopeFields.payloads),
};

type Part = keyof typeof parts;
const keys = Object.fromEntries(Object.keys(envelopeFields).map((key) => [key, encodeCbor(key)])) as Record<keyof typeof envelopeFields, Uint8Array>;
const [keyName, keyPrev, keyVersion] = ['name', 'prev', 'version'].map(encodeCbor) as [Uint8Array, Uint8Array, Uint8Array];

/** Everything before the recorded time, but for the number of pairs. */
const opening = concatBytes(keys.v, encodeCbor(envelopeVersion), keys.at);
/** v, at, by, data, type, schema and streams are always there. */
const pairsLeast = 7;

/**
 * Checks a new event and encodes all of it that does not depend on where it will stand.
 *
 * @param sha256 - for `sameAs`, which types of evidence carry
 * @throws {LedgerError} EVENT_INVALID; EVENT_UNKNOWN; INPUT_TOO_LARGE when the entry could exceed 65,535 bytes
 */
export function prepareDraft(event: NewEvent, sha256: Sha256): Draft {
  const { type, by, corr, once, cause, claimed } = event;
  const { version, typeText, schema } = readyOf(type);
  const data = event.data as CborMap;
  checkData(type, version, data);
  const payloads = event.payloads === undefined || event.payloads.length === 0 ? undefined : asSet(event.payloads);
  let pairs = pairsLeast;
  if (corr !== undefined) pairs += check(type, 'corr', corr);
  if (once !== undefined) pairs += check(type, 'once', once);
  if (cause !== undefined) pairs += check(type, 'cause', cause);
  if (claimed !== undefined) pairs += check(type, 'claimed', claimed);
  if (payloads !== undefined) pairs += check(type, 'payloads', payloads);
  check(type, 'by', by);
  checkPayloads(type, version, payloads ?? [], by);
  deriveStreams(version.templates, data, names);
  const evidence = evidenceOf(version, data, payloads ?? []);
  const sameAs = evidence === null ? null : sameAsOf(sha256, type, evidence.subjects, evidence.role, evidence.digest);

  if (slab.at > slabKeepMax) slab = new CborWriter(slabBytes);
  const writer = slab;
  const start = writer.at;
  writer.head(major.map, sameAs === null ? pairs : pairs + 1);
  writer.raw(opening);
  const ends = [writer.at - start];
  writer.raw(keys.by);
  parts.by.write(writer, by);
  if (corr !== undefined) {
    writer.raw(keys.corr);
    writer.byteString(corr);
  }
  writer.raw(keys.data);
  version.compiled.write(writer, data);
  if (once !== undefined) {
    writer.raw(keys.once);
    parts.once.write(writer, once);
  }
  writer.raw(typeText);
  if (cause !== undefined) {
    writer.raw(keys.cause);
    parts.cause.write(writer, cause);
  }
  if (sameAs !== null) {
    writer.raw(keys.sameAs);
    writer.byteString(sameAs);
  }
  writer.raw(schema);
  if (claimed !== undefined) {
    writer.raw(keys.claimed);
    parts.claimed.write(writer, claimed);
  }
  writer.raw(keys.streams);
  writer.head(major.array, names.count);
  ends.push(writer.at - start);
  for (let i = 0; i < names.count; i++) {
    writer.part(names.bytes, names.starts[i] as number, names.ends[i] as number);
    ends.push(writer.at - start);
  }
  if (payloads !== undefined) {
    writer.raw(keys.payloads);
    parts.payloads.write(writer, payloads);
  }
  ends.push(writer.at - start);
  const largest = writer.at - start + timeBytesMax + names.count * tagBytesMax;
  if (largest > entryBytesMax) {
    throw new LedgerError('INPUT_TOO_LARGE', `Cannot accept ${type}: an entry of up to ${largest} bytes, expected at most ${entryBytesMax}`);
  }
  const encoded = writer.bytes.subarray(start, writer.at);
  return { type, sameAs, once: once ?? null, person: by.person ?? null, bytes: encoded, ends, entryBytesMax: largest };
}

/** What is the same in every event of a type. */
interface ReadyType {
  readonly version: ReadyVersion;
  /** The key `type` and its text; the key `schema` and the newest version. */
  readonly typeText: Uint8Array;
  readonly schema: Uint8Array;
}

const readyTypes = new Map<EventName, ReadyType>();

/** @throws {LedgerError} EVENT_UNKNOWN */
function readyOf(type: EventName): ReadyType {
  const known = readyTypes.get(type);
  if (known !== undefined) return known;
  const versions = versionsOf(type);
  const ready = {
    version: versions[versions.length - 1] as ReadyVersion,
    typeText: concatBytes(keys.type, encodeCbor(type)),
    schema: concatBytes(keys.schema, encodeCbor(versions.length)),
  };
  readyTypes.set(type, ready);
  return ready;
}

// Drafts share slabs: an array of its own for each would cost 0.5 µs. A slab lives as long as one of its drafts does.
const slabBytes = 1 << 18;
const slabKeepMax = slabBytes - 4 * 1024;
let slab = new CborWriter(slabBytes);
const names = new StreamNames();

/** @returns 1, the pairs of the envelope it makes */
function check(type: string, part: Part, value: unknown): 1 {
  const complaint = parts[part].check(value);
  if (complaint !== null) throw new LedgerError('EVENT_INVALID', `Cannot accept ${type}: event.${part}${complaint}`);
  return 1;
}

/** The names of a draft's streams, in the order of their tags. */
export function streamsOfDraft(draft: Draft): readonly string[] {
  return draft.ends.slice(2, -1).map((end, i) => decodeCbor(draft.bytes.subarray(draft.ends[1 + i], end)) as string);
}

/**
 * Writes the entry that a draft becomes at its place in the log, and returns the offset after it.
 *
 * @param at - recorded time, in milliseconds since 1970
 * @param versions - for each of its streams, in the draft's order, the version this entry gives it; from `first` on
 * @param prevs - for each of its streams, the index of its previous event; not read where the version is 1
 * @param arena - has `draft.entryBytesMax` bytes free at `offset`
 */
export function writeEntry(
  draft: Draft, at: number, versions: ArrayLike<number>, prevs: ArrayLike<number>, first: number, arena: Uint8Array, offset: number,
): number {
  const { bytes, ends } = draft;
  const tags = ends.length - 3;
  if (!Number.isSafeInteger(at) || at < 0 || at > timeMsMax) throw new RangeError(`not a time in milliseconds since 1970: ${at}`);
  if (offset + draft.entryBytesMax > arena.length) throw new RangeError(`not ${draft.entryBytesMax} bytes free at ${offset} of ${arena.length}`);
  let to = copy(bytes, 0, ends[0] as number, arena, offset);
  to = writeHead(arena, to, major.uint, at);
  to = copy(bytes, ends[0] as number, ends[1] as number, arena, to);
  for (let i = 0; i < tags; i++) {
    const version = versions[first + i] as number;
    if (!Number.isSafeInteger(version) || version < 1) throw new RangeError(`not a version of stream ${i}: ${version}`);
    arena[to++] = version === 1 ? 0xa2 : 0xa3;
    to = copy(keyName, 0, keyName.length, arena, to);
    to = copy(bytes, ends[1 + i] as number, ends[2 + i] as number, arena, to);
    if (version !== 1) {
      to = copy(keyPrev, 0, keyPrev.length, arena, to);
      const prev = prevs[first + i] as number;
      if (!Number.isSafeInteger(prev) || prev < 0) throw new RangeError(`not an index in stream ${i}: ${prev}`);
      to = writeHead(arena, to, major.uint, prev);
    }
    to = copy(keyVersion, 0, keyVersion.length, arena, to);
    to = writeHead(arena, to, major.uint, version);
  }
  return copy(bytes, ends[1 + tags] as number, ends[2 + tags] as number, arena, to);
}

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  // Below some 100 bytes a loop is faster than a view and the call into the engine, and leaves nothing to collect.
  if (end - start > 100) {
    to.set(from.subarray(start, end), at);
    return at + end - start;
  }
  for (let i = start; i < end; i++) to[at++] = from[i] as number;
  return at;
}
