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
}

/**
 * The bill of materials that counts for an artifact, of those that nobody superseded: the newest whose content somebody trusted has
 * signed; where nobody has signed any, the newest.
 *
 * Whoever may add documents could otherwise hide what a signed one lists behind an empty one of his own. A signed one that comes again
 * in another file is as old as it was: nobody brings back an older list by sending it once more.
 *
 * @param referencesOf - the SHA-256 (hexadecimal) of each document that an attestation says is the artifact's bill of materials
 */
export function countingSbom(
  { sboms, attestations }: Pick<ArtifactDocument, 'sboms' | 'attestations'>, trust: TrustDocument | null,
  referencesOf: (attestation: AttestationPointer) => readonly string[],
): CountingSbom {
  const candidates = sboms.filter(({ superseded }) => superseded === undefined);
  const newest = candidates.at(-1) ?? null;
  if (candidates.length < 2) return { sbom: newest, aside: [] };
  const trusted = attestations.filter((one) => one.superseded === undefined && trustedSigners(one, trust).length > 0);
  // What stands inside a signed envelope has the same facts as the envelope: both are read from one file.
  const signedFacts = new Set(trusted.map(({ facts }) => formatHex(facts)));
  const signedDocuments = new Set(trusted.flatMap(referencesOf));
  const first = new Map<string, SbomPointer>();
  for (const sbom of candidates) {
    const content = formatHex(sbom.facts);
    const isSigned = signedFacts.has(content) || (sbom.document !== undefined && signedDocuments.has(formatHex(sbom.document)));
    if (isSigned && !first.has(content)) first.set(content, sbom);
  }
  const signed = [...first.values()].at(-1);
  if (signed === undefined) return { sbom: newest, aside: [] };
  return { sbom: signed, aside: candidates.filter(({ entry, facts }) => entry > signed.entry && !first.has(formatHex(facts))) };
}
