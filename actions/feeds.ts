// What a feed holds: its snapshots on record, the one a scan uses, and the newest scan of each artifact on it.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { DataOf, Event } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { Snapshot, type SnapshotFile } from '../scanner/index.ts';

/** One `feed.imported`. */
export interface ImportedSnapshot {
  readonly index: number;
  /** When it was recorded, milliseconds since 1970. */
  readonly at: number;
  readonly data: DataOf<'feed.imported'>;
  /** `sha256:` and the root: what names the snapshot. */
  readonly name: string;
  /** Digest and size of the file. */
  readonly file: { readonly digest: Uint8Array; readonly size: number };
}

/** Which snapshot is meant: the newest, one by its name, or the one that was newest at a time (milliseconds since 1970). */
export type Wanted = { readonly is: 'newest' } | { readonly is: 'name'; readonly name: string } | { readonly is: 'at'; readonly at: number };

type Stream = Pick<LogView, 'stream'>;

/** The imports of a feed, newest first. */
export async function* importsOf(log: Stream, feed: string): AsyncGenerator<ImportedSnapshot> {
  for await (const { index, event } of log.stream(`feed:${feed}`)) if (event.type === 'feed.imported') yield importOf(index, event);
}

function importOf(index: number, event: Event & { type: 'feed.imported' }): ImportedSnapshot {
  const { digest, size } = payloadOf(event, 'snapshot');
  return { index, at: event.at, data: event.data, name: `sha256:${formatHex(event.data.snapshot[1])}`, file: { digest, size } };
}

/** The digest and size of a payload that is never sealed. */
export function payloadOf(event: Event, role: string): StoredPayload {
  const found = event.payloads?.find((one) => one.role === role);
  if (found?.digest === undefined) throw new TypeError(`${event.type} has no ${role}`);
  return { digest: found.digest[1], size: found.size };
}

/** @throws {LedgerError} SNAPSHOT_UNKNOWN */
export async function findSnapshot(log: Stream, feed: string, wanted: Wanted): Promise<ImportedSnapshot> {
  for await (const one of importsOf(log, feed)) {
    if (wanted.is === 'newest' || (wanted.is === 'name' ? one.name === wanted.name : one.at <= wanted.at)) return one;
  }
  const which = { newest: 'no snapshot was', name: 'that snapshot was not', at: 'no snapshot had been' }[wanted.is];
  throw new LedgerError('SNAPSHOT_UNKNOWN', `Cannot use feed "${feed}": ${which} imported${wanted.is === 'at' ? ' by then' : ''}`, {
    hint: wanted.is === 'newest' ? 'import advisories with "stella feed import"' : '"stella feed list" shows those that were',
  });
}

/**
 * Opens a snapshot and closes it after the work.
 *
 * @throws {LedgerError} PAYLOAD_MISSING, SNAPSHOT_DAMAGED, INPUT_MALFORMED
 */
export async function withSnapshot<T>(
  payloads: PayloadStore, { file, name }: Pick<ImportedSnapshot, 'file' | 'name'>, work: (snapshot: Snapshot, file: SnapshotFile) => T | Promise<T>,
): Promise<T> {
  const opened = await payloads.openAt(file.digest);
  try {
    return await work(new Snapshot(opened, name), opened);
  } finally {
    opened.close();
  }
}

/** A scan on record. */
export interface ScanRecord {
  readonly index: number;
  readonly at: number;
  readonly data: DataOf<'scan.completed'>;
  readonly findings: StoredPayload;
  /** Null where a bill of materials was scanned. */
  readonly inventory: StoredPayload | null;
  /** What the image starts; null where no image was scanned. */
  readonly trace: StoredPayload | null;
}

export interface StoredPayload {
  readonly digest: Uint8Array;
  readonly size: number;
}

export function scanOf(index: number, event: Event & { type: 'scan.completed' }): ScanRecord {
  const optional = (role: string) => (event.payloads?.some((one) => one.role === role) === true ? payloadOf(event, role) : null);
  return { index, at: event.at, data: event.data, findings: payloadOf(event, 'findings'), inventory: optional('inventory'), trace: optional('trace') };
}

export interface FeedScans {
  /** The newest completed scan of each artifact, by the artifact's digest in hexadecimal, oldest scan first. */
  readonly scans: ReadonlyMap<string, ScanRecord>;
  /** The newest `feed.rescanned`. */
  readonly rescanned: { readonly index: number; readonly data: DataOf<'feed.rescanned'>; readonly holding: Uint8Array } | null;
}

/** Reads a feed's stream to its beginning. */
export async function readFeedScans(log: Stream, feed: string): Promise<FeedScans> {
  const scans = new Map<string, ScanRecord>();
  let rescanned: FeedScans['rescanned'] = null;
  for await (const { index, event } of log.stream(`feed:${feed}`)) {
    if (event.type === 'feed.rescanned') rescanned ??= { index, data: event.data, holding: payloadOf(event, 'holding').digest };
    if (event.type !== 'scan.completed') continue;
    const subject = formatHex(event.data.subject[1]);
    if (!scans.has(subject)) scans.set(subject, scanOf(index, event));
  }
  return { scans: new Map([...scans].reverse()), rescanned };
}
