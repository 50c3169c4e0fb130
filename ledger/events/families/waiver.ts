// waiver.*: risks accepted for a time, asked for by one person and granted by another.
import { version } from '../family.ts';
import { recordId, purlName, vulnerabilityId, versionRange } from '../names.ts';
import { boolean, bytes, integer, map, oneOf, optional, set, sha256, where } from '../schema.ts';
import { timeMs } from '../time.ts';

/** What a waiver is about, repeated by each act on it so that all these streams move. */
const about = {
  waiver: recordId,
  vulnerabilities: set(vulnerabilityId, 1, 32),
  subjects: optional(set(sha256, 1, 16)),
};

/**
 * Who signed the act's statement: the person's own `key`, or, for an act that is asserted, the ledger's for attestations.
 * The payload `statement` is that DSSE envelope, over an in-toto statement.
 */
const signed = { assurance: oneOf('asserted', 'signed'), key: bytes(32) };

/** A package, and the versions of it where not all are meant. */
const component = map({ purl: purlName, versions: optional(versionRange) });

const statement = { count: 'one', sealed: 'never' } as const;
const streams = ['waiver:{waiver}', 'vuln:{vulnerabilities}', 'artifact:{subjects}'];

const act = <const R extends readonly string[]>(...reasons: R) =>
  version({
    data: map({ ...about, ...signed, request: integer(), reason: oneOf(...reasons) }),
    payloads: { statement, justification: { count: 'optional', sealed: 'always' } },
    streams,
  });

export const waiverEvents = {
  // The risk stays: findings it covers are `affected` still, with these responses. `owner` answers for it, and it is over at `expires`.
  'waiver.requested': [
    version({
      data: where(
        map({
          ...about,
          ...signed,
          components: optional(set(component, 1, 16)),
          owner: bytes(16),
          expires: timeMs,
          breakGlass: boolean,
          responses: set(oneOf('can_not_fix', 'rollback', 'update', 'will_not_fix', 'workaround_available'), 1, 5),
        }),
        'at least one of subjects and components',
        ({ subjects, components }) => subjects !== undefined || components !== undefined,
      ),
      payloads: { statement, justification: { count: 'one', sealed: 'always' } },
      streams,
    }),
  ],
  // `request` is the index of the entry that asked. Whether it counts (another person, another key, in time) is decided when folding.
  'waiver.approved': [
    version({
      data: map({ ...about, ...signed, request: integer() }),
      payloads: { statement, justification: { count: 'optional', sealed: 'always' } },
      streams,
    }),
  ],
  'waiver.rejected': [act('insufficient', 'mistaken', 'out-of-scope', 'risk-too-high')],
  'waiver.revoked': [act('fixed', 'mistaken', 'no-longer-needed', 'risk-changed')],
} as const;
