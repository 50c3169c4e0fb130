// Reading evidence for recording: what a document says, reduced to plain data that can cross from one thread to another.
import { readDocument, subjectsIn, type Attestation, type Deviation, type Document, type Hints, type NamedDigest } from '../evidence/index.ts';

/** One envelope (or bare statement) of a document, with what checking its signature needs. */
export type EnvelopeRead = Pick<Attestation, 'envelope' | 'source' | 'subjects' | 'predicateType' | 'predicate'> & {
  /** False where the payload is no in-toto statement. */
  readonly isStatement: boolean;
};

/** A document after reading: verdict, deviations and facts, and of its view only what recording needs. */
export type EvidenceRead = Pick<Document, 'format' | 'version' | 'verdict' | 'refusal' | 'facts'> & {
  readonly deviations: readonly Deviation[];
  /** Every digest it says it is about. */
  readonly subjects: readonly NamedDigest[];
  /** How many there are in the facts, so that whoever has them can check; null where the document is no such thing. */
  readonly components: number | null;
  readonly results: number | null;
  readonly statements: number | null;
  /** Every id and alias that its VEX statements name, once. */
  readonly vulnerabilities: readonly string[];
  readonly envelopes: readonly EnvelopeRead[] | null;
  /** When a bill of materials says that it was made, as it says. */
  readonly created: string | null;
};

/** Reads a document in this thread. */
export async function readEvidence(bytes: Uint8Array, hints: Hints = {}): Promise<EvidenceRead> {
  const { format, version, verdict, refusal, facts, counts, deviations, view } = await readDocument(bytes, hints);
  const { sbom, vex, report, attestations } = view;
  // A document inside a statement is evidence of its own kind too: its subjects are the statement's, its signatures those around it.
  // A document of the VEX kind names its product as a component; that alone makes it no bill of materials.
  const isSbom = sbom !== undefined && (vex === undefined || sbom.components.some(({ ref }) => ref !== sbom.root));
  const named = (vex?.statements ?? []).flatMap(({ vulnerability, aliases }) => [vulnerability, ...aliases]);
  return {
    format, version, verdict, refusal, facts, deviations,
    subjects: subjectsIn(view),
    components: isSbom ? (counts?.components ?? 0) : null,
    results: report === undefined ? null : (counts?.results ?? 0),
    statements: vex === undefined ? null : (counts?.statements ?? 0),
    vulnerabilities: [...new Set(named)],
    envelopes: attestations?.map(envelopeRead) ?? null,
    created: isSbom ? sbom.created : null,
  };
}

function envelopeRead({ envelope, source, subjects, predicateType, predicate, statementType }: Attestation): EnvelopeRead {
  return { envelope, source, subjects, predicateType, predicate, isStatement: statementType !== null };
}
