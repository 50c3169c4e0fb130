// Store files of no known format: their bytes as payloads, one `document.stored` each.
import { compareBytes, equalBytes } from '../ledger/bytes.ts';
import { idempotencyKeyOf, prepareDraft, requestDigestOf, type Actor, type Digest, type Draft } from '../ledger/events/index.ts';
import type { Outcome } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { PayloadStore, StoredPayload } from '../ledger/store/payloads.ts';

export interface DocumentToStore {
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Its media type, such as `text/plain`. */
  readonly media: string;
  /** The artifacts it is about; itself when there are none. */
  readonly subjects: readonly Digest<'sha256'>[];
}

export interface StoredDocument extends StoredPayload {
  readonly outcome: Outcome;
}

/** The largest document: beyond it a file is no evidence but a data set. */
export const documentBytesMax = 2 ** 32;

/**
 * Stores documents and appends one event for each, all in one call of the log.
 *
 * @param by - who does it @param key - an idempotency key for the whole call: sent again, it gives the original receipts
 * @param pepper - the ledger's secret, 32 bytes, under which the request's digest is kept
 */
export async function storeDocuments(
  log: Log, payloads: PayloadStore, documents: readonly DocumentToStore[], by: Actor, once: { readonly key: string; readonly pepper: Uint8Array } | null = null,
): Promise<StoredDocument[]> {
  const stored: StoredPayload[] = [];
  const drafts: Draft[] = [];
  for (const [i, { bytes, media, subjects }] of documents.entries()) {
    // 1. The payload. A crash after this leaves a file that no entry names; `fsck` counts it and nothing believes it.
    const payload = await payloads.put(bytes, documentBytesMax);
    stored.push(payload);
    const digest = ['sha256', payload.digest] as const;
    const about = setOf(subjects.length === 0 ? [digest] : subjects);
    const payloadReference = { role: 'document', size: payload.size, media, digest };
    const key = once === null ? {} : { once: onceOf(once, i, documents.length, [digest, media, about]) };
    drafts.push(prepareDraft({ type: 'document.stored', by, data: { subjects: about }, payloads: [payloadReference], ...key }, sha256));
  }
  // 2. The entries: appended when their payloads are durable, never before.
  const outcomes = await log.append(drafts.map((draft) => ({ drafts: [draft] })));
  return outcomes.map((outcome, i) => ({ ...(stored[i] as StoredPayload), outcome }));
}

/** Each document of a call is a command of its own: its key is the call's with its place. */
function onceOf({ key, pepper }: { readonly key: string; readonly pepper: Uint8Array }, place: number, count: number, request: readonly unknown[]) {
  const own = count === 1 ? key : `${key}#${place}`;
  return { key: idempotencyKeyOf(sha256, own), request: requestDigestOf(sha256, pepper, request as never) };
}

/** Digests as a set: sorted by their bytes, none twice. */
function setOf(digests: readonly Digest<'sha256'>[]): Digest<'sha256'>[] {
  const sorted = [...digests].sort((a, b) => compareBytes(a[1], b[1]));
  return sorted.filter((digest, i) => i === 0 || !equalBytes(digest[1], (sorted[i - 1] as Digest<'sha256'>)[1]));
}
