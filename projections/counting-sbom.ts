// Which bill of materials of an artifact counts: what somebody trusted has signed gives way to nothing that nobody did.
import { formatHex } from '../ledger/bytes.ts';
import type { ArtifactDocument } from './artifact.ts';
import type { AttestationPointer, SbomPointer } from './evidence.ts';
import { trustedSigners, type TrustDocument } from './trust.ts';

export interface CountingSbom {
  /** Null where there is none that nobody superseded. */
  readonly sbom: SbomPointer | null;
  /** Newer ones that give way to it, for nobody trusted has signed them. */
  readonly aside: readonly SbomPointer[];
  /** Signed ones that came later, and say that they were made before it. */
  readonly older: readonly SbomPointer[];
}

type Evidence = Pick<ArtifactDocument, 'sboms' | 'attestations'>;

/** The SHA-256 (hexadecimal) of each document that an attestation says is the artifact's bill of materials. */
type ReferencesOf = (attestation: AttestationPointer) => readonly string[];

/** In the order of the log. */
interface Candidates {
  /** Those that nobody superseded. */
  readonly all: readonly SbomPointer[];
  /** Of these, those that somebody trusted has signed; not looked for where there is one alone. */
  readonly signed: readonly SbomPointer[];
}

function candidatesOf({ sboms, attestations }: Evidence, trust: TrustDocument | null, referencesOf: ReferencesOf): Candidates {
  const all = sboms.filter(({ superseded }) => superseded === undefined);
  if (all.length < 2) return { all, signed: [] };
  const trusted = attestations.filter((one) => one.superseded === undefined && trustedSigners(one, trust).length > 0);
  // What stands inside a signed envelope has the same facts as the envelope: both are read from one file.
  const signedFacts = new Set(trusted.map(({ facts }) => formatHex(facts)));
  const signedDocuments = new Set(trusted.flatMap(referencesOf));
  const isSigned = ({ facts, document }: SbomPointer) =>
    signedFacts.has(formatHex(facts)) || (document !== undefined && signedDocuments.has(formatHex(document)));
  return { all, signed: all.filter(isSigned) };
}

/**
 * Signed bills of materials that state one time, or none, under different facts: what they list has to be compared, for the same content
 * in another envelope is another file.
 */
export function alikeSboms(evidence: Evidence, trust: TrustDocument | null, referencesOf: ReferencesOf): readonly SbomPointer[] {
  const { signed } = candidatesOf(evidence, trust, referencesOf);
  const byTime = new Map<number | undefined, Set<string>>();
  for (const { claimed, facts } of signed) byTime.set(claimed, (byTime.get(claimed) ?? new Set()).add(formatHex(facts)));
  return signed.filter(({ claimed }) => (byTime.get(claimed) as Set<string>).size > 1);
}

/**
 * The bill of materials that counts for an artifact, of those that nobody superseded: the newest that somebody trusted has signed; where
 * nobody has signed any, the one recorded last.
 *
 * Whoever may add documents could otherwise hide what a signed one lists behind an empty one of his own, or behind an older signed one:
 * nobody needs a key to send that once more, with a signature beside the first or in another envelope. So one that lists the same and
 * states the same time is as old as it was when it first came, and of signed ones the newest is what was made last, as it says under
 * its signature, and never later than it was recorded.
 *
 * @param listedIn - what one of `alikeSboms` lists, the same text for the same content; null where it cannot be read
 */
export function countingSbom(
  evidence: Evidence, trust: TrustDocument | null, referencesOf: ReferencesOf, listedIn: (sbom: SbomPointer) => string | null,
): CountingSbom {
  const { all, signed } = candidatesOf(evidence, trust, referencesOf);
  if (signed.length === 0) return { sbom: all.at(-1) ?? null, aside: [], older: [] };
  const alike = new Set(alikeSboms(evidence, trust, referencesOf));
  const first = new Map<string, SbomPointer>();
  for (const sbom of signed) {
    const listed = alike.has(sbom) ? listedIn(sbom) : null;
    const content = `${sbom.claimed ?? ''} ${listed ?? formatHex(sbom.facts)}`;
    if (!first.has(content)) first.set(content, sbom);
  }
  const sbom = [...first.values()].reduce((newest, one) => (madeAt(one) >= madeAt(newest) ? one : newest));
  const theirs = new Set(signed);
  return {
    sbom, aside: all.filter((one) => one.entry > sbom.entry && !theirs.has(one)),
    older: [...first.values()].filter(({ entry }) => entry > sbom.entry),
  };
}

const madeAt = ({ claimed, at }: SbomPointer): number => Math.min(claimed ?? at, at);

/**
 * As decisions of `semantics.gate` 3 have it on record: of signed ones the one whose facts came last for the first time.
 *
 * Facts count the signatures of an envelope, so that one signature more made an older list the newest.
 */
export function countingSbomBefore(evidence: Evidence, trust: TrustDocument | null, referencesOf: ReferencesOf): CountingSbom {
  const { all, signed } = candidatesOf(evidence, trust, referencesOf);
  const first = new Map<string, SbomPointer>();
  for (const sbom of signed) if (!first.has(formatHex(sbom.facts))) first.set(formatHex(sbom.facts), sbom);
  const newest = [...first.values()].at(-1);
  if (newest === undefined) return { sbom: all.at(-1) ?? null, aside: [], older: [] };
  return { sbom: newest, aside: all.filter(({ entry, facts }) => entry > newest.entry && !first.has(formatHex(facts))), older: [] };
}
