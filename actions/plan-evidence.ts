// From a document that was read to the events that would record it, or the refusal: what `add` does and `inspect` shows.
import { equalBytes, formatHex, parseHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import { asSet, streamsMax, type DataOf, type Digest } from '../ledger/events/index.ts';
import { factsSemantics } from '../evidence/index.ts';
import type { SignatureRecord } from './check-signatures.ts';
import type { EvidenceRead } from './read-evidence.ts';

type Sha256Digest = Digest<'sha256'>;

/** The event of a document, and the `*.linked` events that bring what it has no room for; appended together. */
export type PlannedEvent = {
  [K in keyof Types]: {
    readonly family: K;
    readonly type: Types[K];
    readonly data: DataOf<Types[K]>;
    readonly linked: readonly DataOf<`${K}.linked`>[];
    /** When the document says that it was made. */
    readonly claimed?: ClaimedTime;
  };
}[keyof Types];

export interface ClaimedTime {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/**
 * A time that a document states, where it can be told: RFC 3339 with its offset.
 *
 * Without an offset the same document would be of another time on another machine; the 31st of June is no day of July.
 */
export function claimedTime(text: string | null): ClaimedTime | null {
  const [, day] = /^[0-9]{4}-[0-9]{2}-([0-9]{2})[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$/.exec(text ?? '') ?? [];
  if (text === null || day === undefined) return null;
  const at = Date.parse(text.toUpperCase());
  const isDay = new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)).getUTCDate() === Number(day);
  return Number.isSafeInteger(at) && isDay ? { at, text } : null;
}

interface Types {
  sbom: 'sbom.ingested';
  attestation: 'attestation.recorded';
  vex: 'vex.stated';
  report: 'report.ingested';
}

/** An advisory's id, as streams are named by it. Other names of a vulnerability (a sentence, a link with a query) name no stream. */
export const VULNERABILITY = /^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,126}$/;

const envelopesMax = 64;

/**
 * Tells how a document would go on record.
 *
 * @param given - digests that the caller says it is about
 * @param signatures - from `checkSignatures`
 * @returns one event; more for a bill of materials that is VEX as well, or that stands inside a statement; none for a document that is stored as it is
 * @throws {LedgerError} the document's own refusal; EVIDENCE_VERSION_UNKNOWN, EVIDENCE_INVALID, SUBJECT_UNKNOWN, SUBJECT_MISMATCH
 */
export function planEvidence(read: EvidenceRead, given: readonly Sha256Digest[], signatures: readonly SignatureRecord[]): PlannedEvent[] {
  expectValid(read);
  const subjects = subjectsOf(read, given);
  const common = { semantics: factsSemantics, deviations: read.deviations.length };
  const inside = read.envelopes?.[0]?.predicate;
  const format = (inside?.kind === 'document' ? inside.format : read.format) as never;
  const events: PlannedEvent[] = [];
  if (read.envelopes !== null) {
    const [first] = read.envelopes;
    const count = read.envelopes.length;
    if (count > envelopesMax) throw invalid(`Cannot record ${count} envelopes in one event: expected at most ${envelopesMax}`, 'add them in several files');
    const { main, linked } = spread(subjects, []);
    const data = { subjects: main.subjects, envelope: (first as { envelope: 'dsse' }).envelope, signatures, ...common };
    events.push({ family: 'attestation', type: 'attestation.recorded', data, linked });
  }
  if (read.components !== null) {
    const { main, linked } = spread(subjects, []);
    const data = { subjects: main.subjects, format, components: read.components, ...common };
    const claimed = claimedTime(read.created);
    events.push({ family: 'sbom', type: 'sbom.ingested', data, linked, ...(claimed === null ? {} : { claimed }) });
  }
  if (read.results !== null) {
    const { main, linked } = spread(subjects, []);
    events.push({ family: 'report', type: 'report.ingested', data: { subjects: main.subjects, format, results: read.results, ...common }, linked });
  }
  if (read.statements !== null && read.statements > 0) events.push(planVex(read, subjects, { format, ...(signatures.length === 0 ? {} : { signatures }) }));
  return events;
}

/**
 * The event of VEX statements.
 *
 * @param whose - the document's format, and whose words they are @throws {LedgerError} EVIDENCE_INVALID for no vulnerability id
 */
export function planVex(
  read: EvidenceRead, subjects: readonly Sha256Digest[], whose: Pick<DataOf<'vex.stated'>, 'format' | 'signatures' | 'authored'>,
): PlannedEvent & { readonly family: 'vex' } {
  const vulnerabilities = asSet(read.vulnerabilities.filter((id) => VULNERABILITY.test(id)));
  if (vulnerabilities.length === 0) throw invalid(`Cannot record VEX about "${clip(read.vulnerabilities[0] ?? '')}": no vulnerability id`, KEEP);
  const { main, linked } = spread(subjects, vulnerabilities);
  const about = main.subjects.length === 0 ? {} : { subjects: main.subjects };
  const common = { semantics: factsSemantics, deviations: read.deviations.length };
  const data = { ...about, vulnerabilities: main.vulnerabilities, statements: read.statements as number, ...common, ...whose };
  return { family: 'vex', type: 'vex.stated', data, linked };
}

const KEEP = 'or keep it as it is with --as-document';

/** True where the document goes on record as a plain file: no known format, or one that has no event of its own. */
export function isPlain(read: EvidenceRead): boolean {
  if (read.refusal !== null) return read.refusal.code === 'FORMAT_UNKNOWN';
  return isValid(read) && read.envelopes === null && read.components === null && read.results === null && (read.statements ?? 0) === 0;
}

function isValid({ verdict }: EvidenceRead): boolean {
  return verdict === 'valid' || verdict === 'valid_with_deviations';
}

function expectValid(read: EvidenceRead): void {
  const { refusal, verdict, format, version, deviations } = read;
  if (refusal !== null) {
    if (refusal.code === 'FORMAT_UNKNOWN') return;
    const hint = refusal.hint === null ? `mend the document, ${KEEP}` : `${refusal.hint}; ${KEEP}`;
    throw new LedgerError(refusal.code, refusal.message, { hint, ...(refusal.position === null ? {} : { position: refusal.position }) });
  }
  if (isValid(read)) return;
  if (verdict === 'unsupported_version') {
    const message = `Cannot record ${format} document: version "${clip(version ?? '')}" is not read`;
    throw new LedgerError('EVIDENCE_VERSION_UNKNOWN', message, { hint: `convert it, ${KEEP}` });
  }
  const [first] = deviations.filter(({ code }) => code !== 'REPAIRED' && code !== 'RECOMMENDED');
  const where = first === undefined || first.pointer === '' ? '' : ` at ${clip(first.pointer)}`;
  throw invalid(`Cannot record ${format} document: ${verdict}${where}: ${clip(first?.message ?? '')}`, `mend it ("stella inspect" lists everything), ${KEEP}`);
}

function invalid(message: string, hint: string): LedgerError {
  return new LedgerError('EVIDENCE_INVALID', message, { hint });
}

/** The artifacts it is about, by SHA-256: from the document, and from the caller. */
function subjectsOf(read: EvidenceRead, given: readonly Sha256Digest[]): readonly Sha256Digest[] {
  const sha256 = read.subjects.filter(([algorithm, hex]) => algorithm === 'sha256' && /^[0-9a-f]{64}$/.test(hex));
  const stated = sha256.map(([, hex]): Sha256Digest => ['sha256', parseHex(hex)]);
  if (read.envelopes === null) {
    // VEX can be about products by name alone; everything else is about an artifact.
    const needs = read.components !== null || read.results !== null;
    if (needs && stated.length + given.length === 0) throw unknown(read);
    return asSet([...stated, ...given]);
  }
  if (stated.length > 0) {
    // Only what was signed counts: a subject that somebody adds would be as good as signed to whoever reads the event.
    const foreign = given.find((digest) => !stated.some((other) => equalBytes(other[1], digest[1])));
    if (foreign === undefined) return asSet(stated);
    throw new LedgerError('SUBJECT_MISMATCH', `Cannot record attestation: it is not about sha256:${formatHex(foreign[1])}`, {
      hint: 'leave --subject out: it names its subjects itself',
    });
  }
  const isSigned = read.envelopes.some(({ isStatement }) => isStatement);
  if (given.length === 0 || isSigned) throw unknown(read);
  return asSet(given);
}

function unknown({ format, subjects, envelopes }: EvidenceRead): LedgerError {
  const algorithms = [...new Set(subjects.map(([algorithm]) => clip(algorithm)))].join(', ');
  const found = subjects.length === 0 ? 'it names no digest of what it is about' : `it names its subject by ${algorithms} alone`;
  const isSigned = envelopes?.some(({ isStatement }) => isStatement) === true;
  const hint = isSigned
    ? 'a tag or a name is no identity: have it made again with a sha256 digest, or keep it as it is with --as-document'
    : 'a tag or a name is no identity: give the digest that it points to now with --subject sha256:…';
  return new LedgerError('SUBJECT_UNKNOWN', `Cannot record ${format} document: ${found}`, { hint });
}

interface Spread {
  readonly main: { readonly subjects: readonly Sha256Digest[]; readonly vulnerabilities: readonly string[] };
  readonly linked: readonly { readonly back: number; readonly subjects?: readonly Sha256Digest[]; readonly vulnerabilities?: readonly string[] }[];
}

/** Deals subjects and vulnerabilities out over the event and its linked events, at most 64 streams each. */
function spread(subjects: readonly Sha256Digest[], vulnerabilities: readonly string[]): Spread {
  // Each kind has half of the event, and what the other leaves free.
  const half = streamsMax / 2;
  const forSubjects = Math.max(streamsMax - vulnerabilities.length, half);
  const ownSubjects = subjects.slice(0, forSubjects);
  const ownVulnerabilities = vulnerabilities.slice(0, streamsMax - ownSubjects.length);
  const linked: Spread['linked'][number][] = [];
  for (let at = ownSubjects.length; at < subjects.length; at += streamsMax) {
    linked.push({ back: linked.length + 1, subjects: subjects.slice(at, at + streamsMax) });
  }
  const rest = vulnerabilities.slice(ownVulnerabilities.length);
  for (let at = 0; at < rest.length; at += streamsMax) {
    linked.push({ back: linked.length + 1, vulnerabilities: asSet(rest.slice(at, at + streamsMax)) });
  }
  return { main: { subjects: ownSubjects, vulnerabilities: ownVulnerabilities }, linked };
}
