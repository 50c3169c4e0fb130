// stella hold place: nothing of these streams, or of this entry, is erased from here on.
import { placeHold } from '../../actions/hold.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseStream } from '../names.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';
import { formatSubject, parseSubject } from '../subjects.ts';
import { parseTime } from '../times.ts';

const BASES = ['audit', 'investigation', 'litigation', 'regulator'] as const;

export const command: Command = {
  usage: '((--artifact sha256:HEX | --stream NAME)… | --entry N) --basis BASIS [--until TIME] [--justification TEXT]',
  takesWords: false,
  help: 'Forbids to erase the payloads of an artifact, of any streams, or of one entry, until it is released or its time is over.',
  options: {
    artifact: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'all that concerns an artifact; may be repeated' },
    stream: { type: 'string', multiple: true, takes: 'NAME', help: 'all of a stream: vuln:CVE-2026-1, waiver:7; may be repeated' },
    entry: { type: 'string', takes: 'N', help: 'the payloads of one entry' },
    basis: { type: 'string', takes: 'BASIS', help: `the ground: ${BASES.join(', ')}` },
    until: { type: 'string', takes: 'TIME', help: 'until when; a bare date is the end of that day (else until it is released)' },
    justification: { type: 'string', takes: 'TEXT', help: 'why, in your words; kept sealed' },
  },
  examples: [['stella hold place --artifact sha256:4f2c…9a --basis litigation', 'nothing about it may go']],

  async run(call) {
    const streams = [...call.values('artifact').map((text) => `artifact:${formatSubject(parseSubject(text))}`), ...call.values('stream').map(parseStream)];
    const [entry, until, justification] = ['entry', 'until', 'justification'].map((name) => call.value(name));
    if ((entry === undefined) === (streams.length === 0)) throw new UsageError('give either streams (--artifact, --stream) or one --entry');
    const basis = BASES.find((one) => one === call.value('basis'));
    if (basis === undefined) throw new UsageError(`say why with --basis: ${BASES.join(', ')}`);
    const end = until === undefined ? undefined : parseTime(until, 'end');
    if (end !== undefined && end < call.now()) throw new UsageError('--until is past: it would hold nothing');
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const request = {
        basis, ...(entry === undefined ? { streams } : { entry: parseCount(entry, 'an index') }),
        ...(end === undefined ? {} : { until: end }), ...(justification === undefined ? {} : { justification }),
      };
      const empty = [];
      for (const stream of streams) if ((await log.head(stream)) === null) empty.push(stream);
      const { index } = await placeHold({ log, ...payloadsOf(call, place) }, request, localActor(call, place));
      call.out.say(`entry ${index}: held from here on, ${basis}`);
      // A name that is spelt otherwise holds nothing, and whoever placed it would learn that when it is gone.
      for (const stream of empty) call.out.warn(`nothing is on record about ${stream} so far: only what is to come is held`);
      call.out.answer({ index, basis, ...(empty.length === 0 ? {} : { empty }), size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
