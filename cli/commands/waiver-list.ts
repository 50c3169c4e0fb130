// stella waiver list: which risks are accepted, until when, and which of these acceptances count for nothing.
import { proveActs } from '../../actions/act-statement.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { waiverState, type WaiverState } from '../../projections/active-waivers.ts';
import { UsageError, type Command } from '../command.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openDocuments, openForReading, openPlacePayloads } from '../place.ts';
import { parseTime } from '../times.ts';

const dayMs = 86_400_000;

export const command: Command = {
  usage: '[--all] [--expiring DAYS] [--at TIME]',
  help: `Lists the waivers that count, the one that ends first at the top; with --all also those that do not, and why. What one covers is
still affected.`,
  options: {
    all: { type: 'boolean', help: 'also those that count for nothing: asked for only, over, rejected, revoked' },
    expiring: { type: 'string', takes: 'DAYS', help: 'only those that end within so many days' },
    at: { type: 'string', takes: 'TIME', help: 'as of this time, in UTC: 2026-12-31 or 2026-12-31T12:00:00Z (now when left out)' },
  },
  examples: [['stella waiver list --expiring 14', 'what has to be looked at again']],

  async run(call) {
    if (call.positionals.length > 0) throw new UsageError('it takes no argument');
    const [days, at] = [call.value('expiring'), call.value('at')];
    const t = at === undefined ? call.now() : parseTime(at, 'end');
    const until = days === undefined ? Number.POSITIVE_INFINITY : t + parseCount(days, 'a number of days') * dayMs;
    const place = findPlace(call);
    const log = await openForReading(place);
    const { documents, close } = await openDocuments(place, log);
    const waivers = [...(await documents.all('waiver')).values()].flatMap((document) => document.waivers);
    const proof = await proveActs({ log, payloads: openPlacePayloads(place), documents }, waivers);
    await close();
    const states = waivers.map((waiver) => waiverState(waiver, t, proof))
      .filter(({ active, waiver }) => (active || call.flag('all')) && waiver.expires <= until)
      .sort((a, b) => a.waiver.expires - b.waiver.expires || a.waiver.entry - b.waiver.entry);
    for (const state of states) {
      const { id, expires, vulnerabilities, breakGlass } = state.waiver;
      const marked = breakGlass ? '  break-glass' : '';
      call.out.say(`${id.padEnd(16)} ${wordOf(state).padEnd(20)} until ${new Date(expires).toISOString()}  ${vulnerabilities.join(', ')}${marked}`);
    }
    if (states.length === 0) call.out.say(call.flag('all') ? 'no waiver' : 'no waiver counts ("--all" lists the others too)');
    call.out.answer({ at: new Date(t).toISOString(), size: log.published.size, waivers: states.map(memberOf) });
    return 'yes';
  },
};

const wordOf = (state: WaiverState) => (state.active ? 'active' : state.code);

function memberOf(state: WaiverState): Record<string, unknown> {
  const { id, entry, expires, vulnerabilities, subjects, components, owner, breakGlass, approvals } = state.waiver;
  return {
    waiver: id, entry, active: state.active, ...(state.active ? {} : { code: state.code }), expires: new Date(expires).toISOString(), vulnerabilities,
    subjects: (subjects ?? []).map((digest) => `sha256:${formatHex(digest)}`), components: components ?? [], owner: formatHex(owner), breakGlass,
    approvals: approvals.map(({ entry: index, by, assurance }) => ({ index, person: formatHex(by.person ?? new Uint8Array()), assurance })),
  };
}
