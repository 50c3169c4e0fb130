// stella log: the newest entries, a line each.
import { formatHex } from '../../ledger/bytes.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import type { Command } from '../command.ts';
import { describeEntry } from '../event-lines.ts';
import { parseCount, parseLimit } from '../numbers.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[--limit N] [--from INDEX]',
  takesWords: false,
  help: 'Lists entries in their order: index, recorded time, type, and what they concern. The newest 20, unless told otherwise.',
  options: {
    limit: { type: 'string', takes: 'N', help: 'at most so many entries (else 20)' },
    from: { type: 'string', takes: 'INDEX', help: 'begin there instead of near the end' },
  },
  examples: [
    ['stella log', 'the newest entries'],
    ['stella log --from 0 --limit 100 --json', 'the first hundred, for a program'],
  ],

  async run(call) {
    const log = await openForReading(findPlace(call));
    const limit = parseLimit(call.value('limit') ?? '20', 'a number of entries');
    const { size } = log.published;
    const from = call.value('from') === undefined ? Math.max(0, size - limit) : parseCount(call.value('from') as string, 'an index');
    // Refused as any entry is that is not there.
    if (from >= size) await log.entry(from);
    const isRaw = (await log.readControl()).genesis.kinds.includes('raw');
    const entries = [];
    let index = from;
    for await (const entry of log.entries(from, Math.min(size, from + limit))) {
      const row = describeEntry(entry, isRaw && index > 0);
      call.out.say(`${String(index).padStart(8)}  ${row.time ?? ' '.repeat(24)}  ${row.type.padEnd(20)} ${row.concerns}`);
      entries.push({ index, type: row.type, at: row.at, leaf: formatHex(leafHash(entry)) });
      index += 1;
    }
    call.out.answer({ size, root: formatHex(log.published.root), entries });
    return 'yes';
  },
};
