// feed:<name>: the advisory snapshot that counts under a name.
import type { DataOf } from '../ledger/events/index.ts';
import { defineProjection, payloadOf, pointerTo, type Document, type Pointer } from './projection.ts';

/** One import. Digests are SHA-256, 32 bytes. */
export type ImportedSnapshot = Pointer & Pick<DataOf<'feed.imported'>, 'records' | 'refused' | 'sources'> & {
  /** The root of its records' tree, which names it. */
  snapshot: Uint8Array;
  /** Payload with the snapshot's file. */
  payload: Uint8Array;
  /** The update kit it came in. */
  kit?: Uint8Array;
};

export type FeedDocument = Document & {
  name: string;
  /** How often a snapshot was imported. */
  imported: number;
  /** The newest import is the one that counts. */
  newest?: ImportedSnapshot;
};

export const feed = defineProjection<FeedDocument>({
  name: 'feed',
  version: 1,
  streams: 'feed:',
  begin: (stream) => ({ name: stream.slice('feed:'.length), imported: 0 }),
  on: {
    'feed.imported'(document, event) {
      const { snapshot, records, refused, sources, kit } = event.data;
      document.imported += 1;
      document.newest = {
        ...pointerTo(event), snapshot: snapshot[1], payload: payloadOf(event, 'snapshot') as Uint8Array, records, refused, sources,
        ...(kit === undefined ? {} : { kit: kit[1] }),
      };
    },
  },
  // What was scanned with it stands with the artifacts.
  ignores: ['feed.rescanned', 'scan.completed', 'scan.failed'],
});
