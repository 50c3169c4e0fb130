// Rescan: every artifact's newest scan on a feed, looked at again for a newer snapshot; only what changed is scanned and appended.
import { decodeUtf8, equalBytes, formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { prepareDraft, type Actor, type Draft, type NewEvent } from '../ledger/events/index.ts';
import { encodeJcs } from '../ledger/jcs.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import {
  changesBetween, concerned, footprintOf, matchSemantics, rescanList, Snapshot, type Changes, type FindingsDocument, type ScanInput,
} from '../scanner/index.ts';
import { findSnapshot, readFeedScans, withSnapshot, type FeedScans, type ImportedSnapshot, type ScanRecord, type Wanted } from './feeds.ts';
import { runScan } from './run-scan.ts';
import { completed, pinsOf, type FailedReason, type ScanPorts } from './scan-artifact.ts';
import { findList, isSamePlace, listOfScan, readList, type ListPlace } from './scan-list.ts';
import { readPayload } from './sealed-payload.ts';

export interface RescanRequest {
  readonly feed: string;
  readonly snapshot: Wanted;
  readonly onProgress?: (done: number, all: number) => void;
}

/** What became of one artifact. `holding`: the scan on record would find the same. */
export interface RescanAnswer {
  /** In hexadecimal. */
  readonly subject: string;
  readonly is: 'holding' | 'changed' | 'failed';
  /** Whether it had to be scanned to know. */
  readonly scanned: boolean;
  /** Of the scan that holds, or of the new one. */
  readonly index: number;
  /** Findings that are new or gone since the scan before, by id and component; of `changed` alone. */
  readonly appeared?: readonly string[];
  readonly disappeared?: readonly string[];
}

export interface Rescanned {
  readonly snapshot: ImportedSnapshot;
  readonly answers: readonly RescanAnswer[];
  /** Index of the `feed.rescanned`; null where nothing was left to say. */
  readonly index: number | null;
  /** Shards of the new snapshot that were opened. */
  readonly shards: number;
}

/** So many scans are appended together. */
const togetherMax = 64;

/**
 * Rescans a feed's artifacts.
 *
 * A list is scanned only where the snapshots' difference names one of its packages or one of its findings' ids, where its bill of
 * materials is not the newest any more, or where matching has other semantics by now.
 *
 * @throws {LedgerError} SNAPSHOT_UNKNOWN; SNAPSHOT_DAMAGED, PAYLOAD_MISSING of the new snapshot
 */
export async function rescan(ports: ScanPorts, { feed, snapshot: wanted, onProgress }: RescanRequest, by: Actor): Promise<Rescanned> {
  const imported = await findSnapshot(ports.log, feed, wanted);
  const state = await readFeedScans(ports.log, feed);
  return withSnapshot(ports.payloads, imported, async (snapshot) => {
    const work = new Rescan(ports, imported, snapshot, by, await holdingOf(ports.payloads, state, imported));
    try {
      let done = 0;
      for (const scan of state.scans.values()) {
        await work.take(scan);
        onProgress?.((done += 1), state.scans.size);
      }
      await work.flush();
    } finally {
      work.close();
    }
    const { answers } = work;
    return { snapshot: imported, answers, index: await appendSummary(ports, imported, work, by), shards: snapshot.touched.shards };
  });
}

/** Scans that were found to hold for this snapshot before. */
async function holdingOf(payloads: PayloadStore, { rescanned }: FeedScans, { data }: ImportedSnapshot): Promise<ReadonlySet<number>> {
  if (rescanned === null || !equalBytes(rescanned.data.snapshot[1], data.snapshot[1]) || rescanned.data.semantics !== matchSemantics) return new Set();
  const listed = JSON.parse(decodeUtf8(await readPayload(payloads, rescanned.holding))) as { scan: number }[];
  return new Set(listed.map(({ scan }) => scan));
}

class Rescan {
  readonly answers: RescanAnswer[] = [];
  /** Whether anything was looked at that no event says yet. */
  isNews = false;
  readonly #ports: ScanPorts;
  readonly #imported: ImportedSnapshot;
  readonly #snapshot: Snapshot;
  readonly #by: Actor;
  readonly #known: ReadonlySet<number>;
  /** By the older snapshot's name: it, opened, and what changed since; null where that cannot be told. */
  readonly #older = new Map<string, { readonly old: Snapshot; readonly changes: Changes; readonly close: () => void } | null>();
  readonly #waiting: { draft: Draft; answer: Omit<RescanAnswer, 'index'> }[] = [];

  constructor(ports: ScanPorts, imported: ImportedSnapshot, snapshot: Snapshot, by: Actor, known: ReadonlySet<number>) {
    this.#ports = ports;
    this.#imported = imported;
    this.#snapshot = snapshot;
    this.#by = by;
    this.#known = known;
  }

  async take(scan: ScanRecord): Promise<void> {
    const subject = formatHex(scan.data.subject[1]);
    const place = await this.#newestList(scan);
    const sameList = isSamePlace(place, listOfScan(scan));
    const sameSemantics = scan.data.semantics === matchSemantics;
    if (sameList && sameSemantics && (this.#known.has(scan.index) || equalBytes(scan.data.snapshot[1], this.#imported.data.snapshot[1]))) {
      this.answers.push({ subject, is: 'holding', scanned: false, index: scan.index });
      return;
    }
    this.isNews = true;
    const pins = pinsOf(this.#ports, scan.data.subject, this.#imported, place);
    const fail = (reason: FailedReason) => {
      const draft = prepareDraft({ type: 'scan.failed', by: this.#by, data: { ...pins, reason } }, sha256);
      this.#waiting.push({ draft, answer: { subject, is: 'failed', scanned: true } });
    };
    const read = await this.#read(place, scan);
    if (read === null) fail('input');
    else {
      const older = sameList && sameSemantics && read.before !== null ? await this.#since(scan) : null;
      if (older !== null && read.before !== null && !concerned(older.changes)(footprintOf(read.input.components, read.before))) {
        this.answers.push({ subject, is: 'holding', scanned: false, index: scan.index });
        return;
      }
      const document = this.#scan(read.input, read.before, older);
      if (typeof document === 'string') fail(document);
      else if (sameList && read.before !== null && isSameResult(read.before, document)) {
        this.answers.push({ subject, is: 'holding', scanned: true, index: scan.index });
      } else {
        const draft = await completed(this.#ports, pins, document, place, this.#by, scan.index);
        this.#waiting.push({ draft, answer: { subject, is: 'changed', scanned: true, ...difference(read.before, document) } });
      }
    }
    if (this.#waiting.length >= togetherMax) await this.flush();
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0) return;
    const outcomes = await this.#ports.log.append(waiting.map(({ draft }) => ({ drafts: [draft] })));
    for (const [i, outcome] of outcomes.entries()) {
      if (!outcome.ok) throw outcome.error;
      this.answers.push({ ...(waiting[i] as (typeof waiting)[number]).answer, index: outcome.index });
    }
  }

  /** An image's inventory stays what was looked at; a bill of materials may have a successor. */
  async #newestList(scan: ScanRecord): Promise<ListPlace> {
    if (scan.data.sbom === undefined) return listOfScan(scan);
    try {
      return await findList(this.#ports, scan.data.subject);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'SBOM_UNKNOWN') return listOfScan(scan);
      throw error;
    }
  }

  /** Null where the list is not there any more; `before` null where only the findings are not. */
  async #read(place: ListPlace, scan: ScanRecord): Promise<{ input: ScanInput; before: FindingsDocument | null } | null> {
    const input = await unlessMissing(() => readList(this.#ports, place));
    if (input === null) return null;
    const before = await unlessMissing(async () => JSON.parse(decodeUtf8(await readPayload(this.#ports.payloads, scan.findings.digest))) as FindingsDocument);
    return { input, before };
  }

  /** Only what changed is looked at, where that is known; the result is the same as that of a full scan. */
  #scan(input: ScanInput, before: FindingsDocument | null, older: { old: Snapshot; changes: Changes } | null): ReturnType<typeof runScan> {
    if (older === null || before === null) return runScan(this.#ports, input, this.#snapshot);
    const { engineVersion, stop } = this.#ports;
    const found = rescanList(input, before, older.old, this.#snapshot, older.changes, { engineVersion, ...(stop === undefined ? {} : { stop }) });
    return 'stopped' in found ? (found.stopped as Extract<ReturnType<typeof runScan>, string>) : found;
  }

  /** Null where the older snapshot is not there any more, or everything may have changed: then all is scanned. */
  async #since(scan: ScanRecord): Promise<{ old: Snapshot; changes: Changes } | null> {
    const name = `sha256:${formatHex(scan.data.snapshot[1])}`;
    const known = this.#older.get(name);
    if (known !== undefined) return known;
    const opened = await unlessMissing(async () => {
      const older = await findSnapshot(this.#ports.log, scan.data.feed, { is: 'name', name });
      const file = await this.#ports.payloads.openAt(older.file.digest);
      const old = new Snapshot(file, name);
      return { old, changes: changesBetween(old, this.#snapshot), close: () => file.close() };
    });
    const { changes = null } = opened ?? {};
    const since = opened === null || changes === null ? null : { ...opened, changes };
    if (since === null) opened?.close();
    this.#older.set(name, since);
    return since;
  }

  close(): void {
    for (const older of this.#older.values()) older?.close();
  }
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LedgerError && (error.code === 'PAYLOAD_MISSING' || error.code === 'SNAPSHOT_UNKNOWN')) return null;
    throw error;
  }
}

/** Everything but the snapshot's name and how many records were met: those change with every import. */
function isSameResult(a: FindingsDocument, b: FindingsDocument): boolean {
  const result = ({ findings, unmatched, components, config, engine }: FindingsDocument) =>
    JSON.stringify([findings, unmatched, components, config, engine.match]);
  return result(a) === result(b);
}

function difference(before: FindingsDocument | null, after: FindingsDocument): Pick<RescanAnswer, 'appeared' | 'disappeared'> {
  const keys = ({ findings }: FindingsDocument) => new Set(findings.map(({ id, component }) => `${id} ${component.purl ?? component.name}`));
  const [old, fresh] = [before === null ? new Set<string>() : keys(before), keys(after)];
  return { appeared: [...fresh].filter((key) => !old.has(key)), disappeared: [...old].filter((key) => !fresh.has(key)) };
}

async function appendSummary({ log, payloads }: ScanPorts, { data }: ImportedSnapshot, { answers, isNews }: Rescan, by: Actor): Promise<number | null> {
  if (!isNews) return null;
  const count = (is: RescanAnswer['is']) => answers.filter((answer) => answer.is === is).length;
  const holding = answers.filter(({ is }) => is === 'holding').sort((a, b) => a.index - b.index);
  const bytes = encodeJcs(holding.map(({ index, subject }) => ({ scan: index, subject: `sha256:${subject}` })));
  const stored = await payloads.put([bytes], bytes.length);
  const event: NewEvent = {
    type: 'feed.rescanned', by,
    data: {
      feed: data.feed, snapshot: data.snapshot, semantics: matchSemantics, holding: holding.length, changed: count('changed'), failed: count('failed'),
    },
    payloads: [{ role: 'holding', size: stored.size, media: 'application/json', digest: ['sha256', stored.digest] }],
  };
  return (await log.appendOne({ drafts: [prepareDraft(event, sha256)] })).index;
}
