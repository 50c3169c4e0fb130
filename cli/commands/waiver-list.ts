// stella waiver list: which risks are accepted, until when, and which of these acceptances count for nothing.
import { proveActs } from '../../actions/act-statement.ts';
import { longestWaivers } from '../../actions/waiver-terms.ts';
import { waiverUses, type WaiverUses } from '../../actions/waiver-use.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { waiverState, type ActProof, type WaiverState } from '../../projections/active-waivers.ts';
import { decisions } from '../../projections/catch-up/decisions.ts';
import { findings } from '../../projections/catch-up/findings.ts';
import { DocumentReader } from '../../projections/reader.ts';
import type { Waiver } from '../../projections/waiver.ts';
import { openCaughtUp, sayStanding } from '../caught-up.ts';
import type { Call, Command } from '../command.ts';
import { parseCount } from '../numbers.ts';
import { namesOf } from '../persons.ts';
import { findPlace, openDocuments, openForReading, openPlacePayloads, type Place } from '../place.ts';
import { findState } from '../states.ts';
import { parseTime } from '../times.ts';

const dayMs = 86_400_000;

export const command: Command = {
  usage: '[--all] [--expiring DAYS] [--policy NAME] [--unused] [--never-matched] [--at TIME]',
  takesWords: false,
  help: `Lists the waivers that count, the one that ends first at the top; with --all also those that do not, and why. What one covers is
still affected. --unused are those that no decision applied; --never-matched those that covered no finding of any scan while they
counted. Exit code 5 when the projections that tell have not taken everything in.`,
  options: {
    all: { type: 'boolean', help: 'also those that count for nothing: asked for only, over, rejected, revoked' },
    expiring: { type: 'string', takes: 'DAYS', help: 'only those that end within so many days' },
    policy: { type: 'string', takes: 'NAME', help: 'as this policy takes them: none that lasts longer than its data.stella.config.waiver_days' },
    unused: { type: 'boolean', help: 'only those that no decision applied' },
    'never-matched': { type: 'boolean', help: 'only those that covered no finding while they counted' },
    at: { type: 'string', takes: 'TIME', help: 'as it was at this time, or will be, in UTC: 2026-12-31 or 2026-12-31T12:00:00Z (now when left out)' },
  },
  examples: [
    ['stella waiver list --expiring 14', 'what has to be looked at again'],
    ['stella waiver list --never-matched', 'what accepts a risk that nobody has'],
  ],

  async run(call) {
    const [days, at] = [call.value('expiring'), call.value('at')];
    const t = at === undefined ? call.now() : parseTime(at, 'end');
    const until = days === undefined ? Number.POSITIVE_INFINITY : t + parseCount(days, 'a number of days') * dayMs;
    const place = findPlace(call);
    const log = await openForReading(place);
    // What was recorded after a time was not so then: an approval, or an end. A time to come is asked of what is on record now.
    const state = at === undefined || t >= call.now() ? null : await findState(`@${new Date(t).toISOString()}`, log);
    const { documents: newest, queries, close } = await openDocuments(place, log);
    const documents = state === null ? newest : new DocumentReader(state.size, log, queries);
    const ports = { log, payloads: openPlacePayloads(place), documents };
    const waivers = [...(await documents.all('waiver')).values()].flatMap((document) => document.waivers);
    const proof = await proveActs(ports, waivers);
    const lastsMax = await lastsMaxOf(call.value('policy'), ports).finally(close);
    const uses = call.flag('unused') || call.flag('never-matched') ? await usesOf(call, place, log, waivers, proof) : null;
    const isMeant = ({ entry }: Waiver) => {
      const use = uses?.uses.get(entry);
      return use === undefined || ((!call.flag('unused') || use.decisions === 0) && (!call.flag('never-matched') || use.matched === 0));
    };
    const states = waivers.map((waiver) => waiverState(waiver, t, proof, undefined, lastsMax))
      .filter(({ active, waiver }) => (active || call.flag('all')) && waiver.expires <= until && isMeant(waiver))
      .sort((a, b) => a.waiver.expires - b.waiver.expires || a.waiver.entry - b.waiver.entry);
    const names = namesOf(call, place);
    for (const state of states) {
      const { id, expires, vulnerabilities, breakGlass, owner } = state.waiver;
      const marked = breakGlass ? '  break-glass' : '';
      const about = `${vulnerabilities.join(', ')}  owner ${names(owner)}${marked}`;
      call.out.say(`${id.padEnd(16)} ${wordOf(state).padEnd(20)} until ${new Date(expires).toISOString()}  ${about}`);
    }
    const narrowed = uses !== null || days !== undefined;
    if (states.length === 0) call.out.say(narrowed ? 'none of these' : call.flag('all') ? 'no waiver' : 'no waiver counts ("--all" lists the others too)');
    if (uses !== null && uses.unread > 0) call.out.warn(`the results of ${uses.unread} decisions are not here: a waiver may have counted in one of them`);
    call.out.answer({
      at: new Date(t).toISOString(), size: uses?.size ?? state?.size ?? log.published.size, ...(uses === null ? {} : { unread: uses.unread }),
      waivers: states.map((state) => memberOf(state, uses)),
    });
    return uses !== null && uses.size < log.published.size ? 'cannot' : 'yes';
  },
};

/** How long a policy takes waivers for. @throws {LedgerError} POLICY_UNKNOWN */
async function lastsMaxOf(policy: string | undefined, ports: Parameters<typeof longestWaivers>[0]): Promise<number> {
  if (policy === undefined) return Number.POSITIVE_INFINITY;
  const found = (await longestWaivers(ports)).get(policy);
  if (found !== undefined) return found;
  throw new LedgerError('POLICY_UNKNOWN', `Cannot find policy "${clip(policy)}": none was published under that name`, {
    hint: '"stella policy list" names them',
  });
}

async function usesOf(call: Call, place: Place, log: LogView, waivers: readonly Waiver[], proof: ActProof): Promise<WaiverUses> {
  const opened = await openCaughtUp(call, place, log, [decisions, findings]);
  try {
    const uses = opened === null ? null : await waiverUses(opened.db, waivers, proof);
    for (const standing of opened?.standings ?? []) sayStanding(call, standing);
    if (uses !== null) return uses;
    throw new LedgerError('STORE_FAILED', 'Cannot tell which waivers were used: the projections are not there', {
      hint: '"stella projections --catch-up" builds them, in the ledger\'s directory',
    });
  } finally {
    await opened?.close();
  }
}

const wordOf = (state: WaiverState) => (state.active ? 'active' : state.code);

function memberOf(state: WaiverState, uses: WaiverUses | null): Record<string, unknown> {
  const { id, entry, expires, vulnerabilities, subjects, components, owner, breakGlass, approvals } = state.waiver;
  return {
    waiver: id, entry, active: state.active, ...(state.active ? {} : { code: state.code }), expires: new Date(expires).toISOString(), vulnerabilities,
    subjects: (subjects ?? []).map((digest) => `sha256:${formatHex(digest)}`), components: components ?? [], owner: formatHex(owner), breakGlass,
    ...uses?.uses.get(entry),
    approvals: approvals.map(({ entry: index, by, assurance }) => ({ index, person: formatHex(by.person ?? new Uint8Array()), assurance })),
  };
}
