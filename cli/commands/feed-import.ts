// stella feed import: advisories into a snapshot, and the snapshot on record.
import { statSync } from 'node:fs';
import { importFeed, importSnapshot } from '../../actions/import-feed.ts';
import { clip } from '../../ledger/errors.ts';
import { UsageError, type Command } from '../command.ts';
import { bytesOf } from '../evidence.ts';
import { FeedFiles, FORMATS, parseSource } from '../feed-files.ts';
import { feedPorts } from '../feed-ports.ts';
import { feedOf, feedOption } from '../feeds.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';
import { parseTime } from '../times.ts';

/** Refused records that are shown to a person; JSON has all of them. */
const shownMax = 8;

export const command: Command = {
  usage: '[OPTIONS] [NAME=]FORMAT:PATH…',
  help: `Reads advisories from files, builds a snapshot of them, and records it: scans use it from then on. A path is a file, a
directory, or either gzipped. Several arguments are one snapshot; sources are linked by their aliases and never merged. The same
records give the same snapshot in any order, on any machine. What cannot be read is counted, listed, and left out.
Formats: ${Object.keys(FORMATS).join(', ')}; snapshot:FILE takes a
snapshot as it is, after building it again from its own records.`,
  options: {
    feed: feedOption,
    fetched: { type: 'string', takes: 'TIME', help: 'when the files were fetched, such as 2026-11-20T06:00:00Z: part of the snapshot\'s digest' },
    'without-raw': { type: 'boolean', help: 'leave the sources\' own bytes out: a smaller file, their digests stay' },
    key: { type: 'string', takes: 'TEXT', help: 'idempotency key: the same call with the same key is done once' },
  },
  examples: [
    ['stella feed import osv:npm.zip osv:PyPI.zip kev:known_exploited_vulnerabilities.json', 'two ecosystems and CISA\'s catalogue'],
    ['stella feed import ghsa=osv:advisory-database/advisories epss:epss_scores-current.csv.gz', 'GitHub\'s advisories with EPSS scores'],
    ['stella feed import --feed distributions osv:Debian.zip', 'another feed beside the first'],
  ],

  async run(call) {
    if (call.positionals.length === 0) throw new UsageError('name at least one feed: FORMAT:PATH');
    const feed = feedOf(call);
    const fetched = call.value('fetched');
    const ready = call.positionals.length === 1 && call.positionals[0]?.startsWith('snapshot:') === true ? call.positionals[0].slice(9) : null;
    if (ready !== null) statSync(ready);
    const files = ready === null ? new FeedFiles(call.positionals.map(parseSource), fetched === undefined ? undefined : parseTime(fetched, 'start')) : null;
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const ports = feedPorts(call, place, log);
      const [by, key] = [localActor(call, place), call.value('key') ?? null];
      const recorded = files === null
        ? await importSnapshot(ports, { feed, bytes: bytesOf(ready as string) }, by, key)
        : await importFeed(ports, {
          feed,
          observations: files.observations(),
          sources: () => files.notes(),
          withoutRaw: call.flag('without-raw'),
          onProgress: (records) => call.out.progress(`${records} records read`),
        }, by, key);
      const { index, name, manifest, file, refused, repeated } = recorded;
      call.out.say(`${repeated ? 'known   ' : 'imported'}  entry ${index}  ${name}`);
      const mebibytes = (file.size / 2 ** 20).toFixed(1);
      const read = manifest.records === 1 ? 'one record' : `${manifest.records} records`;
      call.out.say(`          ${read} of ${manifest.sources.map((one) => one.name).join(', ') || 'unnamed sources'}, ${mebibytes} MiB`);
      for (const { where, code, why } of refused.slice(0, shownMax)) call.out.say(`          refused: ${clip(where)}: ${code}: ${clip(why)}`);
      if (refused.length > shownMax) call.out.say(`          … ${refused.length - shownMax} more refused (--json has all of them)`);
      const { records, sources, spaces } = manifest;
      call.out.answer({
        index, repeated, feed, snapshot: name, records, sources, ecosystems: spaces.map((space) => space.name).filter((space) => !space.startsWith('#')),
        bytes: file.size, refused, size: log.published.size,
      });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
