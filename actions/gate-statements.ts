// What a decision is said in to others: our own predicate, and a SLSA verification summary. Both are statements about the artifact.
import { formatHex } from '../ledger/bytes.ts';
import { formatDigest, type Digest } from '../ledger/events/index.ts';
import type { JcsValue } from '../ledger/jcs.ts';
import { verificationSummary } from '../evidence/attestation/write.ts';
import type { DecisionData } from '../policy/gate/decision.ts';
import type { PolicyInput } from '../policy/gate/input-shape.ts';
import type { StatementParts } from './attest.ts';

/** The predicate type of a decision (spec/decision.md). */
export const DECISION_PREDICATE = 'https://stella-ops.org/attestations/decision/1';

/** A decision as it stands on record. */
export interface OnRecord {
  readonly origin: string;
  /** Of its entry. */
  readonly index: number;
  /** Recorded time, milliseconds since 1970. */
  readonly at: number;
  readonly data: DecisionData;
}

/** An event's data as JSON: digests as `sha256:` and hexadecimal, other byte strings as hexadecimal, times as they are. */
export function dataJson(value: unknown): JcsValue {
  if (value instanceof Uint8Array) return formatHex(value);
  if (Array.isArray(value)) {
    const isDigest = value.length === 2 && typeof value[0] === 'string' && value[1] instanceof Uint8Array;
    return isDigest ? formatDigest(value as unknown as Digest) : value.map(dataJson);
  }
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, dataJson(inner)]));
  return value as JcsValue;
}

/** The decision itself: everything that its entry holds, and where it stands. */
export function decisionStatement({ origin, index, at, data }: OnRecord): StatementParts {
  const { artifact, effective, ...rest } = data;
  return {
    subjects: [artifact],
    predicateType: DECISION_PREDICATE,
    predicate: {
      ledger: origin, entry: index, recordedAt: new Date(at).toISOString(), effectiveTime: new Date(effective).toISOString(),
      ...(dataJson(rest) as { readonly [key: string]: JcsValue }),
    },
  };
}

/**
 * The same as a verification summary, for those who read SLSA's words.
 *
 * No SLSA level is claimed: a policy decides what it asks for, and not this product. What was weakened stands beside the level, for
 * whoever takes `PASSED` at its word sees nothing else of the decision.
 *
 * @param input - for the evidence that was looked at; null where there was none
 */
export function summaryStatement({ origin, index, at, data }: OnRecord, input: PolicyInput | null): StatementParts {
  const passed = data.outcome === 'allow';
  const name = (what: string) => `https://${origin}/${what}`;
  const digests = (digest: string) => [['sha256', digest.slice('sha256:'.length)] as const];
  const evidence = [...(input?.sbom?.digest === undefined ? [] : [{ entry: input.sbom.entry, digest: input.sbom.digest }]),
    ...(input?.attestations ?? []).flatMap(({ id, digest }) => (digest === undefined ? [] : [{ entry: Number(/\d+/.exec(id)?.[0]), digest }]))];
  const { type, predicate } = verificationSummary({
    verifier: name(''),
    verified: at,
    resource: `${name(`artifact/sha256/${formatHex(data.artifact[1])}`)}#entry-${index}`,
    policy: {
      uri: name(`policy/${data.policy}`),
      digests: data.published === undefined ? [] : [['sha256', formatHex(data.published.bundle[1])]],
    },
    inputs: evidence.map(({ entry, digest }) => ({ uri: name(`entry/${entry}`), digests: digests(digest) })),
    passed,
    levels: passed ? ['SLSA_BUILD_LEVEL_UNEVALUATED', ...(data.weakened ?? []).map((code) => `STELLA_WEAKENED_${code}`)] : ['FAILED'],
  });
  return { subjects: [data.artifact], predicateType: type, predicate };
}
