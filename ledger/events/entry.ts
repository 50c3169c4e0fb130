// Entries, read: from exact bytes to an envelope, and from there to a typed event in its newest shape.
import { LedgerError } from '../errors.ts';
import { entryBytesMax } from '../limits.ts';
import type { CborMap } from './cbor.ts';
import { decodeCbor } from './cbor-reader.ts';
import { compile } from './compile.ts';
import { envelope, envelopeVersion, type Actor, type Envelope, type PayloadReference } from './envelope.ts';
import { registry, type DataOf, type EventName, type ReadyVersion, type Registry } from './families.ts';
import type { Role } from './family.ts';
import { sameAsOf, type Sha256 } from './identity.ts';
import type { Digest } from './schema.ts';
import { deriveStreams, StreamNames } from './streams-of.ts';

/** What an entry is, told by its first byte: an event is a CBOR map of 1 to 23 pairs, a Rekor entry body begins with `{`. */
export type EntryKind = 'event' | 'rekor';

/** The kind of an entry, or null where its first byte names none. On a raw ledger only entry 0 has a kind. */
export function kindOf(entry: Uint8Array): EntryKind | null {
  const first = entry[0] ?? 0;
  if (first >= 0xa1 && first <= 0xb7) return 'event';
  return first === 0x7b ? 'rekor' : null;
}

/**
 * Whether a reader who holds one entry alone takes it for an event, of this time or a later one.
 *
 * Which kinds a log holds is said by its entry 0, and a receipt or a stream's evidence has no place for that.
 */
export function looksLikeEvent(entry: Uint8Array): boolean {
  if (kindOf(entry) !== 'event') return false;
  try {
    const { v, type } = decodeCbor(entry) as CborMap;
    return v !== undefined && type !== undefined;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return false;
  }
}

/** An event as its readers know it: its data in the newest version, whatever version was stored. */
export type Event<T extends EventName = EventName> = {
  [K in T]: Omit<Envelope, 'type' | 'data'> & { readonly type: K; readonly data: DataOf<K> };
}[T];

const ready = compile(envelope);

/**
 * Decodes an event's entry and checks its envelope; its data is any map yet, so that an event of a later time can be shown.
 *
 * @throws {LedgerError} the codes of `decodeCbor`; INPUT_TOO_LARGE; ENTRY_KIND_UNKNOWN when it is no event;
 *   EVENT_VERSION_UNKNOWN for a later envelope; EVENT_INVALID
 * @see spec/entry.md, "The envelope"
 */
export function decodeEnvelope(entry: Uint8Array): Envelope {
  if (entry.length > entryBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot decode entry: ${entry.length} bytes, expected at most ${entryBytesMax}`);
  if (kindOf(entry) !== 'event') throw new LedgerError('ENTRY_KIND_UNKNOWN', 'Cannot decode entry: its first byte begins no event', { position: 0 });
  const value = decodeCbor(entry) as CborMap;
  const stated = value.v;
  if (Number.isSafeInteger(stated) && (stated as number) > envelopeVersion) {
    throw new LedgerError('EVENT_VERSION_UNKNOWN', `Cannot decode event: envelope version ${String(stated)}, expected ${envelopeVersion}`, newer);
  }
  const complaint = ready.check(value);
  if (complaint !== null) throw new LedgerError('EVENT_INVALID', `Cannot accept event: event${complaint}`);
  return value as unknown as Envelope;
}

const newer = { hint: 'read it with a newer version of Stella Ledger' };

/**
 * Decodes an entry into an event: envelope, data, payloads and streams checked against its type, data lifted to its newest version.
 *
 * @throws {LedgerError} what `decodeEnvelope` throws; EVENT_UNKNOWN for a type of a later time, EVENT_VERSION_UNKNOWN for
 *   a later version of its data, EVENT_INVALID, EVENT_STREAMS_WRONG
 * @see spec/entry.md, "Reading an event"
 */
export function decodeEvent(entry: Uint8Array): Event {
  return readEvent(decodeEnvelope(entry));
}

/** Understands a decoded envelope, as `decodeEvent` does. @param events - the types known; all of ours when left out */
export function readEvent(decoded: Envelope, events: Registry = registry): Event {
  const versions = versionsOf(decoded.type, events);
  const version = versions[decoded.schema - 1];
  if (version === undefined) {
    throw new LedgerError('EVENT_VERSION_UNKNOWN', `Cannot read ${decoded.type}: version ${decoded.schema}, expected at most ${versions.length}`, newer);
  }
  checkData(decoded.type, version, decoded.data);
  checkPayloads(decoded.type, version, decoded.payloads ?? [], decoded.by);
  const evidence = evidenceOf(version, decoded.data, decoded.payloads ?? []);
  if ((decoded.sameAs !== undefined) !== (evidence !== null)) {
    const state = evidence === null ? 'a sameAs, which only evidence that is not sealed has' : 'no sameAs';
    throw new LedgerError('EVENT_INVALID', `Cannot accept ${decoded.type}: ${state}`);
  }
  deriveStreams(version.templates, decoded.data, expected);
  if (expected.count !== decoded.streams.length || decoded.streams.some(({ name }, i) => name !== expected.text(i))) {
    const names = Array.from({ length: expected.count }, (_, i) => expected.text(i));
    throw new LedgerError('EVENT_STREAMS_WRONG', `Cannot accept ${decoded.type}: its streams do not follow from its data, expected ${names.join(' ')}`);
  }
  if (version === versions[versions.length - 1]) return decoded as unknown as Event;
  return { ...decoded, schema: versions.length, data: lift(versions, decoded) } as unknown as Event;
}

const expected = new StreamNames();

function lift(versions: readonly ReadyVersion[], decoded: Envelope): CborMap {
  let data = decoded.data;
  for (const version of versions.slice(decoded.schema)) data = (version.lift as (older: CborMap) => CborMap)(data);
  return data;
}

/** @throws {LedgerError} EVENT_UNKNOWN */
export function versionsOf(type: string, events: Registry = registry): readonly ReadyVersion[] {
  const versions = events.get(type);
  if (versions === undefined) throw new LedgerError('EVENT_UNKNOWN', `Cannot read event: type "${type}" is unknown`, newer);
  return versions;
}

export function checkData(type: string, version: ReadyVersion, data: CborMap): void {
  const complaint = version.compiled.check(data);
  if (complaint !== null) throw new LedgerError('EVENT_INVALID', `Cannot accept ${type}: data${complaint}`);
}

/** What recognises an event when it comes again. */
export interface Evidence {
  readonly subjects: readonly Digest[];
  readonly role: string;
  readonly digest: Digest;
}

/** @returns null for a type that is never recognised by content, and for a sealed payload: nothing may say what it holds */
export function evidenceOf(version: ReadyVersion, data: CborMap, payloads: readonly PayloadReference[]): Evidence | null {
  if (version.sameAs === undefined) return null;
  const { subjects, role } = version.sameAs;
  const payload = payloads.find((reference) => reference.role === role);
  return payload?.digest === undefined ? null : { subjects: data[subjects] as unknown as readonly Digest[], role, digest: payload.digest };
}

/** Evidence whose payload is sealed: what recognises it is kept beside the log. */
export interface SealedEvidence {
  readonly subjects: readonly Digest[];
  readonly role: string;
  readonly commitment: Uint8Array;
}

/** The sealed evidence that an event records, or null. @param decoded - an envelope that `readEvent` accepts */
export function sealedEvidenceOf(decoded: Envelope): SealedEvidence | null {
  const version = versionsOf(decoded.type)[decoded.schema - 1] as ReadyVersion;
  if (version.sameAs === undefined) return null;
  const { subjects, role } = version.sameAs;
  const commitment = (decoded.payloads ?? []).find((reference) => reference.role === role)?.commitment?.[1];
  return commitment === undefined ? null : { subjects: decoded.data[subjects] as unknown as readonly Digest[], role, commitment };
}

/**
 * The `sameAs` that an event must carry, or null where it must carry none.
 *
 * @param decoded - an envelope that `readEvent` has accepted
 */
export function expectedSameAs(decoded: Envelope, sha256: Sha256): Uint8Array | null {
  const version = versionsOf(decoded.type)[decoded.schema - 1] as ReadyVersion;
  const evidence = evidenceOf(version, decoded.data, decoded.payloads ?? []);
  return evidence === null ? null : sameAsOf(sha256, decoded.type, evidence.subjects, evidence.role, evidence.digest);
}

// On every event an actor with a pseudonym may show that the command was signed with a key of theirs.
const authorisation: Role = { count: 'optional', sealed: 'may' };

export function checkPayloads(type: string, version: ReadyVersion, payloads: readonly PayloadReference[], by: Actor): void {
  const roles = version.payloads ?? {};
  const refuse = (state: string): never => {
    throw new LedgerError('EVENT_INVALID', `Cannot accept ${type}: ${state}`);
  };
  for (let i = 0; i < payloads.length; i++) {
    const { role, commitment } = payloads[i] as PayloadReference;
    const rule = role === 'authorisation' && by.person !== undefined ? authorisation : Object.hasOwn(roles, role) ? roles[role] : undefined;
    if (rule === undefined) return refuse(`a payload of role "${role}" has no place in it`);
    if (rule.count !== 'many' && hasRole(payloads, role, i)) refuse(`two payloads of role "${role}"`);
    if (rule.sealed === 'never' && commitment !== undefined) refuse(`the payload of role "${role}" must not be sealed`);
    if (rule.sealed === 'always' && commitment === undefined) refuse(`the payload of role "${role}" must be sealed`);
  }
  for (const role in roles) {
    if ((roles[role] as Role).count === 'one' && !hasRole(payloads, role, payloads.length)) refuse(`a payload of role "${role}" is missing`);
  }
}

/** Whether one of the first `count` payloads has the role. */
function hasRole(payloads: readonly PayloadReference[], role: string, count: number): boolean {
  for (let i = 0; i < count; i++) if ((payloads[i] as PayloadReference).role === role) return true;
  return false;
}
