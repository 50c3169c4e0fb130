// stella decision list: what gates answered, newest first.
import { inOrder } from '../../actions/gate-report.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { decodeEvent, type Event } from '../../ledger/events/index.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { decisions, type DecisionDocument } from '../../projections/catch-up/decisions.ts';
import { findDecisions, readAt, type DecisionsSought } from '../../projections/catch-up/queries.ts';
import { openCaughtUp } from '../caught-up.ts';
import type { Call, Command } from '../command.ts';
import { parseName } from '../names.ts';
import { parseLimit } from '../numbers.ts';
import { findPlace, openForReading, type Place } from '../place.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '[--artifact sha256:HEX] [--policy NAME] [--last N]',
  takesWords: false,
  help: 'Lists decisions, newest first: of an artifact, under a policy, or all of them.',
  options: {
    artifact: { type: 'string', takes: 'sha256:HEX', help: 'about this artifact' },
    policy: { type: 'string', takes: 'NAME', help: 'under this policy' },
    last: { type: 'string', takes: 'N', help: 'at most so many (20)' },
  },
  examples: [['stella decision list --policy release', 'what this policy let through']],

  async run(call) {
    const [artifact, policy, last] = ['artifact', 'policy', 'last'].map((name) => call.value(name));
    const wanted = artifact === undefined ? null : `sha256:${formatHex(parseSubject(artifact)[1])}`;
    const most = last === undefined ? 20 : parseLimit(last, 'a number of decisions');
    const place = findPlace(call);
    const log = await openForReading(place);
    const asked = {
      ...(wanted === null ? {} : { artifact: wanted.slice('sha256:'.length) }), ...(policy === undefined ? {} : { policy: parseName(policy, 'a policy') }),
    };
    const listed = (await readListed(call, place, log, { ...asked, limit: most })) ?? (await lookThrough(log, { ...asked, limit: most }));
    const found = listed.map(({ entry, at, outcome, codes, artifact: digest, policy: name }) => {
      const about = `sha256:${formatHex(digest)}`;
      const ordered = inOrder(codes as never);
      const why = ordered.length === 0 ? '' : `  ${ordered.join(', ')}`;
      call.out.say(`${String(entry).padStart(8)}  ${new Date(at).toISOString()}  ${outcome.padEnd(5)}  ${about.slice(0, 19)}…  ${name}${why}`);
      return { decision: entry, recorded: new Date(at).toISOString(), outcome, codes: ordered, artifact: about, policy: name };
    });
    if (found.length === 0) call.out.say('no decisions');
    call.out.answer({ decisions: found });
    return 'yes';
  },
};

type Listed = Pick<DecisionDocument, 'entry' | 'at' | 'outcome' | 'artifact' | 'policy'> & { readonly codes: readonly string[] };

/** By the projection; null where it does not answer, or has not taken everything in. */
async function readListed(call: Call, place: Place, log: LogView, sought: DecisionsSought): Promise<readonly Listed[] | null> {
  const opened = await openCaughtUp(call, place, log, [decisions]);
  if (opened === null) return null;
  try {
    return await readAt(opened.db, decisions, async (db, size) => (size === log.published.size ? findDecisions(db, sought) : null));
  } finally {
    await opened.close();
  }
}

/** Every event from the newest back, or those of the artifact. */
async function lookThrough(log: LogView, { artifact, policy, limit }: DecisionsSought): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  for await (const { index, event } of artifact === undefined ? newestFirst(log) : log.stream(`artifact:sha256:${artifact}`)) {
    if (found.length === limit) break;
    if (event.type !== 'decision.recorded' || (policy !== undefined && event.data.policy !== policy)) continue;
    const { outcome, codes = [], policy: name } = event.data;
    found.push({ entry: index, at: event.at, outcome, codes, artifact: event.data.artifact[1], policy: name });
  }
  return found;
}

async function* newestFirst(log: LogView): AsyncIterable<{ index: number; event: Event }> {
  for (let index = log.published.size - 1; index > 0; index--) {
    const entry = await log.entry(index);
    if (entry[0] !== 0x7b) yield { index, event: decodeEvent(entry) };
  }
}
