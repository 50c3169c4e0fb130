// Writing in-toto statements: the payload of an envelope we sign, in canonical form (RFC 8785).
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import type { AttestationSubject, NamedDigest } from './model.ts';
import { SBOM_REFERENCE } from './predicates.ts';
import { STATEMENT_V1 } from './statement.ts';

export const STATEMENT_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/**
 * Writes a statement v1: the bytes to sign, under the payload type above.
 *
 * @throws {LedgerError} INPUT_MALFORMED for a statement about nothing, or a subject without digest: it could match anything
 */
export function writeStatement(subjects: readonly AttestationSubject[], predicateType: string, predicate: JcsValue): Uint8Array {
  if (subjects.length === 0) throw new LedgerError('INPUT_MALFORMED', 'Cannot write a statement: it has no subject');
  if (subjects.some(({ digests }) => digests.length === 0)) throw new LedgerError('INPUT_MALFORMED', 'Cannot write a statement: a subject has no digest');
  return encodeJcs({
    _type: STATEMENT_V1,
    subject: subjects.map(({ name, digests }) => ({ name: name ?? undefined, digest: Object.fromEntries(digests) })),
    predicateType,
    predicate,
  });
}

/** Our predicate for a bill of materials that lies elsewhere: `https://stella-ops.org/attestations/sbom/1`. */
export function sbomReference(about: { format: string; version: string; mediaType: string; sha256: string }): { type: string; predicate: JcsValue } {
  const { format, version, mediaType, sha256 } = about;
  return { type: SBOM_REFERENCE, predicate: { sbomFormat: format, sbomVersion: version, mediaType, location: `sha256:${sha256}` } };
}

/** What a gate's decision says in the words of SLSA. */
export interface Summary {
  readonly verifier: string;
  readonly verified: number;
  readonly resource: string;
  readonly policy: { readonly uri: string; readonly digests: readonly NamedDigest[] };
  readonly inputs: readonly { readonly uri: string; readonly digests: readonly NamedDigest[] }[];
  readonly passed: boolean;
  /** At most one of each track. */
  readonly levels: readonly string[];
}

/** A SLSA verification summary (VSA) v1. */
export function verificationSummary(about: Summary): { type: string; predicate: JcsValue } {
  const resource = ({ uri, digests }: { uri: string; digests: readonly NamedDigest[] }) => ({ uri, digest: Object.fromEntries(digests) });
  return {
    type: 'https://slsa.dev/verification_summary/v1',
    predicate: {
      verifier: { id: about.verifier },
      timeVerified: new Date(about.verified).toISOString(),
      resourceUri: about.resource,
      policy: resource(about.policy),
      inputAttestations: about.inputs.map(resource),
      verificationResult: about.passed ? 'PASSED' : 'FAILED',
      verifiedLevels: about.levels,
      slsaVersion: '1.0',
    },
  };
}
