// scan.*: component lists matched against a snapshot, with all that the result depends on, or why there is none.
import { version } from '../family.ts';
import { slugName } from '../names.ts';
import { integer, map, oneOf, optional, sha256, token } from '../schema.ts';

/** The product's version, after SemVer: `0.1.0`, `1.0.0-rc.1`. */
const engineVersion = token('a version', /^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}(?:-[0-9a-z.]{1,32})?$/, 63);

/** What was matched, with what, and how: equal pins give equal findings. `sbom` names an entry and the digest of its facts. */
const pins = {
  subject: sha256,
  feed: slugName,
  snapshot: sha256,
  sbom: optional(map({ entry: integer(), facts: sha256 })),
  engine: engineVersion,
  semantics: integer(1, 65_535),
  config: sha256,
};

export const scanEvents = {
  // Without `sbom`, what was looked at is the payload `inventory`; of an image, `trace` says what it starts. `replaces` is the scan of the
  // same list that it brings up to date. The findings are counted twice, by outcome and by severity.
  'scan.completed': [
    version({
      data: map({
        ...pins,
        components: integer(),
        unmatched: integer(),
        outcomes: map({ affected: integer(), indeterminate: integer(), unsupported: integer(), unversioned: integer() }),
        severities: map({ none: integer(), low: integer(), medium: integer(), high: integer(), critical: integer(), unknown: integer() }),
        replaces: optional(integer()),
      }),
      payloads: {
        findings: { count: 'one', sealed: 'never' }, inventory: { count: 'optional', sealed: 'never' }, trace: { count: 'optional', sealed: 'never' },
      },
      streams: ['artifact:{subject}', 'feed:{feed}'],
    }),
  ],
  // Half a list of findings reads as a whole one, so there is none.
  'scan.failed': [
    version({
      data: map({ ...pins, reason: oneOf('cancelled', 'crashed', 'input', 'memory', 'snapshot', 'time') }),
      streams: ['artifact:{subject}', 'feed:{feed}'],
    }),
  ],
} as const;
