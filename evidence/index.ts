// The door of evidence: bytes in; format, verdict, deviations and a view out, never a throw for what a stranger wrote.
import { LedgerError } from '../ledger/errors.ts';
import { detect } from './detect.ts';
import { verdictOf, type Deviation, type Document, type Mode, type Source } from './document.ts';
import { extractFacts } from './facts.ts';
import { parseSource } from './source.ts';

export type { Deviation, DeviationCode, Document, Mode, Verdict, View } from './document.ts';
export { encodeFacts, factsSemantics, parseFacts, statementFacts, subjectsIn } from './facts.ts';
export type { AttestationFacts, ComponentFacts, FactCounts, Facts, ProductFacts, ResultFacts, StatementFacts } from './facts.ts';
export type { Attestation, AttestationSubject, NamedDigest, Predicate, SignatureFacts } from './attestation/model.ts';
export type { Report, ReportResult } from './report/model.ts';
export type { Component, ComponentHash, Edge, Sbom } from './sbom/model.ts';
export type { Vex, VexJustification, VexProduct, VexStatement, VexStatus } from './vex/model.ts';

export interface Hints {
  /** A format's name, such as `openvex`: asked first, content decides. */
  format?: string;
  /** `tolerant` when left out. */
  mode?: Mode;
}

/** Reads one document from outside. The bytes are never changed; what is mended is mended in the view and listed. */
export async function readDocument(bytes: Uint8Array, hints: Hints = {}): Promise<Document> {
  const noted: Deviation[] = [];
  try {
    let source: Source | null = await parseSource(bytes, (deviation) => noted.push(deviation));
    const format = detect(source, hints.format);
    if (format === null) {
      throw new LedgerError('FORMAT_UNKNOWN', 'Cannot read the document: no known format claims it', { hint: 'add it as a plain document' });
    }
    const reading = await format.read(source, hints.mode ?? 'tolerant');
    // Parsed, a large document takes more memory than all that follows: it must not wait for the end of this function.
    source = null;
    const deviations = [...noted, ...reading.deviations];
    const verdict = reading.verdict === 'valid' ? verdictOf(deviations) : reading.verdict;
    const valid = verdict === 'valid' || verdict === 'valid_with_deviations';
    const facts = valid ? extractFacts(reading.view) : null;
    return { ...reading, format: format.name, verdict, deviations, facts: facts?.bytes ?? null, counts: facts?.counts ?? null, refusal: null };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const { code, message, position, hint } = error;
    const refusal = { code, message, position, hint };
    return { format: null, version: null, verdict: 'refused', deviations: noted, view: {}, facts: null, counts: null, refusal };
  }
}
