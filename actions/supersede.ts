// Supersede evidence: what an entry recorded counts no more from here on. Nothing is removed, and nothing of what was decided moves.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { asSet, prepareDraft, type Actor, type DataOf, type Digest, type Event } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import { artifactStream } from '../policy/gate/source.ts';
import type { ArtifactDocument } from '../projections/artifact.ts';
import type { EvidencePointer } from '../projections/evidence.ts';
import type { DocumentReader } from '../projections/reader.ts';
import { eventAt, isLinked, linkedTo } from './linked.ts';

type Said = DataOf<'evidence.superseded'>;
type Documents = Pick<DocumentReader, 'documents'>;

/** What can be superseded: what documents point to, so that it counts. By type of event, the list that it stands in. */
const LISTS = {
  'sbom.ingested': 'sboms', 'attestation.recorded': 'attestations', 'report.ingested': 'reports', 'vex.stated': 'vex',
} as const satisfies Partial<Record<Event['type'], keyof ArtifactDocument>>;
export type EvidenceType = keyof typeof LISTS;

/** What has no room in one event follows in the next. */
const roomMax = 32;

export interface SupersedePorts {
  readonly log: Log;
  /** Of the log as it is now. */
  readonly documents: Documents;
}

export interface Supersession {
  /** Index of the entry that recorded the evidence. */
  readonly entry: number;
  readonly reason: Said['reason'];
  /** Index of the entry that takes its place. */
  readonly by?: number;
}

export type Superseded = Appended & {
  readonly type: EvidenceType;
  /** Other evidence with the same facts, mostly out of the same file: it counts as it did. */
  readonly alike: readonly number[];
};

/**
 * Supersedes the evidence of an entry. There is no way back: sent again it is recognised, and stays superseded.
 *
 * All streams of the entry learn of it in one append. A crash before that leaves nothing, one after it leaves all of it: there is no
 * payload, and nothing to write beside the entries.
 *
 * @throws {LedgerError} ENTRY_MISSING; EVIDENCE_UNKNOWN when the entry records none; EVIDENCE_SUPERSEDED when it was done before, or to
 *   the successor; SUCCESSOR_WRONG when `by` is not of the same kind and about the same; VERSION_CONFLICT when somebody else does it
 *   at the same moment
 */
export async function supersedeEvidence({ log, documents }: SupersedePorts, { entry, reason, by }: Supersession, actor: Actor): Promise<Superseded> {
  const evidence = await evidenceAt(log, entry);
  const [stream] = streamsOf(evidence) as [string];
  // The version before anything is read: of two at once, one is refused.
  const version = (await log.head(stream))?.version ?? 0;
  const found = await pointersOf(documents, evidence);
  expectCounting(entry, found);
  if (by !== undefined) await expectSuccessor({ log, documents }, evidence, by);
  const { subjects, vulnerabilities } = evidence;
  const count = Math.ceil(Math.max(subjects.length, vulnerabilities.length) / roomMax);
  const drafts = Array.from({ length: count }, (_, i) => {
    const part = <T>(all: readonly T[]) => all.slice(i * roomMax, (i + 1) * roomMax);
    const [about, named] = [part(subjects), part(vulnerabilities)];
    const data: Said = {
      entry, reason, ...(by === undefined ? {} : { by }), ...(about.length === 0 ? {} : { subjects: asSet(about) }),
      ...(named.length === 0 ? {} : { vulnerabilities: asSet(named) }),
    };
    return prepareDraft({ type: 'evidence.superseded', by: actor, data }, sha256);
  });
  const appended = await log.appendOne({ drafts, expected: [{ stream, version }] });
  return { ...appended, type: evidence.type, alike: found.alike.filter((other) => other !== by) };
}

/** An entry's evidence, with all that it and the entries linked to it name. */
interface Evidence {
  readonly entry: number;
  readonly type: EvidenceType;
  readonly subjects: readonly Digest<'sha256'>[];
  readonly vulnerabilities: readonly string[];
}

/** @throws {LedgerError} ENTRY_MISSING, EVIDENCE_UNKNOWN */
async function evidenceAt(log: LogView, entry: number): Promise<Evidence> {
  const event = await eventAt(log, entry);
  if (event === null || !isEvidence(event)) throw unknown(entry, event);
  const subjects = [...(event.data.subjects ?? [])];
  const vulnerabilities = event.type === 'vex.stated' ? [...event.data.vulnerabilities] : [];
  for await (const { event: more } of linkedTo(log, entry, log.published.size)) {
    if ('subjects' in more.data) subjects.push(...(more.data.subjects ?? []));
    if ('vulnerabilities' in more.data) vulnerabilities.push(...(more.data.vulnerabilities ?? []));
  }
  return { entry, type: event.type, subjects, vulnerabilities };
}

const isEvidence = (event: Event): event is Event & { readonly type: EvidenceType } => event.type in LISTS;

function unknown(entry: number, event: Event | null): LedgerError {
  const of = event !== null && event.type !== 'document.linked' && isLinked(event) ? entry - event.data.back : null;
  const why = event === null ? 'it is no event' : `${event.type} is no evidence that counts`;
  return new LedgerError('EVIDENCE_UNKNOWN', `Cannot supersede entry ${entry}: ${why}`, {
    hint: of === null ? `name an entry of ${Object.keys(LISTS).join(', ')}` : `it brings entry ${of} to more artifacts: name that one`,
  });
}

const streamOf = ([, digest]: Digest<'sha256'>) => artifactStream(digest);
const vulnerabilityStream = (id: string) => `vuln:${id}`;

const streamsOf = ({ subjects, vulnerabilities }: Evidence): string[] => [...subjects.map(streamOf), ...vulnerabilities.map(vulnerabilityStream)];

interface Pointers {
  /** Of each stream that the evidence stands in: what superseded it there, or null. */
  readonly marks: readonly (NonNullable<EvidencePointer['superseded']> | null)[];
  /** Entries with the same facts that nobody superseded. */
  readonly alike: readonly number[];
}

async function pointersOf(documents: Documents, { entry, type, subjects, vulnerabilities }: Evidence): Promise<Pointers> {
  const artifacts = [...(await documents.documents('artifact', subjects.map(streamOf))).values()];
  const named = [...(await documents.documents('vulnerability', vulnerabilities.map(vulnerabilityStream))).values()];
  const all: readonly EvidencePointer[] = [...artifacts.flatMap(evidenceIn), ...named.flatMap(({ vex }) => vex)];
  const own = [...artifacts.flatMap((document): readonly EvidencePointer[] => document[LISTS[type]]), ...named.flatMap(({ vex }) => vex)]
    .filter((pointer) => pointer.entry === entry);
  const facts = own[0] === undefined ? null : formatHex(own[0].facts);
  const alike = all.filter((one) => one.entry !== entry && one.superseded === undefined && formatHex(one.facts) === facts);
  return { marks: own.map(({ superseded }) => superseded ?? null), alike: [...new Set(alike.map((one) => one.entry))].sort((a, b) => a - b) };
}

const evidenceIn = (document: ArtifactDocument): EvidencePointer[] => Object.values(LISTS).flatMap((list): readonly EvidencePointer[] => document[list]);

/** Where only some of its streams say that it was superseded, it may be said to all. */
function expectCounting(entry: number, { marks }: Pointers): void {
  const [first] = marks;
  if (first === undefined || first === null || marks.includes(null)) return;
  const instead = first.by === undefined ? '' : `, for entry ${first.by}`;
  throw new LedgerError('EVIDENCE_SUPERSEDED', `Cannot supersede entry ${entry}: entry ${first.entry} did so before${instead}`, {
    hint: `"stella show ${first.entry}" tells by whom, and why`,
  });
}

/** @throws {LedgerError} SUCCESSOR_WRONG, EVIDENCE_SUPERSEDED, and those of `evidenceAt` */
async function expectSuccessor({ log, documents }: SupersedePorts, evidence: Evidence, by: number): Promise<void> {
  const wrong = (why: string) => new LedgerError('SUCCESSOR_WRONG', `Cannot put entry ${by} in the place of entry ${evidence.entry}: ${why}`, {
    hint: 'name evidence of the same kind about the same, or leave it out',
  });
  if (by === evidence.entry) throw wrong('it is the same entry');
  const event = await eventAt(log, by);
  if (event?.type !== evidence.type) throw wrong(`it is ${event?.type ?? 'no event'}, expected ${evidence.type}`);
  const other = await evidenceAt(log, by);
  const shares = (ours: readonly string[], theirs: readonly string[]) => ours.some((name) => theirs.includes(name));
  const [ours, theirs] = [evidence.subjects.map(streamOf), other.subjects.map(streamOf)];
  // VEX may be about packages by name alone: of two that name artifacts, one has to be the same.
  const isVex = evidence.type === 'vex.stated';
  if (!shares(ours, theirs) && !(isVex && (ours.length === 0 || theirs.length === 0))) throw wrong('it is about none of the same artifacts');
  if (isVex && !shares(evidence.vulnerabilities, other.vulnerabilities)) throw wrong('it names none of the same vulnerabilities');
  expectCounting(by, await pointersOf(documents, other));
}

/** Evidence that counts no more, and what said so. */
export interface SupersededEvidence {
  readonly entry: number;
  readonly type: EvidenceType;
  readonly superseded: NonNullable<EvidencePointer['superseded']>;
}

/** What was superseded of all that is on record about an artifact, in the order of the log. @param artifact - SHA-256, 32 bytes */
export async function supersededAbout(documents: Documents, artifact: Uint8Array): Promise<SupersededEvidence[]> {
  const [document] = (await documents.documents('artifact', [artifactStream(artifact)])).values();
  if (document === undefined) return [];
  const found = (Object.keys(LISTS) as EvidenceType[]).flatMap((type) => document[LISTS[type]].flatMap(({ entry, superseded }) =>
    (superseded === undefined ? [] : [{ entry, type, superseded }])));
  return found.sort((a, b) => a.entry - b.entry);
}

/** What superseded the evidence of an entry; null where nothing did, or the entry holds none. */
export async function supersededAt({ log, documents }: { readonly log: LogView; readonly documents: Documents }, entry: number): Promise<
  SupersededEvidence['superseded'] | null
> {
  const event = await eventAt(log, entry);
  if (event === null || !isEvidence(event)) return null;
  const { marks } = await pointersOf(documents, await evidenceAt(log, entry));
  return marks.find((mark) => mark !== null) ?? null;
}
