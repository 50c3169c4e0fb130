// Import a feed: observations become a snapshot, its file a payload, and one `feed.imported` makes it the feed's newest.
import { formatHex, parseHex } from '../ledger/bytes.ts';
import {
  asSet, prepareDraft, requestDigestOf, type Actor, type DataOf, type NewEvent, type PayloadReference,
} from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import { encodeJcs } from '../ledger/jcs.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { PayloadStore, StoredPayload } from '../ledger/store/payloads.ts';
import { Snapshot, SnapshotBuilder, verifySnapshot, type Imported, type Manifest, type SourceNote } from '../scanner/index.ts';
import { onceKeyOf } from './once-key.ts';

/** A file for work: written from front to back, read anywhere. */
export interface WorkFile {
  append(bytes: Uint8Array): void;
  read(offset: number, length: number): Uint8Array;
  pieces(): Iterable<Uint8Array>;
  close(): void;
}

export interface FeedPorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
  /** The ledger's secret, 32 bytes. */
  readonly pepper: Uint8Array;
  readonly workFile: () => WorkFile;
}

export interface FeedImport {
  /** The feed's name in this ledger. */
  readonly feed: string;
  /** Each source once, by its name; asked when all observations were read, for then their digests are known. */
  readonly sources: () => readonly SourceNote[];
  readonly observations: Iterable<Imported> | AsyncIterable<Imported>;
  /** Leaves the sources' own bytes out of the file; their digests stay. */
  readonly withoutRaw?: boolean;
  /** Called now and then with the number of records so far. */
  readonly onProgress?: (records: number) => void;
}

/** A record that could not be read: its code, and where in the feed it stands. */
export interface RefusedRecord {
  readonly code: string;
  readonly where: string;
}

export interface RecordedSnapshot {
  readonly index: number;
  /** `sha256:` and the root. */
  readonly name: string;
  readonly manifest: Manifest;
  readonly file: StoredPayload;
  readonly refused: readonly (RefusedRecord & { readonly why: string })[];
  /** True when the same idempotency key had recorded it before. */
  readonly repeated: boolean;
}

/** The largest snapshot file. */
export const snapshotBytesMax = 2 ** 40;
export const snapshotMedia = 'application/vnd.stella.snapshot';
/** So many sources stand in one event. */
const sourcesMax = 64;
const progressEvery = 1000;

/**
 * Builds a snapshot from observations and records it.
 *
 * A record that cannot be read stops nothing: it is counted in the event and listed in a payload.
 *
 * @throws {LedgerError} INPUT_MALFORMED when there is no record at all: an empty snapshot would read as "nothing is affected"
 */
export async function importFeed(ports: FeedPorts, asked: FeedImport, by: Actor, key: string | null = null): Promise<RecordedSnapshot> {
  const { feed, sources, observations, withoutRaw = false, onProgress } = asked;
  const [spool, out] = [ports.workFile(), ports.workFile()];
  try {
    const builder = new SnapshotBuilder(spool, { keepRaw: !withoutRaw });
    const refused: (RefusedRecord & { why: string })[] = [];
    let count = 0;
    for await (const one of observations) {
      if (one.is === 'refused') refused.push({ code: one.code, where: one.where, why: one.why });
      else builder.add(one.observation);
      count += 1;
      if (count % progressEvery === 0) onProgress?.(count);
    }
    if (count === refused.length) {
      const first = refused[0] === undefined ? '' : `, the first of them in ${refused[0].where}`;
      const were = refused.length === 1 ? 'one was' : `${refused.length} were`;
      throw new LedgerError('INPUT_MALFORMED', `Cannot import the feed: no record could be read, ${were} refused${first}`, {
        hint: 'name the format that the files have: "stella feed import --help" lists them',
      });
    }
    const notes = sources();
    expectSources(notes.length);
    builder.finish({ write: (bytes) => out.append(bytes) }, notes);
    // 1. The file. A crash after this leaves a payload that no entry names.
    const file = await ports.payloads.put(out.pieces(), snapshotBytesMax);
    // 2. The entry.
    return await recordSnapshot(ports, { feed, file, refused }, by, key);
  } finally {
    spool.close();
    out.close();
  }
}

/**
 * Records a snapshot that was built elsewhere, after building it again from its own records and comparing the names.
 *
 * @throws {LedgerError} INPUT_MALFORMED, SNAPSHOT_DAMAGED; nothing is on record then
 */
export async function importSnapshot(
  ports: FeedPorts, { feed, bytes }: { feed: string; bytes: AsyncIterable<Uint8Array> }, by: Actor, key: string | null = null,
): Promise<RecordedSnapshot> {
  const file = await ports.payloads.put(bytes, snapshotBytesMax);
  await checkSnapshot(ports, file);
  return recordSnapshot(ports, { feed, file, refused: [] }, by, key);
}

/** Whether a stored file is exactly the snapshot that its records make. @throws {LedgerError} INPUT_MALFORMED, SNAPSHOT_DAMAGED */
export async function checkSnapshot({ payloads, workFile }: Pick<FeedPorts, 'payloads' | 'workFile'>, file: Pick<StoredPayload, 'digest'>): Promise<void> {
  const [opened, spool] = [await payloads.openAt(file.digest), workFile()];
  try {
    if (verifySnapshot(new Snapshot(opened), spool)) return;
    throw new LedgerError('SNAPSHOT_DAMAGED', 'Cannot use the snapshot: its own records make another one', { hint: 'import the feed or the kit again' });
  } finally {
    spool.close();
    opened.close();
  }
}

export interface StoredSnapshot {
  readonly feed: string;
  readonly file: StoredPayload;
  readonly refused: RecordedSnapshot['refused'];
  /** The update kit it came in: its digest, and its signed manifest as a stored payload. */
  readonly kit?: { readonly digest: Uint8Array; readonly manifest: PayloadReference };
}

/** Appends the `feed.imported` of a snapshot file that lies in the payload store and was checked. */
async function recordSnapshot(
  { log, payloads, pepper }: Omit<FeedPorts, 'workFile'>, stored: StoredSnapshot, by: Actor, key: string | null = null,
): Promise<RecordedSnapshot> {
  const { feed, file, refused } = stored;
  const { event, name, manifest } = await planSnapshot(payloads, stored, by);
  const once = key === null ? {} : { once: { key: onceKeyOf(key), request: requestDigestOf(sha256, pepper, [feed, file.digest]) } };
  const { index, repeated } = await log.appendOne({ drafts: [prepareDraft({ ...event, ...once }, sha256)] });
  return { index, name, manifest, file, refused, repeated };
}

/** The `feed.imported` of a snapshot file that lies in the payload store and was checked. */
export async function planSnapshot(
  payloads: PayloadStore, { feed, file, refused, kit }: StoredSnapshot, by: Actor,
): Promise<{ readonly event: NewEvent; readonly name: string; readonly manifest: Manifest }> {
  const opened = await payloads.openAt(file.digest);
  const { manifest, digest: name } = new Snapshot(opened);
  opened.close();
  expectSources(manifest.sources.length);
  const references: PayloadReference[] = [{ role: 'snapshot', size: file.size, media: snapshotMedia, digest: ['sha256', file.digest] }];
  if (refused.length > 0) {
    const listed = encodeJcs(refused.map(({ code, where }) => ({ code, where })));
    const stored = await payloads.put([listed], listed.length);
    references.push({ role: 'refused', size: stored.size, media: 'application/json', digest: ['sha256', stored.digest] });
  }
  if (kit !== undefined) references.push(kit.manifest);
  const data: DataOf<'feed.imported'> = {
    feed,
    snapshot: ['sha256', parseHex(name.slice(7), 32)],
    records: manifest.records,
    refused: refused.length,
    sources: asSet(manifest.sources.map(({ name: source, sha256: digest, fetchedMs }) => ({
      name: source,
      ...(digest === undefined ? {} : { sha256: ['sha256', parseHex(digest, 32)] as const }),
      ...(fetchedMs === undefined ? {} : { fetched: fetchedMs }),
    }))),
    ...(kit === undefined ? {} : { kit: ['sha256', kit.digest] }),
  };
  return { event: { type: 'feed.imported', by, data, payloads: references } as NewEvent, name, manifest };
}

function expectSources(count: number): void {
  if (count <= sourcesMax) return;
  throw new LedgerError('INPUT_TOO_LARGE', `Cannot import ${count} sources at once: expected at most ${sourcesMax}`, { hint: 'use several feeds' });
}

/** What identifies a source of several files: the SHA-256 of what `sha256sum` prints for them, in the order of their names. */
export function sourceDigest(files: readonly { readonly path: string; readonly digest: Uint8Array }[]): string {
  if (files.length === 1) return formatHex((files[0] as { digest: Uint8Array }).digest);
  const lines = files.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, digest }) => `${formatHex(digest)}  ${path}\n`);
  return formatHex(sha256(new TextEncoder().encode(lines.join(''))));
}
