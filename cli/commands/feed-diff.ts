// stella feed diff: record by record what changed between two snapshots.
import { findSnapshot, importsOf, withSnapshot, type ImportedSnapshot } from '../../actions/feeds.ts';
import { LedgerError, clip } from '../../ledger/errors.ts';
import { diffSnapshots } from '../../scanner/index.ts';
import { UsageError, type Command } from '../command.ts';
import { feedOf, feedOption, parseWanted, snapshotLine } from '../feeds.ts';
import { parseLimit } from '../numbers.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';

export const command: Command = {
  usage: '[BEFORE [AFTER]] [--feed NAME] [--limit N]',
  help: `Shows which records were added, removed or changed (and in which members) from one snapshot to another, and the packages that
they concern. Each is a digest or a date. Without AFTER, the newest; without both, the newest and the one before it.`,
  options: { feed: feedOption, limit: { type: 'string', takes: 'N', help: 'show at most so many records (else 50); --json has all' } },
  examples: [['stella feed diff', 'what the last import brought'], ['stella feed diff 2026-10-01 2026-11-01', 'what a month brought']],

  async run(call) {
    if (call.positionals.length > 2) throw new UsageError('name at most two snapshots');
    const limit = parseLimit(call.value('limit') ?? '50', 'a number of records');
    const feed = feedOf(call);
    const place = findPlace(call);
    const log = await openForReading(place);
    const [first, second] = call.positionals.map(parseWanted);
    const after = await findSnapshot(log, feed, second ?? { is: 'newest' });
    const before = first === undefined ? await otherBefore(importsOf(log, feed), after) : await findSnapshot(log, feed, first);
    const payloads = openPlacePayloads(place);
    const changes = await withSnapshot(payloads, before, (old) => withSnapshot(payloads, after, (fresh) => diffSnapshots(old, fresh)));
    call.out.say(`from  ${snapshotLine(before)}\nto    ${snapshotLine(after)}`);
    for (const { change, source, id, members, packages } of changes.slice(0, limit)) {
      const what = members.length === 0 ? '' : `  ${members.map((member) => clip(member)).join(', ')}`;
      call.out.say(`${change.padEnd(8)} ${source}  ${clip(id)}${what}  ${packages.slice(0, 3).map((names) => clip(names.join(' '))).join(', ')}`);
    }
    if (changes.length > limit) call.out.say(`… ${changes.length - limit} more`);
    const count = (is: string) => changes.filter(({ change }) => change === is).length;
    call.out.say(`${count('added')} added, ${count('removed')} removed, ${count('changed')} changed`);
    call.out.answer({ feed, before: before.name, after: after.name, changes });
    return 'yes';
  },
};

async function otherBefore(imports: AsyncIterable<ImportedSnapshot>, { index, name }: ImportedSnapshot): Promise<ImportedSnapshot> {
  for await (const one of imports) if (one.index < index && one.name !== name) return one;
  throw new LedgerError('SNAPSHOT_UNKNOWN', 'Cannot compare: there is no other snapshot before this one', { hint: '"stella feed list" shows them' });
}
