// What documents say about evidence: a pointer to its entry and its facts, never what the facts say.
import type { DataOf } from '../ledger/events/index.ts';
import type { EventAt } from './event-at.ts';
import { at, by, claimed, entry, itemOf, payload } from './items.ts';
import { payloadOf, pointerTo, type Pointer } from './projection.ts';

/** Evidence on record. Digests are SHA-256, 32 bytes. */
export type EvidencePointer = Pointer & {
  /** Payload with its facts (spec/evidence.md, section 5). */
  facts: Uint8Array;
  /** The semantics of the facts. */
  semantics: number;
  /** The document as received; absent when it is sealed. */
  document?: Uint8Array;
  deviations: number;
  /** It counts no more: the entry that says so, and the one in its place. */
  superseded?: { entry: number; by?: number; reason: DataOf<'evidence.superseded'>['reason'] };
};

export type SbomPointer = EvidencePointer & { format: DataOf<'sbom.ingested'>['format']; components: number };
export type ReportPointer = EvidencePointer & { format: DataOf<'report.ingested'>['format']; results: number };

/** The facts of one envelope's signatures, as the event has them: whether they count is computed under a trust. */
export type SignatureFacts = DataOf<'attestation.recorded'>['signatures'][number];

export type AttestationPointer = EvidencePointer & {
  envelope: DataOf<'attestation.recorded'>['envelope'];
  /** As they were last checked. */
  signatures: readonly SignatureFacts[];
  /** Index of the `attestation.checked` that they are from. */
  checked?: number;
};

export type VexPointer = EvidencePointer & {
  format: DataOf<'vex.stated'>['format'];
  statements: number;
  /** The artifacts it is about; absent where it names products by name alone. */
  subjects?: readonly Uint8Array[];
  vulnerabilities: readonly string[];
  /** Of the envelopes it came in. */
  signatures?: readonly SignatureFacts[];
  /** Made here by the actor, and signed with this key: the person's own, or the ledger's where it is `asserted`. */
  authored?: NonNullable<DataOf<'vex.stated'>['authored']>;
};

const pointer = { entry, at, by, claimed };

export const sbomPointer = itemOf<'sbom.ingested', SbomPointer>((data) => ({
  ...pointer, facts: payload('facts'), semantics: data('semantics'), deviations: data('deviations'), document: payload('document'),
  format: data('format'), components: data('components'),
}));

export const reportPointer = itemOf<'report.ingested', ReportPointer>((data) => ({
  ...pointer, facts: payload('facts'), semantics: data('semantics'), deviations: data('deviations'), document: payload('document'),
  format: data('format'), results: data('results'),
}));

export const attestationPointer = itemOf<'attestation.recorded', AttestationPointer>((data) => ({
  ...pointer, facts: payload('facts'), semantics: data('semantics'), deviations: data('deviations'), document: payload('document'),
  envelope: data('envelope'), signatures: data('signatures'),
}));

export function vexPointer(event: EventAt<'vex.stated'>): VexPointer {
  const { format, semantics, deviations, statements, subjects, vulnerabilities, signatures, authored } = event.data;
  const document = payloadOf(event, 'document');
  return {
    ...pointerTo(event), facts: payloadOf(event, 'facts') as Uint8Array, semantics, deviations, ...(document === undefined ? {} : { document }),
    format, statements, vulnerabilities, ...(subjects === undefined ? {} : { subjects: subjects.map(([, digest]) => digest) }),
    ...(signatures === undefined ? {} : { signatures }), ...(authored === undefined ? {} : { authored }),
  };
}

/** Marks what an entry recorded as superseded; said twice, the first counts. @param lists - where the entry may stand */
export function supersede(lists: readonly EvidencePointer[][], { index, data }: EventAt<'evidence.superseded'>): void {
  const { entry, by, reason } = data;
  for (const list of lists) {
    for (const pointer of list) if (pointer.entry === entry) pointer.superseded ??= { entry: index, reason, ...(by === undefined ? {} : { by }) };
  }
}
