// Explain: why a vulnerability is reported for an artifact, and why not, each answer computed again from the record's stored bytes.
import { formatHex, parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Digest } from '../ledger/events/index.ts';
import {
  chainOf, decodeTrace, explain, inputNames, recompute, type Explained, type Explanation, type OutcomeName, type ScanComponent, type Snapshot, type TraceChain,
} from '../scanner/index.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { findSnapshot, readFeedScans, withSnapshot, type ImportedSnapshot, type ScanRecord, type Wanted } from './feeds.ts';
import { readPayload } from './sealed-payload.ts';
import { findList, isSamePlace, listOfScan, newestScan, readList, type ListPlace, type ListPorts } from './scan-list.ts';

/** The one word for an artifact and a vulnerability: the loudest outcome, or why there is none. */
export type ExplainedAs = OutcomeName | 'not_in_list' | 'not_in_snapshot';

export interface ArtifactExplanation {
  readonly is: ExplainedAs;
  readonly explanation: Explanation;
  /** What `recompute` says of each of the explanation's answers; anything but `same` is a fault. */
  readonly checked: readonly ReturnType<typeof recompute>[];
  readonly components: number;
  readonly snapshot: ImportedSnapshot;
  /** Of each answer, how what the image starts comes to the component; null where nothing was traced, or its trace is not here any more. */
  readonly chains: readonly (TraceChain | null)[];
  /** The entry whose list and, unless another was asked for, snapshot this is about; null where nothing was scanned yet. */
  readonly scan: number | null;
  readonly list: ListPlace;
}

const LOUDEST: readonly OutcomeName[] = ['affected', 'indeterminate', 'unversioned', 'unsupported', 'not_affected'];

/**
 * Explains by the newest scan on record, or by another snapshot; without a scan, by the newest list and snapshot.
 *
 * @throws {LedgerError} SNAPSHOT_UNKNOWN, SBOM_UNKNOWN, SNAPSHOT_DAMAGED, PAYLOAD_MISSING
 */
export async function explainArtifact(
  ports: ListPorts, asked: { id: string; subject: Digest<'sha256'>; feed: string; snapshot: Wanted | null },
): Promise<ArtifactExplanation> {
  const { id, subject, feed } = asked;
  const scan = await newestScan(ports, subject, feed);
  const list = scan === null ? await findList(ports, subject) : listOfScan(scan);
  const pinned: Wanted = scan === null ? { is: 'newest' } : { is: 'name', name: nameOf(scan.data.snapshot) };
  const snapshot = await findSnapshot(ports.log, feed, asked.snapshot ?? pinned);
  const input = await readList(ports, list);
  return withSnapshot(ports.payloads, snapshot, async (opened) => {
    const explanation = explain(id, input, opened);
    const checked = explanation.answers.map((answer) => check(answer, opened));
    const chains = await chainsOf(ports, list, explanation);
    return { is: wordOf(explanation), explanation, checked, chains, components: input.components.length, snapshot, scan: scan?.index ?? null, list };
  });
}

async function chainsOf({ payloads }: ListPorts, list: ListPlace, { answers }: Explanation): Promise<(TraceChain | null)[]> {
  const stored = list.is === 'inventory' && answers.length > 0 ? list.trace : null;
  if (stored === null || !(await payloads.has(stored.digest))) return answers.map(() => null);
  const trace = decodeTrace(await readPayload(payloads, stored.digest));
  return answers.map(({ component }) => chainOf(trace, component.refs));
}

function nameOf([, digest]: Digest<'sha256'>): string {
  return `sha256:${formatHex(digest)}`;
}

function check(answer: Explained, snapshot: Snapshot): ReturnType<typeof recompute> {
  const ref = snapshot.recordsNamed(answer.id).find((one) => `sha256:${one[3]}` === answer.record);
  return ref === undefined ? 'another record' : recompute(answer, snapshot.bytesOf(ref));
}

function wordOf({ records, answers }: Explanation): ExplainedAs {
  if (records.length === 0) return 'not_in_snapshot';
  return LOUDEST.find((name) => answers.some(({ outcome }) => outcome === name)) ?? 'not_in_list';
}

/**
 * Tells beforehand which lists may name a component that is meant, by their digests: the others are not opened. True for a list that
 * nothing is known of.
 */
export type MayName = (isMeant: (component: ScanComponent) => boolean) => Promise<(list: Uint8Array) => boolean>;

/** One artifact that a vulnerability concerns, by the newest snapshot. */
export interface AffectedArtifact {
  /** In hexadecimal. */
  readonly subject: string;
  readonly is: OutcomeName;
  readonly answers: readonly Explained[];
  /** The newest scan on the feed, null where there was none; whether it was against this very snapshot, and of the list that counts now. */
  readonly scan: number | null;
  readonly isCurrent: boolean;
  readonly isNewestList: boolean;
}

export interface Affected {
  readonly snapshot: ImportedSnapshot;
  readonly ids: readonly string[];
  /** How many records name the vulnerability; 0: the snapshot does not know it. */
  readonly records: number;
  readonly artifacts: readonly AffectedArtifact[];
  /** Artifacts looked at; `unreadable` of them have a list that is not here. */
  readonly looked: number;
  readonly unreadable: readonly string[];
}

/**
 * Which artifacts a vulnerability concerns: the lists that a rescan would take, and the bills of materials of what was never scanned,
 * against the newest snapshot, so that the answer to a new advisory waits for no scan.
 *
 * @param ports - with `documents` at the published size
 * @throws {LedgerError} SNAPSHOT_UNKNOWN, SNAPSHOT_DAMAGED
 */
export async function affectedBy(
  ports: ListPorts & { readonly documents: Pick<DocumentReader, 'all'>; readonly mayName?: MayName },
  asked: { id: string; feed: string; snapshot: Wanted; onProgress?: (done: number, all: number) => void },
): Promise<Affected> {
  const snapshot = await findSnapshot(ports.log, asked.feed, asked.snapshot);
  const { scans } = await readFeedScans(ports.log, asked.feed);
  return withSnapshot(ports.payloads, snapshot, async (opened) => {
    const { ids, records } = explain(asked.id, { components: [] }, opened);
    const names = inputNames(asked.id, opened);
    const artifacts: AffectedArtifact[] = [];
    const unreadable: string[] = [];
    const isMeant = (component: ScanComponent) => names({ components: [component] });
    const mayName = records.length === 0 || ports.mayName === undefined ? () => true : await ports.mayName(isMeant);
    let done = 0;
    const lists = await everyList(ports, scans);
    for (const { subject, scan, place } of records.length === 0 ? [] : lists) {
      asked.onProgress?.((done += 1), lists.length);
      if (!mayName(place.is === 'sbom' ? place.facts : place.digest)) continue;
      let input;
      try {
        input = await readList(ports, place);
      } catch (error) {
        if (!(error instanceof LedgerError) || error.code !== 'PAYLOAD_MISSING') throw error;
        unreadable.push(subject);
        continue;
      }
      if (!names(input)) continue;
      const { answers } = explain(asked.id, input, opened);
      const is = LOUDEST.find((name) => answers.some(({ outcome }) => outcome === name));
      if (is === undefined) continue;
      const isCurrent = scan !== null && nameOf(scan.data.snapshot) === snapshot.name;
      const isNewestList = scan !== null && isSamePlace(place, listOfScan(scan));
      artifacts.push({ subject, is, answers, scan: scan?.index ?? null, isCurrent, isNewestList });
    }
    return { snapshot, ids, records: records.length, artifacts, looked: lists.length, unreadable };
  });
}

interface ArtifactList {
  /** In hexadecimal. */
  readonly subject: string;
  readonly scan: ScanRecord | null;
  readonly place: ListPlace;
}

/** Every artifact's list as a rescan takes it, scanned ones first; of what was never scanned on the feed the one that a scan would take. */
async function everyList(
  ports: ListPorts & { readonly documents: Pick<DocumentReader, 'all'> }, scans: ReadonlyMap<string, ScanRecord>,
): Promise<ArtifactList[]> {
  const artifacts = await ports.documents.all('artifact');
  const begin = 'artifact:sha256:';
  const unscanned = [...artifacts.keys()].map((stream) => stream.slice(begin.length)).filter((subject) => !scans.has(subject)).sort();
  const lists: ArtifactList[] = [];
  for (const subject of [...scans.keys(), ...unscanned]) {
    const scan = scans.get(subject) ?? null;
    const sboms = artifacts.get(`${begin}${subject}`)?.sboms ?? [];
    const [only] = sboms;
    if (scan !== null && (scan.data.sbom === undefined || sboms.length === 0)) lists.push({ subject, scan, place: listOfScan(scan) });
    // Nearly always there is one, and nothing has to be read to know that it counts.
    else if (only !== undefined && sboms.length === 1 && only.superseded === undefined) {
      lists.push({ subject, scan, place: { is: 'sbom', entry: only.entry, facts: only.facts } });
    } else {
      const place = await findListOrNull(ports, subject) ?? (scan === null ? null : listOfScan(scan));
      if (place !== null) lists.push({ subject, scan, place });
    }
  }
  return lists;
}

async function findListOrNull(ports: ListPorts, subject: string): Promise<ListPlace | null> {
  try {
    return await findList(ports, ['sha256', parseHex(subject)]);
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'SBOM_UNKNOWN') return null;
    throw error;
  }
}
