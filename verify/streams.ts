// Whether everything the log holds about a stream is there, and how strongly that is shown (spec/verify.md, "Stream").
import { clip, LedgerError } from '../ledger/errors.ts';
import { decodeEvent, type Event } from '../ledger/events/index.ts';
import { leafHash } from '../ledger/merkle/hash.ts';
import { verifyInclusion } from '../ledger/merkle/inclusion.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../ledger/note/checkpoint.ts';
import type { NoteKey } from '../ledger/note/keys.ts';
import { verifyNote } from '../ledger/note/note.ts';
import { type StreamEvent, verifyStreamHistory } from '../ledger/streams/history.ts';
import type { StreamProof } from '../ledger/streams/proof.ts';
import { StreamProofs } from '../ledger/streams/proofs.ts';
import { statedIndex } from '../ledger/streams/stated-index.ts';
import { no, yes } from '../ledger/verdict.ts';
import { openCheckpoint, type Signed, trustsNobody } from './checkpoint.ts';
import type { Answer } from './codes.ts';
import { readEvidence } from './evidence.ts';
import { missingEvidence } from './growth.ts';
import type { Beside } from './inclusion.ts';
import { parseStreamEvidence, type Placed, type StreamEvidence } from './stream-evidence.ts';
import type { Trust } from './trust.ts';

/** How strongly completeness is shown, from the weakest to the strongest. Each holds what the one before it does. */
export const LEVELS = ['GAPLESS', 'HEAD', 'AUDITED'] as const;

export type Level = (typeof LEVELS)[number];

/** What is proven about a stream. */
export interface Complete extends Signed {
  readonly stream: string;
  readonly level: Level;
  /** The stream's events in order, decoded. */
  readonly events: readonly { readonly index: number; readonly event: Event }[];
  /** From HEAD on: at this size the last version was `version`. Null at GAPLESS. */
  readonly size: number | null;
  /** The last version that the level speaks about; 0 where there was no event. */
  readonly version: number;
  /** For people: one sentence each. */
  readonly proven: readonly string[];
  readonly notProven: readonly string[];
}

/** What else the reader may bring. */
export interface StreamOptions extends Beside {
  /** Cosignature keys of mirrors and witnesses that read every entry and recompute the stream index before they sign. */
  readonly auditors?: readonly NoteKey[];
  /** The stream's version that a decision or an export pinned. */
  readonly pinned?: number;
}

/**
 * Verifies that evidence holds every event of a stream, and says how strongly.
 *
 * @returns the level that the evidence reaches, with what is proven and what is not; a missing event is `STREAM_INCOMPLETE`
 * @see spec/verify.md, "Stream"
 */
export function verifyStream(input: StreamEvidence | Uint8Array | string, trust: Trust, options: StreamOptions = {}): Answer<Complete> {
  // 1. Somebody is trusted, and the evidence can be read.
  if (trust.logs.length === 0) return trustsNobody;
  const read = readEvidence('the stream', () => {
    const evidence = typeof input === 'string' || input instanceof Uint8Array ? parseStreamEvidence(input) : input;
    const indexes = evidence.events.map(({ index }) => index);
    if (new Set(indexes).size < indexes.length) throw new LedgerError('INPUT_MALFORMED', 'Cannot read stream evidence: an event stands there twice');
    return { ...evidence, checkpoint: parseCheckpoint(evidence.checkpoint) };
  });
  if (!read.ok) return read;
  const { stream, checkpoint, events, head } = read.value;
  // 2. A trusted key of the log signed the checkpoint.
  const signed = openCheckpoint(checkpoint, trust);
  if (!signed.ok) return signed;
  // 3. Every entry is in the tree, is an event that this verifier knows, and belongs to the stream.
  const decoded: { index: number; event: Event; tag: StreamEvent }[] = [];
  for (const placed of events.toSorted((a, b) => a.index - b.index)) {
    const event = eventAt(placed, checkpoint);
    if (!event.ok) return event;
    const tag = event.value.streams.find(({ name }) => name === stream);
    if (tag === undefined) return no('STREAM_FOREIGN', `the event at ${placed.index} is not of "${clip(stream)}"`);
    decoded.push({ index: placed.index, event: event.value, tag: { index: placed.index, version: tag.version, prev: tag.prev } });
  }
  // 4. The index, at a size, says which version was the last.
  const last = head === null ? null : lastVersion(stream, head, checkpoint);
  if (last !== null && !last.ok) return last;
  // 5. Versions 1 to n are there, each linked to the one before: up to that size exactly n, and behind it without a gap.
  const tags = decoded.map(({ tag }) => tag);
  const whole = verifyWhole(stream, tags, last, options.pinned);
  if (!whole.ok) return whole;
  // 6. Nothing is missing that further evidence could bring.
  const missing = missingEvidence(signed, trust, options.update);
  if (missing !== null) return missing;
  const level = last === null ? 'GAPLESS' : isAudited(checkpoint, options.auditors ?? [], trust) ? 'AUDITED' : 'HEAD';
  const version = last?.version ?? tags.length;
  const size = last?.size ?? null;
  return { ...signed, stream, level, events: decoded.map(({ index, event }) => ({ index, event })), size, version, ...told(level, version, size) };
}

/**
 * Verifies that events are all versions of a stream: exactly those that the index says up to its size, and behind it no gap.
 *
 * @param tags - ascending by index @param last - what the index says; null where nothing was shown @param pinned - a version that must be among them
 */
export function verifyWhole(stream: string, tags: readonly StreamEvent[], last: LastVersion | null, pinned?: number): Answer<object> {
  // Of most streams that a decision read the index says that there is nothing, and that is all that is to be shown.
  if (last !== null && last.version === 0 && tags.length === 0 && (pinned ?? 0) === 0) return yes;
  if (last !== null) {
    const upTo = verifyStreamHistory(stream, tags.filter(({ index }) => index < last.size), last.version);
    if (!upTo.ok) return upTo;
    if (last.version > 0 && (tags[last.version - 1] as StreamEvent).index !== last.index) {
      return no('STREAM_FORKED', `the index says that version ${last.version} of "${clip(stream)}" stands at ${last.index}`);
    }
  }
  const whole = verifyStreamHistory(stream, tags);
  if (!whole.ok) return whole;
  if (pinned !== undefined && tags.length < pinned) return no('STREAM_INCOMPLETE', `"${clip(stream)}" ends at version ${tags.length}, expected ${pinned}`);
  if (last === null && tags.length === 0) return no('STREAM_INCOMPLETE', `no event of "${clip(stream)}", and no proof that there is none`);
  return whole;
}

/** An entry with its proof: included, and an event that this verifier knows. */
export function eventAt({ entry, index, proof }: Placed, { size, root }: SignedCheckpoint): Answer<{ readonly value: Event }> {
  const inclusion = verifyInclusion(index, size, leafHash(entry), proof, root);
  if (!inclusion.ok) return inclusion;
  try {
    return { ok: true, value: decodeEvent(entry) };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const newer = error.code === 'EVENT_UNKNOWN' || error.code === 'EVENT_VERSION_UNKNOWN';
    // The log signed it, so it is no damage on the way: either it is of a later time, or the log broke its own rules.
    return no(newer ? 'EVIDENCE_NEWER' : 'EVENT_INVALID', `the entry at ${index}: ${error.message} (${error.code})`);
  }
}

/** What the index says of a stream: its last version at a size, and where that stands; version 0 where there was none. */
export interface LastVersion {
  readonly size: number;
  readonly version: number;
  readonly index: number;
}

type Head = NonNullable<StreamEvidence['head']>;

function lastVersion(stream: string, { stated, proof }: Head, checkpoint: SignedCheckpoint): Answer<LastVersion> {
  const event = eventAt(stated, checkpoint);
  if (!event.ok) return event;
  const index = statedBy(event.value, stated.index);
  return index.ok ? lastVersionUnder(index, new StreamProofs(index.root), stream, proof) : index;
}

/** The index that an event states. @param at - the event's own index */
export function statedBy(event: Event, at: number): Answer<{ readonly size: number; readonly root: Uint8Array }> {
  const index = statedIndex(event);
  if (index === null) return no('STREAM_ROOT_MISSING', `the event at ${at} states no root of the stream index`);
  if (index.size > at) return no('EVENT_INVALID', `the event at ${at} states the stream index of a size it does not know yet`);
  return { ok: true, ...index };
}

/** What a proof says of a stream's last version under a stated index. @param proofs - of the root that it states */
export function lastVersionUnder(index: { readonly size: number }, proofs: StreamProofs, stream: string, proof: StreamProof): Answer<LastVersion> {
  const verdict = proofs.verify(stream, proof);
  if (!verdict.ok) return verdict;
  const { version, index: at } = proof.claim === 'present' ? proof : { version: 0, index: 0 };
  return { ok: true, size: index.size, version, index: at };
}

/** Whether an auditor that the reader names has cosigned. */
export function isAudited(checkpoint: SignedCheckpoint, auditors: readonly NoteKey[], { verifiers }: Trust): boolean {
  const { verified, failed } = verifyNote(checkpoint.note, auditors, verifiers);
  return failed.length === 0 && verified.some(({ time }) => time !== null);
}

function told(level: Level, version: number, size: number | null): { proven: string[]; notProven: string[] } {
  const proven = [version === 0 ? 'every event given is in the log' : `versions 1 to ${version} are in the log, each linked to the one before`];
  const notProven = ['that evidence which was never appended does not exist'];
  if (size !== null) {
    const last = version === 0 ? 'the stream had no event' : `version ${version} was the last`;
    proven.push(`the index that the log stated says: at size ${size} ${last}`);
    notProven.unshift(`that nothing was appended after size ${size}`);
  }
  if (level === 'GAPLESS') notProven.unshift(`that version ${version} is the last`);
  if (level === 'HEAD') notProven.unshift('that the log built its index from all entries: nobody named here recomputed it');
  if (level === 'AUDITED') proven.push('an auditor who read all entries and recomputed the index signed the tree');
  return { proven, notProven };
}
