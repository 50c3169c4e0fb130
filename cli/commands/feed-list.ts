// stella feed list: the snapshots of a feed, newest first.
import { importsOf } from '../../actions/feeds.ts';
import type { Command } from '../command.ts';
import { feedOf, feedOption, snapshotJson, snapshotLine } from '../feeds.ts';
import { parseLimit } from '../numbers.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[--feed NAME] [--limit N]',
  takesWords: false,
  help: 'Lists the snapshots that were imported into a feed, the newest first, with the digest that names each and its sources.',
  options: { feed: feedOption, limit: { type: 'string', takes: 'N', help: 'at most so many (else 20)' } },
  examples: [['stella feed list', 'which snapshots there are'], ['stella feed list --json --limit 1', 'the one that scans use now']],

  async run(call) {
    const limit = parseLimit(call.value('limit') ?? '20', 'a number of snapshots');
    const feed = feedOf(call);
    const log = await openForReading(findPlace(call));
    const snapshots = [];
    for await (const one of importsOf(log, feed)) {
      if (snapshots.length === limit) break;
      call.out.say(`${snapshotLine(one)}  entry ${one.index}`);
      for (const { name, fetched } of one.data.sources) {
        call.out.say(`    ${name}${fetched === undefined ? '' : `, fetched ${new Date(fetched).toISOString()}`}`);
      }
      snapshots.push(snapshotJson(one));
    }
    if (snapshots.length === 0) call.out.say(`no snapshot was imported into "${feed}": "stella feed import" does it`);
    call.out.answer({ feed, snapshots, size: log.published.size });
    return 'yes';
  },
};
