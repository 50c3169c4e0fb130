// stella timeline: what happened, newest first: to everything, or to one thing.
import { clip } from '../../ledger/errors.ts';
import { EVENTS } from '../../ledger/events/index.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { findEntries, readAt } from '../../projections/catch-up/queries.ts';
import { timeline } from '../../projections/catch-up/timeline.ts';
import { openCaughtUp } from '../caught-up.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { describeEntry } from '../event-lines.ts';
import { parseLimit } from '../numbers.ts';
import { findPlace, openDocuments, openForReading, type Place } from '../place.ts';
import { describeState, findRange, findState, stateMembers } from '../states.ts';
import { namedThing, thingPorts } from '../thing-ports.ts';
import { findThing } from '../things.ts';

export const command: Command = {
  usage: '[THING] [--type TYPE] [--at STATE] [--range A..B] [--limit N]',
  help: `Lists events, newest first, with when they were recorded and who did it: all of them, or those that concern a digest (or its
beginning), a vulnerability, a waiver, a policy, contract or feed, a person's pseudonym, or a stream. --at ends at a past state,
--range begins at one too: @ is now, @~10 ten entries before, @1234 a size, @2026-10-01 the end of that day in UTC.`,
  options: {
    type: { type: 'string', takes: 'TYPE', help: 'only events of this type, such as waiver.approved' },
    at: { type: 'string', takes: 'STATE', help: 'as it was then (else @)' },
    range: { type: 'string', takes: 'A..B', help: 'what came after A, up to B' },
    limit: { type: 'string', takes: 'N', help: 'at most so many events (else 50)' },
  },
  examples: [
    ['stella timeline', 'the newest events'],
    ['stella timeline --type waiver.approved', 'every risk that was accepted'],
    ['stella timeline CVE-2026-0001', 'all that was said and decided about it'],
    ['stella timeline 4f2c9a --range @2026-10-01..@', 'an artifact since October'],
  ],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError('name at most one thing');
    const [at, span] = [call.value('at'), call.value('range')];
    if (at !== undefined && span !== undefined) throw new UsageError('give --at or --range');
    const limit = parseLimit(call.value('limit') ?? '50', 'a number of events');
    const wanted = call.value('type');
    if (wanted !== undefined && !Object.hasOwn(EVENTS, wanted) && !/^(?:rekor|bytes|[A-Z_]+)$/.test(wanted)) {
      throw new UsageError(`"${clip(wanted)}" is no type of event: give one of spec/events.md, such as waiver.approved`);
    }
    const place = findPlace(call);
    const log = await openForReading(place);
    const [from, to] = span === undefined ? [null, await findState(at ?? '@', log)] : await findRange(span, log);
    const first = from?.size ?? 0;
    const typed = wanted === undefined || text !== undefined ? null : await ofType(call, place, log, wanted, to.size);
    const indexes = typed ?? (text === undefined ? newest(first, to.size) : await eventsOf(text));
    const isRaw = (await log.readControl()).genesis.kinds.includes('raw');
    const events = [];
    let more = false;
    for await (const index of indexes) {
      if (index >= to.size) continue;
      if (index < first) break;
      const { time, type, concerns, by } = describeEntry(await log.entry(index), isRaw && index > 0);
      if (wanted !== undefined && type !== wanted) continue;
      if (events.length === limit) {
        more = true;
        break;
      }
      call.out.say(`${String(index).padStart(8)}  ${time ?? ' '.repeat(24)}  ${type.padEnd(22)} ${by.padEnd(16)} ${concerns}`);
      events.push({ index, at: time, type, by });
    }
    if (events.length === 0) call.out.say('nothing');
    if (more) call.out.say('… and older ones (--limit shows more)');
    call.out.say(`as of ${describeState(to)}`);
    call.out.answer({ thing: text ?? null, from: from === null ? null : stateMembers(from), at: stateMembers(to), events });
    return 'yes';

    async function eventsOf(thing: string): Promise<readonly number[]> {
      const { documents, close } = await openDocuments(place, log);
      try {
        return (await findThing(namedThing(call, place, thing), thingPorts(call, place, log, documents, to.size))).entries;
      } finally {
        await close();
      }
    }
  },
};

/** By the projection; null where it has not taken in as much. */
async function ofType(call: Call, place: Place, log: LogView, type: string, size: number): Promise<readonly number[] | null> {
  const opened = await openCaughtUp(call, place, log, [timeline]);
  try {
    if (opened === null) return null;
    return await readAt(opened.db, timeline, async (db, at) => (at < size ? null : ((await findEntries(db, 'type', type)).get(type) ?? [])));
  } finally {
    await opened?.close();
  }
}

function* newest(first: number, size: number): Iterable<number> {
  for (let index = size - 1; index >= first; index--) yield index;
}
