// ledger.*: the log about itself: its beginning, its stream index, its clock, its recoveries, its end.
import { version } from '../family.ts';
import { hostName } from '../names.ts';
import { bytes, integer, list, map, oneOf, optional, set, sha256, where } from '../schema.ts';
import { timeMs } from '../time.ts';
import { keyRecord } from './key.ts';

/** What may stand after entry 0: events, Rekor's bodies beside them, or, on a raw ledger, anything at all. */
export const entryKinds = ['raw', 'event', 'rekor'] as const;

export const ledgerEvents = {
  // Entry 0, and only there.
  'ledger.created': [
    version({
      data: where(
        where(
          where(
            map({
              format: integer(1, 1),
              ledger: bytes(16),
              origin: hostName,
              hash: oneOf('sha256'),
              kinds: set(oneOf(...entryKinds), 1, 2),
              treeId: bytes(8),
              keys: list(keyRecord, 1, 16),
              predecessor: optional(map({ origin: hostName, size: integer(1), root: sha256 })),
            }),
            'the top bit of treeId is clear',
            ({ treeId }) => (treeId[0] as number) < 0x80,
          ),
          'kinds is [raw], [event] or [event, rekor]',
          ({ kinds }) => kinds.join(' ') === 'raw' || kinds.join(' ') === 'event' || kinds.join(' ') === 'event rekor',
        ),
        'keys have one checkpoint key and, where kinds has rekor, one rekor key; no id stands there twice',
        ({ keys, kinds }) =>
          keys.filter(({ use }) => use === 'checkpoint').length === 1 &&
          keys.filter(({ use }) => use === 'rekor').length === (kinds.includes('rekor') ? 1 : 0) &&
          new Set(keys.map(({ id }) => id.join())).size === keys.length,
      ),
      streams: ['ledger', 'key:{keys.id}'],
    }),
  ],
  // The stream index over the first `size` entries; at least every 65,536 entries.
  'ledger.indexed': [version({ data: map({ size: integer(1), root: sha256 }), streams: ['ledger'] })],
  // The operator accepts a clock that the ledger had refused; a new clock epoch begins.
  'ledger.clock_set': [
    version({ data: map({ from: timeMs, to: timeMs, reason: oneOf('drift', 'behind', 'outside') }), streams: ['ledger'] }),
  ],
  // Entries brought back up to `size`, from a database that held only the first `before`.
  'ledger.restored': [
    version({
      data: where(
        map({ before: integer(), size: integer(1), root: sha256, source: oneOf('anchor', 'backup', 'mirror', 'witness') }),
        'before is not larger than size',
        ({ before, size }) => before <= size,
      ),
      streams: ['ledger'],
    }),
  ],
  // The last entry: this origin ends, and a successor's genesis names its last head.
  'ledger.ended': [
    version({ data: map({ reason: oneOf('compromised', 'lost', 'moved', 'retired'), successor: optional(hostName) }), streams: ['ledger'] }),
  ],
} as const;
