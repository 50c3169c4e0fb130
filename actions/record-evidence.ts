// Record evidence: read, verify, store document and facts, append. A file of no known format is stored as it is.
import { equalBytes } from '../ledger/bytes.ts';
import {
  asSet, decodeEnvelope, decodeEvent, encodeCbor, EVENTS, personOf, prepareDraft, requestDigestOf, sealedEvidenceOf, sealedKeyOf,
  type Actor, type CborValue, type Digest, type Draft, type NewEvent, type PayloadReference,
} from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import { jsonBytesMax } from '../ledger/json.ts';
import type { Command, Outcome } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { StagedPayload, StoredPayload } from '../ledger/store/payloads.ts';
import type { Log } from '../ledger/log/log.ts';
import { checkSignatures, type CheckedEnvelope, type SignatureRecord } from './check-signatures.ts';
import type { LedgerTrust } from './ledger-trust.ts';
import { onceKeyOf } from './once-key.ts';
import { isPlain, planEvidence, type PlannedEvent } from './plan-evidence.ts';
import type { EvidenceReader } from './evidence-reader.ts';
import type { EvidenceRead } from './read-evidence.ts';
import { dropSealed, storeSealed, type SealPorts } from './sealed-payload.ts';

export interface EvidencePorts extends SealPorts {
  readonly log: Log;
  readonly reader: EvidenceReader;
  readonly trust: LedgerTrust;
  /** The ledger's secret, 32 bytes. */
  readonly pepper: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Evidence {
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** How many there are, where it is known: memory is then taken once. Another number does no harm. */
  readonly size?: number;
  /** Its media type, such as `application/json`. */
  readonly media: string;
  /** The artifacts that the caller says it is about, beside those it names itself. */
  readonly subjects: readonly Digest<'sha256'>[];
  /** Seals the document, so that it can be erased. */
  readonly seal?: boolean;
  /** Stores it as a plain document, whatever it is. */
  readonly asDocument?: boolean;
}

export interface RecordedEvent {
  readonly type: PlannedEvent['type'] | 'document.stored';
  readonly outcome: Outcome;
  /** Index of the `attestation.checked` that followed, where it was known before and its signatures are worth something else now. */
  readonly checked: number | null;
}

export interface RecordedEvidence {
  /** SHA-256 of the document as received; null when it is sealed, for then it appears nowhere. */
  readonly digest: Uint8Array | null;
  readonly commitment: Uint8Array | null;
  /** In bytes, as received. */
  readonly size: number;
  /** Null for what was too large to be evidence, or was to be stored as it is. */
  readonly read: EvidenceRead | null;
  readonly signatures: readonly CheckedEnvelope[];
  /** One; two for a bill of materials that is VEX as well. */
  readonly events: readonly RecordedEvent[];
}

/** The largest document: beyond it a file is no evidence but a data set. */
export const documentBytesMax = 2 ** 32;

/**
 * Records documents, all in one call of the log: when one of them is refused, nothing is on record.
 *
 * @param key - an idempotency key for the whole call: sent again, it gives the original receipts
 * @throws {LedgerError} as `planEvidence` and `Log.append`; PAYLOAD_TOO_LARGE
 */
export async function recordEvidence(ports: EvidencePorts, evidence: readonly Evidence[], by: Actor, key: string | null = null): Promise<RecordedEvidence[]> {
  // 1. The payloads, staged: when one document is refused, nothing of the others stays.
  const held: Held = { staged: [], sealed: [] };
  let prepared: Prepared[];
  try {
    prepared = await prepareAll(ports, held, evidence, by, key);
    // They are kept when all of the call can go on record. A crash after this leaves files that no entry names: nothing believes them.
    await all(held.staged.map((payload) => payload.keep()));
  } catch (error) {
    for (const payload of held.staged) await payload.drop();
    for (const commitment of held.sealed) await dropSealed(ports, commitment);
    throw error;
  }
  // 2. The entries: appended when their payloads are durable, never before.
  const outcomes = await ports.log.append(prepared.flatMap(({ commands }) => commands));
  const recorded: RecordedEvidence[] = [];
  let next = 0;
  for (const { commands, types, sealed, ...rest } of prepared) {
    const own = outcomes.slice(next, (next += commands.length));
    const events: RecordedEvent[] = [];
    for (const [i, outcome] of own.entries()) {
      events.push({ type: types[i] as RecordedEvent['type'], outcome, checked: await checkAgain(ports, outcome, rest.signatures, by) });
    }
    const isUnused = sealed !== null && own.every((outcome) => !outcome.ok || outcome.repeated);
    if (isUnused) await dropSealed(ports, sealed);
    const original = isUnused ? await commitmentIn(ports.log, own) : null;
    recorded.push({ ...rest, commitment: original ?? rest.commitment, events });
  }
  return recorded;
}

/** The commitment of sealed evidence that was there before. */
async function commitmentIn(log: Log, outcomes: readonly Outcome[]): Promise<Uint8Array | null> {
  const before = outcomes.find((outcome) => outcome.ok);
  return before?.ok === true ? (sealedEvidenceOf(decodeEnvelope(await log.entry(before.index)))?.commitment ?? null) : null;
}

type Prepared = Omit<RecordedEvidence, 'events'> & {
  readonly commands: readonly Command[];
  readonly types: readonly RecordedEvent['type'][];
  /** The commitment of a payload sealed for this call. */
  readonly sealed: Uint8Array | null;
};

/** What a call has put on the disk, and what it would take back: nothing of it is named by an entry yet. */
interface Held {
  readonly staged: StagedPayload[];
  readonly sealed: Uint8Array[];
}

/** So many small documents wait for the disk together; a large one is alone in memory. */
const togetherMax = 16;
const togetherBytesMax = 1 << 20;

async function prepareAll(ports: EvidencePorts, held: Held, evidence: readonly Evidence[], by: Actor, key: string | null): Promise<Prepared[]> {
  const working: Promise<Prepared>[] = [];
  try {
    for (const [i, one] of evidence.entries()) {
      const start = await gather(one.bytes, one.seal === true ? Number.POSITIVE_INFINITY : jsonBytesMax, one.seal === true ? 0 : (one.size ?? 0));
      const own = key === null ? null : evidence.length === 1 ? key : `${key}#${i}`;
      working.push(prepare(ports, held, one, start, by, own));
      // A refusal ends the call when what was begun beside it has ended.
      if (start.bytes.length > togetherBytesMax || working.length % togetherMax === 0) await Promise.allSettled(working);
      else working.at(-1)?.catch(() => {});
    }
  } finally {
    await Promise.allSettled(working);
  }
  return all(working);
}

async function prepare(ports: EvidencePorts, held: Held, evidence: Evidence, start: Gathered, by: Actor, key: string | null): Promise<Prepared> {
  const { media, seal = false, asDocument = false } = evidence;
  const given = asSet(evidence.subjects);
  const whole = start.rest === null ? start.bytes : null;
  if (whole === null && !asDocument && looksLikeEvidence(start.bytes)) {
    throw new LedgerError('INPUT_TOO_LARGE', `Cannot read a document of more than ${jsonBytesMax} bytes`, {
      hint: 'split it, or keep it as it is with --as-document',
    });
  }
  const read = whole === null || asDocument ? null : await readUnlessBinary(ports.reader, whole);
  const plain = read === null || isPlain(read);
  const checked = plain ? [] : checkSignatures(read.envelopes ?? [], ports.trust, {
    given, at: ports.now(), pseudonym: (issuer, subject) => personOf(sha256, ports.pepper, issuer, subject),
  });
  const planned = plain ? [] : planEvidence(read, given, checked.map(({ record }) => record));
  if (planned.length === 0 && seal && given.length === 0) {
    throw new LedgerError('SUBJECT_UNKNOWN', 'Cannot seal a document about nothing else: its digest appears nowhere', {
      hint: 'name what it is about with --subject',
    });
  }

  const factBytes = planned.length === 0 ? null : (read?.facts as Uint8Array);
  const [{ document, digest, size }, stored] = await all([
    stageDocument(ports, held, evidence, start, whole, seal),
    factBytes === null ? null : stageBytes(ports, held, [factBytes], factBytes.length),
  ] as const);
  const request = key === null ? null : [digest, media, given, seal];
  const onceOf = (i: number) => (key === null ? {} : {
    once: { key: onceKeyOf(i === 0 ? key : `${key}/${i}`), request: requestDigestOf(sha256, ports.pepper, [...(request as never[]), i]) },
  });
  const commitment = document.commitment?.[1] ?? null;
  // What recognises it when it comes again stands in its entry, or beside the log where it is sealed.
  const sealedAs = (type: RecordedEvent['type'], subjects: readonly Digest[] | undefined) =>
    (commitment === null || subjects === undefined || EVENTS[type].at(-1)?.sameAs === undefined
      ? {}
      : { sealed: { commitment, key: sealedKeyOf(sha256, ports.pepper, type, subjects, 'document', ['sha256', digest]) } });
  const own = { digest: seal ? null : digest, commitment, size, read, signatures: checked, sealed: commitment };
  if (stored === null) {
    // A document about nothing else is its own subject.
    const subjects = given.length === 0 ? [['sha256', digest] as const] : given;
    const draft = prepareDraft({ type: 'document.stored', by, data: { subjects }, payloads: [document], ...onceOf(0) }, sha256);
    return { ...own, commands: [{ drafts: [draft], ...sealedAs('document.stored', subjects) }], types: ['document.stored'] };
  }
  const facts: PayloadReference = { role: 'facts', size: stored.size, media: 'application/json', digest: ['sha256', stored.digest] };
  const commands = planned.map(({ family, type, data, linked, claimed }, i) => {
    const main = { type, by, data, payloads: [document, facts], ...onceOf(i), ...(claimed === undefined ? {} : { claimed }) } as NewEvent;
    const events = [main, ...linked.map((more) => ({ type: `${family}.linked`, by, data: more }) as NewEvent)];
    return { drafts: events.map((event): Draft => prepareDraft(event, sha256)), ...sealedAs(type, data.subjects) };
  });
  return { ...own, commands, types: planned.map(({ type }) => type) };
}

/** Waits for all of them, then throws what the first one threw: what is taken back afterwards must not be under way. */
async function all<const T extends readonly unknown[]>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

interface StagedDocument {
  readonly document: PayloadReference;
  /** Of the bytes as received. */
  readonly digest: Uint8Array;
  readonly size: number;
}

/** The document as received, or sealed. */
async function stageDocument(
  ports: EvidencePorts, held: Held, { media }: Evidence, start: Gathered, whole: Uint8Array | null, seal: boolean,
): Promise<StagedDocument> {
  if (seal && whole !== null) {
    const document = await storeSealed(ports, 'document', media, whole);
    held.sealed.push(document.commitment?.[1] as Uint8Array);
    return { document, digest: sha256(whole), size: whole.length };
  }
  const { digest, size } = await stageBytes(ports, held, whole === null ? chain(start) : [whole], documentBytesMax);
  return { document: { role: 'document', size, media, digest: ['sha256', digest] }, digest, size };
}

async function stageBytes(
  { payloads }: EvidencePorts, { staged }: Held, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytesMax: number,
): Promise<StoredPayload> {
  const payload = await payloads.stage(bytes, bytesMax);
  staged.push(payload);
  return payload;
}

/** Reads a document that may be evidence; what is not even text is none, whatever a reader of text would say of it. */
async function readUnlessBinary(reader: EvidenceReader, bytes: Uint8Array): Promise<EvidenceRead | null> {
  const read = await reader.read(bytes);
  return read.refusal?.code === 'INPUT_NOT_UTF8' && !looksLikeEvidence(bytes) ? null : read;
}

/** Whether bytes begin as a document of a known format does: JSON, XML, or SPDX's own text. */
export function looksLikeEvidence(bytes: Uint8Array): boolean {
  // A mark of the byte order and the zeros of UTF-16 are passed over.
  const first = bytes.subarray(0, 4096).filter((byte) => byte !== 0 && byte < 0x80);
  return /^\s*(?:[{[<]|SPDXVersion:)/.test(String.fromCharCode(...first));
}

interface Gathered {
  /** The first bytes, or all of them. */
  readonly bytes: Uint8Array;
  /** What follows; null where nothing does. */
  readonly rest: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | null;
}

/** Takes up to about `bytesMax` bytes into memory. */
async function gather(bytes: Evidence['bytes'], bytesMax: number, expected: number): Promise<Gathered> {
  const source = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]();
  const whole = expected > togetherBytesMax && expected <= bytesMax ? new Uint8Array(new SharedArrayBuffer(expected)) : null;
  const pieces: Uint8Array[] = [];
  let size = 0;
  let done = false;
  while (!done && size <= bytesMax) {
    const next = await source.next();
    if (next.done === true) done = true;
    else {
      if (whole !== null && pieces.length === 0 && size + next.value.length <= whole.length) whole.set(next.value, size);
      else if (whole !== null && pieces.length === 0) pieces.push(whole.subarray(0, size), next.value);
      else pieces.push(next.value);
      size += next.value.length;
    }
  }
  if (whole !== null && pieces.length === 0) {
    if (size === whole.length) return { bytes: whole, rest: done ? null : source };
    pieces.push(whole.subarray(0, size));
  }
  // Shared with the reading thread: 100 MB are there once and not twice. WebCrypto, which seals, takes no shared memory.
  const all = new Uint8Array(size > togetherBytesMax && bytesMax !== Number.POSITIVE_INFINITY ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  let at = 0;
  for (const piece of pieces.splice(0)) {
    all.set(piece, at);
    at += piece.length;
  }
  return { bytes: all, rest: done ? null : source };
}

async function* chain({ bytes, rest }: Gathered): AsyncIterable<Uint8Array> {
  yield bytes;
  for (let next = await rest?.next(); next !== undefined && next.done !== true; next = await rest?.next()) yield next.value;
}

/**
 * Trust may have changed since an attestation was recorded: then what its signatures are worth now goes on record beside it.
 *
 * Without this, evidence that came before its signer was trusted could never count: sent again, it is only recognised.
 */
async function checkAgain({ log }: EvidencePorts, outcome: Outcome, signatures: readonly CheckedEnvelope[], by: Actor): Promise<number | null> {
  if (!outcome.ok || !outcome.repeated || signatures.length === 0) return null;
  const records = signatures.map(({ record }) => record);
  const first = decodeEvent(await log.entry(outcome.index));
  if (first.type !== 'attestation.recorded') return null;
  const [{ name } = { name: '' }] = first.streams;
  const newest = await newestCheck(log, name, outcome.index) ?? first.data.signatures;
  if (sameRecords(newest, records)) return null;
  const data = { entry: outcome.index, subjects: first.data.subjects, signatures: records };
  return (await log.appendOne({ drafts: [prepareDraft({ type: 'attestation.checked', by, data, cause: [outcome.index] }, sha256)] })).index;
}

async function newestCheck(log: Log, stream: string, entry: number): Promise<readonly SignatureRecord[] | null> {
  for await (const { index, event } of log.stream(stream)) {
    if (index <= entry) return null;
    if (event.type === 'attestation.checked' && event.data.entry === entry) return event.data.signatures;
  }
  return null;
}

/** Compared as they would be encoded: a decoded record may have its members in another order. */
function sameRecords(a: readonly SignatureRecord[], b: readonly SignatureRecord[]): boolean {
  return equalBytes(encodeCbor(a as CborValue), encodeCbor(b as CborValue));
}
