// export.*: packs handed out: what was in them, so that the same pack can be made again and any other told from it.
import { version } from '../family.ts';
import { integer, map, optional, sha256, where } from '../schema.ts';
import { timeMs } from '../time.ts';

/**
 * What every pack is: `manifest` is the digest of the manifest that names its `members`; `tree` the checkpoint that its receipts
 * lead to, `index` the root of the stream index at that size. `withheld` counts payloads that its entries name and it does not
 * hold, `opened` sealed ones that it does.
 */
const pack = {
  manifest: sha256,
  members: integer(1),
  withheld: integer(),
  opened: integer(),
  tree: map({ size: integer(1), root: sha256 }),
  index: sha256,
};

/** What the ledger could not make again: the signed manifest's envelope, the checkpoint with its cosignatures, texts and programs. */
const payloads = {
  manifest: { count: 'one', sealed: 'never' },
  signature: { count: 'one', sealed: 'never' },
  material: { count: 'many', sealed: 'never' },
} as const;

export const exportEvents = {
  // About an artifact or, where there is one, about the decision in the entry `decision`.
  'export.packed': [
    version({ data: map({ artifact: sha256, decision: optional(integer()), ...pack }), payloads, streams: ['artifact:{artifact}'] }),
  ],
  // All entries from `start` up to, but without, `end`: those recorded from `from` to `to`.
  'export.period_packed': [
    version({
      data: where(
        where(map({ from: timeMs, to: timeMs, start: integer(), end: integer(1), ...pack }), 'from is not after to', ({ from, to }) => from <= to),
        'start is before end, and end not beyond the tree',
        ({ start, end, tree }) => start < end && end <= tree.size,
      ),
      payloads,
      streams: ['ledger'],
    }),
  ],
} as const;
