// stella stream: the events that concern one thing, newest first.
import { writeFileSync } from 'node:fs';
import { formatStreamEvidence } from '../../verify/index.ts';
import { UsageError, type Command } from '../command.ts';
import { plain } from '../plain.ts';
import { parseStream } from '../names.ts';
import { parseLimit } from '../numbers.ts';
import { findPlace, openForReading } from '../place.ts';
import { streamEvidenceOf } from '../stream-evidence.ts';

export const command: Command = {
  usage: 'NAME [--limit N] [--out FILE]',
  help: `Lists the events of a stream, newest first: every event carries the stream's version without gaps, and the index of the one
before. Streams are named by what they concern: artifact:sha256:…, vuln:CVE-…, policy:…, key:…, ledger.`,
  options: {
    limit: { type: 'string', takes: 'N', help: 'at most so many events (else 50)' },
    out: { type: 'string', takes: 'FILE', help: 'write all of them with their proofs, as evidence for "stella verify"' },
  },
  examples: [
    ['stella stream ledger', 'what the ledger says about itself'],
    ['stella stream artifact:sha256:4f2c…9a --json', 'everything about one artifact, for a program'],
    ['stella stream artifact:sha256:4f2c…9a --out complete.json', 'and proof that nothing was left out, after "stella log index"'],
  ],

  async run(call) {
    const [name, ...others] = call.positionals;
    if (name === undefined || others.length > 0) throw new UsageError('name one stream');
    parseStream(name);
    const limit = parseLimit(call.value('limit') ?? '50', 'a number of events');
    const log = await openForReading(findPlace(call));
    const head = await log.head(name);
    const events = [];
    if (head === null) call.out.say(`no event concerns "${name}" among the first ${log.published.size} entries`);
    for await (const { index, event } of log.stream(name)) {
      if (events.length === limit) break;
      const version = event.streams.find((tag) => tag.name === name)?.version;
      call.out.say(`${String(version).padStart(6)}  entry ${String(index).padEnd(8)} ${new Date(event.at).toISOString()}  ${event.type}`);
      events.push({ version, index, event: plain(event) });
    }
    if (head !== null && head.version > events.length) call.out.say(`… ${head.version - events.length} older ones (--limit shows more)`);
    const file = call.value('out');
    if (file !== undefined) {
      const evidence = await streamEvidenceOf(log, name);
      writeFileSync(file, formatStreamEvidence(evidence));
      const missing = 'no index was stated yet, so it cannot show that these are all ("stella log index")';
      const shown = evidence.head === null ? missing : 'with the index that shows they are all';
      call.out.say(`wrote ${evidence.events.length} events to ${file}: ${shown}`);
    }
    call.out.answer({ stream: name, version: head?.version ?? 0, index: head?.index ?? null, size: log.published.size, events });
    return 'yes';
  },
};
