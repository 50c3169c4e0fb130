// feed.*: advisory snapshots that scans may use from here on.
import { version } from '../family.ts';
import { slugName } from '../names.ts';
import { integer, map, optional, set, sha256, token } from '../schema.ts';
import { timeMs } from '../time.ts';

/** Who publishes advisories, as snapshots name it: `ghsa`, `nvd`. */
const sourceName = token('a source name', /^[a-z0-9][a-z0-9.-]{0,62}$/, 63);

export const feedEvents = {
  // `snapshot` is the root of its records' tree, which names it; the payload is the file, and its digest is another one. `refused`
  // counts what could not be read, and the payload of that name lists it. `kit` is the digest of the update kit it came in.
  'feed.imported': [
    version({
      data: map({
        feed: slugName,
        snapshot: sha256,
        records: integer(),
        refused: integer(),
        sources: set(map({ name: sourceName, sha256: optional(sha256), fetched: optional(timeMs) }), 0, 64),
        kit: optional(sha256),
      }),
      payloads: {
        snapshot: { count: 'one', sealed: 'never' },
        refused: { count: 'optional', sealed: 'never' },
        kit: { count: 'optional', sealed: 'never' },
      },
      streams: ['feed:{feed}'],
    }),
  ],
  // Every artifact's newest scan on the feed was looked at again for `snapshot`: those of the payload `holding` would find the same,
  // `changed` ones stand before it as scans of their own, `failed` ones as failed.
  'feed.rescanned': [
    version({
      data: map({ feed: slugName, snapshot: sha256, semantics: integer(1, 65_535), holding: integer(), changed: integer(), failed: integer() }),
      payloads: { holding: { count: 'one', sealed: 'never' } },
      streams: ['feed:{feed}'],
    }),
  ],
} as const;
