// Why a gate denies, and what it warns of: closed lists, each code documented in spec/decision.md.

/** In the order in which they are found; a decision carries all that apply. */
export const DENIALS = [
  // Nothing is on record about the artifact.
  'ARTIFACT_UNKNOWN',
  // No policy was published under the name.
  'POLICY_UNPUBLISHED',
  // The policy's payload is missing, or this release cannot compile it.
  'POLICY_UNREADABLE',
  // The policy has no such entrypoint.
  'ENTRYPOINT_UNKNOWN',
  // A contract the artifact has to meet was never published, or cannot be read.
  'CONTRACT_UNREADABLE',
  // The contract asks for evidence that is not there.
  'EVIDENCE_MISSING',
  // It was scanned with several feeds, and nobody said which counts.
  'FEED_UNNAMED',
  // No scan of the artifact was completed (with the feed that was asked for).
  'SCAN_MISSING',
  // The newest scan failed: what the one before it found is not what is there now.
  'SCAN_FAILED',
  // Another bill of materials counts than the one that was scanned: a newer one, or the one that is signed.
  'SCAN_OUTDATED',
  // The snapshot's advisories are older than the policy allows.
  'SNAPSHOT_STALE',
  // Facts or findings that entries name are not here, or are not what their digest says.
  'PAYLOAD_UNAVAILABLE',
  // Facts or findings under a semantics that this release does not know.
  'PAYLOAD_NEWER',
  // The policy input does not have its shape.
  'INPUT_INVALID',
  // A conflict of values, or a built-in that may not fail.
  'EVALUATION_FAILED',
  // More steps, output or depth than allowed.
  'EVALUATION_LIMIT',
  // More memory than its semantics gives a policy: no limit that anybody sets.
  'EVALUATION_MEMORY',
  // Neither `allow` nor a rule that denies has an answer.
  'RESULT_UNDEFINED',
  // `allow` is neither true nor false, or a rule that denies gives what is no message.
  'RESULT_MALFORMED',
  // The policy says no.
  'POLICY_DENIED',
  // What was read kept moving while it was evaluated.
  'STATE_MOVED',
] as const;

export type DenialCode = (typeof DENIALS)[number];

/** Denials that somebody may say shall not deny; the decision then carries the code under `weakened`. */
export const WEAKENABLE = ['EVIDENCE_MISSING', 'SCAN_MISSING', 'SCAN_FAILED', 'SCAN_OUTDATED', 'SNAPSHOT_STALE'] as const satisfies readonly DenialCode[];

export type WeakenableCode = (typeof WEAKENABLE)[number];

/** Weakened without having been a denial: not all that the policy publishes was asked. */
export const ENTRYPOINTS_NARROWED = 'ENTRYPOINTS_NARROWED';

/** Weakened without having been a denial: the effective time was given, and is not the time of asking. */
export const EFFECTIVE_TIME_GIVEN = 'EFFECTIVE_TIME_GIVEN';

/** What a decision says beside its answer. None of these denies. */
export const WARNINGS = [
  // The policy calls time.now_ns: its clock is the effective time, which is not in the input, so that OPA answers otherwise.
  'CLOCK_NOT_IN_INPUT',
  // A newer snapshot of the feed is on record than the one scanned with.
  'SNAPSHOT_SUPERSEDED',
  // A newer bill of materials was left aside: nobody trusted has signed it, and the one that counts is signed.
  'SBOM_UNTRUSTED',
  // A signed bill of materials came later than the one that counts, and says that it was made earlier.
  'SBOM_OLDER',
  // The scan looked at an inventory of its own, and there is a bill of materials that it did not look at.
  'SBOM_UNSCANNED',
  // The scanner could not look up some components.
  'COMPONENTS_UNMATCHED',
  // Trusted issuers contradict each other: the worst status counts.
  'VEX_CONFLICT',
  // Statements about the artifact's vulnerabilities match no component that has them.
  'VEX_UNMATCHED',
  // Statements that nobody trusted signed.
  'VEX_UNTRUSTED',
  // A waiver in force was granted as break-glass.
  'WAIVER_BREAK_GLASS',
  // A waiver names one of the findings and is over.
  'WAIVER_EXPIRED',
  // A waiver names one of the findings, and lasts longer than the policy takes any.
  'WAIVER_TOO_LONG',
  // Two waivers in force cover the same finding: taking one back changes nothing.
  'WAIVER_OVERLAPPING',
  // The policy's own warnings.
  'POLICY_WARNED',
] as const;

export type WarningCode = (typeof WARNINGS)[number];
