// Which of the evidence that a contract asks for is there: the one function that decides it (semantics `coverage` 1).
import type { ArtifactDocument } from './artifact.ts';
import type { Alternative, Contract, EvidenceKind } from './contract-document.ts';
import type { AttestationPointer } from './evidence.ts';
import type { Pointer } from './projection.ts';
import { expectSemantics, SEMANTICS } from './semantics.ts';
import { trustedSigners, type Signed, type TrustDocument } from './trust.ts';

/** Why evidence does not do; the one that came nearest names what is missing. */
const SHORTCOMINGS = ['absent', 'superseded', 'feed', 'format', 'untrusted', 'predicate', 'signer', 'stale'] as const;
export type Shortcoming = (typeof SHORTCOMINGS)[number];

export interface CoveredRequirement {
  readonly id: string;
  readonly met: boolean;
  /** Entries of evidence that does, oldest first; empty when it is not met. */
  readonly entries: readonly number[];
  /** For a requirement that is not met: of each alternative what is missing, and the entry that came nearest. */
  readonly missing: readonly { readonly kind: EvidenceKind; readonly why: Shortcoming; readonly entry?: number }[];
}

export interface Coverage {
  readonly complete: boolean;
  /** In the contract's order. */
  readonly requirements: readonly CoveredRequirement[];
}

export interface CoverageState {
  /** Null where nothing is on record about the artifact. */
  readonly artifact: ArtifactDocument | null;
  /** The `trust` stream's document at the size that is asked about. */
  readonly trust: TrustDocument | null;
  /** The predicate types that an attestation's facts hold; asked only of those that count otherwise. */
  readonly predicateTypesOf: (attestation: AttestationPointer) => readonly string[];
}

/** @param t - effective time, milliseconds since 1970 */
export function coverage(contract: Contract, state: CoverageState, t: number, semantics: number = SEMANTICS.coverage): Coverage {
  expectSemantics('coverage', semantics);
  const requirements = contract.requirements.map(({ id, anyOf }): CoveredRequirement => {
    const found = anyOf.map((alternative) => judged(alternative, state, t));
    const entries = [...new Set(found.flatMap(({ good }) => good))].sort((a, b) => a - b);
    if (entries.length > 0) return { id, met: true, entries, missing: [] };
    return { id, met: false, entries, missing: found.map(({ nearest }, i) => ({ kind: (anyOf[i] as Alternative).kind, ...nearest })) };
  });
  return { complete: requirements.every(({ met }) => met), requirements };
}

interface Judged {
  readonly good: readonly number[];
  readonly nearest: { readonly why: Shortcoming; readonly entry?: number };
}

function judged(alternative: Alternative, { artifact, trust, predicateTypesOf }: CoverageState, t: number): Judged {
  const good: number[] = [];
  let nearest: Judged['nearest'] = { why: 'absent' };
  for (const one of artifact === null ? [] : evidenceOf(alternative.kind, artifact)) {
    const why = shortcoming(alternative, one, trust, predicateTypesOf, t);
    if (why === null) good.push(one.entry);
    // Of two as near, the newer.
    else if (SHORTCOMINGS.indexOf(why) >= SHORTCOMINGS.indexOf(nearest.why)) nearest = { why, entry: one.entry };
  }
  return { good, nearest };
}

type Evidence = Pointer & Signed & { superseded?: object; format?: string; feed?: string };

function evidenceOf(kind: EvidenceKind, artifact: ArtifactDocument): readonly Evidence[] {
  switch (kind) {
    case 'sbom':
      return artifact.sboms;
    case 'attestation':
      return artifact.attestations;
    case 'report':
      return artifact.reports;
    case 'vex':
      return artifact.vex;
    case 'scan':
      return artifact.scans;
  }
}

function shortcoming(
  { kind, formats, feeds, predicateTypes, signers, maxAge }: Alternative, one: Evidence, trust: TrustDocument | null,
  predicateTypesOf: CoverageState['predicateTypesOf'], t: number,
): Shortcoming | null {
  if (one.superseded !== undefined) return 'superseded';
  if (feeds !== undefined && !feeds.includes(one.feed as string)) return 'feed';
  if (formats !== undefined && !formats.includes(one.format as string)) return 'format';
  // Trust before facts: what nobody trusted has signed is not opened.
  const signedBy = kind === 'attestation' || signers !== undefined ? trustedSigners(one, trust) : null;
  if (signedBy !== null && signedBy.length === 0) return 'untrusted';
  if (predicateTypes !== undefined && !predicateTypesOf(one as AttestationPointer).some((type) => predicateTypes.includes(type))) return 'predicate';
  if (signedBy !== null && signers !== undefined && signers !== 'trusted' && !signedBy.some((name) => signers.includes(name))) return 'signer';
  return maxAge !== undefined && t - one.at > maxAge ? 'stale' : null;
}
