// decision.*: what a gate answered, with everything the answer depends on, so that anyone can make it again.
import { version } from '../family.ts';
import { entrypointName, inputMember, slugName, verdictCode } from '../names.ts';
import { integer, map, oneOf, optional, set, sha256, where } from '../schema.ts';
import { timeMs } from '../time.ts';

/** A version of one part's rules. Each number stays selectable for ever; 0 is for tests. */
const semantics = integer(0, 65_535);
const codes = optional(set(verdictCode, 1, 32));

export const decisionEvents = {
  // The state is that of the first `tree.size` entries, with the tree's root and the stream index's. The payload `pins` names
  // each stream that was read with its version, absent ones too, and each payload of facts; `input` is what the policy was
  // asked with, `results` what each rule answered and which waivers counted. What ended before it got so far is absent.
  'decision.recorded': [
    version({
      data: where(
        where(
          where(
            map({
              artifact: sha256,
              policy: slugName,
              contracts: optional(set(slugName, 1, 32)),
              feed: optional(slugName),
              tree: map({ size: integer(1), root: sha256 }),
              index: sha256,
              effective: timeMs,
              outcome: oneOf('allow', 'deny'),
              codes,
              warnings: codes,
              weakened: codes,
              published: optional(map({ entry: integer(), bundle: sha256, modules: sha256, data: sha256 })),
              entrypoints: optional(set(entrypointName, 1, 16)),
              capabilities: sha256,
              semantics: map({
                rego: semantics, input: semantics, vex: semantics, waiver: semantics, trust: semantics, match: optional(semantics), facts: semantics,
                coverage: semantics, gate: semantics,
              }),
              limits: map({ steps: integer(1), outputBytes: integer(1), depth: integer(1) }),
              input: optional(map({ digest: sha256, members: set(map({ name: inputMember, digest: sha256 }), 1, 32) })),
              findings: optional(map({ scan: integer(), digest: sha256, snapshot: sha256 })),
              facts: map({ count: integer(), digest: sha256 }),
              pins: integer(1),
              result: optional(sha256),
              counts: optional(map({
                findings: integer(), affected: integer(), fixed: integer(), investigated: integer(), notAffected: integer(), unknown: integer(),
                waived: integer(), waivers: integer(), statements: integer(), attestations: integer(), missing: integer(), denials: integer(),
                warnings: integer(),
              })),
              attempts: integer(1, 3),
            }),
            'codes are there exactly when the outcome is deny',
            ({ outcome, codes: why }) => (outcome === 'deny') === (why !== undefined),
          ),
          'what allows has published, entrypoints, input, result and counts',
          (data) => data.outcome === 'deny' || [data.published, data.entrypoints, data.input, data.result, data.counts].every((one) => one !== undefined),
        ),
        'findings and semantics.match are there together',
        ({ findings, semantics: { match } }) => (findings === undefined) === (match === undefined),
      ),
      payloads: {
        pins: { count: 'one', sealed: 'never' },
        input: { count: 'optional', sealed: 'never' },
        results: { count: 'optional', sealed: 'never' },
      },
      // Not the policy's or a contract's: their streams would grow by every decision, and with them every pack of a decision.
      streams: ['artifact:{artifact}'],
    }),
  ],
} as const;
