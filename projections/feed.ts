// feed:<name>: the advisory snapshot that counts under a name, and the rescan that says which scans hold for it.
import { equalBytes } from '../ledger/bytes.ts';
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

/** One rescan. */
export type Rescanned = Pointer & Pick<DataOf<'feed.rescanned'>, 'semantics'> & {
  /** The newest import of the snapshot it looked at, which was the feed's newest then. */
  import: ImportedSnapshot;
  /** Payload that lists the scans that hold for this snapshot too: the document would have no bound with them. */
  holding: Uint8Array;
};

export type FeedDocument = Document & {
  name: string;
  /** How often a snapshot was imported. */
  imported: number;
  /** The newest import is the one that counts. */
  newest?: ImportedSnapshot;
  /** The newest rescan for a snapshot that was the newest at that point. */
  rescanned?: Rescanned;
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
      // Fetched again and unchanged: what holds for it holds for it still, and a rescan finds nothing to say anew.
      const { rescanned } = document;
      if (rescanned !== undefined && equalBytes(rescanned.import.snapshot, snapshot[1])) rescanned.import = document.newest;
    },
    // One for an older snapshot says nothing of the newest advisories, and takes the place of none that does.
    'feed.rescanned'(document, event) {
      const { semantics, snapshot } = event.data;
      const { newest } = document;
      if (newest === undefined || !equalBytes(newest.snapshot, snapshot[1])) return;
      document.rescanned = { ...pointerTo(event), semantics, import: newest, holding: payloadOf(event, 'holding') as Uint8Array };
    },
  },
  // What was scanned with it stands with the artifacts.
  ignores: ['scan.completed', 'scan.failed'],
});
